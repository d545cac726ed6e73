"""Applies the tables of rules to every node of a graph until no rule has anything to say.

A rule is a function from a node, whose inputs are simple already, to what stands for it, or None. Rules look only at
what a node is made of, never at who uses it; so a node that no rule changes is simple for good, and one pass is enough:
what a rule makes is simplified at once. What nobody needs any more falls away: only what the outputs need is kept.
"""

from __future__ import annotations

from saegim.compiler.simplify import arithmetic, moves, reductions
from saegim.compiler.simplify.facts import Rule
from saegim.compiler.simplify.folding import FOLDED, fold
from saegim.ir import PRIMITIVES, Graph, Node, make
from saegim.ir.where import on_behalf_of

_TABLES = (moves.RULES, arithmetic.RULES, reductions.RULES)

RULES: dict[str, tuple[Rule, ...]] = {
    op: (*((fold,) if op in FOLDED else ()), *(rule for table in _TABLES for rule in table.get(op, ())))
    for op in PRIMITIVES
}
"""Every rule, by the primitive that it starts from."""


def sweep(graph: Graph) -> Graph:
    """The graph with every rule applied wherever it can be; bodies of scans stay as they are."""
    simple = {node: node for node in graph.inputs}
    for node in graph.nodes():
        _simplified(node, simple)
    outputs = tuple(simple[node] for node in graph.outputs)
    return graph if outputs == graph.outputs else Graph(graph.inputs, outputs, graph.donated)


def _simplified(node: Node, simple: dict[Node, Node]) -> Node:
    """What stands for `node`; `simple` remembers. Goes down only into what a rule has made, which is never deep."""
    found = simple.get(node)
    if found is not None:
        return found
    inputs = tuple([_simplified(each, simple) for each in node.inputs])
    rules = RULES[node.op]
    if inputs == node.inputs and not rules:
        found = node
    else:
        with on_behalf_of(node.where):
            made = node if inputs == node.inputs else make(node.op, *inputs, **node.attrs)
            found = simple.get(made) or _ruled(made, rules, simple)
    simple[node] = simple[found] = found
    return found


def _ruled(node: Node, rules: tuple[Rule, ...], simple: dict[Node, Node]) -> Node:
    """What the first rule that has something to say makes of a node, simplified."""
    for rule in rules:
        changed = rule(node)
        if changed is not None and changed is not node:
            return _simplified(changed, simple)
    return node
