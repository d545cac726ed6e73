"""What settings may be; every default is one."""

from __future__ import annotations

import pytest

from saegim.errors import SettingError
from saegim.training import Settings, TextClassifier

NAN, INFINITY = float("nan"), float("inf")
BAD = [
    ("epochs", 0), ("epochs", -3), ("epochs", 1.5), ("epochs", "3"), ("epochs", True), ("batch_size", 0),
    ("patience", 0), ("patience", None), ("seed", -1), ("seed", 1.0), ("seed", None), ("seed", 1 << 63),
    ("class_balance", -0.1), ("class_balance", 2), ("label_smoothing", 1.1), ("label_smoothing", NAN),
    ("validation_share", 1), ("validation_share", -1), ("validation_share", "0.1"), ("time_budget", 0),
    ("time_budget", -5), ("time_budget", NAN), ("time_budget", "2m"), ("checkpoint_seconds", -1),
    ("checkpoint_seconds", INFINITY), ("monitor", "f1"), ("monitor", None), ("monitor", ["loss"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), BAD)
def test_impossible_settings(name, value):
    with pytest.raises(SettingError, match=f"^{name}: .* expected, .* given"):
        Settings(**{name: value})


@pytest.mark.parametrize(("name", "value"), [("warmup", 1), ("rate", -1), ("clip_norm", 0), ("wide_rate", "8")])
def test_impossible_numbers_of_the_trainer(name, value):
    with pytest.raises(SettingError, match=name):
        Settings(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"), [*BAD, ("model", "svm"), ("normal_form", "NFD"), ("tokenizer", "x"), ("threads", 0)]
)
def test_a_classifier_says_it_before_it_reads(data, name, value):
    made = TextClassifier(**{"model": "cnn"} | {name: value})
    with pytest.raises(SettingError) as raised:
        made.fit(*data)
    assert "\n" not in str(raised.value) and not hasattr(made, "classes_")
