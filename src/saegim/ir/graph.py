"""A graph: the nodes between some inputs and some outputs; what is differentiated, compiled and run."""

from __future__ import annotations

from dataclasses import dataclass, field

from saegim.ir.node import Node, topological


@dataclass(frozen=True, eq=False)
class Graph:
    """A computation with its inputs and outputs in order.

    `donated` are inputs whose memory the computation may overwrite: their old values are not needed
    afterwards (parameters and optimiser state of a training step).
    """

    inputs: tuple[Node, ...]
    outputs: tuple[Node, ...]
    donated: frozenset[Node] = field(default_factory=frozenset)

    def nodes(self) -> list[Node]:
        """All nodes, inputs before users; the graph's own inputs first, used or not."""
        listed = set(self.inputs)
        return [*self.inputs, *(node for node in topological(self.outputs) if node not in listed)]
