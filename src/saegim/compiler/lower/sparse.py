"""Products whose left operand is mostly zeros, also those whose rows are windows that are summed back at once."""

from __future__ import annotations

from saegim.compiler.kernels.base import Layout
from saegim.compiler.kernels.sparse import SparseProduct
from saegim.compiler.lower.body import Body
from saegim.compiler.lower.form import View
from saegim.compiler.lower.views import dense, reshaped
from saegim.ir import Node


def sparse_dot(body: Body, node: Node) -> bool:
    """Lowers a product if its left operand is mostly zeros; whether it was lowered, now or to be with its fold."""
    if node.inputs[0] not in body.sparse or node.dtype.kind != "f":
        return False
    if any(_folded(body, user) is node for each in body.users(node) for user in body.users(each)):
        return True
    left, right = (body.view(each) for each in node.inputs)
    partial = body.combined.get(node)
    target = partial or body.storage(node)
    if not _is_upright(target):
        return False
    right, accumulates = _upright(body, right), partial is not None
    kernel = SparseProduct(left.layout, right.layout, target.layout, target.layout, accumulates)
    body.call(kernel, [left, right], [target], accumulates)
    return True


def sparse_fold(body: Body, node: Node) -> bool:
    """Lowers a fold together with the product of its windows, if that is sparse and nobody else reads it."""
    product = _folded(body, node)
    if product is None:
        return False
    examples, count, size, channels = node.inputs[0].shape
    left, right = (body.view(each) for each in product.inputs)
    split = reshaped(left.where, (examples, count, left.where.shape[-1]))
    right, target = _upright(body, right), body.storage(node)
    if split is None:
        left = body.copied(left)
        split = dense((examples, count, left.where.shape[-1]))
    left = left.at(split)
    apart, place, _ = target.where.strides
    (stride,), dtype = node.attrs["stride"], node.dtype
    rows = Layout(dtype, (examples, count, size * channels), (apart, stride * place, 1))
    repeated = Layout(dtype, (examples, *right.where.shape), (0, *right.where.strides))
    kernel = SparseProduct(left.layout, repeated, rows, target.layout, parts=size)
    body.call(kernel, [left, right], [target])
    return True


def _folded(body: Body, node: Node) -> Node | None:
    """The sparse product whose rows are the windows that `node`, a fold, sums; None where it is something else."""
    if node.op != "fold" or len(node.attrs["size"]) != 1 or node.attrs["dilation"] != (1,) or node.size == 0:
        return None
    windows = node.inputs[0]
    if windows.op != "reshape" or windows.inputs[0].op != "dot":
        return None
    product = windows.inputs[0]
    examples, count, size, channels = windows.shape
    if product.shape != (examples * count, size * channels):
        return None
    alone = body.users(product) == [windows] and body.users(windows) == [node]
    if not alone or product.inputs[0] not in body.sparse or {product, windows} & set(body.graph.outputs):
        return None
    # A window lies in one piece where the places that it covers do.
    _, place, channel = body.storage(node).where.strides
    return product if (place, channel) == (channels, 1) and node.dtype.kind == "f" else None


def _is_upright(view: View) -> bool:
    """Whether the columns of a matrix lie side by side."""
    return view.where.strides[-1] == 1 or view.where.shape[-1] == 1


def _upright(body: Body, view: View) -> View:
    """The matrix with its columns side by side; made once where it is the same for all tiles."""
    if _is_upright(view):
        return view
    packed = body.pack(view, *view.where.shape[-2:])
    return body.copied(view) if packed is None else packed[0].at(dense(view.where.shape))
