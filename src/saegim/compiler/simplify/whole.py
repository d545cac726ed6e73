"""The pass as a whole."""

from __future__ import annotations

from saegim.compiler.simplify.hoist import hoist
from saegim.compiler.simplify.reuse import reuse
from saegim.compiler.simplify.sweep import sweep
from saegim.compiler.simplify.turn import turn
from saegim.ir import Graph

_ROUNDS = 3  # what is hoisted out of a scan may let more be hoisted out of the scan around it


def simplify(graph: Graph) -> Graph:
    """The graph made plainer, with the same inputs and donated inputs; bodies of scans, too.

    Its outputs are equal to the bit, but for floats that are added up in another order (they agree to rounding) and for
    zeros, which may lose their sign.
    """
    graph = sweep(graph)
    if _has_scans(graph):
        graph = _with_simple_scans(sweep(reuse(graph)))
    turned = turn(graph)
    return graph if turned is graph else sweep(turned)


def _with_simple_scans(graph: Graph) -> Graph:
    for _ in range(_ROUNDS):
        hoisted = sweep(hoist(graph, simplify))
        if hoisted.outputs == graph.outputs:
            break
        graph = hoisted
    return graph


def _has_scans(graph: Graph) -> bool:
    return any(node.op == "scan" for node in graph.nodes())
