"""Measuring: which points, in which order, within which time; what is kept and taken up again."""

from __future__ import annotations

import json

import pytest

from curve.learners import Clock, Right, learner, task, texts
from saegim.curve import Curve, Learner, Task, measure, read_curve
from saegim.curve.store import NAME
from saegim.errors import DataError, ModelFileError, SettingError
from saegim.evaluation.compare import LabelledTexts


def sizes_and_samples(curve: Curve, name: str) -> list[tuple[int, int]]:
    return [(point.size, point.sample) for point in curve.contender(name).points]


def test_every_learner_is_measured_on_every_sample():
    deterministic = learner("SVM", "classical", by_seed=False)
    said = []
    curve = measure(task(samples=3), [learner(), deterministic], say=said.append)
    sizes = [10, 20, 50, 100, 200]
    assert sizes_and_samples(curve, "network") == [(size, sample) for size in [*sizes, 400] for sample in range(3)]
    assert sizes_and_samples(curve, "SVM") == [(size, s) for size in sizes for s in range(3)] + [(400, 0)]
    assert [one.name for one in curve.contenders] == ["majority class", "rules", "network", "SVM"]
    assert (curve.labelled, curve.pool, curve.test_rows) == (640, 400, 240)
    assert said[0].startswith("1 of 34: network, 10 texts, sample 1: accuracy 0.")
    assert len(said) == 34


def test_samples_are_nested_and_of_their_own_seed():
    seen = {}

    def build(some, labels, seed, check):
        seen[seed, len(some)] = set(some)
        return Right(0.5, seed)

    measure(task(samples=2, seed=5), [Learner("network", "learned", build)])
    assert seen[5, 10] < seen[5, 20] < seen[5, 400]
    assert seen[6, 10] < seen[6, 20]
    assert seen[5, 20] != seen[6, 20]


def test_the_network_passes_the_rules_where_it_should():
    curve = measure(task(pool=900, test=900), [learner()])
    crossing = curve.crossing("network", "rules")
    truth = (0.2 / 1.2) ** -2  # where 0.9 - 1.2 n^-0.5 is 0.7
    assert crossing.low < truth < crossing.high
    assert crossing.answer == "within"
    assert all(gain.change.value > 0 for gain in curve.contender("network").gains)
    assert {one.label for one in curve.crossings if one.metric == "f1"} == {"bad", "good", "so-so"}


def test_the_same_task_gives_the_same_curve():
    clock = Clock()
    one, other = (measure(task(), [learner()], clock=clock) for _ in range(2))
    assert one == other
    assert one != measure(task(seed=1), [learner()], clock=clock)


def test_a_time_budget_takes_the_cheapest_points_and_says_what_is_left_out():
    clock, said = Clock(), []
    slow = learner(clock=clock, cost=0.1)  # 10 texts: 1 s; all of them: 40 s
    curve = measure(task(samples=3), [slow], budget=60, clock=clock, say=said.append)
    assert clock.now <= 60
    assert {size for size, _ in sizes_and_samples(curve, "network")} == {10, 20, 50, 100}
    assert [(one.size, one.samples, one.why) for one in curve.skipped] == [(200, 3, "time"), (400, 3, "time")]
    assert "6 points did not fit into the time budget" in said[-1]


def test_within_a_budget_a_slow_learner_does_not_keep_a_fast_one_from_growing():
    clock = Clock()
    learners = [learner("slow", clock=clock, cost=1), learner("fast", clock=clock, cost=0.01)]
    curve = measure(task(samples=2), learners, budget=80, clock=clock)
    assert curve.contender("fast").sizes == [10, 20, 50, 100, 200, 400]
    assert curve.contender("slow").sizes == [10, 20]


def test_a_budget_changes_which_points_there_are_never_what_they_say():
    clock = Clock()
    whole = measure(task(samples=2), [learner(clock=clock)], clock=clock)
    part = measure(task(samples=2), [learner(clock=clock, cost=0.1)], budget=30, clock=clock)
    found = {(p.size, p.sample): p.accuracy for p in whole.contender("network").points}
    points = part.contender("network").points
    assert 0 < len(points) < len(found)
    assert all(found[point.size, point.sample] == point.accuracy for point in points)


def test_a_point_that_takes_longer_than_estimated_is_dropped():
    clock = Clock()

    def build(some, labels, seed, check):
        for _ in range(100):
            clock.now += 0.01 if len(some) < 100 else 1.0
            check()
        return Right(0.5, seed)

    curve = measure(task(samples=1), [Learner("network", "learned", build)], budget=20, clock=clock)
    assert clock.now < 22
    assert [size for size, _ in sizes_and_samples(curve, "network")] == [10, 20, 50]
    assert {one.why for one in curve.skipped} == {"time"}


def test_no_time_at_all_still_measures_the_rules():
    clock = Clock()
    curve = measure(task(), [learner(clock=clock, cost=1)], budget=0.001, clock=clock, began=-1)
    assert curve.contender("network").points == ()
    assert curve.contender("rules").final is not None
    assert curve.crossing("network", "rules").reason == "failed"


def test_what_was_measured_is_kept_and_taken_up(tmp_path):
    clock = Clock()
    slow = learner(clock=clock, cost=0.1)
    part = measure(task(samples=2), [slow], folder=tmp_path, budget=30, clock=clock)
    assert read_curve(tmp_path) == part
    said = []
    before = clock.now
    whole = measure(task(samples=2), [slow], folder=tmp_path, resume=True, clock=clock, say=said.append)
    assert "going on after" in said[0]
    assert clock.now - before < 0.1 * 2 * 780 - 20
    afresh = measure(task(samples=2), [slow], clock=Clock())
    assert [points_without_time(one) for one in whole.contenders] == [
        points_without_time(one) for one in afresh.contenders
    ]
    assert whole.crossings == afresh.crossings
    assert read_curve(tmp_path / NAME) == whole


def points_without_time(one):
    return one.name, [(p.size, p.sample, p.accuracy, p.class_f1) for p in one.points], one.fit


def test_an_interrupt_keeps_every_point_that_was_measured(tmp_path):
    made = []

    def build(some, labels, seed, check):
        if len(made) == 5:
            raise KeyboardInterrupt
        made.append(len(some))
        return Right(0.5, seed)

    interrupted = Learner("network", "learned", build)
    with pytest.raises(KeyboardInterrupt):
        measure(task(samples=2), [interrupted], folder=tmp_path)
    assert len(json.loads((tmp_path / NAME).read_text())["points"]) == 5
    with pytest.raises(ModelFileError, match="did not end"):
        read_curve(tmp_path)
    made.clear()
    made.append(0)
    with pytest.raises(KeyboardInterrupt):
        measure(task(samples=2), [interrupted], folder=tmp_path, resume=True)
    assert made == [0, 50, 100, 100, 200]  # 10, 10, 20, 20 and 50 were kept


def test_other_rules_need_nothing_to_be_trained_again(tmp_path):
    clock = Clock()
    slow = learner(clock=clock, cost=1)
    measure(task(), [slow], folder=tmp_path, clock=clock)
    before = clock.now
    better = measure(task(rules=0.95), [slow], folder=tmp_path, resume=True, clock=clock)
    assert clock.now == before
    assert better.contender("rules").final.value > 0.9


def test_without_resume_it_begins_anew(tmp_path):
    clock = Clock()
    slow = learner(clock=clock, cost=1)
    for _ in range(2):
        before = clock.now
        measure(task(samples=1), [slow], folder=tmp_path, clock=clock)
        assert clock.now - before == pytest.approx(10 + 20 + 50 + 100 + 200 + 400)


@pytest.mark.parametrize("other", [task(seed=1), task(pool=401), task(test=241)], ids=["seed", "pool", "test"])
def test_points_of_other_data_or_settings_are_refused(tmp_path, other):
    measure(task(samples=1), [learner()], folder=tmp_path)
    with pytest.raises(ModelFileError, match="other data, settings or version"):
        measure(other, [learner()], folder=tmp_path, resume=True)


def test_a_failure_leaves_out_its_point_and_is_told():
    def build(some, labels, seed, check):
        if len(some) == 50:
            raise ValueError("too odd")
        if len(some) == 100:
            return Right(0.5, seed) if seed else Odd()
        return Right(0.6, seed)

    said = []
    curve = measure(task(samples=2), [Learner("network", "learned", build)], say=said.append)
    assert [(one.size, one.samples, one.why[:20]) for one in curve.skipped] == [
        (50, 2, "ValueError: too odd"),
        (100, 1, "it gave 1 prediction"),
    ]
    assert "network on 50 texts is left out: ValueError: too odd" in said
    assert (100, 1) in sizes_and_samples(curve, "network")


class Odd:
    def predict(self, asked):
        return ["good"]


class Foreign:
    def predict(self, asked):
        return ["unheard of"] * len(asked)


def test_labels_that_nobody_taught_are_refused_from_learners_and_taken_from_rules():
    curve = measure(
        Task(texts(100), texts(60, 100), Foreign(), samples=1),
        [Learner("network", "learned", lambda *_: Foreign())],
    )
    assert {one.why[:33] for one in curve.skipped} == {"it predicted 'unheard of', which "}
    rules = curve.contender("rules")
    assert rules.points[0].accuracy == 0
    assert set(rules.points[0].class_f1) == {"bad", "good", "so-so"}


def test_a_sample_of_one_class_is_answered_with_it():
    rare = LabelledTexts([f"text {3 * number}" for number in range(300)], ["good"] * 297 + ["bad"] * 3)

    def build(some, labels, seed, check):
        assert len(set(labels)) == 2
        return Right(0.5, seed)

    curve = measure(Task(rare, texts(60), samples=1), [Learner("network", "learned", build)])
    first = curve.contender("network").points[0]
    assert (first.size, first.accuracy) == (10, pytest.approx(1 / 3))


def test_without_rules_the_learners_are_told_of():
    curve = measure(task(rules=None), [learner(), learner("SVM", "classical", curve=lambda n: 0.8 - n**-0.5)])
    assert curve.of_kind("rules") is None
    assert {(one.first, one.second) for one in curve.crossings} == {("network", "SVM")}
    assert curve.contender("network").fit is not None


def test_bad_arguments():
    with pytest.raises(SettingError, match="two learners are called 'network'"):
        measure(task(), [learner(), learner()])
    with pytest.raises(SettingError, match="samples is 0"):
        task(samples=0)
    with pytest.raises(DataError, match="labelled texts"):
        Task(texts(0), texts(3))
