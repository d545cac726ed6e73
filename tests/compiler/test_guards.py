"""Guard mode finds kernels that write where they should not, and lets every kind of model learn as it does without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import saegim as sg
from compiler.learners import LEARNERS, Learner
from compiler.threaded import using
from saegim.compiler.guards import GuardedProgram, GuardError
from saegim.compiler.kernels.base import Kernel, Started
from saegim.compiler.kernels.fused import Fused
from saegim.compiler.kernels.product import Product
from saegim.compiler.kernels.running import Running
from saegim.compiler.llvm import Value
from saegim.dtypes import float64, int64
from saegim.errors import SettingError
from saegim.ir import Graph, Node, Spec, constant, fresh_input, make

Where = Callable[[Kernel, Started], tuple[Value, int]]  # an address: a pointer and bytes after it


def plant(monkeypatch: pytest.MonkeyPatch, kind: type[Kernel], where: Where) -> None:
    """Kernels of a kind write one more byte than they should, when they have done their work."""
    right = kind.emit

    def wrong(self: Any, module: Any, name: str, target: Any) -> None:
        right(self, module, f"{name}_right", target)
        started = self.start(module, name)
        f = started.function
        f.call(f"{name}_right", "void", *f.parameters)
        pointer, byte = where(self, started)
        address = f.at(pointer, byte, "i8")
        f.store(f.op("add", f.load(address, "i8"), 1), address)
        f.ret()

    monkeypatch.setattr(kind, "emit", wrong)
    monkeypatch.setenv("SAEGIM_CACHE", "off")


def after_result(kernel: Kernel, started: Started) -> tuple[Value, int]:
    layout = kernel.writes[0]
    return started.writes[0], layout.size * layout.dtype.itemsize


def before_result(kernel: Kernel, started: Started) -> tuple[Value, int]:
    return started.writes[0], -1


def after_operand(kernel: Kernel, started: Started) -> tuple[Value, int]:
    layout = kernel.reads[0]
    return started.reads[0], layout.size * layout.dtype.itemsize


def in_operand(kernel: Kernel, started: Started) -> tuple[Value, int]:
    return started.reads[0], 3


def after_scratch(kernel: Kernel, started: Started) -> tuple[Value, int]:
    assert started.scratch is not None
    return started.scratch, kernel.scratch_bytes


def data(*shape: int) -> Node:
    return fresh_input(Spec(shape, float64))


def run(*outputs: Node, **settings: Any) -> None:
    inputs = tuple(each for each in Graph((), outputs).nodes() if each.op == "input")
    program = GuardedProgram(Graph(inputs, outputs), **settings)
    program(*(np.full(each.shape, 0.5) for each in inputs))


def running_sums(size: int = 13) -> Node:
    """A fused kernel into the shared arena, then one that reads from there."""
    x = data(size)
    return make("cumsum", make("tanh", make("add", x, x)), axis=0)


@pytest.mark.parametrize(
    ("kind", "where", "said"),
    [
        (Fused, after_result, r"wave 0 \(fused.*1 bytes after shared@\d+ \(float64, 13 elements\)"),
        (Fused, before_result, r"wave 0 \(fused.*1 bytes before shared@\d+ \(float64, 13 elements\)"),
        (Fused, after_operand, r"wave 0 \(fused.*1 bytes after input 0"),
        (Fused, in_operand, r"wave 0 \(fused.*to input 0, which it must not change"),
        (Running, after_result, r"wave 1 \(running.*1 bytes after output array 0"),
        (Running, before_result, r"wave 1 \(running.*1 bytes before output array 0"),
    ],
)
def test_kernels_that_write_elsewhere_are_found(
    kind: type[Kernel], where: Where, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, kind, where)
    with pytest.raises(GuardError, match=said):
        run(running_sums())


@pytest.mark.parametrize("threads", [1, 3])
def test_arenas_of_threads_are_guarded(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    x = make("sin", make("dot", data(12, 6), data(6, 5)))
    plant(monkeypatch, Fused, after_result)
    with using(threads), pytest.raises(GuardError, match=r"bytes after local@\d+ \(float64, \d+ elements\)"):
        run(make("dot", x, data(5, 4)), tile=2)


def test_scratch_memory_is_guarded(monkeypatch: pytest.MonkeyPatch) -> None:
    with_scratch: list[type[Kernel]] = []

    def noticed(kernel: Kernel, started: Started) -> tuple[Value, int]:
        with_scratch.append(type(kernel))
        return after_scratch(kernel, started)

    plant(monkeypatch, Product, noticed)
    with pytest.raises(GuardError, match="after the scratch memory of product"):
        run(make("dot", data(64, 300), data(300, 64)))
    assert with_scratch


def test_constants_are_guarded(monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, Fused, in_operand)
    with pytest.raises(GuardError, match="constant 0, which it must not change"):
        run(make("add", constant(np.linspace(0, 1, 9)), data(9)))


def test_without_guards_nobody_notices(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same kernel does no harm that could be seen in the results."""
    plant(monkeypatch, Fused, after_result)
    x = sg.asarray(np.full(13, 0.5))
    np.testing.assert_allclose(np.asarray(sg.compile(lambda x: sg.cumulative_sum(sg.tanh(x + x)))(x))[0], np.tanh(1))


@pytest.mark.parametrize("learner", LEARNERS, ids=str)
def test_every_kind_of_model_learns_the_same_with_guards(learner: Learner, monkeypatch: pytest.MonkeyPatch) -> None:
    with using(2):
        losses, state = learner.train(2)
        monkeypatch.setenv("SAEGIM_DEBUG", "guards")
        guarded, guarded_state = learner.train(2)
    np.testing.assert_array_equal(guarded, losses)
    for name, value in state.items():
        np.testing.assert_array_equal(guarded_state[name], value, err_msg=name)


def test_indices_that_point_nowhere_are_errors_with_guards_too() -> None:
    table, indices = data(5, 3), fresh_input(Spec((4,), int64))
    rows = make("take", table, indices, mode="raise", unique=False)
    program = GuardedProgram(Graph((table, indices), (rows,)))
    with pytest.raises(IndexError, match="7"):
        program(np.zeros((5, 3)), np.array([0, 7, 1, 2]))
    np.testing.assert_array_equal(program(np.ones((5, 3)), np.arange(4))[0], np.ones((4, 3)))


def test_a_wrong_setting_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAEGIM_DEBUG", "gards")
    with pytest.raises(SettingError, match="SAEGIM_DEBUG: 'guards' or nothing expected, 'gards' given"):
        sg.compile(sg.exp)(sg.asarray(1.0))
