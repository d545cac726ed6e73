"""All words and patterns of a rule set, looked up together.

Words: a table from word to those who asked for it, and one from prefix; a text costs a look-up per word,
however many words the rules name. Patterns: one `re2.Set`, so a text is read once, however many patterns.
Both give *atoms*: small numbers that predicates asked for at load time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import re2

from saegim.rules.source import quoted

if TYPE_CHECKING:
    from saegim.rules.view import View

_MAX_PROGRAM = 2_000_000  # RE2 instructions of all patterns together, about 100 MB
_SET_MEMORY = 128 << 20  # bytes that the automaton of all patterns may fill while it runs
_REMEMBERED = 1 << 16  # words whose atoms are remembered between texts


class PatternError(ValueError):
    """A pattern that RE2 refuses; the message says why and, where known, at which column."""


@dataclass
class _WordTable:
    """Words and prefixes, each with the atoms that want them."""

    words: dict[str, list[int]] = field(default_factory=dict)
    prefixes: dict[str, list[int]] = field(default_factory=dict)
    lengths: set[int] = field(default_factory=set)  # of the prefixes, so that few are tried per word

    def __bool__(self) -> bool:
        return bool(self.words or self.prefixes)

    def add(self, entry: str, atom: int) -> None:
        if entry.endswith("*"):
            self.prefixes.setdefault(entry[:-1], []).append(atom)
            self.lengths.add(len(entry) - 1)
        else:
            self.words.setdefault(entry, []).append(atom)

    def atoms(self, word: str) -> set[int]:
        found = set(self.words.get(word, ()))
        for length in self.lengths:
            if length <= len(word):
                found.update(self.prefixes.get(word[:length], ()))
        return found


class Index:
    """Hands out atoms while rules are loaded; finds the atoms of a text afterwards."""

    def __init__(self) -> None:
        self._count = 0
        self._folded = _WordTable()
        self._exact = _WordTable()
        self._patterns: dict[str, int] = {}
        self._regexes: dict[int, Any] = {}
        self._program = 0
        self._sets: list[tuple[Any, list[int]]] = []
        self._remembered: dict[str, tuple[int, ...]] = {}

    def add_words(self, entries: Sequence[str], *, exact: bool = False) -> int:
        """One atom for a list of words; `재미*` stands for every word that begins with 재미."""
        atom = self._new()
        for entry in entries:
            if exact:
                self._exact.add(straight(entry), atom)
            else:
                self._folded.add(folded(entry), atom)
        return atom

    def add_pattern(self, pattern: str) -> int:
        """One atom for an RE2 pattern. Raises PatternError."""
        if pattern not in self._patterns:
            regex = _compiled(pattern)
            self._program += regex.programsize
            if self._program > _MAX_PROGRAM:
                raise PatternError("the patterns of the rule set are too large together; simplify them")
            atom = self._patterns[pattern] = self._new()
            self._regexes[atom] = regex
        return self._patterns[pattern]

    def freeze(self) -> None:
        """Build the automaton; call once, after the last `add`."""
        self._sets = _build_sets(list(self._patterns.items()))

    def regex(self, atom: int) -> Any:
        return self._regexes[atom]

    def hits(self, view: View) -> dict[int, list[int]]:
        """The atoms of a text: for words with the numbers of the words that matched, for patterns empty."""
        found: dict[int, list[int]] = {}
        if self._folded or self._exact:
            self._find_words(view.tokens, found)
        for matcher, atoms in self._sets:
            for atom in self._matching(matcher, atoms, view.data):
                found[atom] = []
        return found

    def _find_words(self, tokens: Sequence[str], found: dict[int, list[int]]) -> None:
        remembered = self._remembered
        for number, token in enumerate(tokens):
            atoms = remembered.get(token)
            if atoms is None:
                atoms = self._remember(token)
            for atom in atoms:
                if atom in found:
                    found[atom].append(number)
                else:
                    found[atom] = [number]

    def _remember(self, token: str) -> tuple[int, ...]:
        atoms = tuple(sorted(self._folded.atoms(folded(token)) | self._exact.atoms(straight(token))))
        if len(token) <= 50:  # no one long text may fill the memory
            if len(self._remembered) >= _REMEMBERED:
                self._remembered.clear()
            self._remembered[token] = atoms
        return atoms

    def _matching(self, matcher: Any, atoms: Sequence[int], data: bytes) -> list[int]:
        numbers = matcher.Match(data)
        # The last pattern of a set matches everything. RE2 reports an automaton that ran out of memory as
        # "nothing matched", so without the last one the answer is no answer.
        if numbers is None or len(atoms) not in numbers:
            return [atom for atom in atoms if self._regexes[atom].search(data)]
        return [atoms[number] for number in numbers if number < len(atoms)]

    def _new(self) -> int:
        self._count += 1
        return self._count - 1


def folded(word: str) -> str:
    """The form in which words are compared: case folded, apostrophes straight."""
    return straight(word).casefold()


def straight(word: str) -> str:
    return word.replace("’", "'")


def phrase_pattern(phrase: str, *, exact: bool = False) -> str:
    """The RE2 pattern of a phrase: its characters as they are, any white space where it has a space."""
    gap = r"[\s\p{Z}]+"
    return ("" if exact else "(?i)") + gap.join(re2.escape(part) for part in phrase.split())


def _options() -> Any:
    options = re2.Options()
    options.log_errors = False
    options.never_capture = True  # only the whole match matters, and finding it is faster so
    return options


def _compiled(pattern: str) -> Any:
    try:
        return re2.compile(pattern, _options())
    except re2.error as error:
        detail = error.args[0] if error.args else b""
        message = detail.decode("utf-8", "replace") if isinstance(detail, bytes) else str(detail)
        raise PatternError(_explained(pattern, message)) from None


def _build_sets(patterns: list[tuple[str, int]]) -> list[tuple[Any, list[int]]]:
    """One set, or several halves where one would outgrow its memory."""
    if not patterns:
        return []
    options = _options()
    options.max_mem = _SET_MEMORY
    matcher = re2.Set.SearchSet(options)
    try:
        for pattern, _ in patterns:
            matcher.Add(pattern)
        matcher.Add("")
        matcher.Compile()
    except re2.error:
        if len(patterns) == 1:
            raise PatternError(f"the pattern {quoted(patterns[0][0])} is too large; simplify it") from None
        half = len(patterns) // 2
        return _build_sets(patterns[:half]) + _build_sets(patterns[half:])
    return [(matcher, [atom for _, atom in patterns])]


_HINTS = {
    "invalid perl operator": "; RE2 has no look-ahead, look-behind or named back-references",
    "invalid escape sequence": "; RE2 has no back-references such as \\1",
    "pattern too large": "; repeat less often",
    "invalid repetition size": "; at most 1000 repetitions",
    "bad repetition operator": "; one repetition operator at a time",
}


def _explained(pattern: str, message: str) -> str:
    problem, _, part = message.partition(": ")
    column = _column(pattern, problem, part)
    where = f" at column {column}" if column else ""
    hint = next((text for start, text in _HINTS.items() if problem.startswith(start)), "; mend it")
    fragment = f" ({part})" if part and part != pattern and len(part) <= 40 else ""
    return f"the pattern {quoted(pattern)} is not valid RE2: {problem}{fragment}{where}{hint}"


def _column(pattern: str, problem: str, part: str) -> int | None:
    """The column, counted from 1, of what RE2 complains about."""
    if "missing )" in problem or "unexpected )" in problem:
        return _unbalanced(pattern)
    position = pattern.find(part) if part else -1
    if problem.startswith("trailing \\"):
        position = len(pattern) - 1
    return position + 1 if position >= 0 else None


def _unbalanced(pattern: str) -> int | None:
    """The column of the first ) without (, else of the last ( without )."""
    opened: list[int] = []
    in_class = escaped = False
    for column, character in enumerate(pattern, start=1):
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif in_class:
            in_class = character != "]"
        elif character == "[":
            in_class = True
        elif character == "(":
            opened.append(column)
        elif character == ")":
            if not opened:
                return column
            opened.pop()
    return opened[-1] if opened else None
