"""One spelling for one text: Unicode normal form, white space, control characters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from saegim.errors import SettingError
from saegim.text.origins import Form, Traced

SPACES = "[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+"
"""White space, as Python's str.isspace sees it. (The characters themselves: escapes mean bytes to `tokenizers`.)"""

INVISIBLE = "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u200b\ufeff]"
"""Control characters other than white space, soft hyphen, zero-width space, byte order mark."""

_INVISIBLE = re.compile(INVISIBLE)
_SURROGATES = re.compile("[\ud800-\udfff]")
_ODD = re.compile(INVISIBLE[:-1] + "\ud800-\udfff]")


@dataclass(frozen=True)
class Normalizer:
    """Makes texts that look alike equal.

    form: "NFC" composes (각 is one character however it was typed); "NFKC" also unifies compatibility
        characters (half- and full-width forms, ligatures, circled numbers)
    lowercase: no difference between A and a
    In every case invisible control characters are removed, runs of white space become one space, none is left
    at either end, and lone surrogates become U+FFFD. Applying it twice changes nothing more.
    """

    form: Form = "NFC"
    lowercase: bool = False

    def __post_init__(self) -> None:
        if self.form not in ("NFC", "NFKC"):
            raise SettingError(f"{self.form!r} is no normal form; choose 'NFC' or 'NFKC'")

    def __call__(self, text: str) -> str:
        """One text, normalised."""
        if _ODD.search(text):
            text = _INVISIBLE.sub("", without_surrogates(text))
        text = unicodedata.normalize(self.form, text)
        if self.lowercase:
            text = unicodedata.normalize(self.form, text.lower())
        return " ".join(text.split())

    def traced(self, text: str) -> Traced:
        """The same, with the place in `text` that every character came from."""
        found = Traced.of(without_surrogates(text)).without(_INVISIBLE).in_form(self.form)
        if self.lowercase:
            found = found.lowered().in_form(self.form)
        return found.spaced()

    def many(self, texts: Iterable[str]) -> list[str]:
        """Every text, normalised."""
        return [self(text) for text in texts]


def without_surrogates(text: str) -> str:
    """Lone surrogates, which no encoding can hold, as U+FFFD; the length stays the same."""
    return _SURROGATES.sub("\ufffd", text)
