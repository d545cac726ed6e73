"""What this machine can do: arithmetic and memory at their best, to compare programs with."""

from __future__ import annotations

import time
from functools import cache

import numpy as np

from saegim.runtime import pool
from saegim.runtime.jit import Library, load
from saegim.runtime.target import Target, host

_SECONDS = 0.02  # of one attempt: long against the 100 µs for which AVX-512 warms up
_ATTEMPTS = 5
_STEP = 1024  # bytes that one step of the loop over memory reads


def peak_flops(threads: int | None = None) -> float:
    """Arithmetic operations in float32 per second, an addition and a multiplication each counted, in `threads` threads.

    Every thread multiplies and adds in registers, on as many independent vectors as hide the latency. The best of
    some attempts counts, since other programs use the cores, too.
    """
    count = pool.width() if threads is None else threads
    target = host()
    lanes, chains = target.vector // 4, _chains(target)
    steps, best = 10_000, 0.0
    for _ in range(_ATTEMPTS):
        seconds = _seconds("arithmetic", count, np.array([steps], np.int64))
        best = max(best, 2 * lanes * chains * steps * count / seconds)
        steps = int(steps * max(1.0, _SECONDS / seconds))
    return best


def bandwidth(size: int, threads: int | None = None) -> float:
    """Bytes per second that `threads` threads read from `size` bytes of memory, each again and again its own share.

    With a small `size` this is the bandwidth of a cache, with a large one that of the main memory. The best of some
    attempts counts.
    """
    count = pool.width() if threads is None else threads
    share = max(1, size // count // _STEP) * _STEP
    memory = np.empty(share * count + 64, np.uint8)
    memory.fill(0)  # pages that were never written to would all be the same one
    begin = -(-memory.ctypes.data // 64) * 64
    times, best = 1, 0.0
    for _ in range(_ATTEMPTS):
        seconds = _seconds("reading", count, np.array([times, begin, share], np.int64))
        best = max(best, share * count * times / seconds)
        times = max(times, int(times * _SECONDS / seconds))
    return best


def _seconds(name: str, threads: int, context: np.ndarray[tuple[int], np.dtype[np.int64]]) -> float:
    """How long one item in each thread takes together."""
    waves = pool.Waves([(_library().address(name), threads)])
    faults = np.zeros(1, np.int32)
    start = time.perf_counter()
    pool.run(waves, context.ctypes.data, faults.ctypes.data, threads)
    return time.perf_counter() - start


@cache
def _library() -> Library:
    return load(_arithmetic(host()) + _reading(host()), host())


def _chains(target: Target) -> int:
    """Independent vectors: units times latency is 8 to 10, and two registers hold the factors."""
    return min(12, target.registers - 4)


def _arithmetic(target: Target) -> str:
    """x = x / 2 + 1 / 2 in many vectors, `context[0]` times. Results are stored, so that LLVM leaves nothing out."""
    kind, chains = f"<{target.vector // 4} x float>", range(_chains(target))
    half = f"{kind} splat (float 0.5)"
    starts = [f"  %x{i} = phi {kind} [ splat (float {i}.0), %entry ], [ %y{i}, %again ]" for i in chains]
    steps = [f"  %y{i} = call {kind} @{_fma(target)}({kind} %x{i}, {half}, {half})" for i in chains]
    ends = [f"  store volatile {kind} %y{i}, ptr %sink" for i in chains]
    return "\n".join(
        (
            f"declare {kind} @{_fma(target)}({kind}, {kind}, {kind})",
            "define void @arithmetic(ptr %context, i64 %item, i64 %thread) nounwind {",
            "entry:",
            f"  %sink = alloca {kind}",
            "  %steps = load i64, ptr %context",
            "  br label %again",
            "again:",
            *starts,
            "  %step = phi i64 [ 0, %entry ], [ %after, %again ]",
            *steps,
            "  %after = add i64 %step, 1",
            "  %more = icmp slt i64 %after, %steps",
            "  br i1 %more, label %again, label %done",
            "done:",
            *ends,
            "  ret void",
            "}\n",
        )
    )


def _fma(target: Target) -> str:
    """The intrinsic; where there is no instruction for it, LLVM takes two."""
    name = "fma" if target.architecture != "x86_64" or "+fma" in target.features.split(",") else "fmuladd"
    return f"llvm.{name}.v{target.vector // 4}f32"


def _reading(target: Target) -> str:
    """Reads the item's share, `context[2]` bytes, of what begins at `context[1]`; `context[0]` times."""
    reads = []
    for i in range(_STEP // target.vector):
        reads.append(f"  %p{i} = getelementptr i8, ptr %place, i64 {i * target.vector}")
        reads.append(f"  %x{i} = load volatile <{target.vector} x i8>, ptr %p{i}, align {target.vector}")
    return "\n".join(
        (
            "define void @reading(ptr %context, i64 %item, i64 %thread) nounwind {",
            "entry:",
            "  %p_begin = getelementptr i64, ptr %context, i64 1",
            "  %p_share = getelementptr i64, ptr %context, i64 2",
            "  %times = load i64, ptr %context",
            "  %begin = load ptr, ptr %p_begin",
            "  %share = load i64, ptr %p_share",
            "  %offset = mul i64 %item, %share",
            "  %own = getelementptr i8, ptr %begin, i64 %offset",
            "  br label %time",
            "time:",
            "  %turn = phi i64 [ 0, %entry ], [ %turn_after, %next ]",
            "  br label %read",
            "read:",
            "  %at = phi i64 [ 0, %time ], [ %at_after, %read ]",
            "  %place = getelementptr i8, ptr %own, i64 %at",
            *reads,
            f"  %at_after = add i64 %at, {_STEP}",
            "  %more = icmp slt i64 %at_after, %share",
            "  br i1 %more, label %read, label %next",
            "next:",
            "  %turn_after = add i64 %turn, 1",
            "  %again = icmp slt i64 %turn_after, %times",
            "  br i1 %again, label %time, label %done",
            "done:",
            "  ret void",
            "}\n",
        )
    )
