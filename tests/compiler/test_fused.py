"""Fused kernels against an interpreter of their steps in NumPy."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from compiler.fused_oracle import Build, expected, operand, whole_of
from compiler.native import load_all, runnable
from saegim.compiler.kernels.fused import Fused
from saegim.compiler.llvm import Module
from saegim.dtypes import DType, float32, float64, int8, int32, int64, uint8, uint64
from saegim.runtime.jit import assembly
from saegim.runtime.target import PRESETS, Target

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


def transposed(rows: int, columns: int) -> Fused:
    b = Build(2, rows, columns)
    return b.write(b("negative", b.load(float32, (rows * columns, 1, rows)))).kernel


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
    transposed(70, 130),
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


def check(
    kernels: Sequence[Fused], target: Target | None = None, pieces: Sequence[int] = (1,), whole_numbers: bool = False
) -> None:
    """Everything behind the pointers of the writes is as the oracle says; the same bits however items are shared."""
    for kernel, loaded in zip(kernels, load_all(kernels, target), strict=True):
        rng = np.random.default_rng(0)
        reads = [operand(layout, rng, whole_numbers) for layout in kernel.reads]
        before = [operand(layout, rng, whole_numbers) for layout in kernel.writes]
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


@pytest.mark.parametrize("target", runnable()[1:], ids=lambda target: target.name)
def test_other_processors(target: Target) -> None:
    chosen = [chain(3, 33), softmax(3, 100), layer_norm_backward(6, 33), dropout(5, 40), strided(7, 19)]
    check([*chosen, cross_entropy(5, 3), *(row_reductions(4, 20, dtype) for dtype in (float32, int8))], target)


def test_code_for_a_processor_of_another_kind() -> None:
    module = Module()
    softmax(3, 100).emit(module, "softmax", PRESETS["neon"])
    assert "softmax:" in assembly(module.text, PRESETS["neon"])


# --- properties -----------------------------------------------------------------------------------------------------


def test_what_is_written_in_place() -> None:
    """Adam's state is overwritten; a row that is read again in a later pass may be, one that is written before not."""
    assert [adam(5000).may_overwrite(written, written) for written in range(3)] == [True] * 3
    assert softmax(3, 1000).may_overwrite(0, 0) and layer_norm(3, 700).may_overwrite(0, 0)
    assert not any(layer_norm_backward(5, 600).may_overwrite(1, read) for read in range(5))
    early = Build(3, 20)
    x = early.load(float32)
    early.write(early("negative", x)).write(early("subtract", x, early("row_sum", x)))
    assert not early.kernel.may_overwrite(0, 0) and early.kernel.may_overwrite(1, 0)
    kernels = [adam(5000), softmax(3, 1000), softmax(5, 64), layer_norm(3, 700)]
    for kernel, loaded in zip(kernels, load_all(kernels), strict=True):
        pairs = [n for n in range(min(len(kernel.reads), len(kernel.writes))) if kernel.may_overwrite(n, n)]
        rng = np.random.default_rng(1)
        reads = [operand(each, rng) for each in kernel.reads]
        writes = [operand(each, rng) for each in kernel.writes]
        apart = [_copy(each) for each in writes]
        loaded(*reads, *apart)
        loaded(*reads, *(reads[n] if n in pairs else each for n, each in enumerate(writes)))
        for n in pairs:
            size = kernel.writes[n].size
            np.testing.assert_array_equal(reads[n][:size], apart[n][:size], str(kernel))


def test_nan_is_the_largest_and_the_smallest() -> None:
    kernels = [row_reductions(4, n, float32) for n in (5, 20, 700)]
    for kernel, loaded in zip(kernels, load_all(kernels), strict=True):
        columns = kernel.space[1]
        x = np.random.default_rng(2).normal(size=(4, columns)).astype(np.float32)
        x[0, 0], x[1, columns - 1], x[2, columns // 2] = np.nan, np.nan, -np.inf
        results = [np.zeros(4, each.dtype) for each in kernel.writes]
        loaded(x, *results)
        for found, reduce in zip(results, (np.sum, np.max, np.min), strict=False):
            np.testing.assert_array_equal(np.isnan(found), [True, True, False, False])
            np.testing.assert_allclose(found[2:], reduce(x[2:], axis=1), 1e-4, 1e-4)


def test_long_sums_are_accurate() -> None:
    """No less than NumPy's pairwise sums: a million numbers of one sign to a few units in the last place."""
    kernel = everything(1, 1_000_003)
    x = np.random.default_rng(3).uniform(0, 1, 1_000_003).astype(np.float32)
    result = np.zeros(1, np.float32)
    load_all([kernel])[0](x, result)
    exact = x.sum(dtype=np.float64)
    assert abs(result[0] - exact) < 4 * np.spacing(np.float32(exact))


def test_items() -> None:
    """Rows or blocks of columns are shared out; what is summed over rows is not."""
    assert chain(800_000).items == chain(800, 1000).items == 196
    assert softmax(512, 64).items == 512 and softmax(4, 8, 64).items == 32
    assert layer_norm_backward(64, 256).items == 1 and one_sum(1000, 256).items == 4
    assert outer_reductions(4, 3, 20).items == 1 and chain().items == 1


def test_flops() -> None:
    assert chain(3, 17).flops == 3 * 3 * 17
    assert softmax(3, 10).flops == 5 * 30
    assert layer_norm_backward(6, 10).flops == 6 * 10 * 13 + 6 * 2


# --- random kernels -------------------------------------------------------------------------------------------------


@st.composite
def kernels(draw: st.DrawFn) -> Fused:
    """Any kernel whose arithmetic is exact in its dtype."""
    space = tuple(draw(st.lists(st.sampled_from((1, 2, 3, 5, 16, 17, 40, 300)), max_size=3)))
    assume(math.prod(space) < 15_000)
    dtype = draw(st.sampled_from((float64, int32, int64)))
    b = Build(*space)
    values = [b.load(dtype, _strides(draw, space, repeat=True)) for _ in range(draw(st.integers(1, 3)))]
    values.append(b.position(draw(st.integers(-3, 3)), _strides(draw, space, repeat=True), dtype))
    for _ in range(draw(st.integers(0, 7))):
        x, y = (draw(st.sampled_from(values)) for _ in range(2))
        op = draw(st.sampled_from(("add", "subtract", "maximum", "select", "halve", "row_sum", "row_max", "row_min")))
        if op == "select":
            values.append(b("select", b("less", x, y), x, y))
        elif op == "halve":  # keeps numbers small, with something dear
            values.append(b("floor_divide", x, b.literal(2, dtype)))
        else:
            values.append(b(op, x) if op.startswith("row") else b(op, x, y))
    for _ in range(draw(st.integers(1, 3))):
        _write(draw, b, draw(st.sampled_from(values)))
    return b.kernel


def _write(draw: st.DrawFn, b: Build, step: int) -> None:
    axes = range(len(b.space))
    over = tuple(axis for axis in axes[:-1] if draw(st.booleans()))
    gone = {*over, *([axes[-1]] if axes and b.is_row(step) and draw(st.booleans()) else [])}
    kind = draw(st.sampled_from(("sum", "max", "min"))) if over else None
    b.write(step, _strides(draw, b.space, gone=gone), kind, *over)


def _strides(
    draw: st.DrawFn, space: tuple[int, ...], repeat: bool = False, gone: Collection[int] = ()
) -> tuple[int, ...]:
    """In any order of axes, with gaps, backwards; 0 along axes that are gone, and along some if `repeat`."""
    strides, step = [0] * len(space), 1
    for axis in draw(st.permutations(range(len(space)))):
        if axis not in gone and not (repeat and draw(st.integers(0, 3)) == 0):
            step *= draw(st.sampled_from((1, 1, 1, 2)))
            strides[axis] = step * draw(st.sampled_from((1, 1, -1)))
            step *= space[axis]
    return tuple(strides)


@settings(max_examples=8, deadline=None, phases=set(Phase) - {Phase.shrink})  # each example names its kernel
@given(st.lists(kernels(), min_size=20, max_size=20))
def test_random_kernels(some: list[Fused]) -> None:
    check(some, pieces=(1, 3), whole_numbers=True)
