"""A trained classifier among the contenders."""

from __future__ import annotations

from saegim.evaluation.compare import Contender, LabelledTexts, compare
from saegim.evaluation.learned import Learned
from saegim.training import TextClassifier

TRAIN = LabelledTexts(["good film", "bad film", "good one", "bad one"] * 10, ["+", "-", "+", "-"] * 10)


def test_it_predicts_plain_strings_and_knows_its_size():
    classifier = TextClassifier("wide", epochs=2, seed=0).fit(TRAIN.texts, TRAIN.labels)
    learned = Learned(classifier)
    assert learned.predict(("good", "bad")) == ["+", "-"]
    assert {type(label) for label in learned.predict(["good"])} == {str}
    weights = sum(each.nbytes for each in classifier.network.state_dict().values())
    assert learned.size_bytes() > weights > 0


def test_it_takes_part_in_a_comparison():
    contender = Contender(
        "network", "learned", lambda texts, labels: Learned(TextClassifier("wide", epochs=2).fit(texts, labels))
    )
    result = compare([contender], TRAIN, TRAIN, resamples=10).result("network")
    assert result.measurement.error is None
    assert result.scores is not None
    assert result.scores.accuracy == 1
