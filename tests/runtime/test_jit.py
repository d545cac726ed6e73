"""Native code: called here, written down for every processor, refused where it is no code."""

from __future__ import annotations

import ctypes
import gc
from pathlib import Path

import numpy as np
import pytest

from saegim.compiler.llvm import Module, literal, vector
from saegim.runtime import jit, parts
from saegim.runtime.jit import Library, assembly, compiled, load
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
    with pytest.raises(RuntimeError, match="not found"):
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
    (code,) = compiled(scaled_sum(target.lanes(np.dtype("float32"))), target)
    assert code.startswith(b"\x7fELF")
    assert [code] == compiled(scaled_sum(target.lanes(np.dtype("float32"))), target)


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


def test_code_stays_as_long_as_its_library() -> None:
    codes = compiled(chain(3), host())
    kept = Library(codes)
    for _ in range(50):
        assert called(Library(codes), "f2", 5) == 24
    gc.collect()
    assert [called(kept, name, 5) for name in ("f0", "f1", "f2", "f1")] == [5, 11, 24, 11]


def chain(length: int) -> str:
    """f0(x) = x, and each of the others is 2 times the one before plus its number."""
    module = Module()
    for number in range(length):
        function = module.function(f"f{number}", [("i64", "")], "i64")
        (value,) = function.parameters
        if number:
            value = function.op("add", function.op("mul", function.call(f"f{number - 1}", "i64", value), 2), number)
        function.ret(value)
    return module.text


def called(library: Library, name: str, value: int) -> int:
    result: int = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(library.address(name))(value)
    return result


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
def test_parts_are_compiled_at_the_same_time_and_call_each_other(
    threads: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(parts, "SMALLEST", 100)
    monkeypatch.setattr(jit, "threads", lambda: threads)
    monkeypatch.setenv("SAEGIM_CACHE", str(tmp_path))
    text = chain(30) + f"; for {threads} threads\n"
    assert len(compiled(text, host(), threads)) == threads
    expected = 5
    for number in range(1, 30):
        expected = 2 * expected + number
    assert called(load(text, host()), "f29", 5) == expected
    assert called(load(text, host()), "f29", 5) == expected  # from the cache
