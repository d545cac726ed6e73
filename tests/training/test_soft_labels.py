"""Labels that are shares of classes, and texts that count more or less than others."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
import scipy.special

from saegim.errors import DataError
from saegim.models.choose import choose
from saegim.training import Settings, TextClassifier
from saegim.training.examples import Labelled, softly_labelled, weighted
from saegim.training.learning import Task, learn
from saegim.training.progress import Noting, Silent
from saegim.training.scoring import Scorer

WORDS = ["하나 둘", "셋 넷"]
EXACT = Settings(epochs=60, batch_size=16, wide_rate=0.5, label_smoothing=0.0, class_balance=0.0)


def chances(shares, weights=None):
    """What is learned of two texts, each given many times: (2, C)."""
    train, classes = softly_labelled(WORDS * 40, np.tile(shares, (40, 1)), ["가", "나", "다"])
    if weights is not None:
        train = weighted(train, np.tile(weights, 40))
    task = Task(choose("wide", train.texts), EXACT, classes, train, None)
    learned = learn(task, Noting(Silent()), None, resume=False, began=time.monotonic())
    scores = Scorer(learned.network, 3)(learned.encoder.encode(WORDS))
    return scipy.special.softmax(scores.astype(float), axis=1)


def test_what_is_learned_are_the_shares():
    shares = np.array([[0.6, 0.3, 0.1], [0.05, 0.15, 0.8]])
    np.testing.assert_allclose(chances(shares), shares, atol=0.02)  # where the cross entropy is least


def test_texts_without_weight_teach_nothing():
    shares = np.array([[0.6, 0.3, 0.1], [0.0, 0.0, 1.0]])
    found = chances(shares, [1.0, 0.0])
    np.testing.assert_allclose(found[0], shares[0], atol=0.02)
    assert found[1].argmax() == 0, "only the first text's labels are known"


def test_texts_count_as_their_weights_say():
    """Cross entropies of contradicting labels are least together at the labels' weighted shares."""
    texts, weights = ["하나 둘"] * 160, np.tile([3.0, 1.0], 80)
    train, classes = softly_labelled(texts, np.tile(np.eye(2), (80, 1)), ["가", "나"])
    task = Task(choose("wide", texts), EXACT, classes, weighted(train, weights), None)
    learned = learn(task, Noting(Silent()), None, resume=False, began=time.monotonic())
    scores = Scorer(learned.network, 2)(learned.encoder.encode(texts[:1]))
    np.testing.assert_allclose(scipy.special.softmax(scores.astype(float)), [[0.75, 0.25]], atol=0.03)


def test_certain_shares_are_labels(data, unseen):
    texts, labels = data
    classes, numbers = np.unique(labels, return_inverse=True)
    hard = TextClassifier("wide", epochs=3).fit(texts, labels, valid=unseen)
    soft = TextClassifier("wide", epochs=3).fit(texts, np.eye(len(classes))[numbers], classes=classes, valid=unseen)
    np.testing.assert_allclose(hard.predict_proba(unseen[0]), soft.predict_proba(unseen[0]), atol=1e-5)
    assert hard.classes_.tolist() == soft.classes_.tolist()


def test_weights_of_one_are_none(data, unseen):
    plain = TextClassifier("wide", epochs=2).fit(*data, valid=unseen)
    weighed = TextClassifier("wide", epochs=2).fit(*data, valid=unseen, sample_weight=np.ones(len(data[0])))
    assert (plain.decision_function(unseen[0]) == weighed.decision_function(unseen[0])).all()


def test_classes_are_put_in_order():
    found, classes = softly_labelled(["글", "말"], [[0.2, 0.8], [0.5, 0.5]], ["나", "가"])
    assert classes.tolist() == ["가", "나"]
    np.testing.assert_allclose(found.shares, [[0.8, 0.2], [0.5, 0.5]])
    assert found.numbers.tolist() == [0, 0]


def test_parts_keep_shares_and_weights():
    whole = Labelled(["a", "b", "c"], np.array([0, 1, 1]), np.eye(2, dtype=np.float32)[[0, 1, 1]], np.arange(3.0))
    part = whole.take(np.array([2, 0]))
    assert part.texts == ["c", "a"]
    assert part.targets.tolist() == [[0, 1], [1, 0]]
    assert part.weights.tolist() == [2, 0]


def test_a_run_with_other_shares_or_weights_is_another_run(data, monkeypatch):
    tasks = []

    def caught(task, *_args, **_options):
        tasks.append(task)
        raise KeyboardInterrupt

    monkeypatch.setattr("saegim.training.classifier.learn", caught)
    for weight in (1.0, 2.0):
        with pytest.raises(KeyboardInterrupt):
            TextClassifier("wide").fit(["a b", "c d"], [[0.5, 0.5], [0, 1]], classes=[0, 1], sample_weight=[1, weight])
    one, other = tasks
    assert one.run() != other.run()
    certain: Task = replace(one, train=replace(one.train, shares=None))
    assert certain.run() != one.run()


TWO = ["글", "말"]


@pytest.mark.parametrize(
    ("labels", "options", "sentence"),
    [
        ([[0.5, 0.5]], {"classes": ["a", "b"]}, "shares of 2 classes: numbers of shape (2, 2) expected"),
        ([[0.5], [0.5]], {"classes": ["a", "b"]}, "shares of 2 classes: numbers of shape (2, 2) expected"),
        ([["x", "y"]] * 2, {"classes": ["a", "b"]}, "numbers of shape (2, 2) expected, <U1"),
        ([[0.5, 0.6], [0.5, 0.5]], {"classes": ["a", "b"]}, "at least 0 and add up to 1"),
        ([[-0.5, 1.5], [0.5, 0.5]], {"classes": ["a", "b"]}, "at least 0 and add up to 1"),
        ([[np.nan, 1], [0.5, 0.5]], {"classes": ["a", "b"]}, "at least 0 and add up to 1"),
        ([[1.0], [1.0]], {"classes": ["a"]}, "at least two different labels expected"),
        ([[0.5, 0.5]] * 2, {"classes": ["a", "a"]}, "at least two different labels expected"),
        ([[0.5, 0.5]] * 2, {"classes": ["a", 1]}, "labels of different types"),
        (["a", "b"], {"sample_weight": [1.0]}, "2 numbers expected, one for each text"),
        (["a", "b"], {"sample_weight": [0.0, 0.0]}, "one of them above 0"),
        (["a", "b"], {"sample_weight": [-1.0, 1.0]}, "one of them above 0"),
        (["a", "b"], {"sample_weight": [np.inf, 1.0]}, "one of them above 0"),
    ],
)
def test_mistakes_get_one_sentence(labels, options, sentence):
    with pytest.raises(DataError) as caught:
        TextClassifier("wide").fit(TWO, labels, **options)
    assert sentence in str(caught.value)
