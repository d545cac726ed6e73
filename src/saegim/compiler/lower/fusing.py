"""A group of nodes as one kernel."""

from __future__ import annotations

import math

from saegim.compiler.kernels.base import Layout
from saegim.compiler.kernels.fused import Fused, Step, Write
from saegim.compiler.lower.body import Body
from saegim.compiler.lower.form import View
from saegim.compiler.lower.groups import Item, ends_in_group, operand_is_row, spread
from saegim.compiler.lower.views import Ints, Strided, dense, reshaped
from saegim.dtypes import uint64
from saegim.ir import REDUCTIONS, Node

_MANY = 4096  # elements that are worth a copy
_SHORT = 16  # columns of a row that wastes most of its time on beginning and ending


def fuse(body: Body, item: Item) -> None:
    """Appends the kernel of a group to the statements of `body`."""
    _Fusing(body, item).emit()


class _Fusing:
    """The steps of one group while they are written down."""

    def __init__(self, body: Body, item: Item) -> None:
        assert item.space is not None
        self._body, self._item, self._space = body, item, item.space
        self._steps: list[Step] = []
        self._known: dict[Step, int] = {}
        self._loads: list[View] = []
        self._load_numbers: dict[View, int] = {}
        self._of: dict[Node, int] = {}  # the step that computes a member
        self._writes: list[tuple[Write, View]] = []
        self._copies: list[tuple[View, View]] = []
        self._accumulates = False

    def emit(self) -> None:
        for node in self._item.members:
            if node.op in REDUCTIONS:
                self._reduce(node)
            else:
                inputs = self._bits(node) if node.op == "random_bits" else self._operands(node)
                self._of[node] = self._step(Step(node.op, inputs, node.dtype))
                if self._body.is_needed(node):
                    self._store(node)
        if self._is_short_rows():
            self._loads = [self._in_order(view) for view in self._loads]
        loads = tuple(view.layout for view in self._loads)
        kernel = Fused(self._space, loads, tuple(self._steps), tuple(write for write, _ in self._writes))
        self._body.call(kernel, self._loads, [view for _, view in self._writes], self._accumulates)
        for source, final in self._copies:
            self._body.copy(source, final)

    def _is_short_rows(self) -> bool:
        """Whether elements are many, most operands lie in order, and rows are too short for those that do not."""
        alone = not any(node.op in REDUCTIONS for node in self._item.members)
        views = [*self._loads, *(view for _, view in self._writes)]
        in_order = sum(view.layout.is_dense for view in views)
        return alone and math.prod(self._space) >= _MANY and self._space[-1] < _SHORT and 2 * in_order > len(views)

    def _in_order(self, view: View) -> View:
        """The view, or a copy if its elements lie apart: all others are then one long row."""
        return view if view.layout.is_dense or 0 in view.where.strides else self._body.copied(view)

    def _step(self, step: Step) -> int:
        number = self._known.get(step)
        if number is None:
            number = self._known[step] = len(self._steps)
            self._steps.append(step)
        return number

    def _operands(self, node: Node) -> tuple[int, ...]:
        return tuple(self._operand(each, node.shape) for each in node.inputs)

    def _bits(self, node: Node) -> tuple[int, ...]:
        """The key, which is one number for all, and the position of each element."""
        key = self._body.view(node.inputs[0])
        everywhere = key.at(Strided(self._space, (0,) * len(self._space), key.where.offset))
        strides = _spread(dense(node.shape), self._space, node.shape).strides
        return self._loaded(everywhere), self._step(Step("position", (), uint64, (0, strides)))

    def _operand(self, node: Node, shape: Ints) -> int:
        """The step for an operand of a member of `shape`."""
        root, _ = self._body.grouping.path(node)
        if root in self._item.members:
            return self._of[root]
        if root.op == "constant" and root.size == 1:
            return self._step(Step("literal", (), root.dtype, (root.attrs["value"].array.item(),)))
        if root.op == "iota":
            counts = self._body.counts(node)
            seen = None if counts is None else spread(counts, self._space, of=shape)
            if seen is not None:
                return self._step(Step("position", (), root.dtype, (seen.offset, seen.strides)))
        if self._body.redone.is_redone(root):
            return self._again(root, node, root, shape)
        return self._load(self._body.view(node), shape)

    def _again(self, value: Node, node: Node, root: Node, shape: Ints) -> int:
        """`value`, which another group makes of what it keeps, computed once more; for `node`, a view of `root`.

        `root` is made of `value` element by element, so `node` sees both alike.
        """
        inputs = []
        for each in value.inputs:
            operand = self._body.grouping.path(each)[0]
            if operand.op == "constant":
                inputs.append(self._operand(operand, shape))
            elif operand.size == 1:
                one = self._body.view(operand)
                inputs.append(self._load(one.at(Strided(shape, (0,) * len(shape), one.where.offset)), shape))
            elif self._body.redone.is_redone(operand):
                inputs.append(self._again(operand, node, root, shape))
            else:
                inputs.append(self._load(self._body.view_like(node, root, operand), shape))
        return self._step(Step(value.op, tuple(inputs), value.dtype))

    def _load(self, view: View, shape: Ints) -> int:
        seen = spread(view.where, self._space, of=shape)
        if seen is None:
            view = self._body.copied(view)
            seen = _spread(view.where, self._space, shape)
        return self._loaded(view.at(seen))

    def _loaded(self, view: View) -> int:
        number = self._load_numbers.get(view)
        if number is None:
            number = self._load_numbers[view] = len(self._loads)
            self._loads.append(view)
        return self._step(Step("load", (), view.buffer.dtype, (number,)))

    def _store(self, node: Node) -> None:
        target = self._body.storage(node)
        seen = spread(target.where, self._space, of=node.shape)
        if seen is None:
            target = self._elsewhere(node, target)
            seen = _spread(target.where, self._space, node.shape)
        self._write(Write(self._of[node], Layout(node.dtype, self._space, seen.strides)), target.at(seen))

    def _elsewhere(self, node: Node, final: View) -> View:
        """Memory from which the value of `node` is copied to `final` when the kernel has run."""
        target = self._body.new(node.dtype, node.shape)
        self._copies.append((target, final))
        return target

    def _write(self, write: Write, view: View) -> None:
        self._writes.append((write, view))

    def _reduce(self, node: Node) -> None:
        operand, last = node.inputs[0], len(self._space) - 1
        over = self._body.grouping.reduced_axes(node, self._space)
        assert over is not None, "a member fits its group"
        step = self._operand(operand, operand.shape)
        is_row = operand_is_row(operand, self._space)
        if last in over and not is_row:
            step, is_row = self._step(Step(f"row_{node.op}", (step,), node.dtype)), True
        self._of[node] = step
        if ends_in_group(node, self._space):
            outer = tuple(axis for axis in over if axis != last)
            self._end(node, step, outer, {*outer, last} if is_row else {*outer})
        elif self._body.is_needed(node):
            self._store(node)

    def _end(self, node: Node, step: int, over: Ints, gone: set[int]) -> None:
        """Writes a reduction over the axes `over`; the result has all axes of the space but those `gone`."""
        partial = self._body.combined.get(node)
        target = partial or self._body.storage(node)
        kept = tuple(size for axis, size in enumerate(self._space) if axis not in gone)
        where = reshaped(target.where, kept)
        if where is None:
            assert partial is None, "a partial lies dense"
            target = self._elsewhere(node, target)
            where = dense(kept)
        strides = iter(where.strides)
        placed = tuple(0 if axis in gone else next(strides) for axis in range(len(self._space)))
        seen = Strided(self._space, placed, where.offset)
        layout = Layout(node.dtype, self._space, seen.strides)
        self._accumulates |= partial is not None
        self._write(Write(step, layout, node.op, over, accumulate=partial is not None), target.at(seen))


def _spread(where: Strided, space: Ints, of: Ints) -> Strided:
    seen = spread(where, space, of=of)
    assert seen is not None, "a dense array can be seen from its group's space"
    return seen
