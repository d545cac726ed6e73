"""A program as waves of work: what may run side by side, and where everything lives.

The statements of all phases stand in one list. A statement that needs what another writes, or overwrites what another
reads, comes in a later wave; all others share one. Threads meet between waves and nowhere else.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from saegim.compiler.kernels.pack import Pack, panel_width
from saegim.compiler.lower.body import Context, Destination
from saegim.compiler.lower.form import (
    SHARD,
    START,
    Buffer,
    Call,
    Repeat,
    Space,
    Statement,
    View,
    calls_in,
)
from saegim.compiler.lower.lowering import lower
from saegim.compiler.lower.views import Strided, dense
from saegim.compiler.split.form import Phase, Phased, Piece, Slot, Tiling
from saegim.dtypes import int64
from saegim.ir import Graph, Node
from saegim.runtime.target import Target


@dataclass(eq=False)
class Tiles:
    """A tiled phase: its statements for one tile, and for the last one where that is smaller."""

    tiling: Tiling
    start: Buffer  # where the number of a tile's first example is written down
    bodies: list[list[Statement]]


Unit = Call | Repeat | Tiles


@dataclass(eq=False)
class Wave:
    """Work whose parts may be done at the same time."""

    units: list[Unit] = field(default_factory=list)


@dataclass(eq=False)
class Plan:
    """A program that is ready to be written down.

    outputs: for each output its view, which may be (part of) an input; overwritten: the inputs that outputs replace;
    made: specs of the arrays that a run has to make, in the order of their places.
    """

    waves: list[Wave]
    inputs: int
    outputs: list[View]
    made: list[Buffer]
    overwritten: list[int]
    context: Context
    shared_bytes: int = 0
    local_bytes: int = 0


class Planner:
    """Lowers the phases of a program one after the other."""

    def __init__(self, phased: Phased, context: Context) -> None:
        self._phased, self._context = phased, context
        self._slots: dict[Slot, View] = {}
        self._made: list[Buffer] = []
        self._packed: dict[object, View] = {}
        self.units: list[Unit] = []
        for number, slot in enumerate(phased.inputs):
            buffer = Buffer(Space.INPUT, slot.spec.dtype, _size(slot), number)
            self._slots[slot] = View(buffer, dense(slot.spec.shape))
        self._wanted = set(phased.outputs) - set(phased.inputs)
        for phase in phased.phases:
            self._lower(phase)
        donated = {number for number, slot in enumerate(phased.inputs) if slot in phased.donated}
        self._outputs = [self._slots[slot] for slot in phased.outputs]
        self._in_place = _in_place(self.units, self._outputs, donated)

    def plan(self) -> Plan:
        units = [_renamed(unit, self._in_place) for unit in self.units]
        outputs = [_moved_to(view, self._in_place) for view in self._outputs]
        made = [buffer for buffer in self._made if buffer not in self._in_place]
        for place, buffer in enumerate(made):
            buffer.place = place
        overwritten = sorted(buffer.place for buffer in self._in_place.values())
        return Plan(waves_of(units), len(self._phased.inputs), outputs, made, overwritten, self._context)

    def _lower(self, phase: Phase) -> None:
        if phase.tiling is None:
            self._lower_whole(phase, phase.graphs[0])
        else:
            self._lower_tiled(phase, phase.tiling)

    def _lower_whole(self, phase: Phase, graph: Graph) -> None:
        inputs = [self._slots[_slot(piece)] for piece in phase.reads]
        outputs = [Destination(self._output(_slot(piece))) for piece in phase.writes]
        statements, results = lower(graph, inputs, outputs, Space.SHARED, self._context)
        self.units += statements
        for piece, view in zip(phase.writes, results, strict=True):
            self._slots[_slot(piece)] = view

    def _output(self, slot: Slot) -> View | None:
        """The array that a run makes for an output; None for what stays inside."""
        if slot not in self._wanted:
            return None
        buffer = Buffer(Space.OUTPUT, slot.spec.dtype, _size(slot))
        self._made.append(buffer)
        return View(buffer, dense(slot.spec.shape))

    def _lower_tiled(self, phase: Phase, tiling: Tiling) -> None:
        for piece in phase.writes:
            slot = _slot(piece)
            if slot not in self._slots:
                inside = View(Buffer(Space.SHARED, slot.spec.dtype, _size(slot)), dense(slot.spec.shape))
                self._slots[slot] = self._output(slot) or inside
        start = Buffer(Space.LOCAL, int64, 1)
        bodies = []
        for graph in phase.graphs:
            inputs = [self._piece(piece, node, start) for piece, node in zip(phase.reads, graph.inputs, strict=True)]
            outputs = [
                Destination(self._piece(piece, node, start), piece.combine)
                for piece, node in zip(phase.writes, graph.outputs, strict=True)
            ]
            pack = partial(self._pack, tiling.tiles)
            bodies.append(lower(graph, inputs, outputs, Space.LOCAL, self._context, pack)[0])
        self.units.append(Tiles(tiling, start, bodies))

    def _piece(self, piece: Piece, node: Node, start: Buffer) -> View:
        """What a tile sees of a slot; `node` has the shape of that."""
        if piece.slot is None:
            return View(start, dense(()))
        whole = self._slots[piece.slot]
        where = whole.where
        if piece.combine is not None:
            row = whole.at(Strided(where.shape[1:], where.strides[1:], where.offset))
            return row.moving(SHARD, where.strides[0])
        if piece.axis is None:
            return whole
        step, strides = where.strides[piece.axis], where.strides
        if piece.outer > 1:
            apart = where.shape[piece.axis] // piece.outer * step
            strides = (*strides[: piece.axis], apart, *strides[piece.axis :])
        return whole.at(Strided(node.shape, strides, where.offset)).moving(START, piece.per * step)

    def _pack(self, tiles: int, view: View, rows: int, width: int) -> tuple[View, int] | None:
        """A packed copy of a matrix that is the same for all tiles, made before them, for products of `rows` rows."""
        buffer, where = view.buffer, view.where
        if buffer.space is Space.LOCAL or view.moves or len(where.shape) != 2 or buffer.dtype.kind != "f":
            return None
        if not (tiles > 1 if width else _worth_packing(where, rows * tiles, self._context.target)):
            return None
        width = width or panel_width(buffer.dtype, self._context.target)
        key = (buffer, where, width)
        if key not in self._packed:
            kernel = Pack(view.layout, width)
            (layout,) = kernel.writes
            target = View(Buffer(Space.SHARED, buffer.dtype, layout.size), dense(layout.shape))
            self.units.append(Call(kernel, (view,), (target,)))
            self._packed[key] = target
        return self._packed[key], width


_MANY_ROWS = 1024


def _worth_packing(where: Strided, rows: int, target: Target) -> bool:
    """Whether products with so many rows in all gain more than packing the matrix costs.

    Rows of the matrix that lie in order are read in place nearly as quickly where there are many registers (a twentieth
    slower). Columns that do would be brought in order by every tile; with few rows it is cheaper to turn those (see
    `singles`).
    """
    depth, columns = where.shape
    if where.strides[-1] == 1 and target.registers >= 32 and rows < _MANY_ROWS:
        return False
    return rows * (depth + columns) >= depth * columns


def _slot(piece: Piece) -> Slot:
    assert piece.slot is not None, "a whole slot"
    return piece.slot


def _size(slot: Slot) -> int:
    size = 1
    for each in slot.spec.shape:
        size *= each
    return size


# --- overwriting inputs ----------------------------------------------------------------------------------------------


def calls_of(unit: Unit) -> Iterable[Call]:
    if isinstance(unit, Tiles):
        return (call for body in unit.bodies for call in calls_in(body))
    return calls_in([unit])


def _in_place(units: Sequence[Unit], outputs: Sequence[View], donated: set[int]) -> dict[Buffer, Buffer]:
    """Which arrays to be made can be donated inputs instead: buffer of the output -> buffer of the input.

    The kernel that writes the output must be the last to read the input, and read each element before it writes it.
    What an output may stay, as parameters stay themselves where a step is not finite, it overwrites first of all: then
    a step that was interrupted after it ran leaves a whole model.
    """
    last_read: dict[Buffer, int] = {}
    writers: dict[Buffer, list[int]] = {}
    for position, unit in enumerate(units):
        last_read.update((view.buffer, position) for call in calls_of(unit) for view in call.reads)
        for buffer in {view.buffer for call in calls_of(unit) for view in call.writes}:
            writers.setdefault(buffer, []).append(position)
    kept = {view.buffer for view in outputs}
    pairs = []
    for position, call in [(position, unit) for position, unit in enumerate(units) if isinstance(unit, Call)]:
        for written, read in _overwritable(call, donated):
            made, given = call.writes[written].buffer, call.reads[read].buffer
            if writers[made] == [position] and last_read[given] == position:
                pairs.append((call.kernel.stays(written) != read, made, given))
    replaced: dict[Buffer, Buffer] = {}
    for _, made, given in sorted(pairs, key=lambda pair: pair[0]):
        if made not in replaced and given not in kept:
            replaced[made] = given
            kept.add(given)
    return replaced


def _overwritable(call: Call, donated: set[int]) -> Iterator[tuple[int, int]]:
    """Pairs of numbers: an output of the program that a kernel writes, and the donated input that may hold it."""
    for (w, target), (r, source) in itertools.product(enumerate(call.writes), enumerate(call.reads)):
        free = source.buffer.space is Space.INPUT and source.buffer.place in donated
        whole = source.where == target.where and source.buffer.size == target.buffer.size
        alone = sum(view.buffer is source.buffer for view in call.reads) == 1
        if target.buffer.space is Space.OUTPUT and free and whole and alone and call.kernel.may_overwrite(w, r):
            yield w, r


def _moved_to(view: View, new: dict[Buffer, Buffer]) -> View:
    return View(new.get(view.buffer, view.buffer), view.where, view.moves)


def _renamed(unit: Unit, new: dict[Buffer, Buffer]) -> Unit:
    """The unit with every buffer in its new place."""
    if isinstance(unit, Call):
        reads, writes = (tuple(_moved_to(view, new) for view in views) for views in (unit.reads, unit.writes))
        return Call(unit.kernel, reads, writes, unit.accumulates)
    if isinstance(unit, Repeat):
        return Repeat(unit.counter, unit.length, unit.reverse, [_renamed_statement(each, new) for each in unit.body])
    return Tiles(unit.tiling, unit.start, [[_renamed_statement(each, new) for each in body] for body in unit.bodies])


def _renamed_statement(statement: Statement, new: dict[Buffer, Buffer]) -> Statement:
    renamed = _renamed(statement, new)
    assert not isinstance(renamed, Tiles)
    return renamed


# --- waves -----------------------------------------------------------------------------------------------------------


def waves_of(units: Sequence[Unit]) -> list[Wave]:
    """The units in waves: each comes after what it depends on."""
    waves: list[Wave] = []
    written: dict[Buffer, int] = {}  # the last wave that writes a buffer
    read: dict[Buffer, int] = {}
    for unit in units:
        reads = {view.buffer for call in calls_of(unit) for view in call.reads if view.buffer.space is not Space.LOCAL}
        writes = {
            view.buffer for call in calls_of(unit) for view in call.writes if view.buffer.space is not Space.LOCAL
        }
        before = [written.get(buffer, -1) for buffer in reads | writes]
        before += [read.get(buffer, -1) for buffer in writes]
        number = max(before, default=-1) + 1
        while len(waves) <= number:
            waves.append(Wave())
        waves[number].units.append(unit)
        for buffer in reads:
            read[buffer] = max(read.get(buffer, -1), number)
        for buffer in writes:
            written[buffer] = max(written.get(buffer, -1), number)
    return waves
