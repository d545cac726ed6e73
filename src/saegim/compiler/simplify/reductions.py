"""Rules for reductions and products.

Sums and products are added up in another order here, so floats agree to rounding only; extremes, counts and moves are
exact.
"""

from __future__ import annotations

import math

from saegim.compiler.simplify.facts import Rule, all_axes, broadcast, full, inverse, permute, reduce, reshape
from saegim.ir import Node, Shape, make

LARGE = 32768
"""A reduction of more elements than this to a single one is done in two stages, so that threads can share the first."""

_STAGE = 4096  # about how many elements the first stage reduces to one


def _trivial_axes(node: Node) -> Node | None:
    """Reducing an axis of one element only drops it."""
    x, axes = node.inputs[0], node.attrs["axes"]
    kept = [axis for axis in axes if x.shape[axis] != 1]
    if len(kept) == len(axes) and axes:
        return None
    thin = tuple(size for axis, size in enumerate(x.shape) if axis not in axes or size != 1)
    moved = {axis: place for place, axis in enumerate(a for a in range(x.ndim) if a not in axes or a in kept)}
    return reduce(node.op, reshape(x, thin), [moved[axis] for axis in kept])


def _nested(node: Node) -> Node | None:
    """A sum of a sum is one sum over both axes, unless that undoes the two stages of a large one."""
    inner = node.inputs[0]
    if inner.op != node.op or (_is_large(inner.inputs[0]) and not node.shape):
        return None
    left = [axis for axis in all_axes(inner.inputs[0]) if axis not in inner.attrs["axes"]]
    return reduce(node.op, inner.inputs[0], [*inner.attrs["axes"], *(left[axis] for axis in node.attrs["axes"])])


def _of_permute(node: Node) -> Node | None:
    """reduce(permute(x)) = permute(reduce(x)): the order of what is reduced does not matter."""
    moved = node.inputs[0]
    if moved.op != "permute":
        return None
    order = moved.attrs["axes"]
    gone = [order[axis] for axis in node.attrs["axes"]]
    left = [axis for axis in order if axis not in gone]
    ranks = inverse(inverse(left))
    return permute(reduce(node.op, moved.inputs[0], gone), ranks)


def _of_reshape(node: Node) -> Node | None:
    """A reduction of everything does not see the shape."""
    x = node.inputs[0]
    # Axes of one element have been taken out by a reshape; putting them back would go round in circles.
    if node.shape or x.op != "reshape" or not x.inputs[0].shape or 1 in x.inputs[0].shape:
        return None
    return None if _is_large(x) else reduce(node.op, x.inputs[0], all_axes(x.inputs[0]))


def _of_broadcast(node: Node) -> Node | None:
    """The sum of n copies is n times one of them; the largest of them is any of them."""
    repeated = node.inputs[0]
    if repeated.op != "broadcast" or 0 in repeated.shape:
        return None
    x = repeated.inputs[0]
    new = repeated.ndim - x.ndim
    wide = [axis for axis in node.attrs["axes"] if axis < new or x.shape[axis - new] != repeated.shape[axis]]
    if not wide:
        return None
    thin = tuple(1 if axis in wide else size for axis, size in enumerate(repeated.shape))
    small = reduce(node.op, broadcast(reshape(x, (1,) * new + x.shape), thin), node.attrs["axes"])
    if node.op != "sum":
        return small
    count = math.prod(repeated.shape[axis] for axis in wide)
    return make("multiply", small, full(small.shape, count, small))


def _of_negative(node: Node) -> Node | None:
    """sum(-x) = -sum(x)."""
    x = node.inputs[0]
    return make("negative", reduce("sum", x.inputs[0], node.attrs["axes"])) if x.op == "negative" else None


def _two_stages(node: Node) -> Node | None:
    """A large reduction to one element: first the trailing axes, about `_STAGE` elements, then the results."""
    x = node.inputs[0]
    if node.shape or not _is_large(x):
        return None
    if x.ndim == 1:
        blocks = _blocks(x.size)
        return None if blocks == 1 else _staged(node.op, make("reshape", x, shape=(blocks, x.size // blocks)), 1)
    sizes = [math.prod(x.shape[axis:]) for axis in range(1, x.ndim)]
    # As near to the size of a stage as the axes allow, by ratio.
    best = min(range(len(sizes)), key=lambda place: abs(math.log(sizes[place] / _STAGE)))
    return _staged(node.op, x, best + 1)


def _staged(op: str, x: Node, first: int) -> Node:
    inner = reduce(op, x, range(first, x.ndim))
    return reduce(op, inner, all_axes(inner))


def _blocks(size: int) -> int:
    """How many equal blocks of at least `_STAGE` elements, at most eight times that, `size` falls into; 1 for none."""
    most = size // _STAGE
    return next((count for count in range(most, max(most // 8, 1), -1) if size % count == 0), 1)


def _is_large(x: Node) -> bool:
    return x.size > LARGE


# --- products --------------------------------------------------------------------------------------------------------


def _inner_product(node: Node) -> Node | None:
    """A product of one row with one column is a sum of products; of x with itself in whatever shape x has."""
    left, right = node.inputs
    if node.shape[-2:] != (1, 1):
        return None
    batch = node.shape[:-2]
    first, second = (reshape(each, (*batch, left.shape[-1])) for each in (left, right))
    if not batch and first is second:
        first = second = _unshaped(first)
        return reshape(reduce("sum", make("multiply", first, second), all_axes(first)), node.shape)
    return reshape(reduce("sum", make("multiply", first, second), (len(batch),)), node.shape)


def _unshaped(x: Node) -> Node:
    return x.inputs[0] if x.op == "reshape" else x


def _outer_product(node: Node) -> Node | None:
    """A product over one term is that term."""
    left, right = node.inputs
    return make("multiply", broadcast(left, node.shape), broadcast(right, node.shape)) if left.shape[-1] == 1 else None


def _shared_right(node: Node) -> Node | None:
    """A product of every batch with the same matrix is one product of all rows."""
    left, right = node.inputs
    batch = node.shape[:-2]
    if not batch:
        return None
    matrix = _same_matrix(right)
    if matrix is None:
        return None
    rows = make("dot", reshape(left, (math.prod(left.shape[:-1]), left.shape[-1])), matrix)
    return reshape(rows, node.shape)


def _same_matrix(x: Node) -> Node | None:
    """The matrix (K, N) that every batch of x is; None where they differ."""
    matrix: Shape = x.shape[-2:]
    if math.prod(x.shape[:-2]) == 1:
        return reshape(x, matrix)
    if x.op != "broadcast" or math.prod(x.inputs[0].shape[:-2]) != 1:
        return None
    inner = x.inputs[0]
    return broadcast(reshape(inner, inner.shape[-2:]), matrix)


_SUM: tuple[Rule, ...] = (_trivial_axes, _of_negative, _of_permute, _of_reshape, _of_broadcast, _nested, _two_stages)
_EXTREME: tuple[Rule, ...] = (_trivial_axes, _of_permute, _of_reshape, _of_broadcast, _nested, _two_stages)

RULES: dict[str, tuple[Rule, ...]] = {
    "sum": _SUM,
    "max": _EXTREME,
    "min": _EXTREME,
    "any": _EXTREME,
    "all": _EXTREME,
    "prod": (_trivial_axes, _of_permute),
    "dot": (_inner_product, _outer_product, _shared_right),
}
