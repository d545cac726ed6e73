"""Rules for moves: those that change nothing go, several become one, broadcasts come last.

A broadcast costs nothing where it is read, so every other move is done to what is repeated rather than to its copies:

    permute(broadcast(x))  ->  broadcast(permute(reshape(x)))
    reshape(broadcast(x))  ->  broadcast(reshape(x))            where no axis is cut through
    slice(broadcast(x))    ->  broadcast(slice(x))

All rules give the same bits, but that sums of padded pieces do not turn -0 into 0.
"""

from __future__ import annotations

import math
from itertools import accumulate, pairwise

from saegim.compiler.simplify.facts import Rule, aligned, broadcast, is_number, number, permute, reshape
from saegim.ir import Node, Shape, make


def _reshape(node: Node) -> Node | None:
    x, shape = node.inputs[0], node.shape
    if x.op == "reshape" or x.shape == shape:
        return reshape(x, shape)
    if x.op == "broadcast":
        return _reshape_of_broadcast(x, shape)
    return None


def _reshape_of_broadcast(repeated: Node, shape: Shape) -> Node | None:
    """The broadcast of a reshape, where each run of axes is repeated as a whole or not at all."""
    if 0 in shape:
        return None
    x = repeated.inputs[0]
    old = aligned(x.shape, repeated.ndim)
    thin: list[int] = []
    for before, after in _joined(repeated.shape, shape):
        sizes, whole = old[before], repeated.shape[before]
        if math.prod(sizes) == math.prod(whole):
            thin += shape[after]
        elif math.prod(sizes) == 1:
            thin += [1] * len(shape[after])
        else:
            return None
    return broadcast(reshape(x, thin), shape)


def _joined(old: Shape, new: Shape) -> list[tuple[slice, slice]]:
    """The shortest runs of axes of two shapes of one size that hold equally many elements."""
    ends = [[*accumulate(shape, int.__mul__, initial=1)] for shape in (old, new)]
    common = sorted(set(ends[0]) & set(ends[1]))
    # The last place with such a product: axes of size 1 belong to the run before them.
    cuts = [[0, *(len(each) - 1 - each[::-1].index(product) for product in common)] for each in ends]
    return [(slice(*a), slice(*b)) for a, b in zip(pairwise(cuts[0]), pairwise(cuts[1]), strict=True)]


def _permute(node: Node) -> Node | None:
    x, axes = node.inputs[0], node.attrs["axes"]
    if x.op == "permute":
        inner = x.attrs["axes"]
        return permute(x.inputs[0], [inner[axis] for axis in axes])
    moved = [axis for axis in axes if x.shape[axis] != 1]
    if moved == sorted(moved):
        return reshape(x, node.shape)
    if x.op == "broadcast":
        thin = x.inputs[0]
        return broadcast(permute(reshape(thin, aligned(thin.shape, x.ndim)), axes), node.shape)
    return None


def _broadcast(node: Node) -> Node | None:
    x = node.inputs[0]
    if x.shape == node.shape:
        return x
    if x.op == "broadcast":
        return broadcast(x.inputs[0], node.shape)
    if x.size == 1 and x.shape:
        return broadcast(reshape(x, ()), node.shape)
    if x.shape and x.shape[0] == 1:
        first = next(axis for axis, size in enumerate(x.shape) if size != 1)
        return broadcast(reshape(x, x.shape[first:]), node.shape)
    return None


def _slice(node: Node) -> Node | None:
    x = node.inputs[0]
    if node.shape == x.shape:
        return x
    rule = {"slice": _slice_of_slice, "broadcast": _slice_of_broadcast, "concat": _slice_of_concat}.get(x.op)
    return rule(node, x) if rule else None


def _slice_of_slice(node: Node, inner: Node) -> Node:
    start = [
        a + b * by for a, b, by in zip(inner.attrs["start"], node.attrs["start"], inner.attrs["step"], strict=True)
    ]
    step = [a * b for a, b in zip(inner.attrs["step"], node.attrs["step"], strict=True)]
    return _piece(inner.inputs[0], start, node.shape, step)


def _slice_of_broadcast(node: Node, repeated: Node) -> Node:
    x = repeated.inputs[0]
    thin = aligned(x.shape, node.ndim)
    stretched = [now != was for now, was in zip(repeated.shape, thin, strict=True)]
    start = [0 if wide else first for wide, first in zip(stretched, node.attrs["start"], strict=True)]
    shape = [1 if wide else size for wide, size in zip(stretched, node.shape, strict=True)]
    return broadcast(_piece(reshape(x, thin), start, shape, node.attrs["step"]), node.shape)


def _slice_of_concat(node: Node, joined: Node) -> Node | None:
    """The slice of the one part that it lies in."""
    axis: int = joined.attrs["axis"]
    first, last, begin = node.attrs["start"][axis], node.attrs["stop"][axis], 0
    for part in joined.inputs:
        if begin <= first and last <= begin + part.shape[axis]:
            start = [at - begin if number == axis else at for number, at in enumerate(node.attrs["start"])]
            return _piece(part, start, node.shape, node.attrs["step"])
        begin += part.shape[axis]
    return None


def _piece(x: Node, start: list[int], shape: Shape | list[int], step: Shape | list[int]) -> Node:
    """A slice by its first element, its shape and its step."""
    if x.shape == tuple(shape):
        return x
    begin = [first if count else 0 for first, count in zip(start, shape, strict=True)]  # nothing may begin beyond x
    ends = zip(begin, shape, step, strict=True)
    stop = tuple(first + (count - 1) * by + 1 if count else first for first, count, by in ends)
    return make("slice", x, start=tuple(begin), stop=stop, step=tuple(step))


def _pad(node: Node) -> Node | None:
    x, value = node.inputs
    if x.shape == node.shape:
        return x
    same = number(x)
    return broadcast(value, node.shape) if same is not None and is_number(value, same) else None


def _concat(node: Node) -> Node | None:
    axis = node.attrs["axis"]
    parts: list[Node] = []
    for part in node.inputs:
        parts += part.inputs if part.op == "concat" and part.attrs["axis"] == axis else [part]
    kept = [part for part in parts if part.shape[axis]] or parts[:1]
    if len(kept) == 1:
        return kept[0]
    return None if len(kept) == len(node.inputs) == len(parts) else make("concat", *kept, axis=axis)


def _flip(node: Node) -> Node | None:
    x, axes = node.inputs[0], set(node.attrs["axes"])
    if x.op == "flip":
        axes ^= set(x.attrs["axes"])
        x = x.inputs[0]
    axes = {axis for axis in axes if x.shape[axis] > 1}
    if not axes:
        return x
    turned = make("flip", x, axes=tuple(sorted(axes)))
    return None if turned is node else turned


def _sum_of_pads(node: Node) -> Node | None:
    """Pieces padded with zeros to be added, side by side along one axis, are joined first.

    before   %2 = pad(%0, 0; low=(8,), high=(0,))   %3 = pad(%1, 0; low=(0,), high=(4,))   %4 = add(%2, %3)
    after    %4 = concat(%1, %0; axis=0)
    """
    terms = _pads(node)
    axes = {_padded_axis(each) for each in terms} or {None}
    axis = axes.pop()
    if axes or axis is None:
        return None
    terms.sort(key=lambda pad: int(pad.attrs["low"][axis]))
    groups = [[terms[0]]]
    for left, right in pairwise(terms):
        gap = right.attrs["low"][axis] - left.attrs["low"][axis] - left.inputs[0].shape[axis]
        if gap < 0:
            return None
        groups[-1].append(right) if gap == 0 else groups.append([right])
    if len(groups) == len(terms):
        return None
    joined = [_joined_pads(group, axis) for group in groups]
    total = joined[0]
    for each in joined[1:]:
        total = make("add", total, each)
    return total


def _pads(node: Node) -> list[Node]:
    """The terms of a sum of pads; none where others are among them."""
    terms: list[Node] = []
    pending = [node]
    while pending:
        each = pending.pop()
        if each.op == "add":
            # A sum grows term by term: the one that came last says at once whether these are pads.
            if "pad" not in (each.inputs[0].op, each.inputs[1].op):
                return []
            pending += each.inputs
        elif each.op == "pad":
            terms.append(each)
        else:
            return []
    return terms


def _padded_axis(node: Node) -> int | None:
    """The one axis along which a node is another, padded with zeros at the ends."""
    if node.op != "pad" or number(node.inputs[1]) != 0 or any(node.attrs["interior"]):
        return None
    axes = [axis for axis, (now, was) in enumerate(zip(node.shape, node.inputs[0].shape, strict=True)) if now != was]
    return axes[0] if len(axes) == 1 else None


def _joined_pads(pads: list[Node], axis: int) -> Node:
    """Pads of pieces that lie side by side as the pad of the joined pieces."""
    if len(pads) == 1:
        return pads[0]
    pieces = make("concat", *(pad.inputs[0] for pad in pads), axis=axis)
    first, last = pads[0].attrs, pads[-1].attrs
    low, high, interior = first["low"], last["high"], first["interior"]
    return make("pad", pieces, pads[0].inputs[1], low=low, high=high, interior=interior)


RULES: dict[str, tuple[Rule, ...]] = {
    "reshape": (_reshape,),
    "permute": (_permute,),
    "broadcast": (_broadcast,),
    "slice": (_slice,),
    "pad": (_pad,),
    "concat": (_concat,),
    "flip": (_flip,),
    "add": (_sum_of_pads,),
}
