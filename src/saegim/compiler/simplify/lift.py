"""What a body does at one position, done at all positions at once."""

from __future__ import annotations

from collections.abc import Sequence

from saegim.compiler.simplify.facts import broadcast, reshape
from saegim.ir import ELEMENTWISE, Node, make

LIFTED = ELEMENTWISE | {"reshape", "permute", "broadcast", "concat", "slice", "dot"}
"""The operations that `lift` knows."""


def lift(node: Node, operands: Sequence[Node]) -> Node:
    """An operation on stacks of its operands (T, ...)."""
    assert node.op in LIFTED, f"{node.op} at all positions is not written down"
    length = operands[0].shape[0]
    shape = (length, *node.shape)
    if node.op in ELEMENTWISE:
        return make(node.op, *operands, **node.attrs)
    if node.op == "reshape":
        return reshape(operands[0], shape)
    if node.op == "permute":
        return make("permute", operands[0], axes=(0, *(axis + 1 for axis in node.attrs["axes"])))
    if node.op == "broadcast":
        old = node.inputs[0].shape
        return broadcast(reshape(operands[0], (length, *(1,) * (node.ndim - len(old)), *old)), shape)
    if node.op == "concat":
        return make("concat", *operands, axis=node.attrs["axis"] + 1)
    if node.op == "slice":
        start, stop, step = (node.attrs[name] for name in ("start", "stop", "step"))
        return make("slice", operands[0], start=(0, *start), stop=(length, *stop), step=(1, *step))
    return make("dot", *operands)
