"""Fused kernels against an interpreter of their steps in NumPy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from compiler.fused_oracle import Build, expected, operand, whole_of
from compiler.native import load_all
from saegim.compiler.kernels.fused import Fused
from saegim.dtypes import DType, float32, float64, int8, int32, int64, uint8, uint64
from saegim.runtime.target import Target

# --- kernels as programs have them ----------------------------------------------------------------------------------


def chain(*space: int, dtype: DType = float32) -> Fused:
    """max(x + y * 2, y)."""
    b = Build(*space)
    x, y = b.load(dtype), b.load(dtype)
    doubled = b("multiply", y, b.literal(2, dtype))
    return b.write(b("maximum", b("add", x, doubled), y)).kernel


def softmax(*space: int, dtype: DType = float32) -> Fused:
    b = Build(*space)
    x = b.load(dtype)
    raised = b("exp", b("subtract", x, b("row_max", x)))
    return b.write(b("divide", raised, b("row_sum", raised))).kernel


def masked_softmax(heads: int, tokens: int) -> Fused:
    """Causal: a token sees itself and those before it."""
    b = Build(heads, tokens, tokens)
    x = b.load(float32)
    future = b("less", b.position(0, (0, 1, 0)), b.position(0, (0, 0, 1)))
    seen = b("select", future, b.literal(float("-inf"), float32), x)
    raised = b("exp", b("subtract", seen, b("row_max", seen)))
    return b.write(b("divide", raised, b("row_sum", raised))).kernel


def cross_entropy(rows: int, classes: int) -> Fused:
    """The loss per row, its sum, and the gradient of the logits."""
    b = Build(rows, classes)
    x, label = b.load(float32), b.load(int64, (1, 0))
    moved = b("subtract", x, b("row_max", x))
    raised = b("exp", moved)
    total = b("row_sum", raised)
    hit = b("cast", b("equal", b.position(0, (0, 1)), label), dtype=float32)
    loss = b("subtract", b("log", total), b("row_sum", b("multiply", moved, hit)))
    b.write(loss, (1, 0)).write(loss, (0, 0), "sum", 0, 1)
    return b.write(b("subtract", b("divide", raised, total), hit)).kernel


def layer_norm(rows: int, columns: int, dtype: DType = float32) -> Fused:
    b = Build(rows, columns)
    x, gamma, beta = b.load(dtype), b.load(dtype, (0, 1)), b.load(dtype, (0, 1))
    share = b.literal(1 / columns, dtype)
    mean = b("multiply", b("row_sum", x), share)
    centred = b("subtract", x, mean)
    variance = b("multiply", b("row_sum", b("multiply", centred, centred)), share)
    scale = b("divide", b.literal(1, dtype), b("sqrt", b("add", variance, b.literal(1e-5, dtype))))
    result = b("add", b("multiply", b("multiply", centred, scale), gamma), beta)
    return b.write(result).write(mean, (1, 0)).write(scale, (1, 0)).kernel


def layer_norm_backward(rows: int, columns: int) -> Fused:
    """From x, the gradient, gamma, mean and scale of each row: the gradients of x, gamma and beta."""
    b = Build(rows, columns)
    x, dy, gamma = b.load(float32), b.load(float32), b.load(float32, (0, 1))
    mean, scale = b.load(float32, (1, 0)), b.load(float32, (1, 0))
    share = b.literal(1 / columns, float32)
    normal = b("multiply", b("subtract", x, mean), scale)
    scaled = b("multiply", dy, gamma)
    along = b("multiply", b("row_sum", b("multiply", scaled, normal)), share)
    level = b("multiply", b("row_sum", scaled), share)
    dx = b("multiply", scale, b("subtract", b("subtract", scaled, level), b("multiply", normal, along)))
    b.write(dx).write(b("multiply", dy, normal), (0, 1), "sum", 0)
    return b.write(dy, (0, 1), "sum", 0).kernel


def adam(*space: int) -> Fused:
    """w, m, v, gradient, rate -> w, m, v."""
    b = Build(*space)
    w, m, v, g = (b.load(float32) for _ in range(4))
    rate = b.load(float32, (0,) * len(space))
    m = b("add", b("multiply", m, b.literal(0.9, float32)), b("multiply", g, b.literal(0.1, float32)))
    squared = b("multiply", b("multiply", g, g), b.literal(0.01, float32))
    v = b("add", b("multiply", b("multiply", v, v), b.literal(0.99, float32)), squared)
    change = b("divide", m, b("add", b("sqrt", v), b.literal(1e-8, float32)))
    return b.write(b("subtract", w, b("multiply", rate, change))).write(m).write(v).kernel


def dropout(rows: int, columns: int) -> Fused:
    b = Build(rows, columns)
    x, key = b.load(float32), b.load(uint64, (0, 0))
    bits = b("random_bits", key, b.position(3, (columns, 1)))
    drawn = b("multiply", b("cast", bits, dtype=float32), b.literal(2.0**-32, float32))
    kept = b("less", drawn, b.literal(0.75, float32))
    return b.write(b("select", kept, x, b.literal(0, float32))).write(kept).kernel


def strided(rows: int, columns: int) -> Fused:
    """Backwards, transposed, every third and repeated operands, written transposed and backwards."""
    b = Build(rows, columns)
    backwards = b.load(float32, (columns, -1))
    transposed = b.load(float32, (1, rows))
    third = b.load(float32, (3 * columns, 3))
    upwards, repeated = b.load(float32, (-columns, 1)), b.load(float32, (0, 1))
    first = b("subtract", backwards, b("multiply", third, repeated))
    second = b("subtract", transposed, upwards)
    return b.write(first, (1, rows)).write(second, (columns + 5, -1)).write(b("less", first, second)).kernel


def row_reductions(rows: int, columns: int, dtype: DType) -> Fused:
    b = Build(rows, columns)
    x = b.load(dtype)
    kinds = ("sum", "max", "min", *(["prod"] if dtype.kind != "f" else []))
    for kind in kinds:
        b.write(b(f"row_{kind}", x), (1, 0))
    odd = b("less", b.literal(0, dtype), x)
    return b.write(b("row_any", odd), (1, 0)).write(b("row_all", odd), (1, 0)).kernel


def outer_reductions(rows: int, between: int, columns: int, dtype: DType = float32) -> Fused:
    """Over the middle axis, over the first, over both, over everything."""
    b = Build(rows, between, columns)
    x = b.load(dtype)
    positive = b("less", b.literal(0, dtype), x)
    b.write(x, (columns, 0, 1), "sum", 1).write(x, (columns, 0, 1), "max", 1).write(x, (0, columns, 1), "min", 0)
    b.write(x, (0, 0, 1), "sum", 0, 1).write(positive, (0, 0, 1), "all", 0, 1).write(
        positive, (0, columns, 1), "any", 0
    )
    return b.kernel


def one_sum(rows: int, columns: int, dtype: DType = float32) -> Fused:
    """Columns summed, and nothing else."""
    b = Build(rows, columns)
    x = b.load(dtype)
    return b.write(b("multiply", x, x), (0, 1), "sum", 0).kernel


def everything(rows: int, columns: int) -> Fused:
    b = Build(rows, columns)
    return b.write(b("row_sum", b.load(float32)), (0, 0), "sum", 0).kernel


def lower_triangle(size: int) -> Fused:
    b = Build(size, size)
    below = b("less_equal", b.position(0, (0, 1), int32), b.position(2, (1, 0), int32))
    return b.write(below).write(b.position(-5, (2, -3), float32)).write(b.position(1, (0, 2), int8)).kernel


SMALL = (1, 2, 7, 15, 16, 17, 33)
TABLE: list[Fused] = [
    *(chain(3, n) for n in SMALL),
    *(softmax(3, n) for n in (*SMALL, 100, 1000)),
    chain(),
    chain(5, 4, 3),
    chain(20000),
    chain(3, 17, dtype=float64),
    chain(40, dtype=uint8),
    chain(40, dtype=int64),
    softmax(2, 20000),
    softmax(2, 65, dtype=float64),
    softmax(300, dtype=float32),
    masked_softmax(2, 9),
    cross_entropy(5, 3),
    cross_entropy(4, 130),
    layer_norm(6, 48),
    layer_norm(3, 700),
    layer_norm(3, 300, dtype=float64),
    layer_norm_backward(6, 33),
    layer_norm_backward(5, 600),
    adam(3, 50),
    adam(5000),
    dropout(5, 40),
    strided(7, 19),
    strided(33, 6),
    strided(5, 40),
    *(row_reductions(4, n, dtype) for n in (1, 20, 700) for dtype in (float32, int32, int64, int8)),
    outer_reductions(3, 4, 20),
    outer_reductions(5, 3, 150, dtype=int32),
    outer_reductions(2, 3, 1, dtype=float64),
    *(one_sum(50, n) for n in (1, 3, 64, 200)),
    one_sum(9, 70, dtype=float64),
    everything(50, 30),
    everything(1, 30000),
    lower_triangle(21),
]
EMPTY: list[Fused] = [
    chain(0),
    chain(3, 0),
    softmax(0, 5),
    row_reductions(3, 0, float32),
    row_reductions(0, 3, int32),
    outer_reductions(0, 2, 5),
    outer_reductions(2, 0, 5),
    outer_reductions(2, 3, 0),
    layer_norm_backward(0, 33),
    everything(0, 4),
    everything(0, 1),
    one_sum(3, 0),
    lower_triangle(0),
    everything(3, 0),
    one_sum(0, 30),
]

# --- the comparison -------------------------------------------------------------------------------------------------


def check(kernels: Sequence[Fused], target: Target | None = None, pieces: Sequence[int] = (1,)) -> None:
    """Everything behind the pointers of the writes is as the oracle says; the same bits however items are shared."""
    for kernel, loaded in zip(kernels, load_all(kernels, target), strict=True):
        rng = np.random.default_rng(0)
        reads = [operand(layout, rng) for layout in kernel.reads]
        before = [operand(layout, rng) for layout in kernel.writes]
        for onward in {False, any(write.accumulate for write in kernel.stores)}:
            wanted = expected(kernel, reads, before, onward)
            results = [[_copy(each) for each in before] for _ in pieces]
            for each, count in zip(results, pieces, strict=True):
                assert loaded(*reads, *each, pieces=count, onward=onward)
            for number, (found, right) in enumerate(zip(results[0], wanted, strict=True)):
                _agree(whole_of(found), right, f"write {number} of {kernel}")
            for other in results[1:]:
                for one, two in zip(results[0], other, strict=True):
                    assert whole_of(one).tobytes() == whole_of(two).tobytes(), kernel


def _copy(operand: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    whole = whole_of(operand).copy()
    return whole[len(whole) - len(operand) :]


def _agree(found: npt.NDArray[np.generic], right: npt.NDArray[np.generic], what: str) -> None:
    if right.dtype.kind != "f":
        np.testing.assert_array_equal(found, right, what)
        return
    eps = 40 * float(np.finfo(right.dtype).eps)
    size = np.abs(right[np.isfinite(right)]).max(initial=0)
    np.testing.assert_allclose(found, right, eps, eps * float(size), err_msg=what)


def test_kernels_as_programs_have_them() -> None:
    check(TABLE, pieces=(1, 2, 5))


def test_nothing_at_all() -> None:
    check(EMPTY, pieces=(1, 2))
