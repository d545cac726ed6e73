"""Values that are computed again where they are used, since reading what they come from costs no more.

One group may leave 0.1 g and 0.001 g*g for another, where g alone would do: a value that a few cheap operations make of
one other value is not kept. The group that needs it reads that other value and repeats the operations.
"""

from __future__ import annotations

from collections.abc import Iterable

from saegim.compiler.lower.groups import SOURCES, Grouping
from saegim.compiler.lower.views import dense, normal
from saegim.ir import Node

CHEAP = frozenset(("add", "subtract", "multiply", "negative", "abs", "maximum", "minimum", "select", "cast"))


class Redone:
    """For each root what a group reads to have it; `kept` are those that are written to memory in any case."""

    def __init__(self, grouping: Grouping, kept: set[Node]) -> None:
        self._grouping, self._kept = grouping, frozenset(kept)
        self._base: dict[Node, Node] = {}

    def is_redone(self, root: Node) -> bool:
        """Whether users of `root` in other groups compute it again."""
        return self._base_of(root) is not root

    def reads(self, root: Node) -> Iterable[Node]:
        """What has to be in memory for a group that uses `root`."""
        if not self.is_redone(root):
            return (root,)
        found: dict[Node, None] = {}
        for each in root.inputs:
            operand = self._grouping.path(each)[0]
            found.update(dict.fromkeys(self.reads(operand)))
        return found

    def _base_of(self, root: Node) -> Node:
        """The one value that `root` is made of; itself, if there is none or it is worth keeping."""
        found = self._base.get(root)
        if found is None:
            found = self._base[root] = self._find(root)
        return found

    def _find(self, root: Node) -> Node:
        item = self._grouping.item_of(root)
        if root.op not in CHEAP or root in self._kept or item is None or item.space is None or root.size < 2:
            return root
        bases = set()
        for each in root.inputs:
            operand, where = self._grouping.path(each)
            if operand.op in SOURCES and operand.size == 1:
                continue
            aligned = where.offset == 0 and normal(where.shape, where.strides) == normal(
                root.shape, dense(root.shape).strides
            )
            if not aligned or self._grouping.item_of(operand) is not item:
                return root
            bases.add(self._base_of(operand))
        if len(bases) != 1:
            return root
        (base,) = bases
        small = base.size * base.dtype.itemsize <= root.size * root.dtype.itemsize
        return base if small else root
