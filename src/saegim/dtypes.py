"""The dtypes and how they promote (Python array API standard 2024.12, without complex numbers).

A dtype is a NumPy dtype object, so `np.asarray(tensor).dtype == saegim.float32` holds.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from saegim.errors import DTypeError

DType = np.dtype[Any]

bool_ = np.dtype(np.bool_)
int8, int16, int32, int64 = (np.dtype(f"int{bits}") for bits in (8, 16, 32, 64))
uint8, uint16, uint32, uint64 = (np.dtype(f"uint{bits}") for bits in (8, 16, 32, 64))
float32, float64 = np.dtype("float32"), np.dtype("float64")

SIGNED = (int8, int16, int32, int64)
UNSIGNED = (uint8, uint16, uint32, uint64)
FLOATING = (float32, float64)
ALL = (bool_, *SIGNED, *UNSIGNED, *FLOATING)
BY_NAME = {dtype.name: dtype for dtype in ALL}

DEFAULT_FLOAT = float32  # training is done in single precision
DEFAULT_INT = int64


def is_bool(dtype: DType) -> bool:
    return dtype.kind == "b"


def is_integer(dtype: DType) -> bool:
    return dtype.kind in "iu"


def is_floating(dtype: DType) -> bool:
    return dtype.kind == "f"


def is_numeric(dtype: DType) -> bool:
    return dtype.kind in "iuf"


def as_dtype(dtype: Any) -> DType:
    """The supported dtype that `dtype` (a dtype, a name or a NumPy scalar type) stands for."""
    try:
        found = np.dtype(dtype).newbyteorder("=")
    except TypeError:
        found = None
    if found is None or dtype is None:  # NumPy takes None for float64
        raise DTypeError(f"{dtype!r} is not a dtype; use one of {', '.join(BY_NAME)}")
    if found.name not in BY_NAME:
        raise DTypeError(f"dtype {found.name} is not supported; use one of {', '.join(BY_NAME)}")
    return BY_NAME[found.name]


def promote(first: DType, second: DType) -> DType:
    """The dtype that can hold both, within one kind; mixed kinds have none (standard, "Type Promotion Rules")."""
    if first == second:
        return first
    if is_floating(first) and is_floating(second):
        return max(first, second, key=lambda dtype: dtype.itemsize)
    if is_integer(first) and is_integer(second):
        if first.kind == second.kind:
            return max(first, second, key=lambda dtype: dtype.itemsize)
        signed, unsigned = (first, second) if first.kind == "i" else (second, first)
        if signed.itemsize > unsigned.itemsize:
            return signed
        if unsigned.itemsize < 8:
            return BY_NAME[f"int{16 * unsigned.itemsize}"]
    raise DTypeError(f"dtypes {first.name} and {second.name} do not promote to each other; cast one with astype")
