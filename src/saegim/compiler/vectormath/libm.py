"""The C library's functions, called lane by lane: for what is needed rarely and must be right."""

from __future__ import annotations

from saegim.compiler.llvm import undefined
from saegim.compiler.vectormath.lanes import Lanes


def by_library(name: str, *operands: Lanes) -> Lanes:
    """The function called `name` in C, for every lane of float or double. Errors: the library's."""
    f, kind = operands[0].f, operands[0].value.type
    element, count = operands[0].element, operands[0].count
    symbol = f"{name}f" if element == "float" else name
    f.module.declare(symbol, element, [element] * len(operands))
    if count == 1:
        return Lanes(f, f.call(symbol, element, *(each.value for each in operands)))
    result = undefined(kind)
    for lane in range(count):
        one = f.call(symbol, element, *(f.lane(each.value, lane) for each in operands))
        result = f.value(kind, f"insertelement {kind} {result.text}, {element} {one.text}, i64 {lane}")
    return Lanes(f, result)
