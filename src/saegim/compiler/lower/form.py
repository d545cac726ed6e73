"""What lowering makes of a program: kernels called on views of buffers, in order."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from saegim.compiler.kernels.base import Kernel, Layout
from saegim.compiler.lower.views import Strided
from saegim.dtypes import DType

SCRATCH = 64
"""Where the scratch memory of kernels begins in a thread's arena; before it stands the first example of the tile."""

_numbers = itertools.count()


class Space(Enum):
    """Where a buffer lives."""

    INPUT = "input"  # an array of the caller
    OUTPUT = "output"  # an array made for this run
    CONSTANT = "constant"  # an array of the program
    SHARED = "shared"  # the arena of the program, seen by all threads
    LOCAL = "local"  # the arena of a thread, used anew for each tile


@dataclass(eq=False)
class Buffer:
    """Memory for `size` elements. `place`: which input, output or constant it is, or its byte in an arena."""

    space: Space
    dtype: DType
    size: int
    place: int = -1
    number: int = field(default_factory=lambda: next(_numbers))

    @property
    def bytes(self) -> int:
        return self.size * self.dtype.itemsize


@dataclass(frozen=True, eq=False)
class Counter:
    """A number that is known only while the program runs: the first example of a tile, the shard, a position."""

    name: str


START, SHARD = Counter("start"), Counter("shard")


@dataclass(frozen=True)
class View:
    """A part of a buffer: elements at `where`, moved on by `step` elements for each of the counters in `moves`."""

    buffer: Buffer
    where: Strided
    moves: tuple[tuple[Counter, int], ...] = ()

    @property
    def layout(self) -> Layout:
        return Layout(self.buffer.dtype, self.where.shape, self.where.strides)

    def at(self, where: Strided) -> View:
        return View(self.buffer, where, self.moves)

    def moving(self, counter: Counter, step: int) -> View:
        return View(self.buffer, self.where, (*self.moves, (counter, step)))


@dataclass(eq=False)
class Call:
    """A kernel on its operands: those it reads, then those it writes.

    accumulates: whether the kernel adds to what earlier tiles of the same shard have written; scratch: where in a
    thread's arena its scratch memory is.
    """

    kernel: Kernel
    reads: tuple[View, ...]
    writes: tuple[View, ...]
    accumulates: bool = False
    scratch: int = SCRATCH


@dataclass(eq=False)
class Repeat:
    """Statements done once for each position 0 to length - 1, or from the last to the first."""

    counter: Counter
    length: int
    reverse: bool
    body: list[Statement]


Statement = Call | Repeat


def calls_in(statements: list[Statement]) -> Iterator[Call]:
    """Every call, also those that are repeated, in order."""
    for each in statements:
        if isinstance(each, Call):
            yield each
        else:
            yield from calls_in(each.body)
