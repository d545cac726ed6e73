"""The cache on disk: what goes in comes out, what is damaged does not, and nothing that goes wrong is an error."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from saegim.runtime import cache, jit
from saegim.runtime.target import host

NAME = cache.key("something")
BODY = bytes(range(256)) * 40


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SAEGIM_CACHE", str(tmp_path / "kept"))
    monkeypatch.setattr(cache, "_TRIMMED_EVERY", 1)
    return tmp_path / "kept"


def entries(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.iterdir())


def aged(folder: Path, name: str, seconds: float) -> None:
    """As if it was used so long ago."""
    then = time.time() - seconds
    os.utime(folder / f"{name}.code", (then, then))


def test_what_is_kept_is_found_again(folder: Path) -> None:
    assert cache.read(NAME) is None
    cache.write(NAME, BODY)
    cache.write("empty", b"")
    assert cache.read(NAME) == BODY
    assert cache.read("empty") == b""
    assert cache.read(cache.key("something else")) is None
    assert folder.stat().st_mode & 0o777 == 0o700


def test_keys_tell_where_one_text_ends() -> None:
    texts = [("ab", "c"), ("a", "bc"), ("abc",), ("abc", ""), ("", "abc"), ()]
    assert len({cache.key(*each) for each in texts}) == len(texts)


@pytest.mark.parametrize("place", [0, 7, 8, 39, 40, 41, 5000, -1])
def test_a_changed_byte_is_noticed(folder: Path, place: int) -> None:
    cache.write(NAME, BODY)
    path = folder / f"{NAME}.code"
    damaged = bytearray(path.read_bytes())
    damaged[place] ^= 1
    path.write_bytes(damaged)
    assert cache.read(NAME) is None
    cache.write(NAME, BODY)
    assert cache.read(NAME) == BODY


@pytest.mark.parametrize("length", [0, 1, 8, 39, 40, 41, 5000])
def test_a_file_that_was_cut_off_is_noticed(folder: Path, length: int) -> None:
    cache.write(NAME, BODY)
    path = folder / f"{NAME}.code"
    path.write_bytes(path.read_bytes()[:length])
    assert cache.read(NAME) is None


def test_an_entry_under_another_name_is_noticed(folder: Path) -> None:
    cache.write(NAME, BODY)
    (folder / f"{NAME}.code").rename(folder / "other.code")
    assert cache.read("other") is None


def test_the_longest_unused_go_first(folder: Path) -> None:
    for age, name in enumerate("abcde"):
        cache.write(name, BODY)
        aged(folder, name, 100 * (10 - age))
    assert cache.read("a") == BODY  # now it is the newest
    cache.write("f", BODY, limit=3 * (len(BODY) + 100))
    assert entries(folder) == ["a", "e", "f"]


def test_the_size_is_looked_after_now_and_then(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_TRIMMED_EVERY", 4)
    sizes = []
    for number in range(12):
        cache.write(str(number), BODY, limit=2 * (len(BODY) + 100))
        sizes.append(len(entries(folder)))
    assert max(sizes) == 5
    assert min(sizes[4:]) == 2


def test_what_is_larger_than_the_limit_is_not_kept(folder: Path) -> None:
    cache.write("a", BODY)
    cache.write("b", BODY, limit=len(BODY) - 1)
    assert entries(folder) == ["a"]


def test_what_killed_programs_left_is_removed(folder: Path) -> None:
    cache.write("a", BODY)
    old, new = folder / "old.part", folder / "new.part"
    for path in (old, new, folder / "notes.txt"):
        path.write_bytes(b"x")
        os.utime(path, (0, 0))
    os.utime(new)
    cache.write("b", BODY, limit=1 << 20)
    assert entries(folder) == ["a", "b", "new", "notes"]  # a foreign file is none of our business


def test_many_may_write_and_read_at_the_same_time(folder: Path) -> None:
    wrong: list[object] = []

    def work(number: int) -> None:
        for turn in range(50):
            name = "abc"[(number + turn) % 3]
            cache.write(name, name.encode() * 10_000, limit=25_000)
            if cache.read(name) not in (None, name.encode() * 10_000):
                wrong.append(name)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert not wrong
    assert set(entries(folder)) <= set("abc")


def test_off_means_off(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SAEGIM_CACHE", " Off ")
    monkeypatch.chdir(tmp_path)
    cache.write(NAME, BODY)
    assert cache.read(NAME) is None
    assert not list(tmp_path.iterdir())


def test_without_a_word_it_lies_among_the_users_caches(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SAEGIM_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    cache.write(NAME, BODY)
    assert entries(tmp_path / "caches" / "saegim") == [NAME]
    monkeypatch.setenv("XDG_CACHE_HOME", "not/absolute")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "home"))
    cache.write(NAME, BODY)
    assert cache.read(NAME) == BODY
    assert list((tmp_path / "home").rglob(f"saegim/{NAME}.code"))


@pytest.mark.parametrize("folder", ["/dev/null/x", "/proc/saegim", "~nobody-of-this-name/x"])
def test_a_folder_that_cannot_be_is_no_error(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAEGIM_CACHE", folder)
    cache.write(NAME, BODY)
    assert cache.read(NAME) is None


def test_where_nothing_can_be_written_nothing_is_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.write(NAME, BODY)

    def full(*_: object, **__: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("saegim.runtime.cache.tempfile.mkstemp", full)
    cache.write("other", BODY)
    assert entries(folder) == [NAME]
    monkeypatch.undo()
    monkeypatch.setenv("SAEGIM_CACHE", str(folder))
    monkeypatch.setattr(Path, "replace", full)
    cache.write("other", BODY)
    assert entries(folder) == [NAME]  # and nothing unfinished


@pytest.mark.skipif(os.name == "nt", reason="the system has other rights")
@pytest.mark.parametrize("mode", [0o777, 0o770, 0o722])
def test_a_folder_that_others_may_write_to_is_not_trusted(folder: Path, mode: int) -> None:
    cache.write(NAME, BODY)
    folder.chmod(mode)
    assert cache.read(NAME) is None
    cache.write("other", BODY)
    folder.chmod(0o700)
    assert entries(folder) == [NAME]


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="the system has no owners")
def test_a_folder_of_somebody_else_is_not_trusted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.write(NAME, BODY)
    monkeypatch.setattr(os, "getuid", lambda: folder.stat().st_uid + 1)
    assert cache.read(NAME) is None


MODULE = """
define i64 @answer() nounwind {{
  ret i64 {number}
}}
"""


def test_code_is_compiled_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = MODULE.format(number=4001)
    first = jit.load(text, host())
    assert jit.load(text, host()) is first
    assert len(entries(folder)) == 1
    del first

    def never(*_: object) -> bytes:
        raise AssertionError("compiled again")

    monkeypatch.setattr(jit, "compiled", never)
    assert jit.load(text, host()).address("answer")
    with pytest.raises(AssertionError, match="compiled again"):
        jit.load(MODULE.format(number=4002), host())


def test_damaged_code_is_compiled_anew(folder: Path) -> None:
    text = MODULE.format(number=4003)
    jit.load(text, host())
    (path,) = folder.iterdir()
    path.write_bytes(path.read_bytes()[:-10])
    assert jit.load(text, host()).address("answer")
    assert cache.read(path.stem) is not None
