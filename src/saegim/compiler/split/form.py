"""What the split pass gives: phases, each an ordinary graph over slots, run once or tile by tile.

A tiled phase runs its graph once for every tile, `tile` examples at a time. What a graph reads and writes are pieces
of slots: a whole slot, the part that belongs to the tile's examples, or (results only) a partial, which every tile
adds to the row of its shard:

    phase 0, 10 tiles of 64 of 640 examples, 8 shards
      graph(%0 = x[64*i : 64*i + 64], %1 = weight) ...
      writes grads[shard] by sum, probabilities[64*i : 64*i + 64]
    phase 1
      graph(%0 = grads, %1 = weight) ...

Shards are fixed ranges of tiles, so that results do not depend on who runs them.
"""

from __future__ import annotations

from dataclasses import dataclass

from saegim.ir import Graph, Spec


@dataclass(frozen=True, eq=False)
class Slot:
    """Storage between phases: an array of the whole program; for a partial (shards, *shape)."""

    spec: Spec
    name: str  # for printing


@dataclass(frozen=True)
class Piece:
    """What one input or output of a phase's graph is of a slot.

    `slot` None: the int64 scalar `start`, the number of the first example of the tile. `axis` None: the whole slot.
    Otherwise elements [start * per, (start + examples in the tile) * per + extra) along `axis`; `extra` is 1 for the
    offsets of ragged data. `combine` (outputs only): the slot is a partial, and each tile's value is combined into row
    `shard` of it by "sum", "prod", "max", "min", "any" or "all"; the first tile of a shard writes.

    With `outer` above 1 the axis is (outer, examples, per), row-major, and the graph has two axes in its place,
    (outer, examples in the tile * per): a view with one more stride.
    """

    slot: Slot | None
    axis: int | None = None
    per: int = 1
    extra: int = 0
    combine: str | None = None
    outer: int = 1


@dataclass(frozen=True)
class Tiling:
    """How `examples` are cut into tiles, and the tiles into shards.

    Shard s of S has the tiles s*T//S to (s+1)*T//S of the T = ceil(examples / tile). `rest` is the number of examples
    in the last tile if it has fewer than `tile`, else 0.
    """

    examples: int
    tile: int
    shards: int

    @property
    def rest(self) -> int:
        return self.examples % self.tile

    @property
    def tiles(self) -> int:
        return -(-self.examples // self.tile)

    def of_shard(self, shard: int) -> range:
        """The numbers of the tiles in a shard."""
        return range(shard * self.tiles // self.shards, (shard + 1) * self.tiles // self.shards)


@dataclass(frozen=True, eq=False)
class Phase:
    """A graph over pieces of slots.

    `graphs` has one graph, and for a tiled phase with a rest a second one for the last tile, its inputs and outputs in
    the same order. `reads` says what each input of the graph is, `writes` each output.
    """

    graphs: tuple[Graph, ...]
    reads: tuple[Piece, ...]
    writes: tuple[Piece, ...]
    tiling: Tiling | None


@dataclass(frozen=True, eq=False)
class Phased:
    """A whole program. `inputs` are in the order of the graph's; `outputs` may repeat, and may be an input's slot.

    `donated` are the slots of inputs that may be overwritten once nothing reads them any more.
    """

    phases: tuple[Phase, ...]
    inputs: tuple[Slot, ...]
    outputs: tuple[Slot, ...]
    donated: frozenset[Slot]
