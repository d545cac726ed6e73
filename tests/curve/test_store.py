"""The file of a measurement: whatever is wrong with it, one sentence names it, and nothing is believed."""

from __future__ import annotations

import base64
import json
import zlib

import numpy as np
import pytest

from saegim.curve.analysis import Answers
from saegim.curve.store import NAME, Store, digest_of, read_curve
from saegim.errors import ModelFileError

ROWS, CLASSES = 5, 3
POINT = Answers("network", 10, 0, np.array([0, 2, 1, -1, 0]), 1.5)


@pytest.fixture
def kept(tmp_path):
    Store(tmp_path, "digest", ROWS, CLASSES).add(POINT)
    return tmp_path / NAME


def resumed(path):
    store = Store(path.parent, "digest", ROWS, CLASSES)
    store.resume()
    return store


def test_points_are_kept_as_they_are(kept):
    store = resumed(kept)
    found = store.find("network", 10, 0)
    assert np.array_equal(found.predicted, POINT.predicted)
    assert found.seconds == 1.5
    assert store.find("network", 10, 1) is None


def test_without_a_folder_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = Store(None, "digest", ROWS, CLASSES)
    store.add(POINT)
    store.resume()
    assert not list(tmp_path.iterdir())
    assert len(store.answers) == 1


def test_a_folder_without_points_is_begun(tmp_path):
    assert resumed(tmp_path / NAME).answers == []


def packed(numbers):
    return base64.b64encode(zlib.compress(np.array(numbers, "<u2").tobytes())).decode()


def bomb():
    return base64.b64encode(zlib.compress(bytes(50_000_000))).decode()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"predicted": "???"}, "cannot be unpacked"),
        ({"predicted": base64.b64encode(b"not deflated").decode()}, "cannot be unpacked"),
        ({"predicted": packed([0, 1, 2])}, "are not those of 5 test texts"),
        ({"predicted": packed([0] * 6)}, "more predictions than test texts"),
        ({"predicted": bomb()}, "more predictions than test texts"),
        ({"predicted": packed([0, 1, 2, 3, 4])}, "are not those of 5 test texts"),
        ({"predicted": 3}, "points[0].predicted: expected text"),
        ({"size": 0}, "are not those of"),
        ({"sample": -1}, "are not those of"),
        ({"size": "10"}, "points[0].size: expected a whole number"),
        ({"extra": 1}, "points[0]: 'extra' is unknown"),
    ],
)
def test_damaged_points_are_refused(kept, change, says):
    content = json.loads(kept.read_text())
    content["points"][0] |= change
    kept.write_text(json.dumps(content))
    with pytest.raises(ModelFileError) as error:
        resumed(kept)
    assert says in str(error.value)
    assert str(kept) in str(error.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is no whole JSON file"),
        (b"\xff\xfe{}", "is no whole JSON file"),
        (b"[" * 100_000, "is no whole JSON file"),
        (b"[]", "is not of the form"),
        (b'{"format": 99}', "is not of the form"),
        (b'{"format": 1, "digest": "other"}', "other data, settings or version"),
        (b'{"format": 1, "digest": "digest"}', "points: expected a list"),
        (b'{"format": 1, "digest": "digest", "points": {}}', "points: expected a list"),
    ],
)
def test_damaged_files_are_refused(kept, content, says):
    kept.write_bytes(content)
    with pytest.raises(ModelFileError) as error:
        resumed(kept)
    assert says in str(error.value)


def test_a_curve_is_read_if_it_is_one(kept):
    with pytest.raises(ModelFileError, match="did not end"):
        read_curve(kept)
    kept.write_text('{"format": 1, "curve": {"saegim": 3}}')
    with pytest.raises(ModelFileError, match="is damaged: the content: 'contenders' is missing"):
        read_curve(kept.parent)
    with pytest.raises(ModelFileError, match="it is missing"):
        read_curve(kept.parent / "nothing.json")


def test_digests_tell_texts_apart():
    parts = [["a", "b"], ["c"]]
    assert digest_of(parts, 1) == digest_of([["a", "b"], ["c"]], 1)
    others = [([["a"], ["b", "c"]], 1), ([["ab"], ["c"]], 1), ([["a", "b"], ["d"]], 1), (parts, 2), (parts, "1")]
    assert len({digest_of(*other[:1], *other[1:]) for other in [*others, (parts, 1)]}) == 6
