"""The result survives JSON, and what is not a result is refused with a sentence."""

from __future__ import annotations

import copy
import json

import pytest

from curve.learners import Clock, learner, task
from saegim.curve import Curve, measure
from saegim.errors import DataError, SettingError


@pytest.fixture(scope="module")
def curve():
    learners = [learner("small", curve=lambda n: 0.7 - n**-0.5), learner("large"), learner("SVM", "classical")]
    return measure(task(samples=2), learners, clock=Clock())


@pytest.fixture
def plain(curve):
    return copy.deepcopy(json.loads(json.dumps(curve.to_dict())))


def test_it_survives_json(curve, plain):
    assert Curve.from_dict(plain) == curve


def test_networks_are_told_the_best_first(curve):
    assert [one.name for one in curve.networks] == ["large", "small"]


def test_contenders_and_crossings_are_found_by_name(curve):
    assert curve.contender("large").sizes == [10, 20, 50, 100, 200, 400]
    assert [point.sample for point in curve.contender("large").at(50)] == [0, 1]
    assert curve.crossing("large", "rules", "f1", "good").label == "good"
    assert curve.crossing("large", "rules", "f1", "nothing") is None
    with pytest.raises(SettingError, match="no contender is called 'huge'; choose among"):
        curve.contender("huge")


def test_a_fit_tells_its_values_on_a_grid_with_every_size_measured(curve):
    fit = curve.contender("large").fit
    assert {10, 20, 50, 100, 200, 400, curve.labelled, 4000} <= set(fit.sizes)
    assert all(low <= value <= high for low, value, high in zip(fit.low, fit.value, fit.high, strict=True))


def changed(plain, path, value):
    *path, last = path
    place = plain
    for step in path:
        place = place[step]
    place[last] = value
    return plain


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("level",), 1.5, "level: expected a number between 0 and 1"),
        (("labelled",), -1, "expected no negative numbers"),
        (("test",), {"good": -3}, "expected no negative numbers"),
        (("test",), [], "test: expected a mapping"),
        (("contenders", 0, "name"), "large", "two have the same name"),
        (("contenders", 2, "kind"), "magic", "contenders[2].kind: expected one of"),
        (("contenders", 2, "points", 0, "accuracy"), 2, "scores from 0 to 1"),
        (("contenders", 2, "points", 0, "accuracy"), "high", "contenders[2].points[0].accuracy: expected a finite"),
        (("contenders", 2, "points", 0, "size"), -10, "no negative numbers expected"),
        (("contenders", 2, "points", 0, "class_f1"), {"good": 7}, "scores from 0 to 1"),
        (("contenders", 2, "fit", "sizes"), [1, 2], "rising sizes with as many values expected"),
        (("contenders", 2, "fit", "sizes", 0), 10**9, "rising sizes"),
        (("contenders", 2, "fit", "value", 0), -0.2, "values from 0 to 1"),
        (("contenders", 2, "gains", 0, "change"), None, "change: expected a mapping"),
        (("crossings", 0, "first"), "nobody", "of contenders that there are expected"),
        (("crossings", 0, "answer"), "perhaps", "expected one of within, start, beyond, open"),
        (("skipped",), "none", "skipped: expected a list"),
        (("more",), 1, "'more' is unknown"),
    ],
)
def test_what_is_no_result_is_refused(plain, path, value, says):
    with pytest.raises(DataError) as error:
        Curve.from_dict(changed(plain, path, value))
    assert says in str(error.value)


def test_a_crossing_within_needs_its_value(plain):
    within = next(number for number, one in enumerate(plain["crossings"]) if one["answer"] == "within")
    with pytest.raises(DataError, match="needs a value"):
        Curve.from_dict(changed(plain, ("crossings", within, "value"), None))
