"""N-grams hashed and counted text by text, as native code: what `ngrams` and `buckets` say with NumPy, in one pass.

The symbols of a chunk of texts come from `ngrams`. For every symbol the hashes of all n-grams that begin there are made
one from the other. Those of a text are sorted digit by digit, and equal ones counted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from saegim.compiler.llvm import Function, Value, Variable, literal, vector
from saegim.compiler.loops import Loop, load_at, pointers, store_at
from saegim.text.hangul import TAIL
from saegim.text.ngrams import BASE, MIX

_BITS = 8  # of a digit
_DIGITS = 3
MOST_BUCKETS = 1 << _BITS * _DIGITS
"""More buckets are not sorted by."""

_WORDS = 10  # that describe a sequence
_SIZE = 1 << _BITS


@dataclass(frozen=True, eq=False)
class Symbols:
    """One kind of symbols of all texts of a chunk, ready to be hashed; S symbols, B texts.

    symbols (S,) uint64; room (S,) int64: symbols from here to the end that no n-gram may leave; offsets (B+1,) int64:
    where texts begin; alone (S,) bool: whether the symbol by itself is a feature; tails (S,) uint64, all 0 unless
    n-grams are cut at syllables; salts (longest+1,), powers (longest+1,) uint64: for each number of symbols; shortest,
    longest: numbers of symbols; edges: n-grams of up to so many are cut
    """

    symbols: npt.NDArray[np.uint64]
    room: npt.NDArray[np.int64]
    offsets: npt.NDArray[np.int64]
    alone: npt.NDArray[np.bool_]
    tails: npt.NDArray[np.uint64]
    salts: npt.NDArray[np.uint64]
    powers: npt.NDArray[np.uint64]
    shortest: int
    longest: int
    edges: int

    @property
    def most(self) -> int:
        """More features cannot come out."""
        return len(self.symbols) * (self.longest - self.shortest + 1 + 2 * self.edges)

    def words(self) -> list[int]:
        arrays = (self.symbols, self.room, self.offsets, self.alone, self.tails, self.salts, self.powers)
        return [*(each.ctypes.data for each in arrays), self.shortest, self.longest, self.edges]


Counted = tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.int64]]


def count(sequences: Sequence[Symbols], texts: int, buckets: int) -> Counted:
    """The different buckets of each text, rising, how often each occurs, and how many each text has."""
    most = sum(each.most for each in sequences)
    features, counts = np.empty(most + 1, np.int32), np.empty(most + 1, np.int32)
    lengths = np.empty(texts, np.int64)
    scratch = np.empty((2, most + 1), np.uint32)
    table = np.array([each.words() for each in sequences], np.int64).reshape(-1, _WORDS)
    _COUNT(table, len(sequences), texts, buckets, features, counts, lengths, scratch, most + 1)
    found = int(lengths.sum())
    return features[:found].copy(), counts[:found].copy(), lengths


def mark(sequences: Sequence[Symbols], texts: int, cells: npt.NDArray[np.bool_]) -> None:
    """Sets cell hash % len(cells) for every n-gram; the number of cells is a power of two."""
    table = np.array([each.words() for each in sequences], np.int64).reshape(-1, _WORDS)
    _MARK(table, len(sequences), texts, len(cells) - 1, cells)


# --- the loops -----------------------------------------------------------------------------------------------------


def _write_count(f: Function) -> None:
    table, sequences, texts, buckets, *arrays, most = f.parameters
    table, features, counts, lengths, scratch = pointers(f, [table, *arrays])
    other = f.at(scratch, most, "i32")
    digits = f.array("i32", _DIGITS * _SIZE)
    size, written = f.variable("i64"), f.variable("i64", literal("i64", 0))

    def found(hashed: Value) -> None:
        bucket = f.convert("trunc", f.op("urem", hashed, buckets), "i32")
        store_at(f, bucket, scratch, size.get())
        size.set(f.op("add", size.get(), 1))

    with f.loop(0, texts) as text:
        size.set(literal("i64", 0))
        _each_hash(f, table, sequences, (text, f.op("add", text, 1)), found)
        ordered = _sorted(f, scratch, other, size.get(), digits, f.op("sub", buckets, 1))
        before = written.get()
        _write_different(f, ordered, size.get(), features, counts, written)
        store_at(f, f.op("sub", written.get(), before), lengths, text)


def _write_mark(f: Function) -> None:
    table, sequences, texts, mask, cells = f.parameters
    table, cells = pointers(f, [table, cells])

    def found(hashed: Value) -> None:
        store_at(f, literal("i8", 1), cells, f.op("and", hashed, mask))

    _each_hash(f, table, sequences, (literal("i64", 0), texts), found)


def _each_hash(
    f: Function, table: Value, sequences: Value, span: tuple[Value, Value], found: Callable[[Value], None]
) -> None:
    """Runs what `found` writes for the hash of every n-gram of texts span[0] to span[1]."""
    with f.loop(0, sequences) as number:
        words = [load_at(f, f.at(table, f.op("mul", number, _WORDS), "i64"), place, "i64") for place in range(_WORDS)]
        symbols, room, offsets, alone, tails, salts, powers = pointers(f, words[:7])
        shortest, longest, edges = words[7:]
        fold, at_once = f.variable("i64"), f.variable("i1")
        begin, end = (load_at(f, offsets, each, "i64") for each in span)
        with f.loop(begin, end) as at:
            fold.set(literal("i64", 0))
            at_once.set(f.compare("icmp ne", load_at(f, alone, at, "i8"), 0))
            first = load_at(f, symbols, at, "i64")
            first_tail = load_at(f, tails, at, "i64")
            fit = f.intrinsic("llvm.smin", load_at(f, room, at, "i64"), longest)
            with f.loop(1, f.op("add", fit, 1)) as size:
                last = f.op("sub", f.op("add", at, size), 1)
                fold.set(f.op("add", f.op("add", f.op("mul", fold.get(), BASE), load_at(f, symbols, last, "i64")), 1))
                salted = f.op("add", fold.get(), load_at(f, salts, size, "i64"))
                wanted = f.op("and", f.compare("icmp sge", size, shortest), at_once.get())
                at_once.set(literal("i1", True))  # a mark counts in the company of other symbols
                with f.when(wanted):
                    found(_mixed(f, salted))
                with f.when(f.op("and", wanted, f.compare("icmp sle", size, edges))):
                    tail = load_at(f, tails, last, "i64")
                    with f.when(f.compare("icmp ne", tail, 0)):
                        found(_mixed(f, f.op("sub", salted, tail)))
                    with f.when(f.compare("icmp ne", first_tail, 0)):
                        change = f.op("sub", f.op("add", first_tail, TAIL), first)
                        change = f.op("mul", change, load_at(f, powers, size, "i64"))
                        found(_mixed(f, f.op("add", salted, change)))


def _mixed(f: Function, z: Value) -> Value:
    """The output function of SplitMix64."""
    for shift, factor in MIX:
        z = f.op("mul", f.op("xor", z, f.op("lshr", z, shift)), factor)
    return f.op("xor", z, f.op("lshr", z, 31))


def _sorted(f: Function, numbers: Value, other: Value, size: Value, digits: Value, largest: Value) -> Value:
    """`size` numbers up to `largest`, sorted by one digit after the other; gives where they lie then."""
    with f.loop(0, _DIGITS * _SIZE, 16) as cell:
        f.store(literal(vector("i32", 16), 0), f.at(digits, cell, "i32"), align=64)
    tallies = [f.at(digits, place * _SIZE, "i32") for place in range(_DIGITS)]
    with f.loop(0, size) as at:
        number = load_at(f, numbers, at, "i32")
        for place, tally in enumerate(tallies):
            digit = _digit(f, number, place)
            store_at(f, f.op("add", load_at(f, tally, digit, "i32"), 1), tally, digit)
    source, target = f.variable("ptr", numbers), f.variable("ptr", other)
    for place, tally in enumerate(tallies):
        with f.when(f.compare("icmp ne", f.op("lshr", largest, place * _BITS), 0)):
            _deal(f, source, target, size, tally, place)
    return source.get()


def _deal(f: Function, source: Variable, target: Variable, size: Value, tally: Value, place: int) -> None:
    """All numbers into the order of one digit, and source and target change places."""
    before = f.variable("i32", literal("i32", 0))
    with f.loop(0, _SIZE) as digit:
        number = load_at(f, tally, digit, "i32")
        store_at(f, before.get(), tally, digit)
        before.set(f.op("add", before.get(), number))
    given, into = source.get(), target.get()
    with f.loop(0, size) as at:
        number = load_at(f, given, at, "i32")
        digit = _digit(f, number, place)
        there = load_at(f, tally, digit, "i32")
        store_at(f, f.op("add", there, 1), tally, digit)
        store_at(f, number, into, f.convert("zext", there, "i64"))
    source.set(into)
    target.set(given)


def _digit(f: Function, number: Value, place: int) -> Value:
    return f.convert("zext", f.op("and", f.op("lshr", number, place * _BITS), _SIZE - 1), "i64")


def _write_different(
    f: Function, ordered: Value, size: Value, features: Value, counts: Value, written: Variable
) -> None:
    """Different numbers and how often each occurs, from place `written` on, which moves on."""
    last = f.variable("i32", literal("i32", -1))
    with f.loop(0, size) as at:
        number = load_at(f, ordered, at, "i32")
        store_at(f, literal("i32", 0), counts, written.get())
        new = f.convert("zext", f.compare("icmp ne", number, last.get()), "i64")
        written.set(f.op("add", written.get(), new))
        last.set(number)
        place = f.op("sub", written.get(), 1)
        store_at(f, number, features, place)
        store_at(f, f.op("add", load_at(f, counts, place, "i32"), 1), counts, place)


_COUNT = Loop("count_ngrams", 9, _write_count)
_MARK = Loop("mark_ngrams", 5, _write_mark)
