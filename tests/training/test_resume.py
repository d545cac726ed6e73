"""A run that is killed and resumed ends with the same bits as an undisturbed one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from saegim.errors import ModelFileError
from saegim.models import WISHES
from saegim.training import TextClassifier, scoring, trainer
from saegim.training.checkpoint import NAME
from saegim.training.files import read_arrays, write_arrays

posix = pytest.mark.skipif(os.name != "posix", reason="signals and forks are POSIX's")
QUICK = {"epochs": 3, "batch_size": 16, "checkpoint_seconds": 0.0, "seed": 3}


@pytest.fixture(autouse=True)
def checkpoints_after_every_step(monkeypatch):
    monkeypatch.setattr(trainer, "_SAVING_SHARE", float("inf"))


@pytest.fixture(scope="module")
def whole(data, tmp_path_factory):
    """The folder of an undisturbed run."""
    folder = tmp_path_factory.mktemp("whole")
    TextClassifier("bag", **QUICK).fit(*data, folder=folder).save(folder)
    return folder


def weights(folder):
    return (folder / "model.safetensors").read_bytes()


def records(path):
    return [{k: v for k, v in json.loads(line).items() if k != "seconds"} for line in path.read_text().splitlines()]


# --- killed ---


@posix
@pytest.mark.parametrize(("kind", "kills"), [("texts", 20), ("images", 8), ("drawings", 8)])
def test_kills(tmp_path, kind, kills):
    """Processes are killed at random moments: reading, training, saving, validating."""
    command = [sys.executable, str(Path(__file__).parent / "killed.py"), str(tmp_path), str(kills), kind]
    done = subprocess.run(command, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= kills / 2, "most kills came after the end: the run is too short"
    assert weights(tmp_path / "killed") == weights(tmp_path / "whole")
    assert records(tmp_path / "killed/log.jsonl") == records(tmp_path / "whole/log.jsonl")
    names = {"README.md", "config.json", "log.jsonl", "metrics.json", "model.safetensors"}
    assert {each.name for each in (tmp_path / "killed").iterdir()} == names, "something was left behind"


@pytest.mark.parametrize("stop", [1, 2, 12, 13, 25, 33])
def test_stopped_after_any_step(data, whole, tmp_path, listener, stop):
    """Twelve steps are an epoch: also just before and after validation."""
    heard = listener(stop)
    with pytest.raises(listener.stopped):
        TextClassifier("bag", **QUICK).fit(*data, folder=tmp_path, progress=heard)
    classifier = TextClassifier("bag", **QUICK).fit(*data, folder=tmp_path, resume=True, progress=(heard := listener()))
    classifier.save(tmp_path)
    assert weights(tmp_path) == weights(whole)
    assert records(tmp_path / "log.jsonl") == records(whole / "log.jsonl")
    assert len(heard.steps) < 36 or stop == 1  # the first step ends before its checkpoint


@pytest.mark.parametrize("model", [each for each in WISHES if each not in ("auto", "bag")])
def test_every_kind_goes_on_as_it_was(data, tmp_path, listener, model):
    settings = QUICK | {"epochs": 2, "batch_size": 32}
    texts, labels = data[0][:80], data[1][:80]
    classifier = TextClassifier(model, **settings)
    with pytest.raises(listener.stopped):
        classifier.fit(texts, labels, folder=tmp_path, progress=listener(5))
    resumed = classifier.fit(texts, labels, folder=tmp_path, resume=True).decision_function(texts)
    assert np.array_equal(resumed, TextClassifier(model, **settings).fit(texts, labels).decision_function(texts))


def test_a_log_is_that_of_the_checkpoint(data, tmp_path, listener):
    """Epochs that were logged after the last checkpoint are logged again, once."""
    classifier = TextClassifier("bag", **QUICK)
    with pytest.raises(listener.stopped):
        classifier.fit(*data, folder=tmp_path, progress=listener(20))
    log = tmp_path / "log.jsonl"
    log.write_text(log.read_text() + '{"epoch": 2}\n{"epoch": 3}\n')
    with pytest.raises(listener.stopped):
        classifier.fit(*data, folder=tmp_path, resume=True, progress=listener(1))
    assert [each["epoch"] for each in records(log)] == [1]
    with pytest.raises(listener.stopped):
        classifier.fit(*data, folder=tmp_path, progress=listener(1))  # from the beginning
    assert not log.exists()


def test_what_a_killed_writer_left_is_removed(data, tmp_path):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    (tmp_path / f".saegim-{gone.pid}-x").mkdir()
    (tmp_path / f".saegim-{gone.pid}-x" / NAME).write_bytes(b"half a file")
    (tmp_path / f".saegim-{os.getpid()}-y").mkdir()  # of someone who is still writing
    (tmp_path / ".mine").write_text("kept")
    TextClassifier("wide", epochs=1).fit(*data, folder=tmp_path)
    names = {each.name for each in tmp_path.iterdir()}
    assert f".saegim-{gone.pid}-x" not in names or os.name != "posix"
    assert names >= {f".saegim-{os.getpid()}-y", ".mine"}


# --- interrupted ---


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_finishes_the_step_and_saves(data, whole, tmp_path, listener, number):
    heard = listener()
    plain = heard.step
    heard.step = lambda *step: (plain(*step), len(heard.steps) == 15 and os.kill(os.getpid(), number))
    before = signal.getsignal(number)
    classifier = TextClassifier("bag", **QUICK | {"checkpoint_seconds": 1e6})
    with pytest.raises(KeyboardInterrupt):
        classifier.fit(*data, folder=tmp_path, progress=heard)
    assert signal.getsignal(number) is before and heard.finished == 1
    assert not hasattr(classifier, "classes_")
    _arrays, about = read_arrays(tmp_path / NAME)
    assert about["state"]["steps"] == len(heard.steps) == 15
    classifier.fit(*data, folder=tmp_path, resume=True).save(tmp_path)
    assert weights(tmp_path) == weights(whole)


@posix
def test_an_interrupt_during_validation_does_not_wait(data, whole, tmp_path, monkeypatch, listener):
    scores = scoring.Scorer.__call__

    def interrupted(self, texts):
        os.kill(os.getpid(), signal.SIGINT)
        return scores(self, texts)

    classifier = TextClassifier("bag", **QUICK | {"checkpoint_seconds": 1e6})
    with monkeypatch.context() as patch:
        patch.setattr(scoring.Scorer, "__call__", interrupted)
        with pytest.raises(KeyboardInterrupt):
            classifier.fit(*data, folder=tmp_path, progress=(heard := listener()))
    assert len(heard.steps) == 12 and heard.epochs == []
    classifier.fit(*data, folder=tmp_path, resume=True).save(tmp_path)
    assert weights(tmp_path) == weights(whole)


@posix
def test_a_second_interrupt_does_not_wait_for_a_checkpoint(data, tmp_path, monkeypatch, listener):
    heard = listener()
    heard.step = lambda *_step: (os.kill(os.getpid(), signal.SIGINT), os.kill(os.getpid(), signal.SIGINT))
    monkeypatch.setattr(trainer.Trainer, "_save", lambda self: pytest.fail("it saved a checkpoint"))
    with pytest.raises(KeyboardInterrupt):
        TextClassifier("bag", **QUICK | {"checkpoint_seconds": 1e6}).fit(*data, folder=tmp_path, progress=heard)


@posix
def test_an_ignored_signal_stays_ignored(data, listener):
    heard = listener()
    heard.step = lambda *_step: os.kill(os.getpid(), signal.SIGINT)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        TextClassifier("wide", epochs=1).fit(*data, progress=heard)
    finally:
        signal.signal(signal.SIGINT, before)


def test_training_in_another_thread(data):
    """Signals reach the main thread alone: elsewhere handlers cannot be set."""
    found = []
    thread = threading.Thread(target=lambda: found.append(TextClassifier("wide", epochs=1).fit(*data)))
    thread.start()
    thread.join()
    assert found[0].score(*data) > 0.8


# --- finished, or of another run ---


def test_a_finished_run_is_taken_as_it_is(data, whole, listener):
    assert not (whole / NAME).exists()
    heard = listener()
    classifier = TextClassifier("bag", **QUICK).fit(*data, folder=whole, resume=True, progress=heard)
    assert heard.steps == [] and "the run is finished already: the model in the folder is taken as it is" in heard.said
    assert np.array_equal(classifier.predict(data[0]), TextClassifier.load(whole).predict(data[0]))
    assert len(classifier.validation_[0]) == 20 and classifier.best_epoch_ >= 0
    before = weights(whole)
    classifier.save(whole)
    assert weights(whole) == before


@pytest.mark.parametrize("change", ["seed", "texts", "labels", "names", "settings", "model", "jamo", "valid"])
def test_another_run_is_not_resumed(data, tmp_path, listener, change):
    texts, labels = map(list, data)
    settings, keywords = dict(QUICK, model="wide"), {"valid": (texts[:50], labels[:50])}
    with pytest.raises(listener.stopped):
        TextClassifier(**settings).fit(texts, labels, folder=tmp_path, progress=listener(5), **keywords)
    if change == "texts":
        texts[0] += "!"
    elif change == "labels":
        labels[0] = next(label for label in labels if label != labels[0])
    elif change == "names":
        labels = [f"{label}!" for label in labels]
        keywords = {"valid": (texts[:50], labels[:50])}
    elif change == "valid":
        keywords = {"valid": (texts[:49], labels[:49])}
    else:
        settings |= {"seed": {"seed": 4}, "settings": {"label_smoothing": 0.2}, "model": {"model": "bag"}}.get(
            change, {"jamo": True}
        )
    before = (tmp_path / NAME).read_bytes()
    with pytest.raises(ModelFileError, match="belongs to a run with other data, settings or version"):
        TextClassifier(**settings).fit(texts, labels, folder=tmp_path, resume=True, **keywords)
    assert (tmp_path / NAME).read_bytes() == before


def test_without_a_checkpoint_it_begins(data, tmp_path, listener):
    heard = listener()
    TextClassifier("wide", epochs=1).fit(*data, folder=tmp_path / "new", resume=True, progress=heard)
    assert "there is no checkpoint yet: training starts from the beginning" in heard.said


def test_a_finished_model_of_other_settings_is_trained_anew(data, tmp_path, listener):
    TextClassifier("wide", epochs=1).fit(*data, folder=tmp_path).save(tmp_path)
    TextClassifier("wide", epochs=2).fit(*data, folder=tmp_path, resume=True, progress=(heard := listener()))
    assert heard.planned == 6


# --- damaged ---


@pytest.fixture(scope="module")
def saved(data, tmp_path_factory, request):
    """The bytes of a checkpoint."""
    folder = tmp_path_factory.mktemp("saved")
    classifier = TextClassifier("bag", epochs=1, batch_size=100, checkpoint_seconds=0.0).fit(*data, folder=folder)
    assert classifier.kind_ == "bag"
    return (folder / NAME).read_bytes()


def resume(data, folder):
    TextClassifier("bag", epochs=1, batch_size=100).fit(*data, folder=folder, resume=True)


def test_an_undamaged_checkpoint_is_fine(data, saved, tmp_path):
    (tmp_path / NAME).write_bytes(saved)
    resume(data, tmp_path)


@pytest.mark.parametrize("seed", range(12))
def test_one_other_byte(data, saved, tmp_path, seed):
    at = int(np.random.default_rng(seed).integers(len(saved)))
    altered = bytearray(saved)
    altered[at] ^= 1 << seed % 8
    (tmp_path / NAME).write_bytes(altered)
    with pytest.raises(ModelFileError, match=NAME):
        resume(data, tmp_path)


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"{}", b"\xff" * 8 + b"{}", 7, 100, -1, "junk"])
def test_a_truncated_or_foreign_file(data, saved, tmp_path, content):
    if isinstance(content, int):
        content = saved[:content]
    elif content == "junk":
        content = saved + b"junk"
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(ModelFileError, match="is not a whole safetensors file") as raised:
        resume(data, tmp_path)
    assert "\n" not in str(raised.value)


def test_a_folder_of_that_name(data, tmp_path):
    (tmp_path / NAME).mkdir()
    with pytest.raises(ModelFileError, match="no regular file"):
        resume(data, tmp_path)


@pytest.mark.parametrize("change", ["slot", "shape", "dtype", "best", "state", "types", "steps", "run", "share"])
def test_a_well_formed_file_that_does_not_fit(data, saved, tmp_path, change):
    path = tmp_path / NAME
    path.write_bytes(saved)
    arrays, about = read_arrays(path)
    name = next(name for name in arrays if name.startswith("optimizer/reader.weight"))
    if change == "slot":
        del arrays[name]
    elif change == "shape":
        arrays[name] = arrays[name][1:]
    elif change == "dtype":
        arrays[name] = arrays[name].astype(np.float64)
    elif change == "best":
        arrays["best/wide.bias"] = np.zeros(7, np.float32)
    elif change == "state":
        del about["state"]["epoch"]
    elif change == "types":
        about["state"]["history"] = "none"
    elif change == "steps":
        about["state"]["steps"] = "1"
    elif change == "run":
        about["run"] = 3
    else:
        about["run"]["share"] = 0.0
    write_arrays(path, arrays, about)
    with pytest.raises(ModelFileError, match=r"does not fit the model|does not say which run it is of"):
        resume(data, tmp_path)
