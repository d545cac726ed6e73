"""From one graph to phases that run tile by tile."""

from saegim.compiler.split.form import Phase, Phased, Piece, Slot, Tiling
from saegim.compiler.split.phases import SHARDS, split
from saegim.compiler.split.text import to_text

__all__ = ["SHARDS", "Phase", "Phased", "Piece", "Slot", "Tiling", "split", "to_text"]
