"""Native code: called here, written down for every processor, refused where it is no code."""

from __future__ import annotations

import ctypes
import gc

import numpy as np
import pytest

from saegim.compiler.llvm import Module, literal, vector
from saegim.runtime.jit import assembly, compiled, link, load
from saegim.runtime.target import PRESETS, Target, host, runs


def scaled_sum(lanes: int) -> str:
    """y[i] = 3 x[i] + the sum of what came before, for 4 * lanes numbers: variables, loops, vectors, a call."""
    module = Module()
    kind = vector("float", lanes)
    part = module.function("part", [("ptr", "readonly"), ("ptr", ""), ("i64", "")])
    x, y, first = part.parameters
    place = part.at(x, first, "float")
    part.store(part.op("fmul", part.load(place, kind), literal(kind, 3.0)), part.at(y, first, "float"))
    part.ret()
    whole = module.function("whole", [("ptr", "readonly"), ("ptr", "")])
    x, y = whole.parameters
    total = whole.variable("float", literal("float", 0.0))
    with whole.loop(0, 4 * lanes, lanes) as i:
        whole.call("part", "void", x, y, i)
    with whole.loop(0, 4 * lanes) as i:
        place = whole.at(y, i, "float")
        total.set(whole.op("fadd", total.get(), whole.load(place, "float")))
        whole.store(total.get(), place)
    whole.ret()
    return module.text


@pytest.mark.parametrize("target", [host(), *filter(runs, PRESETS.values())], ids=lambda each: each.name)
def test_functions_run(target: Target) -> None:
    lanes = target.lanes(np.dtype("float32"))
    library = load(scaled_sum(lanes), target)
    x, y = np.arange(4 * lanes, dtype=np.float32), np.zeros(4 * lanes, np.float32)
    ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(library.address("whole"))(x.ctypes.data, y.ctypes.data)
    np.testing.assert_array_equal(y, np.cumsum(3 * x))
    with pytest.raises(AssertionError, match="no function other"):
        library.address("other")


@pytest.mark.parametrize(
    ("name", "register"), [("avx512", "zmm"), ("avx2", "ymm"), ("neon", ".4s"), ("generic", "xmm")]
)
def test_code_for_other_processors_can_be_read(name: str, register: str) -> None:
    target = PRESETS[name]
    written = assembly(scaled_sum(target.lanes(np.dtype("float32"))), target)
    assert register in written
    assert "whole:" in written


@pytest.mark.parametrize("target", PRESETS.values(), ids=lambda each: each.name)
def test_code_for_other_processors_can_be_compiled(target: Target) -> None:
    code = compiled(scaled_sum(target.lanes(np.dtype("float32"))), target)
    assert code.startswith(b"\x7fELF")
    assert code == compiled(scaled_sum(target.lanes(np.dtype("float32"))), target)


def test_variables_become_registers() -> None:
    module = Module()
    function = module.function("f", [("float", "")], "float")
    function.ret(function.variable("float", function.parameters[0]).get())
    assert "rsp" not in assembly(module.text, PRESETS["generic"])


# A value is used where it may not have been computed.
SKIPPED = """
define i32 @f(i1 %x) {
  br i1 %x, label %a, label %b
a:
  %y = add i32 1, 2
  br label %b
b:
  ret i32 %y
}
"""


@pytest.mark.parametrize(("text", "says"), [("define nonsense", "parsing error"), (SKIPPED, "does not dominate")])
def test_what_is_no_code_is_refused(text: str, says: str) -> None:
    with pytest.raises(RuntimeError, match=says):
        load(text, host())


def test_code_goes_with_the_library() -> None:
    code = compiled(scaled_sum(4), host())
    for _ in range(50):
        assert link(code, host()).address("whole")
    gc.collect()
