"""Sweeps over a graph, applying the tables of rules until no rule has anything to say.

A rule is a function from a node, whose inputs are simple already, to what stands for it, or None. Rules look only at
what a node is made of, never at who uses it; so a node that no rule changes is simple for good. What nobody needs any
more falls away, since only what the outputs need is kept.
"""

from __future__ import annotations

from saegim.compiler.simplify import arithmetic, moves, reductions
from saegim.compiler.simplify.facts import Rule
from saegim.compiler.simplify.folding import FOLDED, fold
from saegim.ir import PRIMITIVES, Graph, Node, make
from saegim.ir.where import on_behalf_of

_ROUNDS = 8  # a rule that always finds something would be a fault; this bounds what it costs
_TABLES = (moves.RULES, arithmetic.RULES, reductions.RULES)

RULES: dict[str, tuple[Rule, ...]] = {
    op: (*((fold,) if op in FOLDED else ()), *(rule for table in _TABLES for rule in table.get(op, ())))
    for op in PRIMITIVES
}
"""Every rule, by the primitive that it starts from."""


def sweep(graph: Graph) -> Graph:
    """The graph with every rule applied wherever it can be; bodies of scans stay as they are."""
    settled: set[Node] = set(graph.inputs)
    for _ in range(_ROUNDS):
        outputs = _one_sweep(graph, settled)
        if outputs == graph.outputs:
            break
        graph = Graph(graph.inputs, outputs, graph.donated)
    return graph


def _one_sweep(graph: Graph, settled: set[Node]) -> tuple[Node, ...]:
    """The outputs after one pass over all nodes, inputs first."""
    new: dict[Node, Node] = {}
    for node in graph.nodes():
        new[node] = node if node in settled else _simplified(node, tuple([new[each] for each in node.inputs]), settled)
    return tuple(new[node] for node in graph.outputs)


def _simplified(node: Node, inputs: tuple[Node, ...], settled: set[Node]) -> Node:
    """What stands for `node` on simple `inputs`; settled, unless a rule made it."""
    rules = RULES[node.op]
    if inputs == node.inputs:
        changed = _apply(node, rules) if rules else None
    else:
        with on_behalf_of(node.where):
            node = make(node.op, *inputs, **node.attrs)
            changed = _apply(node, rules) if rules else None
    if changed is not None:
        return changed
    if settled.issuperset(inputs):
        settled.add(node)
    return node


def _apply(node: Node, rules: tuple[Rule, ...]) -> Node | None:
    with on_behalf_of(node.where):
        for rule in rules:
            found = rule(node)
            if found is not None and found is not node:
                return found
    return None
