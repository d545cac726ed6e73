"""Short texts in about a hundred languages, made offline and deterministically from the Unicode CLDR.

The CLDR names territories, languages, scripts, currencies, units, months and so on in several hundred languages;
`babel` ships it. `build` reads those names and keeps the ones that tell languages apart: strings that occur in
exactly one of the chosen languages. Neither the network nor the clock is used; the result depends only on the
installed CLDR version and on the arguments.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

import babel
from babel import Locale, localedata
from babel.core import get_global

from saegim.data.split import stratified_split
from saegim.rules.scripts import SCRIPTS, letters_of

__all__ = ["Text", "as_tsv", "build", "cldr_version", "columns_of", "language_name", "scripts_in", "split"]

MIN_TEXTS = 600  # of one language
MIN_COLUMNS, MAX_COLUMNS = 8, 40  # on a terminal, where Chinese, Japanese and Korean characters take two
TEST_SHARE = 0.1

# The parts of a locale's data that hold names in the language. Time zones are left out: their cities are the same
# proper nouns everywhere, and their other names are one template filled in a hundred times.
FIELDS = (
    "territories",
    "languages",
    "scripts",
    "currency_names",
    "currency_names_plural",
    "unit_display_names",
    "unit_patterns",
    "compound_unit_patterns",
    "measurement_systems",
    "months",
    "days",
    "quarters",
    "eras",
    "day_periods",
)

# Cantonese: nearly all of its names, in traditional characters, are also Mandarin's in traditional characters, and
# `zh` here is Chinese in simplified ones. A label that means "traditional characters" is no language.
NOT_TOLD_APART = frozenset({"yue"})

USED = 0.05  # a language uses a script when at least this share of its names hold a letter of it (units: a stray μ)

_PLACEHOLDER = re.compile(r"\{\d+\}|%s")


class Text(NamedTuple):
    """A short text and the code of its language."""

    text: str
    language: str


def build(
    min_texts: int = MIN_TEXTS,
    *,
    languages: Collection[str] | None = None,
    columns: tuple[int, int] = (MIN_COLUMNS, MAX_COLUMNS),
) -> list[Text]:
    """The data set, sorted. languages: codes to choose among, None for all; columns: least and most per text.

    Each text occurs in exactly one of the chosen languages, and each of them has at least `min_texts`. Languages are
    given up one by one, the poorest first, which hands the names it shared with one other language to that language.
    """
    candidates = whole_languages() if languages is None else sorted(languages)
    names = {code: names_in(code, columns) for code in candidates}
    owners: defaultdict[str, set[str]] = defaultdict(set)
    for code in candidates:
        for name in names[code]:
            owners[name].add(code)

    own = Counter(dict.fromkeys(candidates, 0))
    own.update(next(iter(codes)) for codes in owners.values() if len(codes) == 1)
    while names:
        poorest = min(names, key=lambda code: (own[code], code))
        if own[poorest] >= min_texts:
            break
        for name in names.pop(poorest):
            owners[name].discard(poorest)
            if len(owners[name]) == 1:
                own[next(iter(owners[name]))] += 1
    return sorted(Text(name, next(iter(codes))) for name, codes in owners.items() if len(codes) == 1)


def split(texts: Sequence[Text], seed: int = 0) -> tuple[list[Text], list[Text]]:
    """A training part, and a test part with a tenth of each language's texts; both in the order given."""
    train, test = stratified_split([text.language for text in texts], TEST_SHARE, seed)
    return [texts[row] for row in train], [texts[row] for row in test]


def whole_languages() -> list[str]:
    """Codes of the locales that stand for one language each, without regional and script variants.

    Locales that store only what differs from another language (`nb` and `nn`, from `no`) are left out.
    """
    from_another: Mapping[str, str] = get_global("parent_exceptions")
    codes = (code for code in localedata.locale_identifiers() if "_" not in code)
    return sorted(code for code in codes if code != "root" and code not in from_another and code not in NOT_TOLD_APART)


def names_in(code: str, columns: tuple[int, int] = (MIN_COLUMNS, MAX_COLUMNS)) -> set[str]:
    """The names that one locale itself spells out, cleaned, of admissible width.

    What a locale inherits is not read, so that what it leaves to the root locale never appears. A name must be mostly
    letters, and in a language whose main script is not Latin it must hold a letter of the language's own scripts: a
    name without is a code, or was left in English.
    """
    data = localedata.load(code, merge_inherited=False)
    found = {_clean(leaf) for part in FIELDS for leaf in _leaves(data.get(part, {}))}
    least, most = columns
    scripts = {name: scripts_in(name) for name in found if least <= columns_of(name) <= most and _mostly_letters(name)}
    uses = Counter(script for each in scripts.values() for script in each)
    main = min(uses, key=lambda script: (-uses[script], script), default=None)
    if main in (None, "Latin"):
        return set(scripts)
    own = {script for script, count in uses.items() if script != "Latin" and count >= USED * len(scripts)}
    return {name for name, held in scripts.items() if held & own}


def scripts_in(text: str) -> frozenset[str]:
    """The Unicode scripts of the letters of a text, named as the rule language names them: {"Hangul", "Han"}."""
    return frozenset(script for character in set(text) if (script := _script_of(character)) is not None)


def columns_of(text: str) -> int:
    """How many columns a text takes on a terminal: two for each Chinese, Japanese or Korean character."""
    return sum(2 if _is_wide(character) else 1 for character in text)


def language_name(code: str, language: str = "en") -> str:
    """The name of a language in English ("en") or Korean ("ko"): "ko" is "Korean", "한국어"."""
    return str(Locale(language).languages.get(code, code))


def cldr_version() -> str:
    """The version of the installed Unicode CLDR, on which the texts depend."""
    known: Mapping[str, str] = get_global("cldr")
    return known.get("version", f"of babel {babel.__version__}")  # babel tells from 2.18 on


def as_tsv(texts: Iterable[Text]) -> str:
    """A table with the columns text and language, for `saegim train` and its kind."""
    written = io.StringIO()
    table = csv.writer(written, delimiter="\t", lineterminator="\n")
    table.writerow(Text._fields)
    table.writerows(texts)
    return written.getvalue()


def _leaves(node: object) -> Iterator[str]:
    """The strings of a nest of mappings; patterns and aliases are other objects and are passed over."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, Mapping):
        for value in node.values():
            yield from _leaves(value)


def _clean(text: str) -> str:
    """The text in NFC, without the CLDR's placeholders, with single spaces."""
    return " ".join(unicodedata.normalize("NFC", _PLACEHOLDER.sub(" ", text)).split())


def _mostly_letters(text: str) -> bool:
    return 2 * sum(map(_is_of_words, text)) > len(text)


@cache
def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"


@cache
def _is_of_words(character: str) -> bool:
    """Whether it is a letter or a mark on one, not a digit, symbol, punctuation or space."""
    return unicodedata.category(character)[0] in "LM"


@cache
def _script_of(character: str) -> str | None:
    """The script of a letter, None for any other character."""
    if not character.isalpha():
        return None
    return next((script for script in SCRIPTS if letters_of(script).match(character)), None)
