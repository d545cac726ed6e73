"""Calls of kernels as numbers instead of code.

Most units of a program are one call of one kernel. A function for each of them would take LLVM a third of its time. So
there is one function for each number of operands; the wave that calls it names the kernel, and the place of the numbers
that say the rest. The numbers of a call:

    into how many pieces the kernel's items are divided, how many items there are,
    and for each operand a word of the program's table (-1: the thread's arena) and how many bytes behind what the
    word points to the operand begins
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.compiler.llvm import Function, Module, Value, literal

ARENA = -1
FAULTS = 3  # the word of the table that says where faults are reported

Array = npt.NDArray[Any]
Place = tuple[int, int]  # word and bytes


class Calls:
    """The calls of a program that are numbers; `word` is where in the table the address of the numbers will stand."""

    def __init__(self, module: Module, word: int) -> None:
        self._module, self._word = module, word
        self._numbers: list[int] = []
        self._callers: set[str] = set()

    @property
    def numbers(self) -> Array:
        """All numbers (n,) int64; the program keeps them as a constant."""
        return np.array(self._numbers, np.int64)

    def add(
        self, f: Function, given: Sequence[Value], kernel: str, operands: Sequence[Place], items: int, pieces: int
    ) -> None:
        """Calls a kernel from `f` for the piece that is the last of `given`, behind table and arena."""
        place = literal("i64", len(self._numbers))
        self._numbers += [pieces, items, *(number for operand in operands for number in operand)]
        f.call(self._caller(len(operands)), "void", *given, Value(f"@{kernel}", "ptr"), place)

    def _caller(self, operands: int) -> str:
        """The function that calls kernels of so many operands."""
        name = f"call{operands}"
        if name not in self._callers:
            self._callers.add(name)
            self._write(name, operands)
        return name

    def _write(self, name: str, operands: int) -> None:
        parameters = [("ptr", ""), ("ptr", ""), ("i64", ""), ("ptr", ""), ("i64", "")]
        f = self._module.function(name, parameters, attrs="noinline nounwind")
        table, arena, piece, kernel, place = f.parameters
        numbers = f.at(f.load(f.at(table, self._word, "ptr"), "ptr"), place, "i64")

        def number(at: int) -> Value:
            return f.load(f.at(numbers, at, "i64"), "i64")

        pieces, items = number(0), number(1)
        first, last = (f.op("sdiv", f.op("mul", each, items), pieces) for each in (piece, f.op("add", piece, 1)))
        given = [_pointer(f, table, arena, number(2 + 2 * each), number(3 + 2 * each)) for each in range(operands)]
        given += [first, last, literal("i64", 0), f.load(f.at(table, FAULTS, "ptr"), "ptr")]
        f.line(f"call void {kernel.text}({', '.join(f'{each.type} {each.text}' for each in given)})")
        f.ret()


def _pointer(f: Function, table: Value, arena: Value, word: Value, offset: Value) -> Value:
    in_arena = f.compare("icmp slt", word, 0)
    shared = f.load(f.at(table, f.select(in_arena, literal("i64", 0), word), "ptr"), "ptr")
    return f.at(f.select(in_arena, arena, shared), offset, "i8")
