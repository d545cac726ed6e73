"""What comes after a scan: the results that are made of its stacked outputs.

Which outputs those are is found out on the way, so the results are written over stand-ins, which become the scan's
items at the end.
"""

from __future__ import annotations

from typing import NamedTuple

from saegim.compiler.simplify.facts import broadcast, permute, reduce, reshape
from saegim.compiler.simplify.lift import LIFTED, lift
from saegim.compiler.simplify.loop import Level, Loop, needed_states, put_together, rebuilt
from saegim.ir import ELEMENTWISE, Node, Spec, fresh_input, make, topological

_MOST_STACKED = 1 << 24
"""Elements that the operands of products may take up as stacks, in place of a sum carried along."""

_MOST_TERMS = 1 << 22
"""Elements that the stacked terms of any other sum may take up."""


class _Term(NamedTuple):
    """A part of a sum that is carried along; `minus` where it is subtracted."""

    node: Node
    minus: bool


class After:
    """The results of a loop, with sums and products that the loop itself does not need taken out of it."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._levels = loop.levels()
        carried = [state for state in loop.finals.values() if state in loop.ends]
        self._sums = {state: terms for state in carried if (terms := _terms(loop, state))}
        roots = [each.node for terms in self._sums.values() for each in terms]
        states = [state for state in carried if state not in self._sums]
        rest = needed_states(loop, (*states, *loop.outputs.values(), *roots))
        self._core = set(topological([loop.ends[each] for each in rest]))
        self._stacks: dict[Node, Node] = {}  # nodes of the body and stand-ins for their stacked values
        self._lasts: dict[Node, Node] = {}  # states and stand-ins for their last values

    def results(self) -> dict[int, Node]:
        """The wanted results by number."""
        found = {number: self._stacked(node) for number, node in self._loop.outputs.items()}
        # Sums of products first: what they stack, the others need not stack again.
        numbers = sorted(self._loop.finals, key=lambda number: not self._sums_products(self._loop.finals[number]))
        found |= {number: self._last(self._loop.finals[number]) for number in numbers}
        if self._lasts or self._stacks:
            lasts, stacks = put_together(self._loop, list(self._lasts), list(self._stacks))
            items = {self._lasts[node]: item for node, item in lasts.items() if node in self._lasts}
            items |= {self._stacks[node]: item for node, item in stacks.items()}
            found = dict(zip(found, rebuilt(list(found.values()), items), strict=True))
        return found

    # --- stacked outputs ----------------------------------------------------------------------------------------------

    def _stacked(self, node: Node) -> Node:
        """The values of a node of the body at all positions (T, ...)."""
        length = self._loop.length
        if node in self._loop.sequences:
            return self._loop.sequences[node]
        if self._levels[node] <= Level.SHARED:
            return broadcast(rebuilt([node], self._loop.shared)[0], (length, *node.shape))
        if node not in self._stacks and self._is_late(node):
            return lift(node, [self._stacked(each) for each in node.inputs])
        return self._stacks.setdefault(node, fresh_input(Spec((length, *node.shape), node.dtype)))

    def _is_late(self, node: Node) -> bool:
        """Whether the node need not be in the loop: no state needs it, and it needs none or follows a product."""
        if node in self._core:
            return False
        if self._levels[node] is Level.SEQUENCE:
            return node.op in LIFTED
        if node.op == "dot":
            return node.ndim == 2 and self._levels[node.inputs[1]] <= Level.SHARED
        return node.op in ELEMENTWISE and any(map(self._is_late, node.inputs))

    # --- last states --------------------------------------------------------------------------------------------------

    def _last(self, state: Node) -> Node:
        if state in self._loop.shared:
            return self._loop.shared[state]
        terms = self._sums.get(state)
        if terms is None or not all(self._is_affordable(each.node) for each in terms):
            return self._lasts.setdefault(state, fresh_input(state.spec))
        total = self._loop.starts[state]
        for each in terms:
            total = make("subtract" if each.minus else "add", total, self._sum(each.node))
        return total

    def _sums_products(self, state: Node) -> bool:
        return any(each.node.op == "dot" for each in self._sums.get(state, ()))

    def _is_affordable(self, term: Node) -> bool:
        if _is_plain_product(term):
            size = sum(each.size for each in term.inputs if not self._is_there(each))
            return self._loop.length * size <= _MOST_STACKED
        return self._is_there(_summed(term)) or self._is_there(term) or self._loop.length * term.size <= _MOST_TERMS

    def _is_there(self, node: Node) -> bool:
        """Whether the values at all positions are there without further memory."""
        return node in self._stacks or node in self._loop.sequences or self._levels[node] <= Level.SHARED

    def _sum(self, term: Node) -> Node:
        """The sum of a term over all positions."""
        if _is_plain_product(term):
            return self._sum_of_products(*term.inputs)
        summed = _summed(term)
        if summed is not term and self._is_there(summed):
            return reduce("sum", self._stacked(summed), (0, *(axis + 1 for axis in term.attrs["axes"])))
        return reduce("sum", self._stacked(term), (0,))

    def _sum_of_products(self, left: Node, right: Node) -> Node:
        """The sum of T products (M, K) (K, N) as one product (M, T*K) (T*K, N)."""
        rows = self._loop.length * right.shape[0]
        turned = left.inputs[0] if left.op == "permute" else permute(left, (1, 0))
        self._levels.setdefault(turned, self._levels[left])
        first = reshape(self._stacked(turned), (rows, left.shape[0]))
        return make("dot", permute(first, (1, 0)), reshape(self._stacked(right), (rows, right.shape[1])))


def _is_plain_product(node: Node) -> bool:
    return node.op == "dot" and node.ndim == 2


def _summed(node: Node) -> Node:
    """What the node is a sum of, if it is one; else itself."""
    return node.inputs[0] if node.op == "sum" else node


def _terms(loop: Loop, state: Node) -> list[_Term]:
    """What every position adds to `state`, where adding is all that happens to it; else nothing."""
    terms = _flat(loop.ends[state])
    if terms.count(_Term(state, False)) != 1:
        return []
    terms.remove(_Term(state, False))
    others = [end for each, end in loop.ends.items() if each is not state]
    read = topological([*(each.node for each in terms), *others, *loop.outputs.values()])
    return [] if state in read else terms


def _flat(node: Node) -> list[_Term]:
    """A sum of sums and differences as its terms."""
    found: list[_Term] = []
    pending = [_Term(node, False)]
    while pending:
        each, minus = pending.pop()
        if each.op in ("add", "subtract"):
            first, second = each.inputs
            pending += [_Term(first, minus), _Term(second, minus != (each.op == "subtract"))]
        else:
            found.append(_Term(each, minus))
    return found
