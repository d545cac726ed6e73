"""Contenders side by side: what is measured, what a failure does, how it prints."""

from __future__ import annotations

import json

import pytest

from saegim.errors import DataError, RuleError, SettingError
from saegim.evaluation.baselines import MajorityClass
from saegim.evaluation.bootstrap import bootstrap, paired_bootstrap
from saegim.evaluation.compare import Contender, LabelledTexts, classical_contenders, compare, split
from saegim.evaluation.tables import human_bytes, human_seconds

TRAIN = LabelledTexts(["good film", "bad film", "good one", "bad one", "good"] * 4, ["+", "-", "+", "-", "+"] * 4)
TEST = LabelledTexts(["good", "bad", "good bad", "nothing"], ["+", "-", "-", "+"])


class Keywords:
    """Rules without a rule engine."""

    def predict(self, texts):
        return ["+" if "good" in text else "-" if "bad" in text else None for text in texts]


class Ticks:
    """A clock that moves by one second whenever it is read."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        self.now += 1.0
        return self.now


def failing(error):
    def build(texts, labels):
        raise error

    return build


RULES = Contender("rules", "rules", lambda texts, labels: Keywords())
MAJORITY = Contender("majority", "majority", lambda texts, labels: MajorityClass().fit(texts, labels))


def test_every_measure_of_a_contender():
    comparison = compare([MAJORITY, RULES], TRAIN, TEST, clock=Ticks(), resamples=50)
    rules = comparison.result("rules")
    assert (rules.scores.accuracy, rules.scores.coverage) == (0.5, 0.75)
    assert rules.scores.accuracy_decided == pytest.approx(2 / 3)
    assert rules.measurement.build_seconds == 1
    assert rules.measurement.predictions_per_second == 4
    assert rules.measurement.size_bytes is None
    assert comparison.result("majority").measurement.size_bytes == 1
    assert rules.measurement.predictions == ("+", "-", "+", None)


def test_intervals_and_differences_are_those_of_the_bootstrap():
    comparison = compare([MAJORITY, RULES], TRAIN, TEST, resamples=200, level=0.9, seed=3)
    ours, constant = Keywords().predict(TEST.texts), ["+"] * 4
    alone = bootstrap(TEST.labels, ours, resamples=200, level=0.9, seed=3)
    assert comparison.result("rules").intervals.accuracy.value == alone.accuracy.value
    paired = paired_bootstrap(TEST.labels, constant, ours, resamples=200, level=0.9, seed=3)
    assert comparison.differences("majority", "rules") == paired


def test_the_classical_contenders_share_their_features_and_add_the_time():
    comparison = compare(classical_contenders(threads=1), TRAIN, TEST, clock=lambda: 0.0, resamples=20)
    majority, logistic, svm = (one.measurement for one in comparison.results)
    assert (majority.build_seconds, logistic.build_seconds) == (0, 0)
    assert svm.build_seconds > 0  # the clock stands still: this is the matrix that the first one computed
    assert svm.predictions_per_second is None  # too fast for this clock
    assert svm.predictions[:2] == ("+", "-")
    assert logistic.size_bytes == svm.size_bytes > majority.size_bytes


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RuleError("the rules have a cycle"), "the rules have a cycle"),
        (ZeroDivisionError("oh"), "ZeroDivisionError: oh"),
    ],
)
def test_a_failure_is_a_row_and_not_the_end(error, said):
    comparison = compare([Contender("broken", "learned", failing(error)), RULES], TRAIN, TEST, resamples=20)
    assert comparison.result("broken").scores is None
    assert comparison.result("broken").measurement.error == said
    assert [one.name for one in comparison.finished()] == ["rules"]
    assert f"broken: failed: {said}" in comparison.table().text()
    with pytest.raises(SettingError, match="'broken' has no scores"):
        comparison.differences("broken", "rules")


@pytest.mark.parametrize(
    ("given", "said"), [(["+"], "1 predictions for 4 texts"), ([1, 2, 3, 4], "it predicted 1, a int")]
)
def test_predictions_that_cannot_be_scored_are_a_failure(given, said):
    class Odd:
        def predict(self, texts):
            return given

    comparison = compare([Contender("odd", "learned", lambda texts, labels: Odd()), RULES], TRAIN, TEST, resamples=20)
    assert said in comparison.result("odd").measurement.error


def test_an_interrupt_is_not_swallowed():
    with pytest.raises(KeyboardInterrupt):
        compare([Contender("slow", "learned", failing(KeyboardInterrupt())), RULES], TRAIN, TEST)


def test_progress_hears_each_name_before_it_is_built():
    heard = []
    compare([MAJORITY, RULES], TRAIN, TEST, resamples=20, progress=heard.append)
    assert heard == ["majority", "rules"]


@pytest.mark.parametrize(
    ("contenders", "train", "test", "error", "said"),
    [
        ([RULES, RULES], TRAIN, TEST, SettingError, "two contenders are called 'rules'"),
        ([], TRAIN, TEST, SettingError, "0 contenders"),
        ([RULES], TRAIN, LabelledTexts([], []), DataError, "test part has 0 rows"),
        ([RULES], LabelledTexts(["a"], None), TEST, DataError, "training part has no labels"),
        ([RULES], LabelledTexts(["a"], ["x", "y"]), TEST, DataError, "1 texts and 2 labels"),
        ([Contender("b", "learned", failing(ValueError("no")))], TRAIN, TEST, SettingError, "every contender failed"),
    ],
)
def test_what_cannot_be_compared_is_said(contenders, train, test, error, said):
    with pytest.raises(error, match=said):
        compare(contenders, train, test)


def test_a_split_keeps_every_row_once_and_its_label():
    rows = LabelledTexts([f"text {i}" for i in range(50)], ["+" if i % 5 else "-" for i in range(50)])
    train, test = split(rows, share=0.2, seed=1)
    assert sorted([*train.texts, *test.texts]) == sorted(rows.texts)
    assert (len(test.texts), test.labels.count("-")) == (10, 2)
    label_of = dict(zip(rows.texts, rows.labels, strict=True))
    assert [label_of[text] for text in test.texts] == test.labels
    assert split(rows, share=0.2, seed=1) == (train, test)


def test_an_unknown_contender_is_said():
    with pytest.raises(SettingError, match="no contender is called 'x'"):
        compare([RULES], TRAIN, TEST, resamples=20).result("x")


def test_the_dictionary_is_json_and_complete():
    broken = Contender("broken", "learned", failing(ValueError("no")))
    plain = json.loads(json.dumps(compare([MAJORITY, RULES, broken], TRAIN, TEST, resamples=20).to_dict()))
    assert (plain["train_rows"], plain["test_rows"]) == (20, 4)
    rules = next(one for one in plain["contenders"] if one["name"] == "rules")
    assert rules.keys() >= {"accuracy", "macro_f1", "coverage", "accuracy_decided", "per_class", "build_seconds"}
    assert rules["accuracy_interval"][0] <= rules["accuracy"] <= rules["accuracy_interval"][1]
    assert [(d["first"], d["second"]) for d in plain["differences"]] == [("majority", "rules")]


def test_the_table_aligns_wide_letters():
    korean = Contender("규칙", "rules", lambda texts, labels: Keywords())
    lines = compare([MAJORITY, korean], TRAIN, TEST, resamples=20).table("ko").text().splitlines()
    cells = [sum(2 if "가" <= letter <= "힣" else 1 for letter in line) for line in lines[:4]]
    assert len(set(cells)) == 1
    assert lines[3].startswith("규칙    ")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "-"), (0.0001, "<1 ms"), (0.004, "4 ms"), (12.34, "12.3 s"), (99.96, "1 min 40 s"), (130, "2 min 10 s")],
)
def test_seconds_for_reading(seconds, text):
    assert human_seconds(seconds) == text


@pytest.mark.parametrize(("size", "text"), [(None, "-"), (900, "900 B"), (12_345, "12.3 kB"), (999_960, "1.0 MB")])
def test_bytes_for_reading(size, text):
    assert human_bytes(size) == text
