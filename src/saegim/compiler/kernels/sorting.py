"""Sorting, and searching in what is sorted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from saegim.compiler.kernels.base import Kernel, Layout, Started
from saegim.compiler.kernels.keys import key_type, ordered
from saegim.compiler.kernels.walk import offset_of, times, without
from saegim.compiler.llvm import Function, Module, Value, literal, memory_type, size_of
from saegim.runtime.target import Target

_FEW = 32  # lines of up to so many elements are sorted by inserting
_DIGIT = 11  # bits of the longest digit: its counts fit into the nearest cache


@dataclass(frozen=True)
class ArgSort(Kernel):
    """Positions that sort `axis` ascending, stable, NaN last: x -> int64 of its shape.

    Sorts by one digit after the other, the lowest first, and passes over digits in which all keys agree. Items are
    lines.
    """

    x: Layout
    result: Layout
    axis: int

    @property
    def reads(self) -> tuple[Layout, ...]:
        return (self.x,)

    @property
    def writes(self) -> tuple[Layout, ...]:
        return (self.result,)

    @property
    def items(self) -> int:
        return self.x.size // max(self._count, 1)

    @property
    def scratch_bytes(self) -> int:
        return sum(size for _, size in self._scratch)

    @property
    def _count(self) -> int:
        """Elements of a line."""
        return self.x.shape[self.axis]

    @property
    def _scratch(self) -> list[tuple[str, int]]:
        """Element types and bytes of: keys, keys, positions, positions, counts per digit."""
        parts = [(key_type(self.x.dtype), self._count)] * 2 + [("i32", self._count)] * 2 + [("i32", 1 << _DIGIT)]
        return [(kind, -(-size_of(kind) * count // 64) * 64) for kind, count in parts]

    def emit(self, module: Module, name: str, target: Target) -> None:  # noqa: ARG002 - the same for all
        start = self.start(module, name)
        if self.x.size:
            _Sorting(self, start).emit()
        start.function.ret()


class Digit(NamedTuple):
    """Some bits of keys: where they begin, and as many ones (both i64)."""

    shift: Value
    mask: Value

    def of(self, f: Function, key: Value) -> Value:
        return f.op("and", f.op("lshr", f.convert("zext", key, "i64"), self.shift), self.mask)


class _Sorting:
    """The body of `ArgSort` while it is written."""

    def __init__(self, kernel: ArgSort, start: Started) -> None:
        self.kernel, self.start, self.f = kernel, start, start.function
        assert start.scratch is not None, "sorting needs scratch memory"
        f, offset, parts = self.f, 0, []
        for _, size in kernel._scratch:
            parts.append(f.at(start.scratch, offset, "i8"))
            offset += size
        self.counts = parts[4]
        self.keys, self.spare_keys = (f.variable("ptr", each) for each in parts[:2])
        self.places, self.spare_places = (f.variable("ptr", each) for each in parts[2:4])
        self.key, self.count = key_type(kernel.x.dtype), kernel._count

    def emit(self) -> None:
        f, kernel = self.f, self.kernel
        (x,), (result,) = self.start.reads, self.start.writes
        shape = without(kernel.x.shape, kernel.axis)
        moves = [without(each.strides, kernel.axis) for each in (kernel.x, kernel.result)]
        with f.loop(self.start.first, self.start.last) as line:
            kind = memory_type(kernel.x.dtype)
            differ = self._emit_keys(f.at(x, offset_of(f, line, shape, moves[0]), kind))
            if self.count <= _FEW:
                self._emit_inserting()
            else:
                self._emit_digits(differ)
            into = f.at(result, offset_of(f, line, shape, moves[1]), "i64")
            with f.loop(0, self.count) as number:
                place = f.load(f.at(self.places.get(), number, "i32"), "i32")
                step = times(f, number, kernel.result.strides[kernel.axis])
                f.store(f.convert("zext", place, "i64"), f.at(into, step, "i64"))

    def _emit_keys(self, line: Value) -> Value:
        """The keys of a line in their first order; gives the bits in which any two differ."""
        f, x = self.f, self.kernel.x
        kind, step = memory_type(x.dtype), x.strides[self.kernel.axis]
        first = ordered(f, f.load(line, kind), x.dtype)
        differ = f.variable(self.key, literal(self.key, 0))
        with f.loop(0, self.count) as number:
            key = ordered(f, f.load(f.at(line, times(f, number, step), kind), kind), x.dtype)
            f.store(key, f.at(self.keys.get(), number, self.key))
            f.store(f.convert("trunc", number, "i32"), f.at(self.places.get(), number, "i32"))
            differ.set(f.op("or", differ.get(), f.op("xor", key, first)))
        return differ.get()

    def _emit_inserting(self) -> None:
        """Every key moves down until the one below is not larger."""
        f = self.f
        keys, places = self.keys.get(), self.places.get()
        with f.loop(1, self.count) as number:
            key, place = self._pair(keys, places, number)
            free = f.variable("i64", number)
            with f.repeat_while() as going:
                going.until_not(f.compare("icmp sgt", free.get(), 0))
                below = f.op("sub", free.get(), 1)
                other, other_place = self._pair(keys, places, below)
                going.until_not(f.compare("icmp ugt", other, key))
                self._put(keys, places, free.get(), (other, other_place))
                free.set(below)
            self._put(keys, places, free.get(), (key, place))

    def _emit_digits(self, differ: Value) -> None:
        """Sorts by every digit in which keys differ; as few digits as possible, as short as possible."""
        f = self.f
        wide = f.convert("zext", differ, "i64")
        width = f.op("sub", literal("i64", 64), self._leading_zeros(f.op("or", wide, 1)))
        digits = f.op("udiv", f.op("add", width, _DIGIT - 1), _DIGIT)
        bits = f.op("udiv", f.op("sub", f.op("add", width, digits), 1), digits)
        values = f.op("shl", literal("i64", 1), bits)
        with f.loop(0, digits) as digit:
            cut = Digit(f.op("mul", digit, bits), f.op("sub", values, 1))
            with f.when(f.compare("icmp ne", cut.of(f, differ), 0)):
                self._emit_counts(cut, values)
                self._emit_pass(cut)

    def _leading_zeros(self, x: Value) -> Value:
        self.f.module.declare("llvm.ctlz.i64", "i64", ["i64", "i1"])
        return self.f.call("llvm.ctlz.i64", "i64", x, literal("i1", 1))

    def _emit_counts(self, cut: Digit, values: Value) -> None:
        """Where the first key of every digit goes."""
        f, keys = self.f, self.keys.get()
        with f.loop(0, values) as digit:
            f.store(literal("i32", 0), f.at(self.counts, digit, "i32"))
        with f.loop(0, self.count) as number:
            digit = cut.of(f, f.load(f.at(keys, number, self.key), self.key))
            place = f.at(self.counts, digit, "i32")
            f.store(f.op("add", f.load(place, "i32"), 1), place)
        total = f.variable("i32", literal("i32", 0))
        with f.loop(0, values) as digit:
            place = f.at(self.counts, digit, "i32")
            count = f.load(place, "i32")
            f.store(total.get(), place)
            total.set(f.op("add", total.get(), count))

    def _emit_pass(self, cut: Digit) -> None:
        """Every key goes to the next place of its digit; what was spare becomes what is sorted."""
        f = self.f
        keys, places = self.keys.get(), self.places.get()
        new_keys, new_places = self.spare_keys.get(), self.spare_places.get()
        with f.loop(0, self.count) as number:
            pair = self._pair(keys, places, number)
            count = f.at(self.counts, cut.of(f, pair[0]), "i32")
            into = f.load(count, "i32")
            f.store(f.op("add", into, 1), count)
            self._put(new_keys, new_places, f.convert("zext", into, "i64"), pair)
        for variable, value in (
            (self.keys, new_keys),
            (self.places, new_places),
            (self.spare_keys, keys),
            (self.spare_places, places),
        ):
            variable.set(value)

    def _pair(self, keys: Value, places: Value, number: Value) -> tuple[Value, Value]:
        f = self.f
        return f.load(f.at(keys, number, self.key), self.key), f.load(f.at(places, number, "i32"), "i32")

    def _put(self, keys: Value, places: Value, number: Value, pair: tuple[Value, Value]) -> None:
        f = self.f
        f.store(pair[0], f.at(keys, number, self.key))
        f.store(pair[1], f.at(places, number, "i32"))


@dataclass(frozen=True)
class SearchSorted(Kernel):
    """How many of `sorted` (V,) are less than each of `values` (side left), or not greater (right): int64.

    NaN is greater than all other numbers. Items are values.
    """

    sorted: Layout
    values: Layout
    result: Layout
    side: Literal["left", "right"]

    @property
    def reads(self) -> tuple[Layout, ...]:
        return self.sorted, self.values

    @property
    def writes(self) -> tuple[Layout, ...]:
        return (self.result,)

    @property
    def items(self) -> int:
        return self.values.size

    def emit(self, module: Module, name: str, target: Target) -> None:  # noqa: ARG002 - the same for all
        start = self.start(module, name)
        f, (_, values), (result,) = start.function, start.reads, start.writes
        kind = memory_type(self.values.dtype)
        with f.loop(start.first, start.last) as item:
            place = f.at(values, offset_of(f, item, self.values.shape, self.values.strides), kind)
            key = ordered(f, f.load(place, kind), self.values.dtype)
            into = offset_of(f, item, self.result.shape, self.result.strides)
            f.store(self._emit_search(start, key), f.at(result, into, "i64"))
        f.ret()

    def _emit_search(self, start: Started, key: Value) -> Value:
        """Halves what is left until one element is, without a branch."""
        f, left, below = start.function, self.sorted.shape[0], literal("i64", 0)
        while left > 1:
            half = left // 2
            higher = f.op("add", below, half)
            below = f.select(self._is_below(start, f.op("sub", higher, 1), key), higher, below)
            left -= half
        if left:
            below = f.op("add", below, f.convert("zext", self._is_below(start, below, key), "i64"))
        return below

    def _is_below(self, start: Started, number: Value, key: Value) -> Value:
        """Whether the key's place is after element `number`."""
        f, kind = start.function, memory_type(self.sorted.dtype)
        place = f.at(start.reads[0], times(f, number, self.sorted.strides[0]), kind)
        other = ordered(f, f.load(place, kind), self.sorted.dtype)
        return f.compare("icmp ult" if self.side == "left" else "icmp ule", other, key)
