"""Primitives with a kernel of their own."""

from __future__ import annotations

from collections.abc import Callable

from saegim.compiler.kernels.bags import Bag, BagTranspose
from saegim.compiler.kernels.base import Layout
from saegim.compiler.kernels.extremes import ArgExtreme
from saegim.compiler.kernels.fold import Fold
from saegim.compiler.kernels.fused import Fused, Step, Write
from saegim.compiler.kernels.fused_steps import identity
from saegim.compiler.kernels.product import Product
from saegim.compiler.kernels.rows import Take
from saegim.compiler.kernels.running import Running
from saegim.compiler.kernels.scatter import ScatterAdd, ScatterSet
from saegim.compiler.kernels.sorting import ArgSort, SearchSorted
from saegim.compiler.lower.body import Body
from saegim.compiler.lower.form import Space, View
from saegim.compiler.lower.sparse import sparse_dot, sparse_fold
from saegim.compiler.lower.views import Ints, Strided, broadcasted, dense, permuted, reshaped, sliced
from saegim.ir import Node


def _views(body: Body, node: Node) -> list[View]:
    return [body.view(each) for each in node.inputs]


def _dot(body: Body, node: Node) -> None:
    bias = body.bias(node)
    if bias is None and sparse_dot(body, node):
        return
    left, right = _views(body, node)
    partial = body.combined.get(node)
    target = partial or body.storage(node)
    packed = body.pack(right, node.shape[-2], 0)
    if packed is None and partial is None and body.space is Space.LOCAL and _better_turned(left, right):
        _turned(body, left, right, target)
        if bias is not None:
            _add_to_rows(body, bias, target)
        return
    right, panel = packed or (right, 0)
    reads = [left, right] if bias is None else [left, right, bias]
    added = None if bias is None else bias.layout
    kernel = Product(left.layout, right.layout, target.layout, partial is not None, panel, added)
    body.call(kernel, reads, [target], partial is not None)


def _better_turned(left: View, right: View) -> bool:
    """Whether a product of few rows with a matrix that lies column by column is cheaper as (B' A')'.

    A product reads its right operand row by row. Bringing the matrix into that order costs a pass over it; turning
    the few rows, and the result, costs less. Only in tiles: what is not tiled is shared out by columns of the result,
    which would become few rows.
    """
    (*batch, rows, depth), columns = left.where.shape, right.where.shape[-1]
    along_columns = right.where.strides[-2:-1] == (1,) and right.where.strides[-1] > 1
    return not batch and along_columns and left.buffer.dtype.kind == "f" and _few(rows, depth, columns)


def _few(rows: int, depth: int, columns: int) -> bool:
    return rows > 1 and 2 * rows * (depth + columns) < depth * columns


def _turned(body: Body, left: View, right: View, target: View) -> None:
    rows, columns = target.where.shape
    upright = body.copied(left.at(permuted(left.where, (1, 0))))
    turned = body.new(target.buffer.dtype, (columns, rows))
    matrix = right.at(permuted(right.where, (1, 0)))
    body.call(Product(matrix.layout, upright.layout, turned.layout), [matrix, upright], [turned])
    body.copy(turned.at(permuted(turned.where, (1, 0))), target)


def _add_to_rows(body: Body, bias: View, target: View) -> None:
    """Adds a vector to every row of `target`, in place."""
    space, dtype = target.where.shape, target.buffer.dtype
    repeated = bias.at(broadcasted(bias.where, space))
    steps = (Step("load", (), dtype, (0,)), Step("load", (), dtype, (1,)), Step("add", (0, 1), dtype))
    kernel = Fused(space, (target.layout, repeated.layout), steps, (Write(2, target.layout),))
    body.call(kernel, [target, repeated], [target])


def _take(body: Body, node: Node) -> None:
    table, indices = _views(body, node)
    target = body.storage(node)
    kernel = Take(table.layout, indices.layout, target.layout, node.attrs["mode"])
    body.call(kernel, [table, indices], [target])


def _scatter(kernel: type[ScatterAdd] | type[ScatterSet]) -> Callable[[Body, Node], None]:
    def lower(body: Body, node: Node) -> None:
        table, indices, rows = _views(body, node)
        target = body.storage(node)
        made = kernel(table.layout, indices.layout, rows.layout, target.layout)
        body.call(made, [table, indices, rows], [target])

    return lower


def _bag(kernel: type[Bag] | type[BagTranspose]) -> Callable[[Body, Node], None]:
    def lower(body: Body, node: Node) -> None:
        x, indices, weights, offsets = _views(body, node)
        target = body.storage(node)
        made = kernel(x.layout, indices.layout, weights.layout, offsets.layout, target.layout)
        body.call(made, [x, indices, weights, offsets], [target])

    return lower


def _arg_extreme(body: Body, node: Node) -> None:
    (x,), target = _views(body, node), body.storage(node)
    kernel = ArgExtreme(x.layout, target.layout, node.attrs["axis"], largest=node.op == "argmax")
    body.call(kernel, [x], [target])


def _running(body: Body, node: Node) -> None:
    (x,), target = _views(body, node), body.storage(node)
    body.call(Running(x.layout, target.layout, node.attrs["axis"], product=node.op == "cumprod"), [x], [target])


def _argsort(body: Body, node: Node) -> None:
    (x,), target = _views(body, node), body.storage(node)
    body.call(ArgSort(x.layout, target.layout, node.attrs["axis"]), [x], [target])


def _searchsorted(body: Body, node: Node) -> None:
    (ordered, values), target = _views(body, node), body.storage(node)
    kernel = SearchSorted(ordered.layout, values.layout, target.layout, node.attrs["side"])
    body.call(kernel, [ordered, values], [target])


def _fold(body: Body, node: Node) -> None:
    if sparse_fold(body, node):
        return
    (x,), target, attrs = _views(body, node), body.storage(node), node.attrs
    kernel = Fold(x.layout, target.layout, attrs["size"], attrs["stride"], attrs["dilation"])
    body.call(kernel, [x], [target])


def _concat(body: Body, node: Node) -> None:
    target, axis, first = body.storage(node), node.attrs["axis"], 0
    for each in node.inputs:
        start = tuple(first if a == axis else 0 for a in range(node.ndim))
        stop = tuple(first + each.shape[axis] if a == axis else size for a, size in enumerate(node.shape))
        if each.size:
            body.copy(body.view(each), target.at(sliced(target.where, start, stop, (1,) * node.ndim)))
        first += each.shape[axis]


def _pad(body: Body, node: Node) -> None:
    x, value = _views(body, node)
    target, attrs = body.storage(node), node.attrs
    repeated = value.at(broadcasted(value.where, node.shape))
    load = Step("load", (), node.dtype, (0,))
    write = Write(0, target.layout)
    body.call(Fused(node.shape, (repeated.layout,), (load,), (write,)), [repeated], [target])
    if node.inputs[0].size:
        step = tuple(gap + 1 for gap in attrs["interior"])
        spans = zip(attrs["low"], x.where.shape, step, strict=True)
        stop = tuple(low + (size - 1) * by + 1 for low, size, by in spans)
        body.copy(x, target.at(sliced(target.where, attrs["low"], stop, step)))


def _move(body: Body, node: Node) -> None:
    """A change of shape that strides cannot express: a copy as dense as the new shape needs it."""
    view, target = body.view(node.inputs[0]), body.storage(node)
    where = reshaped(target.where, view.where.shape)
    if where is None:
        copied = body.copied(view)
        body.copy(copied.at(dense(node.shape)), target)
    else:
        body.copy(view, target.at(where))


def reduce_nothing(body: Body, node: Node) -> None:
    """A reduction over no elements at all."""
    target = body.storage(node)
    space: Ints = node.shape or (1,)
    seen = target.at(Strided(space, target.where.strides or (0,), target.where.offset))
    write = Write(0, Layout(node.dtype, space, seen.where.strides))
    nothing = Step("literal", (), node.dtype, (identity(node.op, node.dtype),))
    body.call(Fused(space, (), (nothing,), (write,)), [], [seen])


SINGLES: dict[str, Callable[[Body, Node], None]] = {
    "dot": _dot,
    "take": _take,
    "scatter_add": _scatter(ScatterAdd),
    "scatter_set": _scatter(ScatterSet),
    "bag": _bag(Bag),
    "bag_transpose": _bag(BagTranspose),
    "argmax": _arg_extreme,
    "argmin": _arg_extreme,
    "cumsum": _running,
    "cumprod": _running,
    "argsort": _argsort,
    "searchsorted": _searchsorted,
    "fold": _fold,
    "concat": _concat,
    "pad": _pad,
    "reshape": _move,
    **dict.fromkeys(("sum", "prod", "any", "all"), reduce_nothing),
}
"""How a node that is in no group becomes a call of its kernel."""
