"""A graph made smaller and plainer before it is split and lowered; what it computes stays the same.

Each rule is a small function from a node to what stands for it, in the table of its chapter: `moves` (shapes),
`arithmetic` (elementwise), `reductions` (sums and products), `folding` (known numbers); `sweep` applies them. Three
passes see more than one node: `reuse` and `hoist` (scans; `loop`, `lift` and `after` are their tools) and `turn`
(products that are read transposed, or have zeros on the wrong side). `whole` is the pass as a whole.
"""

from saegim.compiler.simplify.whole import simplify

__all__ = ["simplify"]
