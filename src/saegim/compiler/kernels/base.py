"""What a kernel is: a piece of native code for operands of fixed shapes, strides and dtypes.

A program consists of kernels called with pointers. Kernels that are equal are emitted once, so identical layers share
their code.
"""

from __future__ import annotations

import hashlib
import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

from saegim.compiler.llvm import Function, Module
from saegim.dtypes import DType
from saegim.runtime.target import Target


@dataclass(frozen=True)
class Layout:
    """How an operand lies in memory behind its pointer: strides count elements; 0 repeats, negative runs backwards."""

    dtype: DType
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @classmethod
    def dense(cls, dtype: DType, shape: tuple[int, ...]) -> Layout:
        """Row-major without gaps."""
        strides, step = [], 1
        for size in reversed(shape):
            strides.append(step)
            step *= size
        return cls(dtype, shape, tuple(reversed(strides)))

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def is_dense(self) -> bool:
        """Whether it is row-major without gaps; strides of axes of one element do not matter."""
        step = 1
        for size, stride in zip(reversed(self.shape), reversed(self.strides), strict=True):
            if size != 1 and stride != step:
                return False
            step *= size
        return True

    def __str__(self) -> str:
        shown = f"{self.dtype.name}[{','.join(map(str, self.shape))}]"
        return shown if self.is_dense else f"{shown}:({','.join(map(str, self.strides))})"


@dataclass(frozen=True)
class Kernel(ABC):
    """Native code for one statement of a program.

    The function that `emit` writes has the parameters

        ptr operand 0, ptr operand 1, ... (those that are read, then those that are written),
        [ptr scratch, if `scratch_bytes` is not 0: aligned to 64, its contents undefined,]
        i64 first, i64 last: which of the `items` are to be done,
        i64 onward: for kernels that accumulate, 0 to overwrite what they write and 1 to add to what is there,
        ptr faults

    and no result. Different items may be done at the same time by different threads; what comes out must not depend
    on how they are shared out. Where an index points nowhere, the function stores 1 in the i32 at `faults` and
    touches nothing outside its operands. Operands do not overlap, unless `may_overwrite` names the pair.
    """

    @property
    @abstractmethod
    def reads(self) -> tuple[Layout, ...]:
        """The operands that are read, in order."""

    @property
    @abstractmethod
    def writes(self) -> tuple[Layout, ...]:
        """The operands that are written, in order."""

    @property
    def items(self) -> int:
        """Into how many pieces the work may be divided."""
        return 1

    @property
    def scratch_bytes(self) -> int:
        """Memory of its own that each call needs."""
        return 0

    @property
    def flops(self) -> int:
        """Arithmetic operations on numbers, for reports."""
        return 0

    def may_overwrite(self, written: int, read: int) -> bool:
        """Whether operand number `written` of the writes may be the same memory as number `read` of the reads."""
        del written, read
        return False

    def stays(self, written: int) -> int | None:
        """Which of the reads operand number `written` of the writes is a newer state of, if it is one."""
        del written
        return None

    @abstractmethod
    def emit(self, module: Module, name: str, target: Target) -> None:
        """Writes the function called `name` into `module`."""

    @property
    def bytes(self) -> int:
        """Bytes read and written, each operand once, for reports."""
        return sum(each.size * each.dtype.itemsize for each in (*self.reads, *self.writes))

    @cached_property
    def name(self) -> str:
        """A name that says what it is, the same for equal kernels."""
        digest = hashlib.sha256(repr(self).encode()).hexdigest()[:12]
        sizes = "x".join(map(str, max((each.shape for each in (*self.reads, *self.writes)), key=math.prod, default=())))
        return f"{type(self).__name__.lower()}_{sizes}_{digest}"

    def start(self, module: Module, name: str) -> Started:
        """Opens the function and names its parameters."""
        kinds = [("ptr", "readonly")] * len(self.reads) + [("ptr", "")] * len(self.writes)
        kinds += [("ptr", "noalias")] * bool(self.scratch_bytes)
        function = module.function(name, [*kinds, ("i64", ""), ("i64", ""), ("i64", ""), ("ptr", "")])
        return Started(function, len(self.reads), len(self.writes), bool(self.scratch_bytes))


class Started:
    """A kernel's function with its parameters by name."""

    def __init__(self, function: Function, reads: int, writes: int, scratch: bool) -> None:
        given = function.parameters
        self.function = function
        self.reads, self.writes = given[:reads], given[reads : reads + writes]
        self.scratch = given[reads + writes] if scratch else None
        self.first, self.last, self.onward, self.faults = given[-4:]
