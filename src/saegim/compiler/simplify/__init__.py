"""A graph made smaller and plainer before it is split and lowered; what it computes stays the same.

Each rule is a small function from a node to what stands for it, in the table of its chapter: `moves` (shapes),
`arithmetic` (elementwise), `reductions` (sums and products), `folding` (known numbers). `sweep` applies them.
"""

from saegim.compiler.simplify.whole import simplify

__all__ = ["simplify"]
