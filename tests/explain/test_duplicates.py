"""Near duplicates with different labels: all that comparing every pair finds, and nothing that is alike in label."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from saegim.explain.duplicates import SIMILAR, conflicting_duplicates, letters_of

WORDS = ["영화", "배우", "이야기", "음악", "감독", "장면", "결말", "연기", "시간", "마지막", "처음", "정말", "그냥"]
SYLLABLES = [chr(0xAC00 + 28 * number) for number in range(60)]


def sentences(count, rng, words=10):
    return [" ".join(rng.choices(WORDS, k=words)) + str(number) for number in range(count)]


def found(texts, labels, **settings):
    return [(each.rows, round(each.similarity, 6)) for each in conflicting_duplicates(texts, labels, **settings)]


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("재미 있다!!", "재미있다"),
        ("ＧＯＯＤ Good~", "goodgood"),
        ("\u1112\u1161\u11ab글", "한글"),
        ("ﬁn", "fin"),
        (" ;; \t!!", ";;!!"),
        ("हिन्दी है", "हिन्दीहै"),
        ("", ""),
    ],
)
def test_what_texts_are_compared_by(text, letters):
    assert letters_of(text) == letters


def test_equal_letters():
    texts = ["재미있다", "재미 있다!!", "지루하다", "재미있다.", "지루하다"]
    assert found(texts, ["1", "0", "0", "1", "0"]) == [((0, 1, 3), 1.0)]
    assert found(texts, ["1", "1", "0", "1", "0"]) == []
    assert found(texts, ["1", "0", "0", "1", "1"]) == [((0, 1, 3), 1.0), ((2, 4), 1.0)]
    assert found([], []) == found(["x"], ["1"]) == []
    assert found(["", " "], ["1", "0"]) == [((0, 1), 1.0)]


def test_all_planted_near_duplicates_are_found():
    """One word of ten exchanged; a hundred pairs among three thousand texts that have nothing to do with them."""
    rng = random.Random(0)
    texts = [" ".join("".join(rng.choices(SYLLABLES, k=3)) for _ in range(10)) for _ in range(3000)]
    labels = [str(rng.randrange(3)) for _ in texts]
    planted = []
    for number in range(100):
        words = texts[number].split()
        words[rng.randrange(10)] = "다른말"
        planted.append((number, len(texts)))
        texts.append(" ".join(words))
        labels.append(str((int(labels[number]) + 1) % 3))
    groups = conflicting_duplicates(texts, labels)
    assert {group.rows for group in groups} <= set(planted)
    assert len(groups) >= 98
    assert all(SIMILAR <= group.similarity < 1 for group in groups)


def by_comparing_all(texts, labels):
    """Pairs of different labels and their similarity, with scikit-learn's n-grams."""
    keys = [f"\x01{letters_of(text)}\x02" for text in texts]
    table = CountVectorizer(analyzer="char", ngram_range=(2, 4), lowercase=False, binary=True).fit_transform(keys)
    both = (table @ table.T).toarray()
    sizes = both.diagonal()
    share = both / (sizes[:, None] + sizes[None] - both)
    differ = np.array(labels)[:, None] != np.array(labels)[None]
    return {(i, j): share[i, j] for i, j in np.argwhere(np.triu(differ & (share >= SIMILAR), 1)).tolist()}


def test_it_finds_what_comparing_all_pairs_finds():
    rng = random.Random(1)
    texts = sentences(400, rng)
    for number in range(200):  # some a word shorter, some with two words exchanged
        words = texts[number].split()
        del words[rng.randrange(len(words))]
        texts.append(" ".join(words) if number % 2 else " ".join(reversed(words[:2])) + " ".join(words[2:]))
    labels = [str(rng.randrange(2)) for _ in texts]
    pairs = by_comparing_all(texts, labels)
    group_of = {row: group for group in conflicting_duplicates(texts, labels) for row in group.rows}
    hits = [group_of.get(i) is not None and group_of[i] is group_of.get(j) for i, j in pairs]
    assert len(pairs) >= 50
    assert np.mean(hits) > 0.97  # those just above the threshold are missed now and then
    for group in {id(each): each for each in group_of.values()}.values():
        inside = [share for (i, j), share in pairs.items() if i in group.rows and j in group.rows]
        assert group.similarity == pytest.approx(min(inside), abs=1e-12) or len(group.rows) > 2


@settings(max_examples=60)
@given(st.lists(st.tuples(st.text(max_size=8), st.sampled_from("01")), max_size=12))
def test_groups_are_alike_and_disagree(rows):
    texts, labels = [text for text, _label in rows], [label for _text, label in rows]
    groups = conflicting_duplicates(texts, labels)
    assert [each.similarity for each in groups] == sorted((each.similarity for each in groups), reverse=True)
    seen = [row for group in groups for row in group.rows]
    assert len(seen) == len(set(seen))
    for group in groups:
        assert len({labels[row] for row in group.rows}) > 1
        assert list(group.rows) == sorted(group.rows)
    equal = {}
    for row, text in enumerate(texts):
        equal.setdefault(letters_of(text), set()).add(row)
    for same in equal.values():
        if len({labels[row] for row in same}) > 1:
            assert any(same <= set(group.rows) for group in groups)


def test_many_equal_texts_take_no_time():
    """A quadratic search would compare 5 * 10**9 pairs."""
    texts = [f"{'굿' * (number % 7 + 1)}{'!' * (number % 50)}" for number in range(100_000)]
    groups = conflicting_duplicates(texts, [str(number % 11 == 0) for number in range(len(texts))])
    assert sum(len(group.rows) for group in groups) == len(texts)


def test_it_is_the_same_every_time():
    rng = random.Random(2)
    texts = sentences(50, rng, words=3)
    labels = [str(rng.randrange(2)) for _ in texts]
    assert conflicting_duplicates(texts, labels) == conflicting_duplicates(texts, labels)
