"""A time budget always gives a usable model, and says what it skipped."""

from __future__ import annotations

import re

import numpy as np
import pytest

from saegim.models import WISHES
from saegim.training import TextClassifier, affordable, classifier, learning, scoring, trainer


@pytest.mark.parametrize("model", [each for each in WISHES if each != "auto"])
def test_a_tiny_budget_gives_a_usable_model(make_reviews, unseen, model, listener):
    data = make_reviews(300)
    heard = listener()
    made = TextClassifier(model, epochs=10_000, batch_size=16, patience=10_000, time_budget=0.05)
    made.fit(*data, progress=heard)
    assert len(heard.steps) >= 20
    assert made.score(*unseen) > 0.7
    [said] = [sentence for sentence in made.notes_ if "time budget" in sentence]
    assert re.fullmatch(r"the time budget of 0\.05 s ended training after \d+\.\d of 10000 epochs", said)
    assert made.history_[-1]["complete"] in (True, False) and made.best_epoch_ >= 0
    assert heard.steps[-1][1] < 10_000, "the steps that are told follow the time"


def test_a_budget_that_suffices_says_nothing(data):
    made = TextClassifier("wide", epochs=2, time_budget=1000).fit(*data)
    assert [note for note in made.notes_ if "budget" in note] == [] and len(made.history_) == 2


def test_the_end_between_two_epochs_is_said(data, monkeypatch):
    """Time that is up after a whole epoch has skipped the others just as well."""
    monkeypatch.setattr(trainer.Clock, "is_up", lambda self, steps: steps >= 24)
    made = TextClassifier("wide", epochs=5, batch_size=16, time_budget=60).fit(*data)
    assert made.history_[-1]["complete"] is True
    assert "the time budget of 60 s ended training after 2.0 of 5 epochs" in made.notes_


def test_a_cut_epoch_has_the_loss_of_its_own_texts(data, monkeypatch):
    monkeypatch.setattr(trainer.Clock, "is_up", lambda self, steps: steps >= 3)
    losses = []
    step = trainer.TrainStep.__call__

    def noted(self, batch, target):
        loss = step(self, batch, target)
        losses.append((float(loss), len(target[0])))
        return loss

    monkeypatch.setattr(trainer.TrainStep, "__call__", noted)
    made = TextClassifier("wide", batch_size=50, time_budget=60).fit(*data)
    total = sum(loss * count for loss, count in losses) / sum(count for _loss, count in losses)
    assert made.history_[0]["train_loss"] == pytest.approx(total) and made.history_[0]["complete"] is False


def test_a_long_validation_is_cut_and_said(data, make_reviews, monkeypatch):
    monkeypatch.setattr(trainer.Clock, "affordable_validation", lambda self: 30.0)
    monkeypatch.setattr(trainer, "_LEAST_VALIDATION", 10)
    scored = []
    plain = scoring.Scorer.__call__
    monkeypatch.setattr(
        scoring.Scorer, "__call__", lambda self, texts: (scored.append(len(texts)), plain(self, texts))[1]
    )
    made = TextClassifier("wide", epochs=3, time_budget=60).fit(*data, valid=make_reviews(100, seed=5))
    assert scored == [30, 30, 30, 30]  # and once more to calibrate
    said = [note for note in made.notes_ if "validation" in note]
    assert said == [
        "30 of 100 validation examples are scored after every epoch: more would take too much of the time budget"
    ]
    assert len(made.validation_[0]) == 100


# --- texts that the budget is too short to read ---


@pytest.fixture
def slow_reading(monkeypatch):
    monkeypatch.setattr(affordable, "_SAMPLE", 50)
    monkeypatch.setattr(affordable, "_PER_HASH_OF_NGRAMS", 1e6)


def test_the_share_that_can_be_read(make_reviews, monkeypatch):
    texts = make_reviews(400)[0]
    share = affordable.affordable_share
    assert share(texts, "wide", None, 0) == 1
    assert share(texts, "wide", 1e-9, 0) == 1  # so few that they are used in any case
    monkeypatch.setattr(affordable, "_SAMPLE", 100)
    assert share(texts, "auto", 1e-9, 0) == 0.25
    assert share(texts, "wide", 1e9, 0) == 1


def test_slow_learners_read_fewer_texts(make_reviews, monkeypatch):
    monkeypatch.setattr(affordable, "_SAMPLE", 1)
    ticks = iter(range(100))
    monkeypatch.setattr(affordable.time, "perf_counter", lambda: next(ticks) * 1e-3)  # a millisecond for a text
    texts = make_reviews(400)[0]
    shares = [affordable.affordable_share(texts, model, 10.0, 0) for model in ("bag", "cnn", "lstm", "transformer")]
    assert shares == pytest.approx([375 / 400, 30 / 400, 20 / 400, 12 / 400])


def test_part_of_the_texts_is_used_and_said(make_reviews, slow_reading):
    texts, labels = make_reviews(400)
    texts, labels = [*texts, "단 하나"], [*labels, "유일"]
    made = TextClassifier("wide", epochs=3, time_budget=5).fit(texts, labels)
    assert "유일" in made.classes_ and made.predict(["단 하나"]) == ["유일"]
    [said] = [note for note in made.notes_ if "are used" in note]
    assert said.startswith("12% of the 401 texts are used: reading all of them would take most of the time budget")
    assert len(made.validation_[0]) == 5


def test_a_resumed_run_reads_the_same_part(make_reviews, slow_reading, tmp_path, monkeypatch, listener):
    """Whatever pace is measured, and whatever budget is given, the second time."""
    texts, labels = make_reviews(400)
    monkeypatch.setattr(trainer, "_SAVING_SHARE", float("inf"))
    settings = {"model": "wide", "epochs": 4, "batch_size": 8, "checkpoint_seconds": 0.0}
    with pytest.raises(listener.stopped):
        TextClassifier(**settings, time_budget=500).fit(texts, labels, folder=tmp_path, progress=listener(9))
    assert learning.stored_share(tmp_path) == 50 / 400
    monkeypatch.setattr(classifier, "affordable_share", lambda *_: pytest.fail("the pace was measured again"))
    made = TextClassifier(**settings).fit(texts, labels, folder=tmp_path, resume=True)
    assert any(note.startswith("resumed in epoch") for note in made.notes_)
    made.save(tmp_path)
    assert learning.stored_share(tmp_path) == 50 / 400
    again = TextClassifier(**settings).fit(texts, labels, folder=tmp_path, resume=True, progress=(heard := listener()))
    assert any("finished already" in said for said in heard.said)
    assert np.array_equal(again.predict_proba(texts), made.predict_proba(texts))
