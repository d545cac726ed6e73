"""Where buffers live in the arenas: memory is used again as soon as nobody needs what is in it.

The shared arena is planned over waves, the arena of a thread over the statements of each unit. Buffers begin at
multiples of a cache line, and large ones a little apart from each other, so that they do not compete for the same
places of the caches.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from saegim.compiler.lower.form import Buffer, Call, Repeat, Space, Statement
from saegim.compiler.lower.plan import Plan, Tiles, calls_of

_LINE = 64
SCRATCH = _LINE
"""Where the scratch memory of kernels begins in a thread's arena; before it stands the first example of the tile."""

_LARGE = 1 << 16
_STAGGER = 5 * _LINE

Life = dict[Buffer, tuple[int, int]]  # first and last moment of use


def plan_memory(plan: Plan, *, reuse: bool = True) -> None:
    """Gives every buffer of the arenas its place. With `reuse` False no two share any."""
    shared: Life = {}
    local = 0
    for number, wave in enumerate(plan.waves):
        for unit in wave.units:
            for call in calls_of(unit):
                _use(shared, _buffers([call], Space.SHARED), number)
            local = max(local, _plan_local(unit, reuse))
    for view in plan.outputs:
        _use(shared, [view.buffer] if view.buffer.space is Space.SHARED else [], len(plan.waves))
    plan.shared_bytes = _place(shared, 0, reuse)
    plan.local_bytes = local


def scratch_of(statements: Iterable[Statement]) -> int:
    """The scratch memory that the largest of these calls needs, bytes."""
    scratch = 0
    for each in statements:
        needed = each.kernel.scratch_bytes if isinstance(each, Call) else scratch_of(each.body)
        scratch = max(scratch, needed)
    return scratch


def _plan_local(unit: Call | Repeat | Tiles, reuse: bool) -> int:
    """Places the buffers of a thread for one unit, behind the scratch memory; gives the bytes used."""
    if not isinstance(unit, Tiles):
        return _LINE + scratch_of([unit])
    most = 0
    for body in unit.bodies:
        lives: Life = {}
        _walk(body, lives, 0)
        lives.pop(unit.start, None)  # it has the place in front of everything else
        most = max(most, _place(lives, _LINE + _rounded(scratch_of(body)), reuse))
    unit.start.place = 0
    return most


def _walk(statements: Sequence[Statement], lives: Life, moment: int) -> int:
    """Notes when each local buffer is used; what is used inside and outside of a loop lives through all of it."""
    for each in statements:
        if isinstance(each, Call):
            _use(lives, _buffers([each], Space.LOCAL), moment)
            moment += 1
            continue
        before = set(lives)
        first = moment
        moment = _walk(each.body, lives, moment)
        for buffer in before:
            begun, used = lives[buffer]
            if used >= first:
                lives[buffer] = begun, moment
        _use(lives, [buffer for buffer in _carried(each) if buffer in lives], moment)
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


def _place(lives: Life, start: int, reuse: bool) -> int:
    """First fit, larger buffers first; gives the end of the arena."""
    placed: list[tuple[int, int, int, int]] = []  # place, end, first, last
    top = start
    for buffer in sorted(lives, key=lambda each: (-each.bytes, each.number)):
        first, last = lives[buffer]
        size = _rounded(buffer.bytes) + (_STAGGER if buffer.bytes >= _LARGE else 0) + (0 if reuse else 2 * _LINE)
        at = start
        beside = [(begin, end) for begin, end, born, died in placed if not reuse or (first <= died and born <= last)]
        for begin, end in sorted(beside):
            if begin < at + size and at < end:
                at = end
        buffer.place = at + (0 if reuse else _LINE)
        placed.append((at, at + size, first, last))
        top = max(top, at + size)
    return top


def _rounded(size: int) -> int:
    return -(-size // _LINE) * _LINE
