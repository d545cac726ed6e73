"""The loop: which epoch is kept, when it ends, what it weighs, and what it does with odd data."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from saegim.errors import NonFiniteError
from saegim.losses import cross_entropy
from saegim.models import EncoderConfig, ModelConfig, ReaderConfig, TextEncoder, TextModel
from saegim.optim import SGD
from saegim.training import Classification, Examples, Settings, TextClassifier, Trainer, learning, trainer
from saegim.training.objective import _class_weights
from saegim.training.optimizers import optimizer_for


@pytest.fixture(scope="module")
def encoder(data):
    encoder = TextEncoder(EncoderConfig())
    encoder.fit(data[0], numbers(data[1]), 2, lambda _sentence: None)
    return encoder


def numbers(labels):
    return np.array([label == "긍정" for label in labels], np.int64)


@pytest.fixture
def train(encoder, data):
    return Examples(encoder.encode(data[0]), numbers(data[1]))


@pytest.fixture
def make(encoder, listener):
    def make(kind=None, *, heard=None, folder=None, **settings):
        reader = None if kind is None else ReaderConfig(kind, width=8)
        model = TextModel(ModelConfig(encoder.vectorizer.columns, 2, 0, reader), seed=0)
        chosen = Settings(**{"epochs": 3, "batch_size": 16, "wide_rate": 1.0} | settings)
        objective, optimizer = Classification(model, 2, chosen), optimizer_for(chosen, 2)
        return Trainer(model, objective, optimizer, chosen, heard or listener(), folder=folder)

    return make


class Scripted:
    """In place of a scorer: from a list of accuracies, scores (n, 2) that have them."""

    def __init__(self, labels, accuracies):
        self.labels, self.accuracies, self.weights, self.trainer = labels, list(accuracies), [], None

    def __call__(self, texts):
        self.weights.append(np.array(self.trainer.model.wide.weight))
        right = round(self.accuracies.pop(0) * len(texts))
        predicted = np.where(np.arange(len(texts)) < right, self.labels, 1 - self.labels)
        return np.eye(2, dtype=np.float32)[predicted] * 4


def scripted(made, valid, accuracies):
    made.objective.scores = Scripted(valid.labels, accuracies)
    made.objective.scores.trainer = made
    return made.objective.scores


# --- the best epoch ---


@pytest.mark.parametrize("monitor", ["accuracy", "macro_f1", "loss"])
def test_the_best_weights_are_kept_and_patience_ends(make, train, listener, monitor):
    made = make(epochs=10, patience=2, monitor=monitor, heard=(heard := listener()))
    script = scripted(made, train, [0.5, 0.8, 0.7, 0.8, 0.9])
    state = made.fit(train, train)
    assert (state.best_epoch, state.epoch, len(state.history)) == (1, 4, 4)
    assert np.array_equal(np.asarray(made.model.wide.weight), script.weights[1])
    assert not np.array_equal(script.weights[1], script.weights[3])
    assert heard.said == ["no better score for 2 epochs: training ended after 4.0 of 10 epochs"]
    assert not made.model.training and heard.finished == 1


def test_the_last_epoch_counts_where_that_is_asked(make, train):
    made = make(epochs=5, patience=2, monitor="last")
    script = scripted(made, train, [0.5, 0.9, 0.7, 0.8, 0.6])
    state = made.fit(train, train)
    assert (state.best_epoch, state.epoch) == (4, 5)
    assert np.array_equal(np.asarray(made.model.wide.weight), script.weights[4])
    assert make(epochs=3, monitor="last").fit(train, None).best_epoch == 2


def test_scores_of_validation(make, train):
    made = make(epochs=1)
    scripted(made, train, [0.75])
    [record] = made.fit(train, train).history
    right = round(0.75 * len(train))
    chance = 1 / (1 + math.exp(-4))
    expected = -(right * math.log(chance) + (len(train) - right) * math.log(1 - chance)) / len(train)
    assert record["valid_loss"] == pytest.approx(expected, rel=1e-5)
    assert record["accuracy"] == right / len(train) and 0 < record["macro_f1"] < 1
    assert record["epoch"] == 1 and record["complete"] is True and record["seconds"] > 0
    assert 0 <= record["padding"] < 1


@pytest.mark.parametrize("empty", [False, True])
def test_without_validation_the_training_loss_decides(make, train, empty):
    state = make().fit(train, train.take(np.array([], int)) if empty else None)
    assert state.best_epoch == min(range(3), key=lambda epoch: state.history[epoch]["train_loss"])
    assert all("accuracy" not in record for record in state.history)


def test_a_validation_part_of_one_class_or_one_text(make, train):
    for rows in (np.flatnonzero(train.labels == 1)[:9], np.array([0])):
        state = make().fit(train, train.take(rows))
        assert state.history[-1]["accuracy"] == 1 == state.history[-1]["macro_f1"]


def test_it_learns(make, train, encoder, unseen):
    made = make(epochs=8)
    made.fit(train, None)
    found = made.objective.scores(encoder.encode(unseen[0])).argmax(1)
    assert (found == numbers(unseen[1])).mean() > 0.85


# --- what is minimised ---


def test_class_weights():
    labels = np.array([0] * 90 + [1] * 10 + [3] * 1)
    for balance in (0.0, 0.3, 1.0):
        share = np.bincount(labels, minlength=5) / 101
        weights = _class_weights(share, balance)
        assert weights[2] == weights[4] == 0 and (weights * share).sum() == pytest.approx(1)
        assert weights[0] / weights[1] == pytest.approx((10 / 90) ** balance, rel=1e-5)


def test_the_loss_is_weighted_and_its_mean_is_logged(make, train):
    """With learning rates of (nearly) nothing, the logged loss is that of the first weights."""
    made = make("bag", epochs=1, wide_rate=0.0, embedding_rate=0.0, rate=0.0, class_balance=1.0, label_smoothing=0.2)
    made.model.wide.bias = type(made.model.wide.bias)(np.array([0.3, -0.2], np.float32))
    labels = np.zeros(len(train), np.int64)
    labels[:20] = 1
    uneven = Examples(train.inputs, labels)
    made.step.optimizer.patterns["wide.bias"].__dict__["lr"] = 0.0
    for module in made.model.modules():
        if hasattr(module, "p"):
            module.p = 0.0
    [record] = made.fit(uneven, None).history
    each = cross_entropy(made.objective.scores(train.inputs), labels, label_smoothing=0.2, reduction="none")
    expected = (np.asarray(each) * _class_weights(np.bincount(labels) / len(labels), 1.0)[labels]).mean()
    assert record["train_loss"] == pytest.approx(float(expected), rel=1e-5)


def test_gradients_are_clipped(make, train):
    moved = []
    for limit in (None, 1e-3):
        made = make(epochs=1, clip_norm=limit, batch_size=500)
        made.fit(train, None)
        moved.append(float(np.linalg.norm(np.asarray(made.model.wide.weight))))
        norm = made.step.gradient_norm
    assert norm > 1e-3 and moved[1] < moved[0] * 1.01e-3 / norm


def factors(made, train, monkeypatch):
    """The factor of the learning rate at every step."""
    found = []
    plain = trainer.TrainStep.__call__

    def noted(self, *args):
        found.append(self.factor)
        return plain(self, *args)

    monkeypatch.setattr(trainer.TrainStep, "__call__", noted)
    made.fit(train, None)
    return found


def test_rates_rise_then_fall_to_nothing(make, train, monkeypatch):
    found = factors(make(epochs=4, warmup=0.25), train, monkeypatch)
    assert len(found) == 52  # 13 steps an epoch
    assert found[:13] == pytest.approx(np.arange(1, 14) / 13)
    assert found[13:] == pytest.approx(np.linspace(1, 0, 40)[:-1])


@pytest.mark.parametrize("batch_size", [16, 200])
def test_rates_are_never_above_their_height(make, train, monkeypatch, batch_size):
    """Also when warm-up is shorter than a step."""
    found = factors(make(epochs=4, batch_size=batch_size), train, monkeypatch)
    assert max(found) <= 1 and found[0] > 0.2 and min(found) > 0


def test_no_warm_up(make, train, monkeypatch):
    assert factors(make(epochs=1, warmup=0.0), train, monkeypatch)[0] == 1


# --- what is told ---


def test_every_step_and_epoch_is_told(make, train, listener):
    made = make(heard=(heard := listener()))
    made.fit(train, train)
    assert heard.planned == 39 and heard.finished == 1 and heard.said == []
    assert [step[:2] for step in heard.steps] == [(done, 39) for done in range(1, 40)]
    assert all(math.isfinite(step[2]) for step in heard.steps)
    assert sum(step[3] for step in heard.steps) == 3 * len(train.inputs.ngrams.values)
    assert [record["epoch"] for record in heard.epochs] == [1, 2, 3]


def test_the_log_is_a_line_of_json_for_every_epoch(make, train, tmp_path):
    made = make(folder=tmp_path / "run")
    state = made.fit(train, train)
    lines = (tmp_path / "run/log.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == state.history


def test_the_listener_hears_of_the_end_whatever_happens(make, train, listener):
    heard = listener(2)
    with pytest.raises(listener.stopped):
        make(heard=heard).fit(train, None)
    assert heard.finished == 1


# --- NaN and infinity ---


@pytest.mark.parametrize(
    ("kind", "rates"),
    [(None, {"wide_rate": 2e39}), ("bag", {"embedding_rate": 1e38}), ("bag", {"rate": 1e38})],
)
def test_absurd_rates_end_the_run(make, train, tmp_path, kind, rates):
    (tmp_path / "model.safetensors").write_bytes(b"of a run before")
    place = r"'\w+' in (layer (wide|reader|head)|\S+losses\.py:\d+).* is the first to give (infinity|NaN)"
    place = rf"({place}|head\.weight holds values that are not finite already)"
    loss = r"step \d+: the loss is \S+(, but its gradients are not finite)?"
    with pytest.raises(NonFiniteError, match=rf"^{loss}; {place}; lower the learning rate"):
        make(kind, folder=tmp_path, **rates).fit(train, train)
    assert (tmp_path / "model.safetensors").read_bytes() == b"of a run before"


def test_the_operation_is_named(make, train):
    made = make()
    weights = np.asarray(made.model.wide.weight).copy()
    weights[:] = 3e38  # finite, but not when summed
    made.model.wide.weight._value = weights
    with pytest.raises(NonFiniteError, match=r"step 1: the loss is .*'bag' in .*wide.* is the first to give infinity"):
        made.fit(train, None)


def test_weights_that_the_last_step_broke(make, train):
    """Nothing after the last step would notice."""
    made = make(epochs=1, batch_size=500, wide_rate=1e39)
    with pytest.raises(NonFiniteError, match=r"epoch 1: wide\.weight holds values that are not finite"):
        made.fit(train, None)


def test_scores_that_overflow_in_validation(make, train):
    made = make(epochs=1, batch_size=500, wide_rate=2e38)
    with pytest.raises(NonFiniteError, match="the model's scores are not finite"):
        made.fit(train, train)


def test_a_classifier_whose_training_fails_stays_as_it_was(data, monkeypatch):
    classifier = TextClassifier("wide", epochs=1).fit(*data)
    before = classifier.predict_proba(data[0])
    monkeypatch.setattr(learning, "optimizer_for", lambda _settings, _classes: SGD(1e38))
    with pytest.raises(NonFiniteError):
        classifier.fit(*data)
    assert np.array_equal(classifier.predict_proba(data[0]), before)


# --- odd data ---


@pytest.mark.parametrize("kind", ["wide", "bag", "cnn", "lstm", "transformer"])
@pytest.mark.parametrize(
    ("texts", "labels"),
    [
        (["좋다", "나쁘다"], [1, 0]),
        (["좋다", "좋다"], [1, 0]),
        (["", ""], [1, 0]),
        (["", "좋다", " ", "\u200b"], [0, 1, 2, 3]),
        (["a b c"] * 5 + ["d"], [0, 0, 0, 0, 0, 1]),
    ],
    ids=["two", "equal", "empty", "blank", "uneven"],
)
def test_hardly_any_texts(kind, texts, labels, tmp_path):
    classifier = TextClassifier(kind, epochs=2).fit(texts, labels)
    others = [*texts, "", "never seen", "zzz" * 5000]
    chances = classifier.predict_proba(others)
    assert np.isfinite(chances).all() and np.allclose(chances.sum(1), 1)
    classifier.save(tmp_path)
    assert np.array_equal(TextClassifier.load(tmp_path).predict_proba(others), chances)


def test_a_class_for_every_text():
    texts = [f"text {k}" for k in range(50)]
    classifier = TextClassifier("wide").fit(texts, [f"label {k}" for k in range(50)])
    assert classifier.validation_ is None and classifier.score(texts, [f"label {k}" for k in range(50)]) > 0.9


def test_classes_with_one_text_stay_in_training(data):
    texts, labels = [*data[0], "단 하나"], [*data[1], "유일"]
    classifier = TextClassifier("wide").fit(texts, labels)
    assert "유일" in classifier.classes_ and "유일" not in classifier.validation_[1]
    assert classifier.predict(["단 하나"]) == ["유일"]
