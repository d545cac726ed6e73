"""What a program consists of and what it takes, phase by phase."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from saegim.compiler.lower.form import Call, Repeat, Statement
from saegim.compiler.lower.plan import Plan, Tiles, Unit
from saegim.runtime.measure import peak_flops


@dataclass(frozen=True)
class Measured:
    """Time taken: by each call its share of all time spent in kernels; seconds of a whole run."""

    calls: list[tuple[int, Call]]  # the number of the wave, and the call
    shares: npt.NDArray[Any]
    seconds: float
    threads: int


@dataclass
class _Row:
    """One kernel in one wave."""

    calls: int = 0
    flops: int = 0
    bytes: int = 0
    share: float = 0.0


def report(plan: Plan, measured: Measured | None) -> str:
    """A line for every wave and for every kernel in it: calls, operations, bytes; shares of the time if measured."""
    lines = [
        f"{len(plan.waves)} waves, shared arena {_size(plan.shared_bytes)}, "
        f"arena of each thread {_size(plan.local_bytes)}, constants "
        f"{_size(sum(each.nbytes for each in plan.context.constants))}"
    ]
    total = 0
    for number, wave in enumerate(plan.waves):
        rows: dict[str, _Row] = {}
        for unit in wave.units:
            for times, call in _calls(unit):
                row = rows.setdefault(call.kernel.name, _Row())
                row.calls += times
                row.flops += times * call.kernel.flops
                row.bytes += times * call.kernel.bytes
        for wave_number, share, call in _shares(measured):
            if wave_number == number:
                rows[call.kernel.name].share += share
        flops, moved = sum(row.flops for row in rows.values()), sum(row.bytes for row in rows.values())
        total += flops
        spent = _time(sum(row.share for row in rows.values()), measured)
        lines.append(f"wave {number}: {len(wave.units)} units, {flops / 1e6:.3f} Mflop, {_size(moved)}{spent}")
        for name, row in sorted(rows.items(), key=lambda item: -item[1].share):
            spent = _time(row.share, measured)
            lines.append(f"  {name:40} {row.calls:6} calls {row.flops / 1e6:10.3f} Mflop {_size(row.bytes):>10}{spent}")
    lines.append(f"in all {total / 1e6:.3f} Mflop")
    if measured is not None:
        floor = total / peak_flops(measured.threads)
        lines.append(
            f"one run takes {1e3 * measured.seconds:.3f} ms with {measured.threads} threads; "
            f"its arithmetic alone would take {1e3 * floor:.3f} ms at this machine's peak"
        )
    return "\n".join(lines) + "\n"


def _shares(measured: Measured | None) -> Iterable[tuple[int, float, Call]]:
    if measured is None:
        return []
    return [(wave, float(share), call) for (wave, call), share in zip(measured.calls, measured.shares, strict=True)]


def _calls(unit: Unit) -> Iterable[tuple[int, Call]]:
    """Every call with how often it is made."""
    if not isinstance(unit, Tiles):
        yield from _repeated(unit, 1)
        return
    rest = 1 if unit.tiling.rest else 0
    for body, times in zip(unit.bodies, (unit.tiling.tiles - rest, rest), strict=False):
        for statement in body:
            yield from _repeated(statement, times)


def _repeated(statement: Statement, times: int) -> Iterable[tuple[int, Call]]:
    if isinstance(statement, Repeat):
        for each in statement.body:
            yield from _repeated(each, times * statement.length)
    else:
        yield times, statement


def _time(share: float, measured: Measured | None) -> str:
    if measured is None:
        return ""
    return f" {100 * share:5.1f}% {1e3 * share * measured.seconds:9.4f} ms"


def _size(count: int) -> str:
    """Bytes, for people."""
    for unit, size in (("MB", 1 << 20), ("KB", 1 << 10)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} B"
