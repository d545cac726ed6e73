"""Which inputs hold the examples, and how many there are.

Data is not donated and has the examples along its first axis. Where several sizes are possible the one wins that
leaves the most work to tiles. An input that has that size by chance (a matrix of weights with as many rows, when
predicting) makes conflicts; parameters are listed first, so the earliest inputs are left out one after the other.
"""

from __future__ import annotations

from collections.abc import Iterator

from saegim.compiler.split.flow import Facts, Flow
from saegim.ir import Node

_SIZES = 8  # how many numbers of examples are tried
_ENOUGH = 0.8  # of all work; then nothing else is tried
_DATA = 4  # and with how many of the last inputs of that size, when all of them together clash


def find_examples(facts: Facts) -> Flow | None:
    """The best flow; None where nothing can be split."""
    enough = _ENOUGH * sum(facts.work.values())
    best: Flow | None = None
    for examples, inputs in _candidates(facts):
        flow = _best_seeds(facts, examples, inputs, enough)
        if flow.split_work and (best is None or flow.score > best.score):
            best = flow
        if flow.split_work > enough:
            break
    return best


def _candidates(facts: Facts) -> Iterator[tuple[int, list[Node]]]:
    """Possible numbers of examples with the inputs of that many rows, the last inputs' first."""
    graph = facts.graph
    data = [each for each in graph.inputs if each not in graph.donated and each.ndim]
    bags = [node.shape[0] for node in facts.nodes if node.op == "bag"]
    sizes = [each.shape[0] for each in reversed(data)]
    for examples in [*dict.fromkeys(size for size in [*bags, *sizes] if size > 1)][:_SIZES]:
        yield examples, [each for each in data if each.shape[0] == examples]


def _best_seeds(facts: Facts, examples: int, inputs: list[Node], enough: float) -> Flow:
    best = Flow(facts, examples, frozenset(inputs))
    if not best.conflicts or best.split_work > enough:
        return best
    for count in range(min(_DATA, len(inputs) - 1), 0, -1):
        flow = Flow(facts, examples, frozenset(inputs[-count:]))
        if flow.score > best.score:
            best = flow
    return best
