"""New tensors: from Python objects and other libraries' arrays, and filled by a rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim import dtypes
from saegim.dtypes import DType
from saegim.errors import DTypeError, ShapeError
from saegim.tensor.axes import sizes_of
from saegim.tensor.core import Device, Scalar, Tensor, apply, asarray_like, broadcast_to, cast, is_number, reshape_to
from saegim.tensor.manipulation import stack

__all__ = [
    "arange",
    "asarray",
    "empty",
    "empty_like",
    "eye",
    "from_dlpack",
    "full",
    "full_like",
    "linspace",
    "meshgrid",
    "ones",
    "ones_like",
    "tril",
    "triu",
    "zeros",
    "zeros_like",
]

Sizes = int | Sequence[int]


def check_device(device: Device | None) -> None:
    """Raises ValueError for a device other than the one there is."""
    if device not in (None, "cpu"):
        raise ValueError(f"device 'cpu' expected, {device!r} given")


# --- from what exists -----------------------------------------------------------------------------------------------


def asarray(
    obj: Any, /, *, dtype: DType | None = None, device: Device | None = None, copy: bool | None = None
) -> Tensor:
    """`obj` as a tensor: a Python number, nested sequences of them, a tensor, or another library's array.

    Without `dtype`, arrays keep theirs; Python numbers become bool, int64 or float32. Memory is shared where it can be
    unless `copy` is true; a false `copy` raises ValueError where it cannot.
    """
    check_device(device)
    wanted = None if dtype is None else dtypes.as_dtype(dtype)
    if is_number(obj) or isinstance(obj, list | tuple):
        if copy is False:
            raise ValueError(f"asarray: a {type(obj).__name__} can only be copied; leave copy out")
        return _from_python(obj, wanted)
    x = obj if isinstance(obj, Tensor) else asarray_like(_from_library(obj, copy))
    if wanted is not None and wanted != x.dtype:
        if copy is False:
            raise ValueError(f"asarray: {x.dtype.name} becomes {wanted.name} only by a copy; leave copy out")
        return cast(x, wanted)
    if not copy:
        return x
    return Tensor(x._value if x.is_traced else np.array(x.numpy()))


def _from_library(obj: Any, copy: bool | None) -> npt.NDArray[Any]:
    """The array in an object of another library, which speaks NumPy's protocols or DLPack."""
    if isinstance(obj, str | bytes) or obj is None:
        raise TypeError(f"asarray: numbers or an array expected, {type(obj).__name__} given")
    if hasattr(obj, "__dlpack__") and not hasattr(obj, "__array__"):
        return np.from_dlpack(obj, copy=False if copy is False else None)
    return np.asarray(obj, copy=False if copy is False else None)


def _from_python(obj: Any, dtype: DType | None) -> Tensor:
    if _holds_arrays(obj):
        x = stack([asarray(each) for each in obj])
        return x if dtype is None else cast(x, dtype)
    try:
        with np.errstate(over="ignore"):
            array = np.array(obj, dtype=dtype)
            return Tensor(array if dtype is not None else array.astype(_default(array, obj)))
    except ValueError as error:
        if "inhomogeneous" not in str(error):
            raise
        raise ShapeError("asarray: nested sequences of equal lengths expected; pad the shorter ones") from None


def _holds_arrays(obj: Any) -> bool:
    return isinstance(obj, list | tuple) and any(
        isinstance(each, Tensor | np.ndarray | np.generic) or _holds_arrays(each) for each in obj
    )


def _default(array: npt.NDArray[Any], obj: Any) -> DType:
    """The dtype that Python numbers get, from the one NumPy gave them."""
    kind = array.dtype.kind
    if kind == "b":
        return dtypes.bool_
    if kind == "f":
        return dtypes.DEFAULT_FLOAT
    if kind == "i":
        return dtypes.DEFAULT_INT
    if kind == "u" or (kind == "O" and all(isinstance(each, int) for each in array.flat)):
        raise OverflowError(
            f"asarray: integers of at most 64 bits with sign expected, {array.max()} given; state a dtype"
        )
    raise DTypeError(f"asarray: real numbers or truth values expected, {type(obj).__name__} of {array.dtype} given")


def from_dlpack(x: Any, /, *, device: Device | None = None, copy: bool | None = None) -> Tensor:
    """A tensor over the memory of any object that speaks DLPack."""
    check_device(device)
    if isinstance(x, Tensor):
        return asarray(x, copy=copy)
    return asarray_like(np.from_dlpack(x, copy=copy))


# --- filled ---------------------------------------------------------------------------------------------------------


def full(
    shape: Sizes, fill_value: Scalar | Tensor, *, dtype: DType | None = None, device: Device | None = None
) -> Tensor:
    """A tensor of `shape` with one value everywhere; without `dtype` the value's own default."""
    return broadcast_to(asarray(fill_value, dtype=dtype, device=device), sizes_of("full", shape))


def full_like(
    x: Tensor, /, fill_value: Scalar | Tensor, *, dtype: DType | None = None, device: Device | None = None
) -> Tensor:
    """A tensor of x's shape (and dtype, unless given) with one value everywhere."""
    return full(x.shape, fill_value, dtype=dtype or x.dtype, device=device)


def zeros(shape: Sizes, *, dtype: DType | None = None, device: Device | None = None) -> Tensor:
    """Zeros of `shape`, float32 unless stated."""
    return full(shape, 0, dtype=dtype or dtypes.DEFAULT_FLOAT, device=device)


def zeros_like(x: Tensor, /, *, dtype: DType | None = None, device: Device | None = None) -> Tensor:
    """Zeros of x's shape and dtype."""
    return full_like(x, 0, dtype=dtype, device=device)


def ones(shape: Sizes, *, dtype: DType | None = None, device: Device | None = None) -> Tensor:
    """Ones of `shape`, float32 unless stated."""
    return full(shape, 1, dtype=dtype or dtypes.DEFAULT_FLOAT, device=device)


def ones_like(x: Tensor, /, *, dtype: DType | None = None, device: Device | None = None) -> Tensor:
    """Ones of x's shape and dtype."""
    return full_like(x, 1, dtype=dtype, device=device)


# The standard leaves the contents open; zeros make programs repeatable.
def empty(shape: Sizes, *, dtype: DType | None = None, device: Device | None = None) -> Tensor:
    """A tensor of `shape` whose values are not to be relied on."""
    return zeros(shape, dtype=dtype, device=device)


def empty_like(x: Tensor, /, *, dtype: DType | None = None, device: Device | None = None) -> Tensor:
    """A tensor of x's shape and dtype whose values are not to be relied on."""
    return zeros_like(x, dtype=dtype, device=device)


def eye(
    n_rows: int, n_cols: int | None = None, /, *, k: int = 0, dtype: DType | None = None, device: Device | None = None
) -> Tensor:
    """Ones on diagonal `k` of a matrix, zeros elsewhere."""
    check_device(device)
    wanted = dtypes.as_dtype(dtype or dtypes.DEFAULT_FLOAT)
    rows, columns = sizes_of("eye", (n_rows, n_rows if n_cols is None else n_cols))
    return Tensor(np.eye(rows, columns, max(-rows, min(k, columns)), dtype=wanted))


# --- counted --------------------------------------------------------------------------------------------------------


def arange(
    start: int | float,
    /,
    stop: int | float | None = None,
    step: int | float = 1,
    *,
    dtype: DType | None = None,
    device: Device | None = None,
) -> Tensor:
    """start, start + step, ... up to but without `stop`; with one number, from 0 up to it."""
    check_device(device)
    first, last = (0, start) if stop is None else (start, stop)
    if step == 0:
        raise ValueError("arange: a step other than 0 expected")
    whole = all(isinstance(each, int) for each in (first, last, step))
    default = dtypes.DEFAULT_INT if whole else dtypes.DEFAULT_FLOAT
    wanted = default if dtype is None else dtypes.as_dtype(dtype)
    exact = wanted if whole and dtypes.is_integer(wanted) else dtypes.float64
    return Tensor(np.arange(first, last, step, dtype=exact).astype(wanted))


def linspace(
    start: float,
    stop: float,
    /,
    num: int,
    *,
    dtype: DType | None = None,
    device: Device | None = None,
    endpoint: bool = True,
) -> Tensor:
    """`num` evenly spaced numbers from `start` to `stop`, which is the last one if `endpoint`."""
    check_device(device)
    wanted = dtypes.as_dtype(dtype or dtypes.DEFAULT_FLOAT)
    if num < 0:
        raise ValueError(f"linspace: at least 0 numbers expected, {num} given")
    with np.errstate(all="ignore"):
        return Tensor(np.linspace(start, stop, num, endpoint=endpoint, dtype=wanted))


def meshgrid(*arrays: Tensor, indexing: str = "xy") -> list[Tensor]:
    """A grid from vectors: result i varies along the axis of vector i ("ij"; "xy" exchanges the first two)."""
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: indexing 'xy' or 'ij' expected, {indexing!r} given")
    arrays = tuple(map(asarray_like, arrays))
    if any(each.ndim != 1 for each in arrays):
        raise ShapeError(f"meshgrid: vectors expected, shapes {[each.shape for each in arrays]} given")
    if len({each.dtype for each in arrays}) > 1:
        raise DTypeError(f"meshgrid: one dtype expected, {[each.dtype.name for each in arrays]} given")
    axes = list(range(len(arrays)))
    if indexing == "xy" and len(arrays) > 1:
        axes[0], axes[1] = 1, 0
    shape = [0] * len(arrays)
    for axis, each in zip(axes, arrays, strict=True):
        shape[axis] = each.size
    lines = (
        [each.size if at == axis else 1 for at in range(len(arrays))] for axis, each in zip(axes, arrays, strict=True)
    )
    return [broadcast_to(reshape_to(each, line), shape) for each, line in zip(arrays, lines, strict=True)]


# --- triangles ------------------------------------------------------------------------------------------------------


def _triangle(op: str, x: Tensor, k: int, lower: bool) -> Tensor:
    x = asarray_like(x)
    if x.ndim < 2:
        raise ShapeError(f"{op}: at least two axes expected, shape {x.shape} given")
    rows, columns = (apply("iota", shape=x.shape[-2:], axis=axis, dtype=dtypes.int64) for axis in (0, 1))
    k = max(-x.shape[-2], min(k, x.shape[-1]))  # diagonals beyond the matrix need no numbers beyond int64
    offset = columns - rows
    inside = broadcast_to(offset <= k if lower else offset >= k, x.shape)
    return apply("select", inside, x, zeros_like(x))


def tril(x: Tensor, /, *, k: int = 0) -> Tensor:
    """The last two axes' triangle on and below diagonal `k`; zeros above."""
    return _triangle("tril", x, k, lower=True)


def triu(x: Tensor, /, *, k: int = 0) -> Tensor:
    """The last two axes' triangle on and above diagonal `k`; zeros below."""
    return _triangle("triu", x, k, lower=False)
