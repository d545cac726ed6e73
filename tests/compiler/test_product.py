"""Matrix products in native code, against NumPy in double precision."""

from __future__ import annotations

import numpy as np
import pytest

from compiler.native import Array, call, layout, runnable
from saegim.compiler.kernels.base import Layout
from saegim.compiler.kernels.pack import Pack, panel_width
from saegim.compiler.kernels.product import Product
from saegim.compiler.llvm import Module
from saegim.runtime.jit import assembly
from saegim.runtime.target import PRESETS, Target, host

RANDOM = np.random.default_rng(0)


def numbers(*shape: int, dtype: str = "float32") -> Array:
    if dtype.startswith("float"):
        return RANDOM.standard_normal(shape).astype(dtype)
    return RANDOM.integers(0, 100, shape).astype(dtype)


def turned(x: Array) -> Array:
    """The same matrices, laid out the other way round."""
    return np.ascontiguousarray(x.swapaxes(-1, -2)).swapaxes(-1, -2)


def spread(x: Array) -> Array:
    """The same numbers with gaps between the rows."""
    wide = np.zeros((*x.shape[:-1], x.shape[-1] + 5), x.dtype)
    wide[..., : x.shape[-1]] = x
    return wide[..., : x.shape[-1]]


def scattered(x: Array) -> Array:
    """The same numbers with gaps in both directions."""
    wide = np.zeros((*x.shape[:-1], 2 * x.shape[-1]), x.dtype)
    wide[..., ::2] = x
    return wide[..., ::2]


def check(
    a: Array,
    b: Array,
    c: Array | None = None,
    *,
    bias: Array | None = None,
    packed: bool = False,
    onward: bool | None = None,
    target: Target | None = None,
    pieces: int = 1,
) -> Array:
    """Runs a product and compares it with NumPy; gives what came out."""
    if c is None:
        c = np.empty((*a.shape[:-1], b.shape[-1]), a.dtype)
    c[...] = 3
    want = a.astype(float) @ b.astype(float) + (0 if bias is None else bias) + (3 if onward else 0)
    bound = np.abs(a.astype(float)) @ np.abs(b.astype(float)) + 4
    given, panel = b, 0
    read = layout(b)
    if packed:
        panel = panel_width(b.dtype, target or host())
        pack = Pack(layout(b), panel)
        given = np.full(pack.writes[0].shape, np.nan, b.dtype)
        call(pack, b, given, target=target, pieces=pieces)
        read = layout(given)
    kernel = Product(layout(a), read, layout(c), onward is not None, panel, None if bias is None else layout(bias))
    operands = (a, given, c) if bias is None else (a, given, bias, c)
    assert call(kernel, *operands, target=target, pieces=pieces, onward=bool(onward))
    eps = 0.0 if c.dtype.kind != "f" else np.finfo(c.dtype).eps
    assert (np.abs(c - want) <= 4 * eps * bound).all()
    return c.copy()


@pytest.mark.parametrize("target", runnable(), ids=lambda each: each.name)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_target(target: Target, dtype: str) -> None:
    a, b, bias = numbers(2, 130, 70, dtype=dtype), numbers(2, 70, 87, dtype=dtype), numbers(87, dtype=dtype)
    check(a, b, target=target)
    check(a, turned(b), target=target)
    check(turned(a), turned(b), bias=bias, packed=True, target=target)


# Rows, columns and depths around the heights of tiles, the widths of vectors and the lengths of blocks.
SIZES = [
    (1, 1, 1),
    (1, 64, 256),
    (64, 1, 100),
    (2, 15, 0),
    (5, 16, 3),
    (6, 17, 63),
    (7, 63, 64),
    (8, 65, 65),
    (13, 128, 129),
    (129, 31, 10),
    (257, 130, 7),
]


@pytest.mark.parametrize(("rows", "columns", "depth"), SIZES)
def test_sizes(rows: int, columns: int, depth: int) -> None:
    a, b = numbers(rows, depth), numbers(depth, columns)
    check(a, b, bias=numbers(columns))
    check(a, turned(b), packed=depth > 0, bias=numbers(columns))
    check(a, turned(b))


@pytest.mark.parametrize(("rows", "columns"), [(0, 5), (5, 0)])
def test_nothing_to_do(rows: int, columns: int) -> None:
    check(numbers(rows, 4), numbers(4, columns))


def test_strides() -> None:
    a, b = numbers(20, 70), numbers(70, 40)
    for x in (a, turned(a), spread(a), scattered(a), a[::-1], a[:, ::-1]):
        check(x, b)
    for y in (b, turned(b), spread(b), scattered(b), b[::-1], b[:, ::-1]):
        check(a, y)
        check(a, y, packed=True)
    for c in (numbers(20, 40), spread(numbers(20, 40)), turned(numbers(20, 40)), numbers(20, 40)[:, ::-1]):
        check(a, b, c, onward=True)


def test_nothing_beside_c_is_touched() -> None:
    room = np.full((30, 50), 9, np.float32)
    check(numbers(20, 33), numbers(33, 35), room[5:25, 7:42])
    room[5:25, 7:42] = 9
    assert (room == 9).all()


def test_batches() -> None:
    heads = numbers(2, 19, 3, 24).transpose(0, 2, 1, 3)  # (B, H, T, D), where D of all heads lie side by side
    keys = numbers(2, 19, 3, 24).transpose(0, 2, 3, 1)  # (B, H, D, T)
    check(heads, keys)
    check(heads, keys, packed=True, pieces=2)
    check(heads, np.broadcast_to(numbers(24, 17), (2, 3, 24, 17)))
    check(np.broadcast_to(numbers(11, 24), (2, 3, 11, 24)), keys, numbers(2, 11, 3, 19).transpose(0, 2, 1, 3))
    windows = np.lib.stride_tricks.sliding_window_view(numbers(30 * 4), 12)[::4]  # rows that overlap
    check(windows, numbers(12, 20))


@pytest.mark.parametrize("onward", [False, True])
def test_accumulating(onward: bool) -> None:
    x, dy = numbers(70, 40), numbers(70, 50)
    check(x.T, dy, onward=onward)
    check(x.T, dy, scattered(numbers(40, 50)), onward=onward)
    check(x.T, dy, turned(numbers(40, 50)), onward=onward)
    check(x.T, dy[:, :1], onward=onward)
    check(dy[:, :1].T, x, onward=onward)


def test_pieces_do_not_change_bits() -> None:
    a, b = numbers(2, 300, 140), numbers(2, 140, 150)
    for other, packed in ((b, False), (turned(b), False), (b, True)):
        once, *others = (check(a, other, packed=packed, pieces=pieces) for pieces in (1, 2, 5))
        assert all((each == once).all() for each in others)


@pytest.mark.parametrize("dtype", ["int8", "uint16", "int32", "int64"])
def test_integers_wrap(dtype: str) -> None:
    a, b = numbers(2, 5, 9, dtype=dtype), turned(numbers(2, 9, 7, dtype=dtype))
    c = np.ones((2, 5, 7), dtype)
    kernel = Product(layout(a), layout(b), layout(c), accumulate=True)
    assert call(kernel, a, b, c, onward=True)
    assert (c == np.matmul(a, b) + np.ones_like(c)).all()
    check_panels(turned(numbers(2, 9, 70, dtype=dtype)), 16)


def check_panels(b: Array, panel: int) -> None:
    kernel = Pack(layout(b), panel)
    out = np.full(kernel.writes[0].shape, 5, b.dtype)
    call(kernel, b, out, pieces=2)
    *batch, depth, columns = b.shape
    count = -(-columns // panel)
    wide = np.zeros((*batch, depth, count * panel), b.dtype)
    wide[..., :columns] = b
    assert (out == wide.reshape(*batch, depth, count, panel).swapaxes(-2, -3)).all()


@pytest.mark.parametrize("shape", [(1, 1), (16, 16), (33, 65), (40, 128), (2, 3, 17, 20), (0, 5), (5, 0)])
def test_panels(shape: tuple[int, ...]) -> None:
    for dtype in ("float32", "float64"):
        b = numbers(*shape, dtype=dtype)
        for each in (b, turned(b), scattered(b)):
            check_panels(each, 16)
            check_panels(each, 64)


def test_not_a_number_is_overwritten() -> None:
    c = np.full((6, 5), np.nan, np.float32)
    kernel = Product(*(Layout.dense(c.dtype, shape) for shape in ((6, 0), (0, 5), (6, 5))), accumulate=True)
    call(kernel, c[:, :0], c[:0], c)
    assert (c == 0).all()


@pytest.mark.parametrize("name", PRESETS)
def test_code_for_other_processors(name: str) -> None:
    """Tiles multiply and add in one instruction wherever there is one."""
    dtype = np.dtype("float32")
    kernel = Product(*(Layout.dense(dtype, shape) for shape in ((64, 70), (70, 90), (64, 90))))
    module = Module()
    kernel.emit(module, kernel.name, PRESETS[name])
    code = assembly(module.text, PRESETS[name])
    wanted = {"avx512": "zmm", "avx2": "vfmadd", "neon": "fmla", "generic": "mulps"}
    assert wanted[name] in code
    assert "fmaf" not in code  # no call of a library for each of them
