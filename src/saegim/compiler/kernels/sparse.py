"""Products of a matrix that is mostly zeros: what is zero is passed over.

    c[..., m, n] += a[..., m, k] * b[..., k, n]      wherever a[..., m, k] is not zero

Each element of A that is not zero adds a row of B, scaled, to a row of C. Rows of C may overlap, as windows do, so that
the gradient of a convolution is added right where the windows were taken. Where more than a quarter of A is not zero
after all, tiles of dense products take over, which find out how much that is from A alone: results do not depend on
who does which items.

A zero times infinity is nan and is not seen here; a zero times anything else changes no sum.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from saegim.compiler.kernels.base import Kernel, Layout, Started
from saegim.compiler.kernels.product import Product
from saegim.compiler.kernels.walk import ZERO, Chunk, Ints, offset_of, times, walk
from saegim.compiler.llvm import Function, Module, Value, lanes_of, literal, type_of, vector
from saegim.dtypes import DType, int64
from saegim.runtime.target import Target

_FEW = 4  # one of so many elements may be other than zero
_TAG = 32  # bits of a place in a line of A
_UNROLLED = 4  # vectors of a row that are added in one go


@dataclass(frozen=True)
class SparseProduct(Kernel):
    """a (*batch, M, K), mostly zeros, times b (*batch, K, N), added up at c (*batch, M, N) within `result`.

    All have one floating dtype; the columns of b and c lie side by side. Where `result` begins with the axes of the
    batch, each of those is an item; otherwise the products of the whole batch are summed. c says where in `result`
    elements go, which is zero elsewhere. Rows of c may overlap as long as the rows of each of its `parts` blocks of
    N / parts columns do not. With `accumulate`, everything is added to what is there if onward = 1.
    """

    a: Layout
    b: Layout
    c: Layout
    result: Layout
    accumulate: bool = False
    parts: int = 1

    @property
    def reads(self) -> tuple[Layout, ...]:
        return self.a, self.b

    @property
    def writes(self) -> tuple[Layout, ...]:
        return (self.result,)

    @property
    def items(self) -> int:
        return 1 if self._is_summed else math.prod(self._batch)

    @property
    def scratch_bytes(self) -> int:
        """For the places of A that are not zero, and for the dense product."""
        return self._list_bytes + self._dense.scratch_bytes

    @property
    def _batch(self) -> Ints:
        return self.a.shape[:-2]

    @property
    def _is_summed(self) -> bool:
        return self.result.shape[: len(self._batch)] != self._batch or len(self.result.shape) == 2

    @property
    def _most(self) -> int:
        """How many elements of a matrix may be other than zero before it counts as dense."""
        return math.prod(self.a.shape[-2:]) // _FEW

    @property
    def _list_bytes(self) -> int:
        """A list that is too long is noticed at the end of a line."""
        return -(-(self._most + max(self.a.shape[-2:])) * int64.itemsize // 64) * 64

    @property
    def _dense(self) -> Product:
        """The dense product of one block of columns."""
        columns = self.c.shape[-1] // self.parts

        def part(layout: Layout, columns: int) -> Layout:
            return Layout(layout.dtype, (layout.shape[-2], columns), layout.strides[-2:])

        return Product(part(self.a, self.a.shape[-1]), part(self.b, columns), part(self.c, columns), accumulate=True)

    def emit(self, module: Module, name: str, target: Target) -> None:
        dense = f"{name}_dense"
        self._dense.emit(module, dense, target)
        _Sparse(self, self.start(module, name), target, dense).write()


class _Sparse:
    """Writes the function."""

    def __init__(self, kernel: SparseProduct, started: Started, target: Target, dense: str) -> None:
        self.kernel, self.started, self.target, self.dense = kernel, started, target, dense
        self.f = started.function
        self.dtype: DType = kernel.c.dtype
        self.element = type_of(self.dtype)
        # A is read in the order in which it lies: along k, or along m.
        self.along_k = kernel.a.strides[-1] == 1 or kernel.a.strides[-2] != 1
        assert started.scratch is not None, "there is a list of places"
        self.places = started.scratch

    def write(self) -> None:
        f, kernel, started = self.f, self.kernel, self.started
        batch, summed = kernel._batch, kernel._is_summed
        if kernel.result.size:
            with f.loop(started.first, started.last) as item:
                strides = () if summed else kernel.result.strides[: len(batch)]
                self.clear(self.at(started.writes[0], item, () if summed else batch, strides))
                if summed:
                    with f.loop(0, math.prod(batch)) as number:
                        self.product(number)
                else:
                    self.product(item)
        f.ret()

    def at(self, pointer: Value, number: Value, shape: Ints, strides: Ints) -> Value:
        return self.f.at(pointer, offset_of(self.f, number, shape, strides), self.element)

    def clear(self, result: Value) -> None:
        """Zeros in the result of an item, unless it is added to."""
        f, kernel = self.f, self.kernel
        axes = 0 if kernel._is_summed else len(kernel._batch)

        def zero(chunk: Chunk) -> None:
            chunk.store(f, 0, result, literal(vector(self.element, chunk.lanes), 0), self.element)

        with f.when(f.compare("icmp eq", self.started.onward, 0) if kernel.accumulate else literal("i1", True)):
            lanes = self.target.lanes(self.dtype)
            walk(f, kernel.result.shape[axes:], [kernel.result.strides[axes:]], lanes, zero)

    def product(self, number: Value) -> None:
        """Adds the product of matrix number `number` of the batch."""
        f, kernel = self.f, self.kernel
        pointers = (*self.started.reads, self.started.writes[0])
        a, b, c = (
            self.at(pointer, number, kernel._batch, layout.strides[:-2])
            for pointer, layout in zip(pointers, (kernel.a, kernel.b, kernel.c), strict=True)
        )
        count = self.find(a)
        is_dense = f.compare("icmp sgt", count, kernel._most)
        with f.when(is_dense):
            self.dense_product(a, b, c)
        with f.when(f.op("xor", is_dense, literal("i1", True))):
            self.sparse_product(a, b, c, count)

    def lines(self) -> Ints:
        """How many lines A is read in, of how many elements; the strides from line to line and within."""
        (rows, depth), (down, right) = self.kernel.a.shape[-2:], self.kernel.a.strides[-2:]
        return (rows, depth, down, right) if self.along_k else (depth, rows, right, down)

    def find(self, a: Value) -> Value:
        """Lists the places of A that are not zero, line by line; how many there are, or too many."""
        f = self.f
        lines, size, across, step = self.lines()
        name = _finding(f.module, self.dtype, step == 1, self.target)
        line, found = f.variable("i64", ZERO), f.variable("i64", ZERO)
        with f.repeat_while() as loop:
            number, before = line.get(), found.get()
            more, few = f.compare("icmp slt", number, lines), f.compare("icmp sle", before, self.kernel._most)
            loop.until_not(f.op("and", more, few))
            start, places = f.at(a, times(f, number, across), self.element), f.at(self.places, before, "i64")
            tag = f.op("shl", number, _TAG)
            new = f.call(name, "i64", start, literal("i64", size), literal("i64", step), tag, places)
            found.set(f.op("add", before, new))
            line.set(f.op("add", number, 1))
        return found.get()

    def dense_product(self, a: Value, b: Value, c: Value) -> None:
        f, kernel, dense = self.f, self.kernel, self.kernel._dense
        columns = kernel.c.shape[-1] // kernel.parts
        scratch = [f.at(self.places, kernel._list_bytes, "i8")] if dense.scratch_bytes else []
        numbers = [literal("i64", each) for each in (0, dense.items, 1)]
        for part in range(kernel.parts):
            given = [a, *(f.at(each, part * columns, self.element) for each in (b, c))]
            f.call(self.dense, "void", *given, *scratch, *numbers, self.started.faults)

    def sparse_product(self, a: Value, b: Value, c: Value, count: Value) -> None:
        """Each element of C is summed in the order of k."""
        f, kernel = self.f, self.kernel
        _, _, across, step = self.lines()
        adding = _adding(f.module, self.dtype, self.target)
        with f.loop(0, count) as number:
            found = f.load(f.at(self.places, number, "i64"), "i64")
            line, place = f.op("lshr", found, _TAG), f.op("and", found, (1 << _TAG) - 1)
            m, k = (line, place) if self.along_k else (place, line)
            x = f.at(a, f.op("add", times(f, line, across), times(f, place, step)), self.element)
            f.call(
                adding,
                "void",
                f.load(x, self.element),
                f.at(b, times(f, k, kernel.b.strides[-2]), self.element),
                f.at(c, times(f, m, kernel.c.strides[-2]), self.element),
                literal("i64", kernel.c.shape[-1]),
            )


def _finding(module: Module, dtype: DType, dense: bool, target: Target) -> str:
    """The function that lists what is not zero in a line: (line, size, step, tag, list) -> how many; nan is not zero.

    What is listed is the place in the line and, in its upper half, the number of the line, which `tag` has there.
    """
    name = f"places_{dtype.name}_{'dense' if dense else 'apart'}"
    if name not in module:
        f = module.function(name, [("ptr", ""), ("i64", ""), ("i64", ""), ("i64", ""), ("ptr", "")], "i64")
        line, size, step, tag, places = f.parameters
        found, element, start = f.variable("i64", ZERO), type_of(dtype), ZERO

        def note(place: Value, by: Value) -> None:
            f.store(f.op("or", tag, place), f.at(places, found.get(), "i64"))
            found.set(f.op("add", found.get(), by))

        if dense:
            lanes = target.lanes(dtype)
            start = f.op("and", size, -lanes)
            with f.loop(0, start, lanes) as at:
                _each_lane(f, f.load(f.at(line, at, element), vector(element, lanes)), at, note)
        with f.loop(start, size) as at:
            x = f.load(f.at(line, f.op("mul", at, step), element), element)
            note(at, f.convert("zext", f.compare("fcmp une", x, literal(element, 0)), "i64"))
        f.ret(found.get())
    return name


def _each_lane(f: Function, x: Value, start: Value, note: Callable[[Value, Value], None]) -> None:
    """Notes the lanes of x that are not zero, lowest first; lane 0 is element number `start`."""
    lanes = lanes_of(x.type)
    others = f.compare("fcmp une", x, literal(x.type, 0))
    bits = f.value(f"i{lanes}", f"bitcast {others.type} {others.text} to i{lanes}")
    left = f.variable("i64", f.convert("zext", bits, "i64"))
    with f.repeat_while() as loop:
        rest = left.get()
        loop.until_not(f.compare("icmp ne", rest, 0))
        lowest = f.intrinsic("llvm.cttz", rest, literal("i1", True))
        note(f.op("add", start, lowest), literal("i64", 1))
        left.set(f.op("and", rest, f.op("sub", rest, 1)))


def _adding(module: Module, dtype: DType, target: Target) -> str:
    """The function that adds a scaled row to another: (factor, from, to, columns)."""
    name = f"add_row_{dtype.name}"
    if name not in module:
        element, lanes = type_of(dtype), target.lanes(dtype)
        f = module.function(name, [(element, ""), ("ptr", ""), ("ptr", ""), ("i64", "")])
        factor, source, to, columns = f.parameters

        def add(at: Value, lanes: int) -> None:
            place = f.at(to, at, element)
            x, old = (f.load(each, vector(element, lanes)) for each in (f.at(source, at, element), place))
            f.store(f.intrinsic("llvm.fmuladd", f.splat(factor, lanes), x, old), place)

        start = ZERO
        for step in (_UNROLLED * lanes, lanes, 1):
            stop = f.op("and", columns, -step)
            with f.loop(start, stop, step) as at:
                for v in range(0, step, lanes):
                    add(f.op("add", at, v), min(step, lanes))
            start = stop
        f.ret()
    return name
