"""The pass as a whole."""

from __future__ import annotations

from saegim.compiler.simplify.sweep import sweep
from saegim.ir import Graph


def simplify(graph: Graph) -> Graph:
    """The graph made plainer, with the same inputs and donated inputs.

    Its outputs are equal to the bit, but for floats that are added up in another order (they agree to rounding) and for
    zeros, which may lose their sign.
    """
    return sweep(graph)
