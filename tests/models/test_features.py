"""Weighted n-grams against their definition, written out with dictionaries."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saegim.errors import NotFittedError, SettingError
from saegim.models import NgramVectorizer, Weighting
from saegim.models import features as features_module
from saegim.text import Ngrams, locate_ngrams

NGRAMS = Ngrams(words=(1, 1), chars=(1, 2), edges=2)
TEXTS = st.lists(st.text("가간나각ab !", max_size=8), min_size=1, max_size=8)


def buckets_of(text, buckets):
    """How often each bucket occurs in a text."""
    return Counter((locate_ngrams(text, NGRAMS).hashes % np.uint64(buckets)).tolist())


def slow(texts, labels, classes, weighting, buckets):
    """bucket -> weight, and each text's values by bucket, as the module's docstring defines them."""
    bags = [buckets_of(text, buckets) for text in texts]
    found = Counter(bucket for bag in bags for bucket in bag)
    least = weighting.min_texts if any(n >= weighting.min_texts for n in found.values()) else 1
    share = [labels.count(c) / len(labels) for c in range(classes)]
    weights = {}
    for bucket in sorted(bucket for bucket, n in found.items() if n >= least):
        counts = [weighting.prior * share[c] for c in range(classes)]
        for bag, label in zip(bags, labels, strict=True):
            counts[label] += bucket in bag
        chances = [count / sum(counts) for count in counts]
        information = sum(p * math.log(p / q) for p, q in zip(chances, share, strict=True) if p > 0)
        idf = math.log((1 + len(texts)) / (1 + found[bucket])) + 1
        weights[bucket] = idf**weighting.idf_power * (max(information, 0) ** weighting.label_power + weighting.floor)
    return weights, [rows_of(bag, weights) for bag in bags]


def rows_of(bag, weights):
    values = {bucket: math.log1p(n) * weights[bucket] for bucket, n in bag.items() if bucket in weights}
    length = math.sqrt(sum(value * value for value in values.values()))
    return {bucket: value / length for bucket, value in values.items()}


def by_bucket(rows, kept, row):
    part = slice(rows.offsets[row], rows.offsets[row + 1])
    return dict(zip(kept[rows.columns[part]].tolist(), rows.values[part].tolist(), strict=True))


@settings(max_examples=60)
@given(TEXTS, st.data())
def test_rows_are_as_defined(texts, data):
    classes = data.draw(st.integers(1, 3))
    labels = data.draw(st.lists(st.integers(0, classes - 1), min_size=len(texts), max_size=len(texts)))
    weighting = Weighting(min_texts=data.draw(st.integers(1, 3)), prior=data.draw(st.sampled_from([0.0, 3.0])))
    vectorizer = NgramVectorizer(NGRAMS, weighting, most_buckets=data.draw(st.sampled_from([1, 16, 1 << 20])))
    rows = vectorizer.fit_transform(texts, np.array(labels), classes)
    weights, expected = slow(texts, labels, classes, weighting, vectorizer.buckets)
    assert vectorizer.kept.tolist() == sorted(weights) and vectorizer.columns == len(weights)
    # Single precision, and a power of 0.4 that makes much of the rounding of an information near 0.
    assert vectorizer.weights.tolist() == pytest.approx(list(weights.values()), rel=1e-3, abs=2e-3)
    exact = NgramVectorizer(NGRAMS, weighting)
    exact.restore(vectorizer.buckets, vectorizer.kept, np.array(list(weights.values()), np.float32))
    again = exact.transform(texts)
    assert len(rows) == len(again) == len(texts)
    for row, values in enumerate(expected):
        assert by_bucket(again, vectorizer.kept, row) == pytest.approx(values, rel=1e-5)


@given(TEXTS, TEXTS)
def test_a_row_has_length_one_and_is_the_same_alone(texts, others):
    vectorizer = NgramVectorizer(NGRAMS)
    train = vectorizer.fit_transform(texts, np.arange(len(texts)) % 2, 2)
    again = vectorizer.transform(texts)
    for name in ("columns", "values", "offsets"):
        assert np.array_equal(getattr(train, name), getattr(again, name))
    rows = vectorizer.transform(others)
    for row, text in enumerate(others):
        part = slice(rows.offsets[row], rows.offsets[row + 1])
        alone = vectorizer.transform([text])
        assert np.array_equal(alone.columns, rows.columns[part])
        np.testing.assert_allclose(alone.values, rows.values[part], rtol=1e-6)
        length = float(np.linalg.norm(rows.values[part]))
        assert length == pytest.approx(1, rel=1e-5) or (part.start == part.stop and length == 0)


@given(st.text("가간나각ab !", max_size=10))
def test_places_are_those_of_the_rows(text):
    vectorizer = NgramVectorizer(NGRAMS)
    vectorizer.fit_transform(["가나 ab", "가나 a!", "간 각"], np.array([0, 1, 1]), 2)
    columns, starts, ends = vectorizer.places(text)
    rows = vectorizer.transform([text])
    assert sorted(set(columns.tolist())) == rows.columns.tolist()
    assert all(0 <= start < end <= len(text) for start, end in zip(starts, ends, strict=True))


def test_many_classes_are_counted_slab_by_slab(monkeypatch):
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice(list("가나다라마 "), 12)) for _ in range(50)]
    labels = rng.integers(0, 7, 50)
    whole = NgramVectorizer(NGRAMS)
    whole.fit_transform(texts, labels, 7)
    monkeypatch.setattr(features_module, "_SLAB", 30)
    slabs = NgramVectorizer(NGRAMS)
    slabs.fit_transform(texts, labels, 7)
    assert len(whole.weights) > 30 and np.array_equal(whole.weights, slabs.weights)


def test_what_says_more_about_the_label_weighs_more():
    texts = ["좋아 영화 오늘", "좋아 영화 어제", "싫어 영화 오늘", "싫어 영화 어제"]
    vectorizer = NgramVectorizer(Ngrams(words=(1, 1), chars=None), Weighting(idf_power=0))
    vectorizer.fit_transform(texts, np.array([0, 0, 1, 1]), 2)
    weight = {word: vectorizer.weights[vectorizer.places(word)[0][0]] for word in ["좋아", "싫어", "영화", "오늘"]}
    assert weight["좋아"] == weight["싫어"] > weight["영화"] == weight["오늘"]
    assert weight["영화"] == pytest.approx(Weighting().floor)


@pytest.mark.parametrize("texts", [[""], ["", ""], [" "]])
def test_texts_without_ngrams(texts):
    vectorizer = NgramVectorizer(Ngrams(words=(1, 1), chars=None))
    rows = vectorizer.fit_transform(texts, np.zeros(len(texts), np.int64), 2)
    assert vectorizer.columns == 0 and rows.offsets.tolist() == [0] * (len(texts) + 1)
    assert len(vectorizer.transform(["가"]).values) == 0 and len(vectorizer.transform([])) == 0


def test_before_fitting():
    for call in (lambda v: v.transform(["a"]), lambda v: v.places("a")):
        with pytest.raises(NotFittedError, match="call fit_transform first"):
            call(NgramVectorizer(NGRAMS))


KEPT, WEIGHTS = np.array([1, 5], np.int32), np.ones(2, np.float32)


def test_restoring_gives_the_same_rows():
    vectorizer = NgramVectorizer(NGRAMS)
    texts = ["가나 ab", "가나 a!", "간 각"]
    rows = vectorizer.fit_transform(texts, np.array([0, 1, 1]), 2)
    other = NgramVectorizer(NGRAMS)
    other.restore(vectorizer.buckets, vectorizer.kept, vectorizer.weights)
    assert np.array_equal(other.transform(texts).values, rows.values)


@pytest.mark.parametrize(
    ("buckets", "kept", "weights"),
    [
        (8, KEPT[::-1], WEIGHTS),
        (8, np.array([1, 1], np.int32), WEIGHTS),
        (8, np.array([-1, 5], np.int32), WEIGHTS),
        (5, KEPT, WEIGHTS),
        (8, KEPT, WEIGHTS[:1]),
        (8, KEPT.astype(np.int64), WEIGHTS),
        (8, KEPT, WEIGHTS.astype(np.float64)),
        (8, KEPT, np.array([1, np.nan], np.float32)),
        (8, KEPT.reshape(2, 1), WEIGHTS.reshape(2, 1)),
        (0, KEPT[:0], WEIGHTS[:0]),
        (1 << 30, KEPT, WEIGHTS),
        ("8", KEPT, WEIGHTS),
    ],
)
def test_restoring_what_no_training_chose(buckets, kept, weights):
    with pytest.raises(ValueError, match=r"not those of a trained encoder|buckets: a whole number"):
        NgramVectorizer(NGRAMS).restore(buckets, kept, weights)


@pytest.mark.parametrize("bad", [{"min_texts": 0}, {"prior": -1}, {"floor": float("nan")}, {"idf_power": "1"}])
def test_impossible_weightings(bad):
    with pytest.raises(SettingError, match=next(iter(bad))):
        Weighting(**bad)


def test_native_code_weighs_as_numpy_does(monkeypatch):
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice([*"가나다 라마ab!"], size)) for size in rng.integers(0, 40, 300)]
    labels = rng.integers(0, 3, 300)
    found = []
    for native in ("", "0"):
        monkeypatch.setenv("SAEGIM_COMPILE", native)
        vectorizer = NgramVectorizer(Ngrams(edges=2))
        rows = vectorizer.fit_transform(texts, labels, 3)
        found.append((vectorizer.kept, vectorizer.weights, rows.columns, rows.values, rows.offsets))
    for one, other in zip(*found, strict=True):
        assert one.dtype == other.dtype and np.array_equal(one, other)
