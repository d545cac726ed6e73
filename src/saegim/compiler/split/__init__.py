"""From one graph to phases that run tile by tile.

`form` is what comes out. In the order of the work: `seeds` finds the examples, trying each with `flow`, which goes
through the graph by the rules of `state` (and through scans by `scans`); `place` says what is computed in which phase,
`tile` how many examples a tile has, `build` makes the graphs. `phases` is the pass as a whole, `text` prints it.
"""

from saegim.compiler.split.form import Phase, Phased, Piece, Slot, Tiling
from saegim.compiler.split.phases import SHARDS, split
from saegim.compiler.split.text import to_text

__all__ = ["SHARDS", "Phase", "Phased", "Piece", "Slot", "Tiling", "split", "to_text"]
