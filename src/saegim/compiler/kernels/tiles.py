"""Register tiles of matrix products: the innermost functions, shared by all products of a module.

A tile is a few rows by a few vectors of C that stay in registers while k runs:

    C[r, v]  = start[v] + sum over k of A[r, k] * B[k, v]         (add = 0)
    C[r, v] += start[v] + sum over k of A[r, k] * B[k, v]         (add = 1)

Elements of A are broadcast one by one, so A may have any strides; B and C are read and written by vectors. Each
element of C is one chain of multiply-adds in the order of k, whatever the tile, so results do not depend on how C is
divided into tiles.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from saegim.compiler.llvm import Function, Module, Value, Variable, lanes_of, listed, literal, type_of, vector
from saegim.dtypes import DType
from saegim.runtime.target import Target

# Rows of a tile by its vectors, for processors with 32 registers and with 16: the sums, the vectors of B and one
# element of A must fit.
_ROWS = {32: {4: 6, 3: 8, 2: 8, 1: 8}, 16: {3: 3, 2: 6, 1: 8}}


@dataclass(frozen=True)
class Columns:
    """A block of columns: `vectors` of `lanes` columns, the last of which has `tail` lanes; the first is `begin`."""

    begin: int
    vectors: int
    lanes: int
    tail: int

    @property
    def width(self) -> int:
        return (self.vectors - 1) * self.lanes + self.tail


def full_columns(dtype: DType, target: Target) -> Columns:
    """The block of columns that tiles are made for."""
    lanes = target.lanes(dtype)
    return Columns(0, 4 if target.registers >= 32 else 2, lanes, lanes)


def edge_columns(count: int, dtype: DType, target: Target) -> list[Columns]:
    """Blocks for those of `count` columns that are left over after the full ones."""
    full = full_columns(dtype, target)
    begin, left, lanes = count // full.width * full.width, count % full.width, full.lanes
    if _has_masks(target):
        return [Columns(begin, -(-left // lanes), lanes, (left - 1) % lanes + 1)] if left else []
    whole, single = divmod(left, lanes)
    found = [Columns(begin, whole, lanes, lanes)] if whole else []
    return [*found, Columns(begin + whole * lanes, single, 1, 1)] if single else found


def elements_of_line(dtype: DType) -> int:
    """How many elements a cache line holds."""
    return 64 // dtype.itemsize


def _has_masks(target: Target) -> bool:
    """Whether vectors can be read and written in part at full speed."""
    return target.vector >= 32


@dataclass(frozen=True)
class Heights:
    """How the rows are divided among tiles, without a small rest: `tall` tiles of `rows` rows, then of one row less."""

    rows: int
    tall: int
    tiles: int

    @classmethod
    def of(cls, count: int, columns: Columns, target: Target) -> Heights:
        most = _ROWS[32 if target.registers >= 32 else 16][columns.vectors]
        tiles = -(-count // most)
        rows = -(-count // tiles)
        return cls(rows, tiles - (rows * tiles - count), tiles)

    def loops(self, f: Function, group: Value, groups: int) -> Iterator[tuple[int, Value, Value]]:
        """Loops over the tiles of group number `group` of `groups`: the rows of a tile, its number, its first row."""
        begin, end = share(f, group, groups, self.tiles)
        tall = literal("i64", self.tall)
        with f.loop(begin, f.intrinsic("llvm.smin", end, tall)) as tile:
            yield self.rows, f.op("sub", tile, begin), f.op("mul", tile, self.rows)
        if self.tall < self.tiles:
            with f.loop(f.intrinsic("llvm.smax", begin, tall), end) as tile:
                yield self.rows - 1, f.op("sub", tile, begin), f.op("add", f.op("mul", tile, self.rows - 1), self.tall)


def share(f: Function, number: Value, parts: int, size: int) -> tuple[Value, Value]:
    """Where part number `number` of `parts` about equal parts of `size` begins and ends."""
    begin, end = (f.op("udiv", f.op("mul", x, size), parts) for x in (number, f.op("add", number, 1)))
    return begin, end


class Call(NamedTuple):
    """The parameters of a tile's function, in order; strides and counts are of elements, all of them i64."""

    a: Value  # A[0, 0]
    a_row: Value
    a_k: Value
    b: Value  # B[0, 0]
    b_k: Value
    c: Value  # C[0, 0]
    c_row: Value
    start: Value  # what the sums begin with, one for each column
    k: Value
    add: Value  # 1 to add to C, 0 to overwrite it
    cold: Value  # 1 where C may be far from the core, 0 where it was written a moment ago

    def at_row(self, f: Function, row: Value, element: str) -> Call:
        """The same for rows of A and C from `row` on."""
        a, c = (f.at(x, f.op("mul", row, step), element) for x, step in ((self.a, self.a_row), (self.c, self.c_row)))
        return self._replace(a=a, c=c)


def tile(module: Module, dtype: DType, rows: int, columns: Columns) -> str:
    """The name of the function for `rows` rows and blocks like `columns`; it is written where it is missing."""
    edge = f"_{columns.tail}" if columns.tail != columns.lanes else ""
    name = f"tile_{dtype.name}_{rows}x{columns.vectors}x{columns.lanes}{edge}"
    if name not in module:
        _Tile(_function(module, name), dtype, rows, columns).write()
    return name


def dots(module: Module, dtype: DType, rows: int, target: Target) -> str:
    """The name of the function for `rows` rows of A, which have stride 1, times one column of B, which has too."""
    name = f"dots_{dtype.name}_{rows}"
    if name not in module:
        _write_dots(_function(module, name), dtype, rows, target)
    return name


def _function(module: Module, name: str) -> Function:
    return module.function(name, [("ptr" if x in ("a", "b", "c", "start") else "i64", "") for x in Call._fields])


class _Tile:
    """Writes the function of one tile."""

    def __init__(self, function: Function, dtype: DType, rows: int, columns: Columns) -> None:
        self.f, self.rows, self.columns = function, rows, columns
        self.element, self.line = type_of(dtype), elements_of_line(dtype)
        self.kind = vector(self.element, columns.lanes)
        self.given = Call(*function.parameters)
        held = [float(lane < columns.tail) for lane in range(columns.lanes)]
        self.mask = listed("i1", held) if columns.tail != columns.lanes else None

    def write(self) -> None:
        f, given = self.f, self.given
        start = [self.load(given.start, v) for v in range(self.columns.vectors)]
        sums = [[f.variable(self.kind, each) for each in start] for _ in range(self.rows)]
        places = [f.at(given.c, f.op("mul", given.c_row, row), self.element) for row in range(self.rows)]
        with f.when(f.compare("icmp ne", given.cold, 0)):
            for place in places:
                self.prefetch(place)
        self.sum_up(sums)
        with f.when(f.compare("icmp ne", given.add, 0)):
            for place, sums_of_row in zip(places, sums, strict=True):
                for v, total in enumerate(sums_of_row):
                    total.set(f.op("fadd", self.load(place, v), total.get()))
        for place, sums_of_row in zip(places, sums, strict=True):
            for v, total in enumerate(sums_of_row):
                self.store(total.get(), place, v)
        f.ret()

    def sum_up(self, sums: list[list[Variable]]) -> None:
        """The loop over k."""
        f, given = self.f, self.given
        rows = [f.at(given.a, f.op("mul", given.a_row, row), self.element) for row in range(self.rows)]
        a_place, b_place = f.variable("i64", literal("i64", 0)), f.variable("ptr", given.b)
        with f.loop(0, given.k):
            b = [self.load(b_place.get(), v) for v in range(self.columns.vectors)]
            for row, sums_of_row in zip(rows, sums, strict=True):
                a = f.splat(f.load(f.at(row, a_place.get(), self.element), self.element), self.columns.lanes)
                for each, total in zip(b, sums_of_row, strict=True):
                    total.set(f.intrinsic("llvm.fmuladd", a, each, total.get()))
            a_place.set(f.op("add", a_place.get(), given.a_k))
            b_place.set(f.at(b_place.get(), given.b_k, self.element))

    def prefetch(self, row: Value) -> None:
        """Asks for a row of C, which will be written."""
        for column in range(0, self.columns.width, self.line):
            self.f.prefetch(self.f.at(row, column, self.element), write=True, near=3)

    def load(self, row: Value, v: int) -> Value:
        place = self.f.at(row, v * self.columns.lanes, self.element)
        if self.mask is not None and v == self.columns.vectors - 1:
            return self.f.masked_load(place, self.kind, self.mask)
        return self.f.load(place, self.kind)

    def store(self, x: Value, row: Value, v: int) -> None:
        place = self.f.at(row, v * self.columns.lanes, self.element)
        if self.mask is not None and v == self.columns.vectors - 1:
            self.f.masked_store(x, place, self.mask)
        else:
            self.f.store(x, place)


def _write_dots(f: Function, dtype: DType, rows: int, target: Target) -> None:
    """Sums of products lane by lane, whose lanes are added as a tree in the end; then what fills no vector."""
    given, element, lanes = Call(*f.parameters), type_of(dtype), target.lanes(dtype)
    kind = vector(element, lanes)
    starts = [f.at(given.a, f.op("mul", given.a_row, row), element) for row in range(rows)]
    sums = [f.variable(kind, literal(kind, 0)) for _ in range(rows)]
    whole = f.op("and", given.k, -lanes)
    with f.loop(0, whole, lanes) as k:
        b = f.load(f.at(given.b, k, element), kind)
        for start, total in zip(starts, sums, strict=True):
            total.set(f.intrinsic("llvm.fmuladd", f.load(f.at(start, k, element), kind), b, total.get()))
    first = f.load(given.start, element)
    totals = [f.variable(element, f.op("fadd", _total(f, each.get()), first)) for each in sums]
    with f.loop(whole, given.k) as k:
        x = f.load(f.at(given.b, k, element), element)
        for start, sum_ in zip(starts, totals, strict=True):
            sum_.set(f.intrinsic("llvm.fmuladd", f.load(f.at(start, k, element), element), x, sum_.get()))
    places = [f.at(given.c, f.op("mul", given.c_row, row), element) for row in range(rows)]
    with f.when(f.compare("icmp ne", given.add, 0)):
        for place, sum_ in zip(places, totals, strict=True):
            sum_.set(f.op("fadd", f.load(place, element), sum_.get()))
    for place, sum_ in zip(places, totals, strict=True):
        f.store(sum_.get(), place)
    f.ret()


def _total(f: Function, x: Value) -> Value:
    """The sum of all lanes: halves are added to each other."""
    lanes = lanes_of(x.type)
    while lanes > 2:
        lanes //= 2
        low, high = (f.shuffle(x, x, range(start, start + lanes)) for start in (0, lanes))
        x = f.op("fadd", low, high)
    return f.op("fadd", f.lane(x, 0), f.lane(x, 1))
