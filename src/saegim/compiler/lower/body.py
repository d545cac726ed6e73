"""A graph on its way to statements: where each value lives, and how others see it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.compiler.kernels.base import Kernel
from saegim.compiler.kernels.copies import Copy
from saegim.compiler.kernels.fused import Fused, Step, Write
from saegim.compiler.lower.form import Buffer, Call, Space, Statement, View
from saegim.compiler.lower.groups import Grouping, Item, ends_in_group
from saegim.compiler.lower.redone import Redone
from saegim.compiler.lower.views import MOVES, Ints, Strided, dense, moved, permuted, reshaped
from saegim.compiler.sparse import mostly_zero
from saegim.dtypes import DType
from saegim.ir import Graph, Node
from saegim.runtime.target import Target

Array = npt.NDArray[Any]
Pack = Callable[[View, int, int], "tuple[View, int] | None"]


@dataclass
class Context:
    """What all bodies of a program share."""

    target: Target
    constants: list[Array] = field(default_factory=list)
    _views: dict[Node, View] = field(default_factory=dict)
    _kernels: dict[Kernel, Kernel] = field(default_factory=dict)

    def kernel(self, kernel: Kernel) -> Kernel:
        """The one object for all equal kernels: what it finds out about itself, it finds out once."""
        return self._kernels.setdefault(kernel, kernel)

    def constant(self, node: Node) -> View:
        """A constant or an iota as an array that the program keeps."""
        found = self._views.get(node)
        if found is None:
            array = np.ascontiguousarray(_counted(node) if node.op == "iota" else node.attrs["value"].array)
            buffer = Buffer(Space.CONSTANT, array.dtype, array.size, len(self.constants))
            self.constants.append(array)
            found = self._views[node] = View(buffer, dense(node.shape))
        return found


@dataclass(frozen=True)
class Destination:
    """Where an output goes: into `view`, or combined with what earlier tiles left there; anywhere if `view` is None."""

    view: View | None = None
    combine: str | None = None


def never(view: View, rows: int, width: int) -> tuple[View, int] | None:  # noqa: ARG001 - it packs nothing
    """For bodies that run once: packing a matrix would cost as much as it gains."""
    return None


class Body:
    """A graph with its items in order, the memory of its values and the statements made so far.

    `inputs` are views for the graph's inputs; `space` is where intermediate results live; `pack(matrix, rows, width)`
    gives a packed copy of a matrix that stays the same for all tiles, with the width of its panels (what suits tiles if
    `width` is 0), where that is worth it for products with so many rows a tile.
    """

    def __init__(
        self,
        graph: Graph,
        inputs: Sequence[View],
        outputs: Sequence[Destination],
        space: Space,
        context: Context,
        pack: Pack = never,
    ) -> None:
        self.graph, self.outputs, self.space, self.context, self.pack = graph, outputs, space, context, pack
        self.statements: list[Statement] = []
        nodes = graph.nodes()
        self._users = _users(nodes)
        self.grouping = Grouping(nodes, self._users, graph.outputs)
        self.sparse = mostly_zero(nodes)
        self._storage: dict[Node, View] = dict(zip(graph.inputs, inputs, strict=True))
        self._views: dict[Node, View] = {}
        self._direct = self._placed_at_once()
        self.combined = self._combined_at_once()
        self._needed = self._read_outside()

    # --- outputs ---------------------------------------------------------------------------------------------------

    def _placed_at_once(self) -> dict[Node, View]:
        """The roots that are computed right where an output goes."""
        direct: dict[Node, View] = {}
        for node, to in zip(self.graph.outputs, self.outputs, strict=True):
            computed = self.grouping.item_of(node) is not None and node.op not in ("item", "scan")
            if to.view is not None and to.combine is None and computed:
                direct.setdefault(node, to.view)
        return direct

    def _combined_at_once(self) -> dict[Node, View]:
        """The partials that their own kernel adds to what earlier tiles left."""
        combined: dict[Node, View] = {}
        for node, to in zip(self.graph.outputs, self.outputs, strict=True):
            item = self.grouping.item_of(node)
            if to.combine is None or to.view is None or item is None or node in combined or 0 in node.shape:
                continue
            reduced = item.space is not None and ends_in_group(node, item.space) and node.op == to.combine
            if reduced or (node.op == "dot" and to.combine == "sum"):
                combined[node] = to.view
        return combined

    def _read_outside(self) -> set[Node]:
        """The roots whose values are read by other items or are outputs, so that they need memory."""
        grouping = self.grouping
        needed = {
            grouping.path(node)[0]
            for node, to in zip(self.graph.outputs, self.outputs, strict=True)
            if self.combined.get(node) is not to.view or to.view is None
        }
        self.redone = Redone(grouping, kept=needed)
        for item in grouping.items:
            for node in item.members:
                roots = (grouping.path(each)[0] for each in node.inputs)
                outside = [root for root in roots if grouping.item_of(root) is not item]
                needed.update(each for root in outside for each in self._read_for(root, item))
        return needed

    def _read_for(self, root: Node, item: Item) -> Iterable[Node]:
        """What `item` reads from memory to have `root`."""
        return self.redone.reads(root) if item.space is not None else (root,)

    def is_needed(self, root: Node) -> bool:
        return root in self._needed

    def finish(self) -> list[View]:
        """Brings outputs to where they belong that are not there yet; gives a view of each."""
        return [self._finished(node, to) for node, to in zip(self.graph.outputs, self.outputs, strict=True)]

    def _finished(self, node: Node, to: Destination) -> View:
        if to.view is None:
            return self.view(node)
        if to.combine is not None:
            if self.combined.get(node) is not to.view:
                self._combine(self.view(node), to.view, to.combine)
        elif self._direct.get(node) is not to.view:
            self.copy(self.view(node), to.view)
        return to.view

    def _combine(self, source: View, target: View, how: str) -> None:
        space = source.where.shape or (1,)
        loaded, written = (
            view.at(Strided(space, view.where.strides or (0,), view.where.offset)) for view in (source, target)
        )
        load = Step("load", (), source.buffer.dtype, (0,))
        write = Write(0, written.layout, how, (), accumulate=True)
        self.call(Fused(space, (loaded.layout,), (load,), (write,)), [loaded], [written], accumulates=True)

    # --- where values live -----------------------------------------------------------------------------------------

    def new(self, dtype: DType, shape: Ints) -> View:
        """Memory for an intermediate result."""
        return View(Buffer(self.space, dtype, math.prod(shape)), dense(shape))

    def users(self, node: Node) -> list[Node]:
        return self._users.get(node, [])

    def put(self, root: Node, view: View) -> None:
        """`root` lives at `view`."""
        self._storage[root] = view

    def storage(self, root: Node) -> View:
        """The memory that `root` lives in."""
        found = self._storage.get(root) or self._direct.get(root)
        if found is None:
            found = self.context.constant(root) if root.op in ("constant", "iota") else self._made(root)
        self._storage[root] = found
        return found

    def _made(self, root: Node) -> View:
        axes = self._only_permuted(root) if root.op == "dot" else None
        if axes is None:
            return self.new(root.dtype, root.shape)
        # Stored as its only user wants it, so that joining the heads of attention costs nothing.
        whole = self.new(root.dtype, tuple(root.shape[axis] for axis in axes))
        return whole.at(permuted(whole.where, tuple(int(place) for place in np.argsort(axes))))

    def _only_permuted(self, root: Node) -> Ints | None:
        """The axes of the only use of `root`, where that is a permute which keeps the last axis."""
        users = self.users(root)
        if len(users) != 1 or users[0].op != "permute" or root in self.graph.outputs:
            return None
        axes: Ints = users[0].attrs["axes"]
        return axes if axes[-1] == len(axes) - 1 else None

    # --- how others see them ---------------------------------------------------------------------------------------

    def view(self, node: Node) -> View:
        """The elements of `node`; copies them where strides cannot say it."""
        if self.grouping.is_root(node):
            return self.storage(node)
        found = self._views.get(node)
        if found is None:
            found = self._views[node] = self._moved(self.view(node.inputs[0]), node)
        return found

    def _moved(self, before: View, node: Node) -> View:
        """What the move `node` makes of its operand."""
        where = _follow(before.where, node)
        if where is None:
            before = self.copied(before)
            where = _follow(before.where, node)
            assert where is not None, "a dense array can be seen in every shape"
        return before.at(where)

    def bias(self, product: Node) -> View | None:
        """The vector (N,) that the kernel of `product` adds to every row."""
        repeated = self.grouping.biases.get(product)
        if repeated is None:
            return None
        view = self.view(repeated)
        return view.at(Strided(view.where.shape[-1:], (1,), view.where.offset))

    def view_like(self, node: Node, root: Node, operand: Node) -> View:
        """What `node`, a view of `root`, would be as a view of `operand`, which has as many elements."""
        if node is root:
            view = self.view(operand)
            where = reshaped(view.where, root.shape)
            return view.at(where) if where is not None else self.copied(view).at(dense(root.shape))
        return self._moved(self.view_like(node.inputs[0], root, operand), node)

    def counts(self, node: Node) -> Strided | None:
        """A view of an iota as the strides by which its values count; None where strides cannot say it."""
        if node.op == "iota":
            return Strided(node.shape, tuple(int(axis == node.attrs["axis"]) for axis in range(node.ndim)))
        before = self.counts(node.inputs[0])
        return None if before is None else _follow(before, node)

    # --- statements ------------------------------------------------------------------------------------------------

    def call(self, kernel: Kernel, reads: Sequence[View], writes: Sequence[View], accumulates: bool = False) -> None:
        self.statements.append(Call(self.context.kernel(kernel), tuple(reads), tuple(writes), accumulates))

    def copy(self, source: View, target: View) -> None:
        self.call(Copy(source.layout, target.layout), [source], [target])

    def copied(self, view: View) -> View:
        """A dense copy of what `view` shows."""
        target = self.new(view.buffer.dtype, view.where.shape)
        self.copy(view, target)
        return target


def _follow(where: Strided, node: Node) -> Strided | None:
    """What `node`, a move or a reduction over single elements, makes of its operand at `where`."""
    return moved(where, node) if node.op in MOVES else reshaped(where, node.shape)


def _users(nodes: Iterable[Node]) -> dict[Node, list[Node]]:
    users: dict[Node, list[Node]] = {}
    for node in nodes:
        for each in dict.fromkeys(node.inputs):
            users.setdefault(each, []).append(node)
    return users


def _counted(node: Node) -> Array:
    """The values of an iota."""
    axis = node.attrs["axis"]
    line = np.arange(node.shape[axis], dtype=node.dtype)
    return np.broadcast_to(line.reshape([-1 if a == axis else 1 for a in range(node.ndim)]), node.shape)
