"""Hashed n-grams against their definition, written out slowly."""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import replace
from itertools import groupby

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saegim.data import Ragged
from saegim.errors import SettingError
from saegim.text import (
    Ngrams,
    bag_of_ngrams,
    choose_buckets,
    choose_buckets_for,
    choose_buckets_of,
    count_distinct,
    count_features,
    hash_chunks,
    hash_ngrams,
    locate_ngrams,
    ngrams,
    to_buckets,
)

TWO_64 = 1 << 64


def _fold(symbols):
    value = 0
    for symbol in symbols:
        value = (value * 0x9FB21C651E98DF25 + symbol + 1) % TWO_64
    return value


def _mix(z):
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % TWO_64
    z = (z ^ z >> 27) * 0x94D049BB133111EB % TWO_64
    return z ^ z >> 31


def _hash(kind, symbols):
    symbols = list(symbols)
    return _mix((_fold(symbols) + (256 * kind + len(symbols)) * 0x9E3779B97F4A7C15) % TWO_64)


def _class(character):
    if character.isspace():
        return 0
    return 1 if character == "_" or unicodedata.category(character)[0] in "LNM" else 2


def _words(text):
    """(start, end) of each word."""
    found, at = [], 0
    for kind, run in groupby(text, _class):
        length = len(list(run))
        if kind:
            found.append((at, at + length))
        at += length
    return found


def _letters(text, start, end):
    """(code, start, end) of each letter: Hangul syllables taken apart by the standard library."""
    for at in range(start, end):
        is_syllable = "가" <= text[at] <= "힣"
        for letter in unicodedata.normalize("NFD", text[at]) if is_syllable else text[at]:
            yield ord(letter), at, at + 1


def _cut(parts, at, kept):
    """The n-grams whose symbol `at` is a syllable of three letters, with only those `kept` of it, composed."""
    found = []
    for part in parts:
        code, start, end = part[at]
        letters = unicodedata.normalize("NFD", chr(code)) if 0xAC00 <= code <= 0xD7A3 else ""
        if len(letters) == 3:
            part = list(part)
            part[at] = (ord(unicodedata.normalize("NFC", letters[kept])), start, end)
            found.append(part)
    return found


def slow(text, spec):
    """(hash, start, end) of every feature, as the module's docstring defines them."""
    found = []
    words = _words(text)
    segments = words if spec.within_words else [(0, len(text))] * bool(text)
    sequences = {
        "words": [[(_fold(map(ord, text[a:b])), a, b) for a, b in words]],
        "chars": [
            [(0x110000, a, a), *((ord(text[k]), k, k + 1) for k in range(a, b)), (0x110000, b, b)] for a, b in segments
        ],
        "jamo": [[(0x110000, a, a), *_letters(text, a, b), (0x110000, b, b)] for a, b in segments],
    }
    for number, kind in enumerate(("words", "chars", "jamo"), start=1):
        if (span := getattr(spec, kind)) is None:
            continue
        for n in range(span[0], span[1] + 1):
            whole = []
            for sequence in sequences[kind]:
                parts = [sequence[k : k + n] for k in range(len(sequence) - n + 1)]
                whole += [part for part in parts if n > 1 or part[0][1] < part[0][2]]
            if kind == "chars" and n <= spec.edges:
                whole = whole + _cut(whole, -1, slice(0, 2)) + _cut(whole, 0, slice(2, 3))
            for part in whole:
                found.append((_hash(number, [s for s, _, _ in part]), part[0][1], part[-1][2]))
    return found


SPECS = [
    Ngrams(),
    Ngrams(words=(1, 3), chars=None),
    Ngrams(words=None, chars=(2, 5)),
    Ngrams(words=None, chars=(1, 3), within_words=True),
    Ngrams(words=(2, 2), chars=(3, 3), jamo=(1, 6)),
    Ngrams(words=(1, 1), chars=None, jamo=(3, 4), within_words=True),
    Ngrams(words=(1, 1), chars=(1, 4), edges=2),
    Ngrams(words=None, chars=(2, 3), edges=3, within_words=True),
    Ngrams(words=None, chars=(2, 2), jamo=(1, 1), edges=1),
]
TEXT = st.text(st.one_of(st.sampled_from("가각간힣ㅋa1_ !.\u0301\n"), st.characters()), max_size=12)


@settings(deadline=None)
@given(st.lists(TEXT, max_size=5), st.sampled_from(SPECS))
def test_hashes_and_places_are_as_defined(texts, spec):
    rows = hash_ngrams(texts, spec)
    assert len(rows) == len(texts) and rows.values.dtype == np.uint64
    for row, text in enumerate(texts):
        wanted = slow(text, spec)
        assert rows[row].tolist() == [value for value, _, _ in wanted]
        found = locate_ngrams(text, spec)
        assert list(zip(found.hashes.tolist(), found.starts.tolist(), found.ends.tolist(), strict=True)) == wanted
        assert len(found.kinds) == len(found.sizes) == len(wanted)


def test_hashes_never_change():
    """Models on disk depend on these numbers."""
    hashes = hash_ngrams(["새김"], Ngrams(words=(1, 1), chars=(2, 2))).values.tolist()
    assert hashes == [0xFAB442D65C2E8316, 0x29BD3FACA4052FB1, 0x36A1BF06664AD23, 0x29B5E7654BF5A4D7]


def test_one_syllable_words_are_words():
    spec = Ngrams(words=(1, 1), chars=None)
    assert len(hash_ngrams(["나 너 꼭 봐"], spec).values) == 4
    assert hash_ngrams(["봐!"], spec)[0][0] == hash_ngrams(["꼭 봐"], spec)[0][1]


def test_chunks_do_not_show(monkeypatch):
    texts = [f"문장 {k} 입니다 " * (k % 7) for k in range(200)]
    whole = hash_ngrams(texts, Ngrams(jamo=(2, 3)))
    monkeypatch.setattr(ngrams, "_CHUNK", 50)
    assert len(list(hash_chunks(texts, Ngrams()))) > 20
    again = hash_ngrams(texts, Ngrams(jamo=(2, 3)))
    assert np.array_equal(whole.values, again.values) and np.array_equal(whole.offsets, again.offsets)


def test_characters_met_before_are_told_apart_as_new_ones(monkeypatch):
    texts = ["단어 words_1 ?! 、ㅋㅋ\u0301 \U0001f600 x", *map(chr, range(1, 3000, 7))]
    monkeypatch.setattr(ngrams, "_known", np.full_like(ngrams._known, ngrams._UNKNOWN))
    alone = Ragged.concatenate([hash_ngrams([text], Ngrams(words=(1, 2), chars=None)) for text in texts])
    together = hash_ngrams(texts, Ngrams(words=(1, 2), chars=None))
    assert np.array_equal(alone.values, together.values) and np.array_equal(alone.offsets, together.offsets)


def test_different_features_have_different_hashes():
    rng = np.random.default_rng(0)
    texts = ["".join(map(chr, rng.integers(0xAC00, 0xAC00 + 400, 6))) for _ in range(20_000)]
    features = {(text[k : k + n]) for text in texts for n in (1, 2, 3) for k in range(7 - n)}
    inner = Ngrams(words=None, chars=(1, 3))
    located = {h for text in texts[:2000] for h in locate_ngrams(text, inner).hashes.tolist()}
    spelled = {f for text in texts[:2000] for f in slow(text, inner)}
    assert len(located) == len({h for h, _, _ in spelled})
    hashes = hash_ngrams(sorted(features), Ngrams(words=(1, 1), chars=None))
    assert len(set(hashes.values.tolist())) == len(features)
    # Every bit of the hashes is about as often 1 as 0.
    bits = [float((hashes.values >> np.uint64(bit) & np.uint64(1)).mean()) for bit in range(64)]
    assert max(abs(share - 0.5) for share in bits) < 5 * 0.5 / len(features) ** 0.5


def test_edges_meet_where_stems_and_endings_do():
    spec = Ngrams(words=None, chars=(2, 2), edges=2)

    def features(text, spec):
        return {*hash_ngrams([text], spec).values.tolist()}

    plain = replace(spec, edges=0)
    assert _hash(2, map(ord, "먹으")) in features("먹은", spec) & features("먹으니", spec) - features("먹은", plain)
    assert _hash(2, map(ord, "\u11ab다")) in features("간다", spec) & features("잔다", spec)
    for text in ("가나다", "abc", ""):  # nothing to cut
        assert np.array_equal(hash_ngrams([text], spec).values, hash_ngrams([text], plain).values)


@pytest.mark.parametrize("bad", [(0, 2), (3, 2), (1, 99), (1, 2, 3), (1.0, 2), "12", [1, 2], 3, (True, 2), ()])
def test_impossible_ranges(bad):
    with pytest.raises(SettingError, match="1 <= shortest <= longest"):
        Ngrams(chars=bad)


@pytest.mark.parametrize("bad", [-1, 99, 1.5, "2", None, True])
def test_impossible_edges(bad):
    with pytest.raises(SettingError, match="a number from 0 to 32"):
        Ngrams(edges=bad)


def test_no_kind():
    with pytest.raises(SettingError, match="no kind"):
        Ngrams(words=None, chars=None)


# Few different features, and the largest there can be: of these two rows fit into one sort.
FEATURE = st.integers(0, 9) | st.sampled_from([(1 << 31) - 1, 1 << 30])
ROWS = st.lists(st.lists(FEATURE, max_size=20), max_size=20)


@given(ROWS)
def test_counting_is_counting(rows):
    bag = count_features(Ragged.from_rows(rows, np.int32))
    for k, row in enumerate(rows):
        wanted = sorted(Counter(row).items())
        counts = bag.counts[bag.features.offsets[k] : bag.features.offsets[k + 1]]
        assert list(zip(bag.features[k].tolist(), counts.tolist(), strict=True)) == wanted


def test_a_bag_is_its_steps():
    texts = ["정말 정말 재밌다", "", "노잼", "가" * 5000] * 100
    whole = count_features(to_buckets(hash_ngrams(texts, Ngrams()), 1000))
    bag = bag_of_ngrams(texts, Ngrams(), 1000)
    assert np.array_equal(bag.features.values, whole.features.values)
    assert np.array_equal(bag.counts, whole.counts) and len(bag) == len(texts)
    assert bag.counts.sum() == len(hash_ngrams(texts, Ngrams()).values)
    assert bag.features.values.min() >= 0 and bag.features.values.max() < 1000


def test_no_texts():
    assert len(hash_ngrams([], Ngrams())) == len(bag_of_ngrams([], Ngrams(), 8)) == 0


@pytest.mark.parametrize("count", [0, 1, 1000, 1_000_000])
def test_distinct_hashes_are_estimated(count):
    values = np.random.default_rng(count).integers(0, 1 << 64, count, np.uint64, endpoint=False)
    twice = np.concatenate([values, values])
    estimate = count_distinct([Ragged(twice, np.asarray([0, len(twice)]))])
    assert abs(estimate - count) <= 0.002 * count + 1


@pytest.mark.parametrize(
    "chosen",
    [
        Ngrams(edges=2),
        Ngrams(words=(2, 3), chars=(3, 5), jamo=(1, 4), within_words=True, edges=4),
        Ngrams(words=None, chars=(1, 1)),
        Ngrams(words=(1, 1), chars=None),
    ],
)
@pytest.mark.parametrize("buckets", [7, 256, 70_000, 1 << 21])
def test_native_code_counts_as_numpy_does(chosen, buckets, monkeypatch):
    rng = np.random.default_rng(0)
    letters = [*"갈강가 먹은는a!.\u0301\U0001f600\ud800", " "]
    texts = ["", " ", "강", "!", *("".join(rng.choice(letters, size)) for size in rng.integers(0, 60, 200))]
    native = bag_of_ngrams(texts, chosen, buckets), choose_buckets_of(texts, chosen, most=1 << 12)
    monkeypatch.setenv("SAEGIM_COMPILE", "0")
    expected = bag_of_ngrams(texts, chosen, buckets), choose_buckets_of(texts, chosen, most=1 << 12)
    for found, wanted in zip(
        *((bag.features.values, bag.features.offsets, bag.counts) for bag, _ in (native, expected)), strict=True
    ):
        assert found.dtype == wanted.dtype and np.array_equal(found, wanted)
    assert native[1] == expected[1]


@pytest.mark.parametrize(("most", "read"), [(1024, 1), (1500, 2), (4096, 3), (5000, 5), (1 << 21, 20)])
def test_no_more_is_read_than_decides_the_number_of_buckets(most, read):
    values = np.random.default_rng(0).integers(0, 1 << 64, 20_000, np.uint64, endpoint=False)
    chunks = [Ragged(part, np.asarray([0, len(part)])) for part in np.split(values, 20)]
    rest = iter(chunks)
    assert choose_buckets_for(rest, most=most) == choose_buckets(count_distinct(chunks), most=most)
    assert len(list(rest)) == 20 - read


def test_buckets_follow_the_data():
    assert [choose_buckets(n) for n in (0, 1024, 1025, 1_000_000, 10**9)] == [1024, 1024, 2048, 1 << 20, 1 << 21]
    with pytest.raises(SettingError):
        to_buckets(hash_ngrams(["a"], Ngrams()), 0)
