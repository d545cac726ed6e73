"""Calls as numbers: every kernel is called with the operands and the items that the numbers say."""

from __future__ import annotations

import ctypes

import numpy as np

from saegim.compiler.llvm import Module
from saegim.compiler.lower.calls import ARENA, FAULTS, Calls
from saegim.runtime.jit import load
from saegim.runtime.target import host

WORD = 5


def kernel(module: Module, name: str, operands: int) -> None:
    """Adds the first number of every operand but the last, and `first` and `last`, and appends that to the last one.

    That holds how many numbers it has got, and then these.
    """
    f = module.function(name, [*[("ptr", "")] * operands, ("i64", ""), ("i64", ""), ("i64", ""), ("ptr", "")])
    *given, result = f.parameters[:operands]
    first, last, onward, faults = f.parameters[operands:]
    total = f.op("add", f.op("mul", first, 1000), f.op("add", f.op("mul", last, 1_000_000), onward))
    for each in given:
        total = f.op("add", total, f.load(each, "i64"))
    count = f.op("add", f.load(result, "i64"), 1)
    f.store(count, result)
    f.store(total, f.at(result, count, "i64"))
    f.store(count, faults)
    f.ret()


def test_numbers_say_what_is_called() -> None:
    module = Module()
    calls = Calls(module, WORD)
    kernel(module, "two", 2)
    kernel(module, "three", 3)
    f = module.function("all", [("ptr", ""), ("ptr", ""), ("i64", "")])
    given = f.parameters
    calls.add(f, given, "two", [(4, 8), (0, 0)], items=7, pieces=3)
    calls.add(f, given, "three", [(ARENA, 16), (4, 0), (0, 0)], items=3, pieces=3)
    calls.add(f, given, "two", [(ARENA, 0), (0, 0)], items=1, pieces=1)
    f.ret()
    library = load(module.text, host())

    shared, arena, array = np.zeros(10, np.int64), np.array([1, 2, 3]), np.array([40, 50])
    faults, numbers = np.zeros(1, np.int64), calls.numbers
    table = np.zeros(WORD + 1, np.uint64)
    for word, each in ((0, shared), (FAULTS, faults), (4, array), (WORD, numbers)):
        table[word] = each.ctypes.data
    run = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)(library.address("all"))
    run(table.ctypes.data, arena.ctypes.data, 1)
    assert shared[:4].tolist() == [3, 50 + 2000 + 4_000_000, 3 + 40 + 1000 + 2_000_000, 1 + 1000 + 2_000_000]
    assert faults[0] == 3
