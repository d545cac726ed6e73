"""Which inputs hold the examples, and how many there are.

Data is not donated and has the examples along its first axis. Where several sizes are possible the one wins that
leaves the most work to tiles. An input that has that size by chance (a matrix of weights with as many rows, when
predicting) makes conflicts; parameters are listed first, so the earliest inputs are left out one after the other. The
rows of parameters are examples only when that goes far: to predict for a single text is one phase.
"""

from __future__ import annotations

from saegim.compiler.split.flow import Facts, Flow
from saegim.ir import Node

_SIZES = 8  # how many numbers of examples are tried
_ALL = 0.95  # of all work in tiles: then no other number of examples is tried
_FIRST = 0.3  # of all work before anything has to be added up, where nothing tells parameters from data
_MOST = 0.8  # then no fewer inputs of that size are tried
_DATA = 4  # and with how many of the last inputs of that size, when all of them together clash


def find_examples(facts: Facts) -> Flow | None:
    """The best flow; None where nothing can be split."""
    total = sum(facts.work.values())
    best: Flow | None = None
    for examples in _candidates(facts):
        inputs = [each for each in _data(facts) if each.shape[0] == examples]
        flow = _best_seeds(facts, examples, inputs, _MOST * total)
        if not facts.graph.donated and flow.first_work < _FIRST * total:
            continue
        if flow.split_work and (best is None or flow.score > best.score):
            best = flow
        if flow.split_work > _ALL * total:
            break
    return best


def _data(facts: Facts) -> list[Node]:
    graph = facts.graph
    return [each for each in graph.inputs if each not in graph.donated and each.ndim]


def _candidates(facts: Facts) -> list[int]:
    """Possible numbers of examples: that of bags, since nothing else comes in bags; else inputs' rows, last first."""
    bags = [node.shape[0] for node in facts.nodes if node.op == "bag"]
    sizes = bags or [each.shape[0] for each in reversed(_data(facts))]
    return [*dict.fromkeys(size for size in sizes if size > 1)][:_SIZES]


def _best_seeds(facts: Facts, examples: int, inputs: list[Node], enough: float) -> Flow:
    best = Flow(facts, examples, frozenset(inputs))
    if not best.conflicts or best.split_work > enough:
        return best
    for count in range(min(_DATA, len(inputs) - 1), 0, -1):
        flow = Flow(facts, examples, frozenset(inputs[-count:]))
        if flow.score > best.score:
            best = flow
    return best
