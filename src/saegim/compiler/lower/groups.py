"""Which nodes become one kernel: elementwise chains with the reductions among them.

Nodes join a group when they run through the same elements in the same order (its *space*), or hold one number for
each of its rows (the space without its last axis). A reduction over the last axis gives such a row value, which the
group may use at once: softmax, layer norm and cross entropy become one group each. A reduction over other axes ends in
the group: its result is complete only when the whole group has run.

Nodes come in an order in which inputs precede users. A node joins the last group among its inputs, and earlier groups
are drawn into it where nothing in between needs their results.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from saegim.compiler.lower.views import (
    MOVES,
    Ints,
    Strided,
    axes_within,
    dense,
    known,
    moved,
    normal,
    reshaped,
)
from saegim.ir import ELEMENTWISE, REDUCTIONS, Node

_COMPUTED = ELEMENTWISE - MOVES
SOURCES = frozenset(("input", "constant", "iota"))
"""What no statement computes: it is there, or every kernel makes it anew."""

# A reduction of the rows' own results makes a group one piece of work for one thread; of more elements it stays apart.
_ONE_PIECE = 1 << 15

_LARGEST = 160  # members of a group: compile time grows faster than the number of instructions


@dataclass(eq=False)
class Item:
    """A place in the order of statements: one node with a kernel of its own, or a group."""

    position: int
    members: dict[Node, None]
    space: Ints | None = None  # of a group
    into: Item | None = None  # where its members went
    readers: set[Item] = field(default_factory=set)

    @property
    def node(self) -> Node:
        """The only member."""
        (node,) = self.members
        return node

    def now(self) -> Item:
        """The item that its members are in by now."""
        item = self
        while item.into is not None:
            item = item.into
        if item is not self:
            self.into = item  # the shorter way from now on
        return item


def row_space(space: Ints) -> Ints:
    return space[:-1]


class Grouping:
    """Puts the nodes of a graph into items, in order.

    biases: for products whose kernel also adds a vector to every row, that vector repeated; the product is the sum.
    """

    def __init__(self, nodes: Sequence[Node], users: Mapping[Node, Sequence[Node]], outputs: Collection[Node]) -> None:
        self._users, self._outputs = users, frozenset(outputs)
        self.biases: dict[Node, Node] = {}
        self._paths: dict[Node, tuple[Node, Strided]] = {}
        self._item: dict[Node, Item] = {}
        self._items: list[Item] = []
        for node in nodes:
            self._place(node)

    @property
    def items(self) -> list[Item]:
        return [item for item in self._items if item.into is None]

    def item_of(self, root: Node) -> Item | None:
        """The item that computes `root`; None for sources."""
        item = self._item.get(root)
        return item.now() if item else None

    def path(self, node: Node) -> tuple[Node, Strided]:
        """What `node` is a view of, and where its elements lie in that, taken as dense."""
        return self._paths.get(node) or (node, dense(node.shape))

    def is_root(self, node: Node) -> bool:
        """Whether the node has memory of its own, if it is needed at all."""
        return node not in self._paths

    def _place(self, node: Node) -> None:
        if node.op in SOURCES:
            return
        if node.size == 0 or any(each.size == 0 for each in node.inputs if node.op in REDUCTIONS):
            self._alone(node)  # nothing runs through nothing
            return
        if node.op in MOVES or _is_trivial(node):
            root, where = self.path(node.inputs[0])
            seen = reshaped(where, node.shape) if node.op in REDUCTIONS else moved(where, node)
            if seen is None:
                self._alone(node)
            else:
                self._paths[node] = root, seen
        elif (product := self._biased(node)) is not None:
            self.biases[product] = node.inputs[1]
            self._paths[node] = self.path(node.inputs[0])
        elif node.op in REDUCTIONS:
            self._place_in_group(node, node.inputs[0].shape)
        elif node.op in _COMPUTED or node.op == "random_bits":
            self._place_in_group(node, node.shape)
        else:
            self._alone(node)

    def _biased(self, node: Node) -> Node | None:
        """The product to whose rows `node` adds a vector that is there already, where nobody else reads the product."""
        if node.op != "add":
            return None
        x, bias = node.inputs
        product = x.inputs[0] if x.op == "reshape" else x
        if product.op != "dot" or product.ndim != 2 or not self._only(node, x) or not self._only(x, product):
            return None
        root, where = self.path(bias)
        repeated = where.strides == (*[0] * (node.ndim - 1), 1) and node.shape[-1] == product.shape[-1]
        return product if repeated and root.op in ("input", "constant") and product.dtype.kind == "f" else None

    def _only(self, user: Node, node: Node) -> bool:
        return user is node or (self._users[node] == [user] and node not in self._outputs)

    def _alone(self, node: Node) -> None:
        self._append(node, None)

    def _append(self, node: Node, space: Ints | None) -> Item:
        item = Item(len(self._items), {node: None}, space)
        self._items.append(item)
        self._item[node] = item
        self._note_reads(node, item)
        return item

    def _note_reads(self, node: Node, item: Item) -> None:
        for each in node.inputs:
            made = self.item_of(self.path(each)[0])
            if made is not None and made is not item:
                made.readers.add(item)

    def _place_in_group(self, node: Node, space: Ints) -> None:
        found = {self.item_of(self.path(each)[0]) for each in node.inputs}
        groups = sorted(
            (item for item in found if item is not None and item.space is not None), key=lambda item: -item.position
        )
        home = next((group for group in groups if self._may_join(node, group)), None)
        if home is None:
            home = self._append(node, space)
        else:
            home.members[node] = None
            self._item[node] = home
            self._note_reads(node, home)
        for other in groups:
            if other is not home and self._may_merge(other, home):
                self._merge(other, home)

    def _may_join(self, node: Node, group: Item) -> bool:
        assert group.space is not None
        if len(group.members) >= _LARGEST or not self.fits(node, group.space, lambda root: root in group.members):
            return False
        outside = [root for each in node.inputs if (root := self.path(each)[0]) not in group.members]
        space = math.prod(group.space)
        if node.op in REDUCTIONS and operand_is_row(node.inputs[0], group.space) and space > _ONE_PIECE:
            return False
        if node.size == 1 and space > 1 and any(root.op not in SOURCES for root in outside):
            return False  # sums of sums over everything: they would make a long chain of the groups they add up
        return all((made := self.item_of(root)) is None or made.position < group.position for root in outside)

    def _may_merge(self, earlier: Item, later: Item) -> bool:
        """Whether the members of `earlier` may be computed together with those of `later`."""
        assert later.space is not None
        if earlier.position >= later.position or len(earlier.members) + len(later.members) > _LARGEST:
            return False
        others = {each.now() for each in earlier.readers} - {earlier, later}
        if any(each.position < later.position for each in others):
            return False
        together = earlier.members.keys() | later.members.keys()
        # Members of the later group were checked when its inputs from the earlier one were outside.
        return all(self.fits(node, later.space, lambda root: root in together) for node in together)

    def _merge(self, earlier: Item, later: Item) -> None:
        later.members = {**earlier.members, **later.members}
        later.readers |= earlier.readers
        for node in earlier.members:
            self._item[node] = later
        earlier.into = later

    # --- fitting a node into a space ------------------------------------------------------------------------------

    def fits(self, node: Node, space: Ints, inside: Callable[[Node], bool]) -> bool:
        """Whether `node` can be computed element by element of `space` (or once per row).

        `inside(root)` says which nodes are computed in the same group: those must be used where they are made.
        """
        if node.op in REDUCTIONS:
            return self._reduction_fits(node, space, inside)
        if spread(dense(node.shape), space) is None:
            return False
        if node.op == "random_bits":
            return not inside(self.path(node.inputs[0])[0])  # its key is one number for all
        for each in node.inputs:
            root, where = self.path(each)
            seen = spread(where, space, of=node.shape)
            if seen is None or (inside(root) and not self._same_place(root, seen, space)):
                return False
        return True

    def _reduction_fits(self, node: Node, space: Ints, inside: Callable[[Node], bool]) -> bool:
        operand = node.inputs[0]
        root, where = self.path(operand)
        seen = spread(where, space, of=operand.shape)
        if seen is None or (inside(root) and not self._same_place(root, seen, space)):
            return False
        return self.reduced_axes(node, space) is not None

    def _same_place(self, root: Node, seen: Strided, space: Ints) -> bool:
        if ends_in_group(root, space):
            return False
        own = spread(dense(root.shape), space)
        return own is not None and seen.offset == 0 and normal(space, seen.strides) == normal(space, own.strides)

    def reduced_axes(self, node: Node, space: Ints) -> Ints | None:
        """The axes of `space` that the reduction `node` runs over; None where it does not fit."""
        operand, axes = node.inputs[0], node.attrs["axes"]
        if operand_is_row(operand, space):
            return axes_within(operand.shape, axes, row_space(space))
        return axes_within(operand.shape, axes, space)


def _is_trivial(node: Node) -> bool:
    """Whether a reduction runs over single elements only, so that it is a reshape."""
    return node.op in REDUCTIONS and all(node.inputs[0].shape[axis] == 1 for axis in node.attrs["axes"])


def operand_is_row(node: Node, space: Ints) -> bool:
    """Whether a value of this shape is one number per row of `space`."""
    return math.prod(node.shape) != math.prod(space)


def ends_in_group(root: Node, space: Ints) -> bool:
    """Whether `root`, a member of a group over `space`, is complete only when the group has run."""
    return root.op in REDUCTIONS and not (
        math.prod(root.shape) == math.prod(row_space(space))
        and space != ()
        and math.prod(root.inputs[0].shape) == math.prod(space)
        and axes_within(root.inputs[0].shape, root.attrs["axes"], space) == (len(space) - 1,)
    )


@known
def spread(where: Strided, space: Ints, of: Ints | None = None) -> Strided | None:
    """A view as seen from every element of `space`; None where strides cannot say that.

    The view has the shape of the space or of its rows, up to a reshape; `of` is the shape of the node that uses it.
    """
    size = math.prod(of if of is not None else where.shape)
    if size == math.prod(space):
        return reshaped(where, space)
    if space and size == math.prod(row_space(space)):
        seen = reshaped(where, row_space(space))
        return None if seen is None else Strided(space, (*seen.strides, 0), seen.offset)
    return None
