"""Products of matrices that are mostly zeros, in native code, against NumPy in double precision."""

from __future__ import annotations

import numpy as np
import pytest

from compiler.native import Array, call, layout, runnable
from saegim.compiler.kernels.base import Layout
from saegim.compiler.kernels.sparse import SparseProduct
from saegim.compiler.llvm import Module
from saegim.runtime.jit import assembly
from saegim.runtime.target import PRESETS, Target

RANDOM = np.random.default_rng(0)
DENSITIES = [0, 0.01, 0.2, 0.5, 1]


def sparse(*shape: int, density: float, dtype: str = "float32") -> Array:
    return (RANDOM.standard_normal(shape) * (RANDOM.random(shape) < density)).astype(dtype)


def numbers(*shape: int, dtype: str = "float32") -> Array:
    return RANDOM.standard_normal(shape).astype(dtype)


def turned(x: Array) -> Array:
    """The same matrices, laid out the other way round."""
    return np.ascontiguousarray(x.swapaxes(-1, -2)).swapaxes(-1, -2)


def scattered(x: Array) -> Array:
    """The same numbers with gaps in both directions."""
    wide = np.zeros((*x.shape[:-1], 3 * x.shape[-1]), x.dtype)
    wide[..., ::3] = x
    return wide[..., ::3]


def apart(x: Array) -> Array:
    """The same numbers with gaps between the rows."""
    wide = np.full((*x.shape[:-1], x.shape[-1] + 3), 9, x.dtype)
    wide[..., : x.shape[-1]] = x
    return wide[..., : x.shape[-1]]


def check(
    a: Array, b: Array, c: Array, *, onward: bool | None = None, target: Target | None = None, pieces: int = 1
) -> Array:
    """Runs a product and compares it with NumPy; gives what came out."""
    summed = c.ndim < a.ndim
    c[...] = 3
    want, bound = a.astype(float) @ b.astype(float), np.abs(a.astype(float)) @ np.abs(b.astype(float))
    if summed:
        want, bound = want.sum(axis=0), bound.sum(axis=0)
    where = Layout(c.dtype, (len(a), *c.shape), (0, *layout(c).strides)) if summed else layout(c)
    kernel = SparseProduct(layout(a), layout(b), where, layout(c), onward is not None)
    assert call(kernel, a, b, c, target=target, pieces=pieces, onward=bool(onward))
    eps = np.finfo(c.dtype).eps
    assert (np.abs(c - want - 3 * bool(onward)) <= 4 * eps * (bound + 4)).all()
    return c.copy()


@pytest.mark.parametrize("target", runnable(), ids=lambda each: each.name)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_target(target: Target, dtype: str) -> None:
    for density in DENSITIES:
        a, b = sparse(37, 70, density=density, dtype=dtype), numbers(70, 87, dtype=dtype)
        check(a, b, np.empty((37, 87), dtype), target=target)
        check(turned(a), b, np.empty((37, 87), dtype), target=target, onward=True)


@pytest.mark.parametrize("density", DENSITIES)
def test_strides(density: float) -> None:
    a, b, c = sparse(20, 70, density=density), numbers(70, 40), np.empty((20, 40), np.float32)
    for x in (a, turned(a), scattered(a), scattered(turned(a)), a[::-1], a[:, ::-1]):
        check(x, b, c)
    check(a, apart(b), apart(c), onward=True)
    check(a, b[::-1], c[::-1], onward=False)


@pytest.mark.parametrize(("rows", "depth", "columns"), [(1, 1, 1), (1, 64, 300), (33, 1, 15), (7, 15, 129), (5, 0, 6)])
def test_sizes(rows: int, depth: int, columns: int) -> None:
    for density in (0.1, 1):
        a = sparse(rows, depth, density=density)
        check(a, numbers(depth, columns), np.empty((rows, columns), np.float32))
        check(turned(a), numbers(depth, columns), np.empty((rows, columns), np.float32))


@pytest.mark.parametrize("pieces", [1, 2])
def test_batches(pieces: int) -> None:
    for density in DENSITIES:
        a, b = sparse(3, 20, 30, density=density), numbers(3, 30, 50)
        a[1] = 1  # one matrix is dense
        check(a, b, np.empty((3, 20, 50), np.float32), pieces=pieces)
        check(a, np.broadcast_to(b[0], b.shape), np.empty((3, 20, 50), np.float32), pieces=pieces)
        check(turned(a), b, np.empty((20, 50), np.float32))
        check(turned(a), b, np.empty((20, 50), np.float32), onward=True)


def test_pieces_do_not_change_bits() -> None:
    for density in DENSITIES:
        a, b = sparse(5, 40, 60, density=density), numbers(5, 60, 70)
        once, *others = (check(a, b, np.empty((5, 40, 70), np.float32), pieces=pieces) for pieces in (1, 2, 5))
        assert all((each == once).all() for each in others)


@pytest.mark.parametrize(("size", "stride"), [(1, 1), (3, 1), (4, 2), (2, 3)])
def test_windows_are_summed(size: int, stride: int) -> None:
    """Rows that overlap as windows (B, T', size * C) over (B, T, C) do."""
    examples, length, channels, filters = 2, 17, 24, 30
    count = (length - size) // stride + 1
    for density in DENSITIES:
        for onward in (None, False, True):
            a, b = sparse(examples, count, filters, density=density), numbers(filters, size * channels)
            result = np.full((examples, length, channels), 3, np.float32)
            rows = Layout(
                result.dtype,
                (examples, count, size * channels),
                (length * channels, stride * channels, 1),
            )
            b_rows = Layout(b.dtype, (examples, *b.shape), (0, *layout(b).strides))
            kernel = SparseProduct(layout(a), b_rows, rows, layout(result), onward is not None, parts=size)
            assert call(kernel, a, b, result, pieces=2, onward=bool(onward))
            want = np.full(result.shape, 3.0 if onward else 0.0)
            products = (a.astype(float) @ b).reshape(examples, count, size, channels)
            for place in range(count):
                want[:, place * stride : place * stride + size] += products[:, place]
            np.testing.assert_allclose(result, want, rtol=1e-4, atol=2e-5)


def test_what_is_not_a_number_is_not_passed_over() -> None:
    a, b, c = np.zeros((4, 30), np.float32), numbers(30, 20), np.empty((4, 20), np.float32)
    a[2, 17] = np.nan
    call(SparseProduct(layout(a), layout(b), layout(c), layout(c)), a, b, c)
    assert np.isnan(c[2]).all()
    assert (c[[0, 1, 3]] == 0).all()


@pytest.mark.parametrize("name", PRESETS)
def test_code_for_other_processors(name: str) -> None:
    dtype = np.dtype("float32")
    a, b, c = (Layout.dense(dtype, shape) for shape in ((64, 70), (70, 90), (64, 90)))
    module = Module()
    SparseProduct(a, b, c, c).emit(module, "sparse", PRESETS[name])
    assert "add_row_float32" in assembly(module.text, PRESETS[name])
