"""Writes LLVM IR as text: a module of functions, each built instruction by instruction.

Text, because writing it is many times faster than building objects that are printed to text in the end, and because
what is written can be read. Values are named by number; LLVM's own verifier checks what comes out.

    module = Module()
    f = module.function("double_all", [("ptr", "noalias"), ("i64", "")])
    pointer, count = f.parameters
    with f.loop(0, count) as i:
        place = f.at(pointer, i, "float")
        x = f.load(place, "float")
        f.store(f.op("fadd", x, x), place)
    f.ret()
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from saegim.dtypes import DType


class Value(NamedTuple):
    """An operand: how it is written, and its type."""

    text: str
    type: str


Operand = Value | int
"""Where an i64 is expected, a Python int will do."""


def type_of(dtype: DType) -> str:
    """The LLVM type in which one element is computed with: truth values are i1."""
    if dtype.kind == "b":
        return "i1"
    if dtype.kind == "f":
        return {2: "half", 4: "float", 8: "double"}[dtype.itemsize]
    return f"i{8 * dtype.itemsize}"


def memory_type(dtype: DType) -> str:
    """The LLVM type in which one element lies in memory: truth values take a byte."""
    return "i8" if dtype.kind == "b" else type_of(dtype)


def vector(element: str, lanes: int) -> str:
    """The type of `lanes` elements; one lane is the element itself."""
    return element if lanes == 1 else f"<{lanes} x {element}>"


def lanes_of(kind: str) -> int:
    """How many lanes a type has: 1 for what is not a vector."""
    return int(kind[1 : kind.index(" ")]) if kind.startswith("<") else 1


def element_of(kind: str) -> str:
    """The type of one lane."""
    return kind[kind.index(" x ") + 3 : -1] if kind.startswith("<") else kind


def literal(kind: str, value: float | bool) -> Value:
    """A number as an operand; in every lane where `kind` is a vector."""
    element = element_of(kind)
    if element in ("float", "half"):
        text = f"0x{struct.pack('>d', float(np.float32(value))).hex()}"
        if element == "half":
            text = f"0xH{struct.pack('>e', np.float16(value)).hex()}"
    elif element == "double":
        text = f"0x{struct.pack('>d', value).hex()}"
    elif element == "i1":
        text = "true" if value else "false"
    else:
        text = str(int(value))
    return Value(text if element == kind else f"splat ({element} {text})", kind)


def listed(element: str, values: Sequence[float]) -> Value:
    """A constant vector with a value for each lane."""
    return Value(
        "<" + ", ".join(f"{element} {literal(element, each).text}" for each in values) + ">",
        vector(element, len(values)),
    )


def undefined(kind: str) -> Value:
    return Value("poison", kind)


class Variable:
    """A place on the stack, which LLVM turns into registers: for what changes inside loops."""

    def __init__(self, function: Function, kind: str, place: Value) -> None:
        self._function, self._kind, self._place = function, kind, place

    def get(self) -> Value:
        return self._function.value(self._kind, f"load {self._kind}, ptr {self._place.text}")

    def set(self, value: Value) -> None:
        assert value.type == self._kind, f"a variable of {self._kind} is given {value.type}"
        self._function.line(f"store {self._kind} {value.text}, ptr {self._place.text}")


class Function:
    """A function while it is written. Finish with `ret`."""

    def __init__(self, module: Module, name: str, parameters: Sequence[tuple[str, str]], result: str, attrs: str):
        self.module, self.name = module, name
        self.parameters = [Value(f"%p{number}", kind) for number, (kind, _) in enumerate(parameters)]
        given = ", ".join(f"{kind} {extra} %p{number}" for number, (kind, extra) in enumerate(parameters))
        self._head = f"define {result} @{name}({given}) {attrs} {{"
        self._stack: list[str] = []  # allocations, which belong into the first block
        self._lines: list[str] = []
        self._count = 0
        self._block = "entry"

    @property
    def text(self) -> str:
        return "\n".join((self._head, "entry:", *self._stack, *self._lines, "}"))

    # --- the plain way ---------------------------------------------------------------------------------------------

    def line(self, text: str) -> None:
        """An instruction without a result."""
        self._lines.append(f"  {text}")

    def value(self, kind: str, text: str) -> Value:
        """An instruction with a result of type `kind`."""
        self._count += 1
        result = Value(f"%v{self._count}", kind)
        self._lines.append(f"  {result.text} = {text}")
        return result

    # --- arithmetic ------------------------------------------------------------------------------------------------

    def op(self, opcode: str, x: Value, y: Operand) -> Value:
        """`opcode` (with its flags) of two operands of one type."""
        y = literal(x.type, y) if isinstance(y, int) else y
        assert x.type == y.type, f"{opcode} of {x.type} and {y.type}"
        return self.value(x.type, f"{opcode} {x.type} {x.text}, {y.text}")

    def negate(self, x: Value) -> Value:
        """-x of floating-point numbers, which also flips the sign of zero."""
        return self.value(x.type, f"fneg {x.type} {x.text}")

    def fma(self, x: Value, y: Value, z: Value) -> Value:
        """x * y + z with one rounding."""
        return self.intrinsic("llvm.fma", x, y, z)

    def compare(self, predicate: str, x: Value, y: Operand) -> Value:
        """`icmp slt` or `fcmp oeq` and so on: i1 per lane."""
        y = literal(x.type, y) if isinstance(y, int) else y
        assert x.type == y.type, f"{predicate} of {x.type} and {y.type}"
        return self.value(vector("i1", lanes_of(x.type)), f"{predicate} {x.type} {x.text}, {y.text}")

    def select(self, condition: Value, x: Value, y: Value) -> Value:
        assert x.type == y.type, f"select between {x.type} and {y.type}"
        return self.value(x.type, f"select {condition.type} {condition.text}, {x.type} {x.text}, {y.type} {y.text}")

    def convert(self, opcode: str, x: Value, element: str) -> Value:
        """`sitofp`, `fpext`, `zext`, `trunc`, `bitcast` and so on, lane by lane, to `element`."""
        kind = vector(element, lanes_of(x.type))
        return x if kind == x.type else self.value(kind, f"{opcode} {x.type} {x.text} to {kind}")

    def intrinsic(self, name: str, *operands: Value, result: str | None = None, overload: str | None = None) -> Value:
        """An intrinsic such as `llvm.sqrt`, overloaded on `overload` (the first operand's type unless given)."""
        kind = result or operands[0].type
        full = f"{name}.{_mangled(overload or operands[0].type)}"
        self.module.declare(full, kind, [each.type for each in operands])
        return self.call(full, kind, *operands)

    # --- vectors ---------------------------------------------------------------------------------------------------

    def splat(self, x: Value, lanes: int) -> Value:
        """One number in every lane."""
        if lanes == 1:
            return x
        kind = vector(x.type, lanes)
        first = self.value(kind, f"insertelement {kind} poison, {x.type} {x.text}, i64 0")
        return self.value(kind, f"shufflevector {kind} {first.text}, {kind} poison, <{lanes} x i32> zeroinitializer")

    def shuffle(self, x: Value, y: Value, places: Sequence[int]) -> Value:
        """Lanes of x and y, counted through both, in a new order."""
        chosen = ", ".join(f"i32 {place}" for place in places)
        return self.value(
            vector(element_of(x.type), len(places)),
            f"shufflevector {x.type} {x.text}, {y.type} {y.text}, <{len(places)} x i32> <{chosen}>",
        )

    def lane(self, x: Value, number: Operand) -> Value:
        at = _index(number)
        return self.value(element_of(x.type), f"extractelement {x.type} {x.text}, i64 {at.text}")

    def count_up(self, lanes: int, start: Value) -> Value:
        """start, start + 1, ... in lanes."""
        if lanes == 1:
            return start
        return self.op("add", self.splat(start, lanes), listed(start.type, range(lanes)))

    # --- memory ----------------------------------------------------------------------------------------------------

    def at(self, pointer: Value, index: Operand, element: str) -> Value:
        """The place of element number `index` (i64) behind `pointer`."""
        index = _index(index)
        return self.value("ptr", f"getelementptr inbounds {element}, ptr {pointer.text}, i64 {index.text}")

    def load(self, pointer: Value, kind: str, align: int = 0, extra: str = "") -> Value:
        """A load; `align` is in bytes, 0 for that of one element."""
        return self.value(kind, f"load {kind}, ptr {pointer.text}, align {align or size_of(element_of(kind))}{extra}")

    def store(self, x: Value, pointer: Value, align: int = 0, extra: str = "") -> None:
        aligned = align or size_of(element_of(x.type))
        self.line(f"store {x.type} {x.text}, ptr {pointer.text}, align {aligned}{extra}")

    def masked_load(self, pointer: Value, kind: str, mask: Value, otherwise: Value | None = None) -> Value:
        """Lanes where `mask` holds; the others are `otherwise` (0 unless given) and their memory is not touched."""
        other = otherwise or Value("zeroinitializer", kind)
        name = f"llvm.masked.load.{_mangled(kind)}.p0"
        align = size_of(element_of(kind))
        self.module.declare(name, kind, ["ptr", mask.type, kind])
        return self.value(
            kind,
            f"call {kind} @{name}(ptr align {align} {pointer.text}, {mask.type} {mask.text}, {kind} {other.text})",
        )

    def masked_store(self, x: Value, pointer: Value, mask: Value) -> None:
        name = f"llvm.masked.store.{_mangled(x.type)}.p0"
        align = size_of(element_of(x.type))
        self.module.declare(name, "void", [x.type, "ptr", mask.type])
        self.line(f"call void @{name}({x.type} {x.text}, ptr align {align} {pointer.text}, {mask.type} {mask.text})")

    def gather(self, pointers: Value, kind: str, mask: Value, otherwise: Value | None = None) -> Value:
        """One element from each of a vector of pointers."""
        other = otherwise or Value("zeroinitializer", kind)
        align = size_of(element_of(kind))
        name = f"llvm.masked.gather.{_mangled(kind)}.{_mangled(pointers.type)}"
        self.module.declare(name, kind, [pointers.type, mask.type, kind])
        given = f"{pointers.type} align {align} {pointers.text}, {mask.type} {mask.text}, {kind} {other.text}"
        return self.value(kind, f"call {kind} @{name}({given})")

    def scatter(self, x: Value, pointers: Value, mask: Value) -> None:
        """One element to each of a vector of pointers."""
        align = size_of(element_of(x.type))
        name = f"llvm.masked.scatter.{_mangled(x.type)}.{_mangled(pointers.type)}"
        self.module.declare(name, "void", [x.type, pointers.type, mask.type])
        given = f"{x.type} {x.text}, {pointers.type} align {align} {pointers.text}, {mask.type} {mask.text}"
        self.line(f"call void @{name}({given})")

    def places(self, pointer: Value, indices: Value, element: str) -> Value:
        """The vector of the places of elements number `indices` (i64 lanes) behind `pointer`."""
        lanes = lanes_of(indices.type)
        return self.value(
            vector("ptr", lanes), f"getelementptr inbounds {element}, ptr {pointer.text}, {indices.type} {indices.text}"
        )

    def prefetch(self, pointer: Value, write: bool = False, near: int = 2) -> None:
        """Asks for the cache line at `pointer`; `near` 3 is the first-level cache, 2 the second, 1 the third."""
        self.module.declare("llvm.prefetch.p0", "void", ["ptr", "i32", "i32", "i32"])
        self.line(f"call void @llvm.prefetch.p0(ptr {pointer.text}, i32 {int(write)}, i32 {near}, i32 1)")

    def variable(self, kind: str, start: Value | None = None) -> Variable:
        """A variable, set to `start` here."""
        self._count += 1
        place = Value(f"%v{self._count}", "ptr")
        self._stack.append(f"  {place.text} = alloca {kind}")
        made = Variable(self, kind, place)
        if start is not None:
            made.set(start)
        return made

    def array(self, element: str, count: int, align: int = 64) -> Value:
        """Memory on the stack for `count` elements, for as long as the function runs."""
        self._count += 1
        place = Value(f"%v{self._count}", "ptr")
        self._stack.append(f"  {place.text} = alloca [{count} x {element}], align {align}")
        return place

    # --- control ---------------------------------------------------------------------------------------------------

    def call(self, name: str, result: str, *operands: Value) -> Value:
        given = ", ".join(f"{each.type} {each.text}" for each in operands)
        if result == "void":
            self.line(f"call void @{name}({given})")
            return Value("", "void")
        return self.value(result, f"call {result} @{name}({given})")

    @contextmanager
    def loop(self, start: Operand, stop: Operand, step: int = 1) -> Iterator[Value]:
        """Runs what is inside for start, start + step, ... below stop; gives the counter, an i64."""
        first, last = _index(start), _index(stop)
        head, body, done = self._label("head"), self._label("body"), self._label("done")
        before = self._block
        self._jump(head)
        self._open(head)
        self._count += 1
        counter = Value(f"%v{self._count}", "i64")
        phi = len(self._lines)
        self._lines.append("")
        go_on = self.compare("icmp slt", counter, last)
        self.line(f"br i1 {go_on.text}, label %{body}, label %{done}")
        self._open(body)
        yield counter
        after = self.op("add nsw", counter, step)
        ending = self._block
        self._jump(head)
        self._lines[phi] = f"  {counter.text} = phi i64 [ {first.text}, %{before} ], [ {after.text}, %{ending} ]"
        self._open(done)

    @contextmanager
    def when(self, condition: Value) -> Iterator[None]:
        """Runs what is inside if `condition` (i1) holds."""
        then, done = self._label("then"), self._label("done")
        self.line(f"br i1 {condition.text}, label %{then}, label %{done}")
        self._open(then)
        yield
        self._jump(done)
        self._open(done)

    @contextmanager
    def repeat_while(self) -> Iterator[WhileLoop]:
        """A loop that goes on while the value given to `.until_not(condition)` inside holds."""
        head, done = self._label("head"), self._label("done")
        self._jump(head)
        self._open(head)
        yield WhileLoop(self, done)
        self._jump(head)
        self._open(done)

    def ret(self, value: Value | None = None) -> None:
        """Leaves the function; nothing may follow."""
        self.line("ret void" if value is None else f"ret {value.type} {value.text}")

    def _label(self, name: str) -> str:
        self._count += 1
        return f"{name}{self._count}"

    def _jump(self, label: str) -> None:
        self.line(f"br label %{label}")

    def _open(self, label: str) -> None:
        self._lines.append(f"{label}:")
        self._block = label


class WhileLoop:
    """The way out of `Function.repeat_while`."""

    def __init__(self, function: Function, done: str) -> None:
        self._function, self._done = function, done

    def until_not(self, condition: Value) -> None:
        """Leaves the loop here unless `condition` holds."""
        onward = self._function._label("onward")
        self._function.line(f"br i1 {condition.text}, label %{onward}, label %{self._done}")
        self._function._open(onward)


class Module:
    """Functions, and declarations of what they use."""

    def __init__(self) -> None:
        self._functions: dict[str, Function] = {}
        self._declared: dict[str, str] = {}

    def function(
        self,
        name: str,
        parameters: Sequence[tuple[str, str]],
        result: str = "void",
        attrs: str = "nounwind",
    ) -> Function:
        """A new function; parameters are types with their attributes."""
        assert name not in self._functions, f"function {name} exists"
        made = self._functions[name] = Function(self, name, parameters, result, attrs)
        return made

    def __contains__(self, name: str) -> bool:
        return name in self._functions

    def declare(self, name: str, result: str, parameters: Sequence[str]) -> None:
        """A function from elsewhere, an intrinsic for example."""
        self._declared.setdefault(name, f"declare {result} @{name}({', '.join(parameters)})")

    @property
    def text(self) -> str:
        """The whole module, as LLVM reads it."""
        return "\n".join((*self._declared.values(), *(each.text for each in self._functions.values()))) + "\n"


_SIZES = {"i1": 1, "i8": 1, "i16": 2, "i32": 4, "i64": 8, "half": 2, "float": 4, "double": 8, "ptr": 8}


def size_of(element: str) -> int:
    """Bytes of one element in memory."""
    return _SIZES[element]


def _index(value: Operand) -> Value:
    return literal("i64", value) if isinstance(value, int) else value


def _mangled(kind: str) -> str:
    """A type as it is written in the name of an intrinsic."""
    element = {"float": "f32", "double": "f64", "half": "f16", "ptr": "p0"}.get(element_of(kind), element_of(kind))
    return element if lanes_of(kind) == 1 else f"v{lanes_of(kind)}{element}"
