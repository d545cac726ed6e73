"""Event files for TensorBoard, read back by the format's own description."""

from __future__ import annotations

import struct
import sys

import pytest
from tensorboardX.proto.event_pb2 import Event

from saegim.errors import SettingError
from saegim.training import TextClassifier
from saegim.training.tensorboard import TensorBoard


def scalars(folder):
    """(chart, step) -> value, of all files in a folder. A record: its length, a checksum, its bytes, a checksum."""
    found = {}
    for path in sorted(folder.glob("events.*")):
        content = path.read_bytes()
        while content:
            (length,) = struct.unpack("<Q", content[:8])
            event = Event.FromString(content[12 : 12 + length])
            found |= {(value.tag, event.step): value.simple_value for value in event.summary.value}
            content = content[16 + length :]
    return found


def test_what_is_drawn(data, tmp_path, listener):
    heard = listener()
    classifier = TextClassifier("bag", epochs=2, batch_size=60).fit(*data, progress=TensorBoard(heard, tmp_path))
    found, steps = scalars(tmp_path), heard.steps
    for done, _steps, loss, _tokens in steps:
        assert found["loss/step", done] == pytest.approx(loss)
    last = classifier.history_[-1]
    assert found["loss/train", len(steps)] == pytest.approx(last["train_loss"])
    assert found["loss/valid", len(steps)] == pytest.approx(last["valid_loss"])
    assert found["score/macro_f1", len(steps)] == pytest.approx(last["macro_f1"])
    assert found["gradient/head", len(steps)] == pytest.approx(last["flow"]["head"]["gradient"])
    assert len(heard.epochs) == 2 and heard.finished == 1 and heard.planned == len(steps)


def test_without_the_library(tmp_path, listener, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(SettingError, match=r"pip install 'saegim\[tensorboard\]'"):
        TensorBoard(listener(), tmp_path)


def test_a_folder_that_cannot_be(tmp_path, listener):
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingError, match=r"file.* cannot be used: .*; give another folder"):
        TensorBoard(listener(), tmp_path / "file" / "inside")
