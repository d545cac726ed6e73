"""Known numbers are computed at once, through the meaning of their operation."""

from __future__ import annotations

import numpy as np

from saegim.ir import ELEMENTWISE, Node, constant
from saegim.reference import meaning

LIMIT = 64
"""Up to this many elements a result is computed here and kept as a constant."""

FOLDED = ELEMENTWISE | {
    *("sum", "prod", "max", "min", "any", "all", "argmax", "argmin", "cumsum", "cumprod", "dot"),
    *("reshape", "permute", "slice", "pad", "concat", "flip"),
}
"""Broadcasts stay, since they cost nothing; rows stay, since a wrong index is an error of the run."""


def fold(node: Node) -> Node | None:
    """The constant that a small node of constants is."""
    if node.size > LIMIT or not node.inputs or any(each.op != "constant" or each.size > LIMIT for each in node.inputs):
        return None
    with np.errstate(all="ignore"):
        return constant(meaning(node.op, *(each.attrs["value"].array for each in node.inputs), **node.attrs))
