"""Files are whole or not there, and what changed on the way is noticed."""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from saegim.errors import DataError, ModelFileError
from saegim.training import files
from saegim.training.files import read_about, read_arrays, write_arrays, write_atomically, write_together

DTYPES = [np.float32, np.float64, np.int32, np.int64, np.uint64, np.bool_]
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5).filter(lambda name: name[0] != "_")
SHAPES = array_shapes(min_dims=0, min_side=0)
ARRAYS = st.dictionaries(NAMES, st.sampled_from(DTYPES).flatmap(lambda dtype: arrays(dtype, SHAPES)), max_size=4)
ABOUT = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(given=ARRAYS, about=ABOUT)
def test_arrays_come_back_as_they_were(tmp_path_factory, given, about):
    path = tmp_path_factory.mktemp("arrays") / "a.safetensors"
    write_arrays(path, given, about)
    found, noted = read_arrays(path)
    assert found.keys() == given.keys() and noted == about == read_about(path)
    for name, array in given.items():
        assert found[name].dtype == array.dtype and found[name].shape == array.shape
        assert np.array_equal(found[name], array, equal_nan=array.dtype.kind == "f")
    first = path.read_bytes()
    write_arrays(path, given, about)
    assert path.read_bytes() == first


def test_arrays_of_any_layout(tmp_path):
    table = np.arange(12.0).reshape(3, 4)
    write_arrays(tmp_path / "a", {"t": table.T, "s": table[::2, 1:]})
    found, about = read_arrays(tmp_path / "a")
    assert np.array_equal(found["t"], table.T) and np.array_equal(found["s"], table[::2, 1:]) and about is None


def test_what_changed_is_noticed(tmp_path):
    path = tmp_path / "a"
    write_arrays(path, {"x": np.arange(100), "y": np.zeros(3)}, {"steps": 3})
    content = path.read_bytes()
    for at in (content.index(b"steps"), len(content) - 1, content.index(b'"x"') + 1):
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        with pytest.raises(ModelFileError, match=r"is not a whole safetensors file \(.+\); train the model again"):
            read_arrays(path)


# --- writing ---


def test_all_or_nothing(tmp_path):
    (tmp_path / "a").write_text("old")

    def fails(path):
        raise OSError(28, "No space left on device")

    with pytest.raises(DataError, match=r"b cannot be written: No space left on device; give a folder"):
        write_together(tmp_path, {"a": files.content_writer(b"new"), "b": fails})
    assert [each.name for each in tmp_path.iterdir()] == ["a"] and (tmp_path / "a").read_text() == "old"


def test_an_interrupted_write_leaves_nothing(tmp_path):
    def interrupted(path):
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_together(tmp_path, {"a": interrupted})
    assert list(tmp_path.iterdir()) == []


def test_later_files_see_the_earlier_ones(tmp_path):
    seen = []
    write_together(
        tmp_path / "new/folder",
        {
            "a": files.content_writer(b"1"),
            "b": lambda path: (seen.append(path.with_name("a").read_bytes()), path.touch()),
        },
    )
    assert seen == [b"1"] and {each.name for each in (tmp_path / "new/folder").iterdir()} == {"a", "b"}


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_files_have_the_users_usual_mode(tmp_path):
    before = os.umask(0o027)
    try:
        write_arrays(tmp_path / "a", {"x": np.zeros(3)})
        write_atomically(tmp_path / "b", b"")
        (tmp_path / "c").touch()
    finally:
        os.umask(before)
    assert {each.stat().st_mode & 0o777 for each in tmp_path.iterdir()} == {0o640}


@pytest.mark.parametrize("place", ["file/a", "a/", "x" * 300])
def test_places_that_cannot_be_written(tmp_path, place):
    (tmp_path / "file").write_text("")
    (tmp_path / "a").mkdir()
    with pytest.raises(DataError, match=r"cannot be written: .+; give a folder that can be written to"):
        write_atomically(tmp_path / place, b"content")


def test_json_that_utf_8_cannot_hold(tmp_path):
    write_together(tmp_path, {"a": files.json_writer({"한글": 1}), "b": files.json_writer("\ud800")})
    assert "한글" in (tmp_path / "a").read_text(encoding="utf-8")
    assert (tmp_path / "b").read_bytes() == b'"\\ud800"\n'


def test_who_still_runs():
    assert files._runs(os.getpid()) and files._runs(1)
    assert not files._runs(1 << 70)
