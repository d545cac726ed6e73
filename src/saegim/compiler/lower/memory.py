"""Where buffers live in the arenas: memory is used again as soon as nobody needs what is in it.

The shared arena is planned over waves, the arena of a thread over the statements of each unit. Buffers begin at
multiples of a cache line, and large ones a little apart from each other, so that they do not compete for the same
places of the caches.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from saegim.compiler.lower.form import SCRATCH, Buffer, Call, Repeat, Space, Statement
from saegim.compiler.lower.plan import Plan, Tiles, calls_of

_LINE = 64
_LARGE = 1 << 16
_STAGGER = 5 * _LINE

Life = dict[Buffer, tuple[int, int]]  # first and last moment of use
Loop = tuple[int, int, set[Buffer]]  # its first and last moment, and the buffers that one turn leaves for the next


def plan_memory(plan: Plan) -> None:
    """Gives every buffer of the arenas its place."""
    shared: Life = {}
    local = 0
    for number, wave in enumerate(plan.waves):
        for unit in wave.units:
            for call in calls_of(unit):
                _use(shared, _buffers([call], Space.SHARED), number)
            local = max(local, _plan_local(unit))
    for view in plan.outputs:
        _use(shared, [view.buffer] if view.buffer.space is Space.SHARED else [], len(plan.waves))
    plan.shared_bytes = _place(shared, 0)
    plan.local_bytes = local


def plan_apart(plan: Plan) -> None:
    """Gives every buffer, and the scratch memory of every call, a place of its own, with a line before and after.

    In a thread's arena only what one wave uses is apart: nothing there outlives a wave.
    """
    plan.shared_bytes = plan.local_bytes = 0
    views = [view for view in plan.outputs if view.buffer.space is Space.SHARED]
    calls = [call for wave in plan.waves for unit in wave.units for call in calls_of(unit)]
    for buffer in dict.fromkeys([*_buffers(calls, Space.SHARED), *(view.buffer for view in views)]):
        buffer.place, plan.shared_bytes = _apart(plan.shared_bytes, buffer.bytes)
    for wave in plan.waves:
        calls = [call for unit in wave.units for call in calls_of(unit)]
        starts = {unit.start for unit in wave.units if isinstance(unit, Tiles)}
        top = SCRATCH
        for call in calls:
            call.scratch, top = _apart(top, call.kernel.scratch_bytes)
        for buffer in dict.fromkeys(_buffers(calls, Space.LOCAL)):
            if buffer not in starts:
                buffer.place, top = _apart(top, buffer.bytes)
        for start in starts:
            start.place = 0
        plan.local_bytes = max(plan.local_bytes, top)


def _apart(top: int, size: int) -> tuple[int, int]:
    """The place of the next `size` bytes, and where the line after them ends."""
    place = top + _LINE
    return place, place + _rounded(size) + _LINE


def scratch_of(statements: Iterable[Statement]) -> int:
    """The scratch memory that the largest of these calls needs, bytes."""
    scratch = 0
    for each in statements:
        needed = each.kernel.scratch_bytes if isinstance(each, Call) else scratch_of(each.body)
        scratch = max(scratch, needed)
    return scratch


def _plan_local(unit: Call | Repeat | Tiles) -> int:
    """Places the buffers of a thread for one unit, behind the scratch memory; gives the bytes used."""
    if not isinstance(unit, Tiles):
        return SCRATCH + scratch_of([unit])
    most = 0
    for body in unit.bodies:
        lives = _lives(body)
        lives.pop(unit.start, None)  # it has the place in front of everything else
        most = max(most, _place(lives, SCRATCH + _rounded(scratch_of(body))))
    unit.start.place = 0
    return most


def _lives(body: Sequence[Statement]) -> Life:
    """When each local buffer is used; what a loop uses and others, too, or its next turn, lives through all turns."""
    lives: Life = {}
    loops: list[Loop] = []
    _walk(body, lives, loops, 0)
    for first, last, carried in loops:
        for buffer, (begun, used) in lives.items():
            shared = begun <= last and first <= used and not (first <= begun and used <= last)
            if shared or buffer in carried:
                lives[buffer] = min(begun, first), max(used, last)
    return lives


def _walk(statements: Sequence[Statement], lives: Life, loops: list[Loop], moment: int) -> int:
    """Notes when buffers are used, and loops, inner ones before those around them; gives the next moment."""
    for each in statements:
        if isinstance(each, Call):
            _use(lives, _buffers([each], Space.LOCAL), moment)
        else:
            first = moment
            moment = _walk(each.body, lives, loops, moment)
            loops.append((first, moment, _carried(each)))
        moment += 1
    return moment


def _carried(loop: Repeat) -> set[Buffer]:
    """Buffers whose contents one position leaves for the next: read before they are written in the body."""
    written: set[Buffer] = set()
    carried: set[Buffer] = set()
    for call in calls_of(loop):
        carried |= {view.buffer for view in call.reads} - written
        written |= {view.buffer for view in call.writes}
    return carried


def _use(lives: Life, buffers: Iterable[Buffer], moment: int) -> None:
    for buffer in buffers:
        first, last = lives.get(buffer, (moment, moment))
        lives[buffer] = min(first, moment), max(last, moment)


def _buffers(calls: Iterable[Call], space: Space) -> list[Buffer]:
    return [view.buffer for call in calls for view in (*call.reads, *call.writes) if view.buffer.space is space]


def _place(lives: Life, start: int) -> int:
    """First fit, larger buffers first; gives the end of the arena."""
    placed: list[tuple[int, int, int, int]] = []  # place, end, first, last
    top = start
    for buffer in sorted(lives, key=lambda each: (-each.bytes, each.number)):
        first, last = lives[buffer]
        size = _rounded(buffer.bytes) + (_STAGGER if buffer.bytes >= _LARGE else 0)
        at = start
        for begin, end in sorted((begin, end) for begin, end, born, died in placed if first <= died and born <= last):
            if begin < at + size and at < end:
                at = end
        buffer.place = at
        placed.append((at, at + size, first, last))
        top = max(top, at + size)
    return top


def _rounded(size: int) -> int:
    return -(-size // _LINE) * _LINE
