"""What a fact can be: the table of predicates.

A predicate is one function from its settings in the rule file to a `Test`, and one row in `PREDICATES`.
See docs/adding-a-predicate.md.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from saegim.rules.index import Index, PatternError, phrase_pattern
from saegim.rules.scripts import SCRIPTS, letters_of
from saegim.rules.source import Setting, quoted, suggestion
from saegim.rules.view import Found, Span, View, words_of


@dataclass(frozen=True)
class Test:
    """Whether a fact holds in a text.

    find: View -> where it was found (a function, called only for a proof), or None if it does not hold.
    triggers: atoms of the index and names of facts, one of which must be present for `find` to succeed;
        None if it can succeed without any, so that every text must be tried.
    """

    find: Callable[[View], Found | None]
    triggers: frozenset[int | str] | None = None


def words(spec: Spec) -> Test:
    """One of these whole words; a trailing * matches every word that begins so."""
    return _any_atom([spec.words(spec.value)], View.word_spans)


def phrase(spec: Spec) -> Test:
    """One of these phrases, anywhere, also inside words; a space matches any white space."""
    return _any_atom([spec.phrase(setting) for setting in spec.value.one_or_more()], View.pattern_spans)


def pattern(spec: Spec) -> Test:
    """One of these RE2 patterns, anywhere."""
    return _any_atom([spec.pattern(setting) for setting in spec.value.one_or_more()], View.pattern_spans)


def near(spec: Spec) -> Test:
    """A word of one list within n words of a word of another; 1 means side by side."""
    entries = spec.value.mapping(["of", "and", "within"])
    first = spec.words(spec.needed(entries, "of"))
    second = spec.words(spec.needed(entries, "and"))
    within = spec.needed(entries, "within").whole(1)

    def find(view: View) -> Found | None:
        if first not in view.hits or second not in view.hits:
            return None
        pairs = _nearest(view.hits[first], view.hits[second], within)
        spans = view.token_spans
        return (lambda: [(spans[low][0], spans[high][1]) for low, high in pairs]) if pairs else None

    return Test(find, frozenset([first]))


def script(spec: Spec) -> Test:
    """At least one letter of a Unicode script; with `share`, that part of all letters."""
    letters = letters_of(spec.script())
    share = spec.bounds(spec.options["share"], high=1.0) if "share" in spec.options else None

    def find(view: View) -> Found | None:
        if letters.search(view.text) is None:
            return None
        if share is not None and not share.holds(_share(view.text)):
            return None
        return lambda: _spans(view.text)

    def _spans(text: str) -> list[Span]:
        return [match.span() for match in letters.finditer(text)]

    def _share(text: str) -> float:
        return sum(end - start for start, end in _spans(text)) / sum(map(str.isalpha, text))

    return Test(find)


def count(spec: Spec) -> Test:
    """How often another predicate is found: at least `min`, at most `max` times."""
    entries = spec.value.mapping()
    bounds = spec.bounds(spec.value, whole=True)
    inner_entries = {key: setting.value for key, setting in entries.items() if key not in ("min", "max")}
    inner = spec.inner(Setting(inner_entries, spec.value.path, spec.value.source))

    def find(view: View) -> Found | None:
        found = inner.find(view)
        spans = sorted(set(found())) if found is not None else []
        return (lambda: spans) if bounds.holds(len(spans)) else None

    return Test(find, inner.triggers if bounds.low > 0 else None)


def length(spec: Spec) -> Test:
    """How long the text is, in characters or, with `unit: words`, in words."""
    entries = spec.value.mapping(["min", "max", "unit"])
    bounds = spec.bounds(spec.value, whole=True)
    unit = entries["unit"].choice(["characters", "words"]) if "unit" in entries else "characters"

    def find(view: View) -> Found | None:
        size = len(view.text) if unit == "characters" else len(view.tokens)
        return _nowhere if bounds.holds(size) else None

    return Test(find)


def any_of(spec: Spec) -> Test:
    """At least one of these facts or predicates holds."""
    tests = [spec.inner(setting) for setting in spec.value.items()]

    def find(view: View) -> Found | None:
        found = [where for test in tests if (where := test.find(view)) is not None]
        return partial(_joined, found) if found else None

    return Test(find, _united(test.triggers for test in tests))


def all_of(spec: Spec) -> Test:
    """All of these facts or predicates hold."""
    tests = [spec.inner(setting) for setting in spec.value.items()]

    def find(view: View) -> Found | None:
        found = []
        for test in tests:
            where = test.find(view)
            if where is None:
                return None
            found.append(where)
        return partial(_joined, found)

    return Test(find, next((test.triggers for test in tests if test.triggers is not None), None))


def none_of(spec: Spec) -> Test:
    """None of these facts or predicates holds."""
    tests = [spec.inner(setting) for setting in spec.value.items()]
    return Test(lambda view: _nowhere if all(test.find(view) is None for test in tests) else None)


@dataclass(frozen=True)
class Predicate:
    """A row of the table.

    build: the function; options: further keys that may stand beside the predicate's own;
    placed: whether it is found at places, which can be counted.
    """

    build: Callable[[Spec], Test]
    options: tuple[str, ...] = ()
    placed: bool = True


PREDICATES: dict[str, Predicate] = {
    "words": Predicate(words, options=("case",)),
    "phrase": Predicate(phrase, options=("case",)),
    "pattern": Predicate(pattern),
    "near": Predicate(near, options=("case",)),
    "script": Predicate(script, options=("share",)),
    "count": Predicate(count),
    "length": Predicate(length, placed=False),
    "any": Predicate(any_of),
    "all": Predicate(all_of),
    "none": Predicate(none_of, placed=False),
}


def build_test(setting: Setting, index: Index, facts: Mapping[str, object], uses: dict[str, None]) -> Test:
    """The test of one fact as written. `uses` collects the names of the facts that it refers to."""
    entries = setting.mapping()
    names = [name for name in entries if name in PREDICATES]
    if len(names) != 1:
        if len(names) > 1:
            raise setting.error(f"one fact has one predicate, got {' and '.join(names)}; join them with all:")
        given = next(iter(entries), None)
        hint = f", got {quoted(given)}{suggestion(given, PREDICATES)}" if given is not None else ""
        raise setting.error(f"expected a predicate ({', '.join(PREDICATES)}){hint}")
    name = names[0]
    row = PREDICATES[name]
    setting.mapping([name, *row.options])
    options = {key: entries[key] for key in row.options if key in entries}
    return row.build(Spec(name, entries[name], options, index, facts, uses))


@dataclass(frozen=True)
class Spec:
    """The settings of one predicate, as its function reads them; every wrong form is a RuleError."""

    name: str
    value: Setting
    options: dict[str, Setting]
    index: Index
    facts: Mapping[str, object]
    uses: dict[str, None] = field(default_factory=dict)

    def words(self, setting: Setting) -> int:
        """The atom of a list of words."""
        return self.index.add_words([_word(entry) for entry in setting.one_or_more()], exact=self.exact())

    def phrase(self, setting: Setting) -> int:
        return self._add_pattern(setting, phrase_pattern(_normal(setting.text()), exact=self.exact()))

    def pattern(self, setting: Setting) -> int:
        return self._add_pattern(setting, _normal(setting.text()))

    def exact(self) -> bool:
        """Whether upper and lower case differ (`case: exact`)."""
        case = self.options.get("case")
        return case is not None and case.choice(["exact", "ignore"]) == "exact"

    def script(self) -> str:
        name = self.value.text()
        if name not in SCRIPTS:
            raise self.value.error(f"unknown Unicode script {quoted(name)}{suggestion(name, SCRIPTS)}")
        return name

    def bounds(self, setting: Setting, *, high: float = float("inf"), whole: bool = False) -> Bounds:
        """`min` and `max` of a mapping, at least one of them given."""
        entries = setting.mapping() if whole else setting.mapping(["min", "max"])
        limits = {
            key: float(entries[key].whole(0)) if whole else entries[key].number(0, high)
            for key in ("min", "max")
            if key in entries
        }
        if not limits:
            raise setting.error(f"{self.name} needs min, max or both")
        bounds = Bounds(limits.get("min", 0.0), limits.get("max", float("inf")))
        if bounds.low > bounds.high:
            raise setting.error(
                f"min {bounds.low:g} is greater than max {bounds.high:g}, so it never holds; swap them?"
            )
        return bounds

    def needed(self, entries: Mapping[str, Setting], key: str) -> Setting:
        if key not in entries:
            raise self.value.error(f"{self.name} needs {key}:")
        return entries[key]

    def inner(self, setting: Setting) -> Test:
        """The test inside another: the name of a fact, or a predicate written in place."""
        if not isinstance(setting.value, str | int) or isinstance(setting.value, bool):
            if self.name == "count":
                _check_countable(setting)
            return build_test(setting, self.index, self.facts, self.uses)
        name = setting.name()
        if name not in self.facts:
            raise setting.error(f"unknown fact {quoted(name)}{suggestion(name, self.facts)}")
        self.uses[name] = None
        return Test(lambda view: view.seen.get(name), frozenset([name]))

    def _add_pattern(self, setting: Setting, pattern: str) -> int:
        try:
            return self.index.add_pattern(pattern)
        except PatternError as error:
            raise setting.error(str(error)) from None


@dataclass(frozen=True)
class Bounds:
    low: float
    high: float

    def holds(self, amount: float) -> bool:
        return self.low <= amount <= self.high


def _check_countable(setting: Setting) -> None:
    for name in setting.mapping():
        if name in PREDICATES and not PREDICATES[name].placed:
            raise setting.error(f"{name} has no places to count; count words, phrases, patterns or scripts")


def _word(setting: Setting) -> str:
    """A checked entry of a word list: one word, perhaps with a trailing *."""
    entry = _normal(setting.text().strip())
    stem = entry.removesuffix("*")
    if words_of(stem) != [stem]:
        if "*" in stem:
            raise setting.error(
                f"{quoted(entry)}: a * may only stand at the end, after at least one letter; move it there"
            )
        raise setting.error(f"{quoted(entry)} is not one word; use phrase: for it")
    return entry


def _normal(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _any_atom(atoms: Sequence[int], spans: Callable[[View, int], Sequence[Span]]) -> Test:
    def find(view: View) -> Found | None:
        present = [atom for atom in atoms if atom in view.hits]
        return partial(_joined, [partial(spans, view, atom) for atom in present]) if present else None

    return Test(find, frozenset(atoms))


def _united(triggers: Iterable[frozenset[int | str] | None]) -> frozenset[int | str] | None:
    collected: set[int | str] = set()
    for some in triggers:
        if some is None:
            return None
        collected |= some
    return frozenset(collected)


def _joined(found: Iterable[Found]) -> list[Span]:
    return [span for where in found for span in where()]


def _nowhere() -> list[Span]:
    return []


def _nearest(first: Sequence[int], second: Sequence[int], within: int) -> list[Span]:
    """For every word of `first` the closest other word of `second`, where within reach, as (low, high).

    Both ascend. Only the closest, so that the work stays linear however often the words repeat.
    """
    pairs = []
    for number in first:
        right = bisect_left(second, number)
        others = [other for other in second[max(right - 1, 0) : right + 2] if other != number]
        closest = min(others, key=lambda other: abs(other - number), default=None)
        if closest is not None and abs(closest - number) <= within:
            pairs.append((min(number, closest), max(number, closest)))
    return pairs
