"""Phases as text: what each reads and writes, how it is tiled, and its graphs."""

from __future__ import annotations

from saegim import ir
from saegim.compiler.split.form import Phase, Phased, Piece, Slot


def to_text(phased: Phased) -> str:
    """All phases in order; `[i:1*64]` is the part of axis 0 that holds 64 entries for each example of the tile."""
    lines = [f"inputs {_listed(phased.inputs)}"]
    for number, phase in enumerate(phased.phases):
        lines.append(f"phase {number}{_tiled(phase)}")
        lines.append(f"  reads {', '.join(map(_piece, phase.reads))}")
        lines.append(f"  writes {', '.join(map(_piece, phase.writes))}")
        lines += [f"  {line}" for graph in phase.graphs for line in ir.to_text(graph).split("\n")]
    lines.append(f"outputs {_listed(phased.outputs)}")
    return "\n".join(lines) + "\n"


def _listed(slots: tuple[Slot, ...]) -> str:
    return ", ".join(f"{slot.name}: {slot.spec}" for slot in slots)


def _tiled(phase: Phase) -> str:
    cut = phase.tiling
    if cut is None:
        return ""
    rest = f" and one of {cut.rest}" if cut.rest else ""
    return f", {cut.examples // cut.tile} tiles of {cut.tile}{rest}, in {cut.shards} shards"


def _piece(piece: Piece) -> str:
    if piece.slot is None:
        return "start"
    if piece.combine is not None:
        return f"{piece.slot.name}[shard] by {piece.combine}"
    if piece.axis is None:
        return piece.slot.name
    whole = ":, " * piece.axis + (f":{piece.outer}, " if piece.outer > 1 else "")
    extra = f"+{piece.extra}" if piece.extra else ""
    return f"{piece.slot.name}[{whole}i*{piece.per}{extra}]"
