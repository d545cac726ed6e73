"""Hangul: syllables and the letters (jamo) they are made of.

A syllable is 0xAC00 + (lead * 21 + vowel) * 28 + tail (The Unicode Standard, section 3.12), with 19 leads,
21 vowels and 27 tails or none. Conjoining jamo (U+1100...) tell lead from tail; compatibility jamo (U+3131...),
which people type, do not.
"""

from __future__ import annotations

import numpy as np

SYLLABLE, LEAD, VOWEL, TAIL = 0xAC00, 0x1100, 0x1161, 0x11A7
"""The first syllable, lead and vowel; TAIL itself stands for no tail, the first tail follows it."""

LEADS, VOWELS, TAILS = 19, 21, 28
SYLLABLES = LEADS * VOWELS * TAILS

_COMPAT_LEADS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_COMPAT_VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
_COMPAT_TAILS = "ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"

_TO_COMPAT = {
    **{LEAD + k: c for k, c in enumerate(_COMPAT_LEADS)},
    **{VOWEL + k: c for k, c in enumerate(_COMPAT_VOWELS)},
    **{TAIL + 1 + k: c for k, c in enumerate(_COMPAT_TAILS)},
}
_LEAD_OF = {c: k for k, c in enumerate(_COMPAT_LEADS)}
_VOWEL_OF = {c: k for k, c in enumerate(_COMPAT_VOWELS)}
_TAIL_OF = {c: k + 1 for k, c in enumerate(_COMPAT_TAILS)}


def code_points(text: str) -> np.ndarray:
    """(N,) uint32: the code points of a text."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def from_code_points(codes: np.ndarray) -> str:
    """The text of (N,) code points."""
    return codes.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")


def decompose_codes(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every syllable as its two or three conjoining jamo; other characters stay.

    codes (N,) uint32 -> jamo (M,) uint32 and source (M,) int64: jamo[k] comes from codes[source[k]]
    """
    offset = codes - np.uint32(SYLLABLE)  # wraps around below the first syllable
    is_syllable = offset < SYLLABLES
    lead, rest = np.divmod(offset, np.uint32(VOWELS * TAILS))
    vowel, tail = np.divmod(rest, np.uint32(TAILS))
    count = np.where(is_syllable, 2 + (tail > 0), 1)
    source = np.repeat(np.arange(len(codes)), count)
    place = np.arange(len(source)) - np.repeat(np.cumsum(count) - count, count)
    parts = np.stack([np.where(is_syllable, lead + LEAD, codes), vowel + VOWEL, tail + TAIL])
    return parts[place, source].astype(np.uint32), source


def tails_of(codes: np.ndarray) -> np.ndarray:
    """(N,) the number of each syllable's tail, 1 to 27, in the dtype of `codes`; 0 for whatever has none."""
    one = codes.dtype.type
    offset = codes - one(SYLLABLE)  # wraps around below the first syllable
    tails: np.ndarray = np.where(offset < SYLLABLES, offset % one(TAILS), one(0))
    return tails


def compose_codes(codes: np.ndarray) -> np.ndarray:
    """Lead and vowel, or lead, vowel and tail, as one syllable; everything else stays. (N,) -> (M,) uint32"""
    lead, vowel, tail = codes - np.uint32(LEAD), codes - np.uint32(VOWEL), codes - np.uint32(TAIL + 1)
    starts = np.zeros(len(codes), bool)
    starts[:-1] = (lead[:-1] < LEADS) & (vowel[1:] < VOWELS)
    closed = np.zeros(len(codes), bool)
    closed[:-2] = starts[:-2] & (tail[2:] < TAILS - 1)
    # A syllable without tail takes one as well: (가 + ㄱ) is 각.
    offset = codes - np.uint32(SYLLABLE)
    open_syllable = (offset < SYLLABLES) & (offset % TAILS == 0)
    joined = np.zeros(len(codes), bool)
    joined[:-1] = open_syllable[:-1] & (tail[1:] < TAILS - 1)

    result = codes.astype(np.uint32, copy=True)
    at = np.flatnonzero(starts)
    result[at] = SYLLABLE + (lead[at] * VOWELS + vowel[at + 1]) * TAILS
    with_tail = np.flatnonzero(closed)
    result[with_tail] += tail[with_tail + 2] + 1
    at_open = np.flatnonzero(joined)
    result[at_open] += tail[at_open + 1] + 1
    used = np.zeros(len(codes), bool)
    used[at + 1] = used[with_tail + 2] = used[at_open + 1] = True
    return result[~used]


def decompose(text: str) -> str:
    """Syllables as conjoining jamo: "각" (1 character) -> "각" (3 characters)."""
    return from_code_points(decompose_codes(code_points(text))[0])


def compose(text: str) -> str:
    """Conjoining jamo as syllables: the inverse of `decompose`."""
    return from_code_points(compose_codes(code_points(text)))


def to_compatibility(text: str) -> str:
    """Syllables and conjoining jamo as the letters people type: "한글" -> "ㅎㅏㄴㄱㅡㄹ"."""
    return decompose(text).translate(_TO_COMPAT)


def from_compatibility(text: str) -> str:
    """Letters typed one by one as syllables: "ㅎㅏㄴㄱㅡㄹ" -> "한글".

    A consonant before a vowel opens the next syllable, as a keyboard does it; letters that make no syllable stay.
    """
    result: list[str] = []
    at = 0
    while at < len(text):
        if text[at] in _LEAD_OF and at + 1 < len(text) and text[at + 1] in _VOWEL_OF:
            code = SYLLABLE + (_LEAD_OF[text[at]] * VOWELS + _VOWEL_OF[text[at + 1]]) * TAILS
            at += 2
            opens_next = at + 1 < len(text) and text[at + 1] in _VOWEL_OF and text[at] in _LEAD_OF
            if at < len(text) and text[at] in _TAIL_OF and not opens_next:
                code += _TAIL_OF[text[at]]
                at += 1
            result.append(chr(code))
        else:
            result.append(text[at])
            at += 1
    return "".join(result)


def choseong(text: str) -> str:
    """The leading consonants only, as in a search by first letters: "한글 책" -> "ㅎㄱ ㅊ"."""
    return "".join(_COMPAT_LEADS[(ord(c) - SYLLABLE) // (VOWELS * TAILS)] if is_syllable(c) else c for c in text)


def is_syllable(character: str) -> bool:
    """Whether one character is a composed Hangul syllable."""
    return SYLLABLE <= ord(character) < SYLLABLE + SYLLABLES
