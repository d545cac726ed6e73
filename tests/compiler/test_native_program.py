"""Whole programs in memory and on disk: made once, the same bits ever after; what is damaged is made anew."""

from __future__ import annotations

import gc
import json
from pathlib import Path

import numpy as np
import pytest

import saegim as sg
from compiler.recorded import Recorded, prediction, training
from saegim import nn
from saegim.compiler import native
from saegim.compiler.native import NativeProgram
from saegim.compiler.recipe import from_bytes, to_bytes
from saegim.ir import Graph, Spec, constant, fresh_input, from_text, make, to_text
from saegim.runtime import cache

rng = np.random.default_rng(3)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SAEGIM_CACHE", str(tmp_path / "kept"))
    return tmp_path / "kept"


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> list[Graph]:
    """The graphs that went through the passes."""
    seen: list[Graph] = []
    build = native._passes.Build

    def counted(graph: Graph, settings: object) -> object:
        seen.append(graph)
        return build(graph, settings)

    late = native._passes.__class__(native._passes.__name__)
    late.Build = counted
    monkeypatch.setattr(native, "_passes", late)
    return seen


@pytest.fixture(scope="module")
def learned() -> Recorded:
    """A training step that overwrites its inputs, with constants and a loop."""
    model = nn.Sequential(nn.Embedding(7, 4), nn.GRU(4, 4), lambda given: given[0][:, -1], nn.Linear(4, 3))
    tokens, target = rng.integers(0, 7, (5, 6)), rng.integers(0, 3, 5)
    return training(model, sg.asarray(tokens), sg.asarray(target))


def forget() -> None:
    """As if the process had just begun."""
    gc.collect()
    assert not native._alive


def again(graph: Graph) -> Graph:
    """An equal graph of other nodes."""
    return from_text(to_text(graph))


def bits(program: NativeProgram, recorded: Recorded) -> list[bytes]:
    return [each.tobytes() for each in program(*(each.copy() for each in recorded.arrays))]


def test_programs_of_equal_graphs_are_one(learned: Recorded, passes: list[Graph]) -> None:
    programs = [NativeProgram(again(learned.graph)) for _ in range(3)]
    assert len(passes) == 1
    assert len({id(each._executable) for each in programs}) == 1
    assert bits(programs[0], learned) == bits(programs[2], learned)


def test_the_next_process_makes_no_passes(learned: Recorded, passes: list[Graph]) -> None:
    first = bits(NativeProgram(again(learned.graph)), learned)
    forget()
    assert bits(NativeProgram(again(learned.graph)), learned) == first
    assert len(passes) == 1


def test_settings_make_other_programs(learned: Recorded, passes: list[Graph]) -> None:
    first, other = NativeProgram(learned.graph), NativeProgram(learned.graph, tile=2)
    assert len(passes) == 2
    assert first._executable is not other._executable


def entry(folder: Path) -> Path:
    """The file of the program."""
    (found,) = [each for each in folder.glob("*.code") if from_bytes(cache.read(each.stem) or b"") is not None]
    return found


@pytest.mark.parametrize("place", [0, 45, 60, -1])
def test_a_changed_byte_is_noticed(learned: Recorded, passes: list[Graph], folder: Path, place: int) -> None:
    first = bits(NativeProgram(learned.graph), learned)
    forget()
    path = entry(folder)
    whole = bytearray(path.read_bytes())
    whole[place] ^= 1
    path.write_bytes(whole)
    assert bits(NativeProgram(learned.graph), learned) == first
    assert len(passes) == 2
    forget()
    assert bits(NativeProgram(learned.graph), learned) == first
    assert len(passes) == 2


def with_other(path: Path, **parts: object) -> bytes:
    """A program's description with other parts."""
    whole = cache.read(path.stem)
    assert whole is not None
    end = 8 + int.from_bytes(whole[:8], "little")
    head = json.dumps({**json.loads(whole[8:end]), **parts}).encode()
    return len(head).to_bytes(8, "little") + head + whole[end:]


def test_what_is_no_program_is_made_anew(learned: Recorded, passes: list[Graph], folder: Path) -> None:
    first = bits(NativeProgram(learned.graph), learned)
    path = entry(folder)
    whole = cache.read(path.stem)
    assert whole is not None
    foreign = [
        b"",
        whole[:-1],
        b"[]" + whole,
        with_other(path, waves=[["nowhere", 1]]),
        with_other(path, code="0" * 64),
        with_other(path, outputs=[[99, [1]]]),
    ]
    for number, body in enumerate(foreign):
        forget()
        cache.write(path.stem, body)
        assert bits(NativeProgram(learned.graph), learned) == first
        assert len(passes) == 2 + number


def test_without_its_code_a_program_is_made_anew(learned: Recorded, passes: list[Graph], folder: Path) -> None:
    first = bits(NativeProgram(learned.graph), learned)
    forget()
    path = entry(folder)
    for each in folder.glob("*.code"):
        if each != path:
            each.unlink()
    assert bits(NativeProgram(learned.graph), learned) == first
    assert len(passes) == 2


def test_constants_come_back_as_they_were() -> None:
    held = rng.standard_normal((40, 30)).astype(np.float32)
    x = fresh_input(Spec((40, 30), held.dtype))
    graph = Graph((x,), (make("multiply", x, constant(held)), x))
    given = rng.standard_normal((40, 30)).astype(np.float32)
    for _ in range(2):
        product, same = NativeProgram(graph)(given)
        np.testing.assert_array_equal(product, given * held)
        np.testing.assert_array_equal(same, given)
        del product, same
        forget()


def test_an_index_that_points_nowhere_is_blamed_on_the_graph_at_hand() -> None:
    table = nn.Embedding(5, 2)
    recorded = prediction(table, sg.asarray(np.array([1, 2, 3])))
    for _ in range(2):
        program = NativeProgram(again(recorded.graph))
        with pytest.raises(IndexError):
            program(*(np.full_like(each, 9) if each.dtype.kind == "i" else each for each in recorded.arrays))
        del program
        forget()


def test_stages_and_report_are_there_with_the_cache(learned: Recorded) -> None:
    texts = []
    for _ in range(2):
        program = NativeProgram(learned.graph)
        texts.append((program.stages, program.report()))
        del program
        forget()
    assert texts[0] == texts[1]
    assert list(texts[0][0]) == ["trace", "simplify", "split", "lower", "emit", "assembly"]


def test_recipes_of_real_programs_survive(learned: Recorded) -> None:
    recipe = NativeProgram(learned.graph)._executable.recipe
    found = from_bytes(to_bytes(recipe))
    assert found is not None
    assert {**vars(found), "constants": 0} == {**vars(recipe), "constants": 0}
