"""Formulas on whole vectors: operators on `Lanes` write instructions.

What is written here reads like the formula it stands for: `r * r * q + r` instead of a list of instructions. Python
numbers among the operands are constants, the same in every lane.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from saegim.compiler.llvm import Function, Value, element_of, lanes_of, literal, size_of, vector

_EXPONENT_BITS = {"float": 8, "double": 11}


@dataclass(frozen=True)
class Lanes:
    """A vector, or one number, while it is computed with in the function `f`.

    Integers wrap around. Comparisons of floats are false where either is nan, those of integers are signed; `under`
    compares without sign. A shift to the right by `>>` fills with zeros, `shift_signed` with the sign.
    """

    f: Function
    value: Value

    # --- what it is ------------------------------------------------------------------------------------------------

    @property
    def element(self) -> str:
        """The LLVM type of a lane."""
        return element_of(self.value.type)

    @property
    def count(self) -> int:
        """How many lanes there are."""
        return lanes_of(self.value.type)

    @property
    def is_float(self) -> bool:
        return self.element in _EXPONENT_BITS

    @property
    def width(self) -> int:
        """Bits of a lane."""
        return 1 if self.element == "i1" else 8 * size_of(self.element)

    @property
    def mantissa_bits(self) -> int:
        """Bits behind the point of a float's mantissa."""
        return self.width - 1 - _EXPONENT_BITS[self.element]

    def number(self, value: Lanes | float) -> Lanes:
        """`value` in every lane, of this type."""
        return value if isinstance(value, Lanes) else Lanes(self.f, literal(self.value.type, value))

    # --- arithmetic ------------------------------------------------------------------------------------------------

    def op(self, opcode: str, other: Lanes | float) -> Lanes:
        """LLVM's instruction `opcode`, for those that have no operator here."""
        return Lanes(self.f, self.f.op(opcode, self.value, self.number(other).value))

    def __add__(self, other: Lanes | float) -> Lanes:
        return self.op("fadd" if self.is_float else "add", other)

    def __sub__(self, other: Lanes | float) -> Lanes:
        return self.op("fsub" if self.is_float else "sub", other)

    def __rsub__(self, other: float) -> Lanes:
        return self.number(other) - self

    def __mul__(self, other: Lanes | float) -> Lanes:
        return self.op("fmul" if self.is_float else "mul", other)

    def __truediv__(self, other: Lanes | float) -> Lanes:
        return self.op("fdiv", other)

    def __neg__(self) -> Lanes:
        return Lanes(self.f, self.f.negate(self.value)) if self.is_float else self.number(0) - self

    def fma(self, factor: Lanes | float, term: Lanes | float) -> Lanes:
        """self * factor + term, rounded once: for formulas that are wrong otherwise; slow where there is no fma."""
        return Lanes(self.f, self.f.fma(self.value, self.number(factor).value, self.number(term).value))

    def times_plus(self, factor: Lanes | float, term: Lanes | float) -> Lanes:
        """self * factor + term, rounded once or twice, whichever is faster."""
        return self.intrinsic("llvm.fmuladd", self.number(factor), self.number(term))

    def intrinsic(self, name: str, *others: Lanes) -> Lanes:
        """An LLVM intrinsic that is overloaded on this type and gives it."""
        return Lanes(self.f, self.f.intrinsic(name, self.value, *(other.value for other in others)))

    def abs(self) -> Lanes:
        return self.intrinsic("llvm.fabs") if self.is_float else (self < 0).where(-self, self)

    def with_sign_of(self, other: Lanes) -> Lanes:
        return self.intrinsic("llvm.copysign", other)

    def polynomial(self, coefficients: Sequence[float]) -> Lanes:
        """c[0] + c[1] x + c[2] x^2 + ... by Horner's rule."""
        result = self.number(coefficients[-1])
        for coefficient in reversed(coefficients[:-1]):
            result = result.times_plus(self, coefficient)
        return result

    # --- bits ------------------------------------------------------------------------------------------------------

    def __and__(self, other: Lanes | int) -> Lanes:
        return self.op("and", other)

    def __or__(self, other: Lanes | int) -> Lanes:
        return self.op("or", other)

    def __xor__(self, other: Lanes | int) -> Lanes:
        return self.op("xor", other)

    def __invert__(self) -> Lanes:
        return self ^ (1 if self.element == "i1" else -1)

    def __lshift__(self, by: Lanes | int) -> Lanes:
        return self.op("shl", by)

    def __rshift__(self, by: Lanes | int) -> Lanes:
        return self.op("lshr", by)

    def shift_signed(self, by: Lanes | int) -> Lanes:
        return self.op("ashr", by)

    def bits(self) -> Lanes:
        """The floats' bits as integers."""
        return self.convert("bitcast", f"i{self.width}")

    def as_floats(self) -> Lanes:
        """The floats that have these bits."""
        return self.convert("bitcast", {32: "float", 64: "double"}[self.width])

    def convert(self, opcode: str, element: str) -> Lanes:
        """LLVM's conversion `opcode` to lanes of `element`."""
        kind = vector(element, self.count)
        text = f"{opcode} {self.value.type} {self.value.text} to {kind}"
        return self if self.element == element else Lanes(self.f, self.f.value(kind, text))

    # --- choosing --------------------------------------------------------------------------------------------------

    def _test(self, of_floats: str, of_integers: str, other: Lanes | float) -> Lanes:
        predicate = f"fcmp {of_floats}" if self.is_float else f"icmp {of_integers}"
        return Lanes(self.f, self.f.compare(predicate, self.value, self.number(other).value))

    def __lt__(self, other: Lanes | float) -> Lanes:
        return self._test("olt", "slt", other)

    def __le__(self, other: Lanes | float) -> Lanes:
        return self._test("ole", "sle", other)

    def __gt__(self, other: Lanes | float) -> Lanes:
        return self._test("ogt", "sgt", other)

    def __ge__(self, other: Lanes | float) -> Lanes:
        return self._test("oge", "sge", other)

    def equals(self, other: Lanes | float) -> Lanes:
        return self._test("oeq", "eq", other)

    def differs(self, other: Lanes | float) -> Lanes:
        """Also true where either is nan."""
        return self._test("une", "ne", other)

    def under(self, other: Lanes | int, or_equal: bool = False) -> Lanes:
        """Is it less than `other`, both taken as integers without sign?"""
        return Lanes(
            self.f, self.f.compare(f"icmp {'ule' if or_equal else 'ult'}", self.value, self.number(other).value)
        )

    def is_nan(self) -> Lanes:
        return self._test("uno", "ne", self)

    def where(self, yes: Lanes, no: Lanes | float) -> Lanes:
        """`yes` where this, a truth value, holds, `no` elsewhere."""
        return Lanes(self.f, self.f.select(self.value, yes.value, yes.number(no).value))

    def at_least(self, low: Lanes | float) -> Lanes:
        """The larger of both; nan stays nan."""
        other = self.number(low)
        return (other > self).where(other, self)

    def at_most(self, high: Lanes | float) -> Lanes:
        """The smaller of both; nan stays nan."""
        other = self.number(high)
        return (other < self).where(other, self)
