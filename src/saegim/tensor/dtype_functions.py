"""Casts, promotion, and what numbers a dtype holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from saegim import dtypes
from saegim.dtypes import DType
from saegim.errors import DTypeError
from saegim.tensor.core import Device, Scalar, Tensor, asarray_like, cast, is_number, promoted
from saegim.tensor.creation import check_device

__all__ = ["astype", "can_cast", "finfo", "iinfo", "isdtype", "result_type"]


@dataclass(frozen=True)
class FloatInfo:
    """What numbers a floating-point dtype holds."""

    bits: int
    eps: float
    max: float
    min: float
    smallest_normal: float
    dtype: DType


@dataclass(frozen=True)
class IntInfo:
    """What numbers an integer dtype holds."""

    bits: int
    max: int
    min: int
    dtype: DType


def astype(x: Tensor, dtype: DType, /, *, copy: bool = True, device: Device | None = None) -> Tensor:
    """x in another dtype; floats lose their fraction on the way to integers."""
    check_device(device)
    result = cast(asarray_like(x), dtypes.as_dtype(dtype))
    return Tensor(x._value) if result is x and copy else result


def can_cast(from_: DType | Tensor, to: DType, /) -> bool:
    """Whether promotion leads from one dtype to the other."""
    try:
        return dtypes.promote(_dtype_of(from_), dtypes.as_dtype(to)) == dtypes.as_dtype(to)
    except DTypeError:
        return False


def _dtype_of(given: Any) -> DType:
    return given.dtype if isinstance(given, Tensor | np.ndarray) else dtypes.as_dtype(given)


def finfo(type: DType | Tensor, /) -> FloatInfo:
    """Limits of a floating-point dtype."""
    dtype = _dtype_of(type)
    if not dtypes.is_floating(dtype):
        raise DTypeError(f"finfo: a floating-point dtype expected, {dtype.name} given; iinfo describes integers")
    info = np.finfo(dtype)
    eps, high, low, smallest = map(float, (info.eps, info.max, info.min, info.smallest_normal))
    return FloatInfo(info.bits, eps, high, low, smallest, dtype)


def iinfo(type: DType | Tensor, /) -> IntInfo:
    """Limits of an integer dtype."""
    dtype = _dtype_of(type)
    if not dtypes.is_integer(dtype):
        raise DTypeError(f"iinfo: an integer dtype expected, {dtype.name} given; finfo describes floats")
    info = np.iinfo(dtype)
    return IntInfo(info.bits, int(info.max), int(info.min), dtype)


_KINDS: dict[str, tuple[DType, ...]] = {
    "bool": (dtypes.bool_,),
    "signed integer": dtypes.SIGNED,
    "unsigned integer": dtypes.UNSIGNED,
    "integral": (*dtypes.SIGNED, *dtypes.UNSIGNED),
    "real floating": dtypes.FLOATING,
    "complex floating": (),
    "numeric": (*dtypes.SIGNED, *dtypes.UNSIGNED, *dtypes.FLOATING),
}


def isdtype(dtype: DType, kind: DType | str | tuple[DType | str, ...]) -> bool:
    """Whether `dtype` is of a kind: another dtype, a name such as "integral" or "real floating", or one of several."""
    if isinstance(kind, tuple):
        return any(isdtype(dtype, each) for each in kind)
    if isinstance(kind, str):
        if kind not in _KINDS:
            raise ValueError(f"isdtype: one of {', '.join(_KINDS)} expected, {kind!r} given")
        return dtype in _KINDS[kind]
    return dtype == kind


def result_type(*arrays_and_dtypes: Tensor | DType | Scalar) -> DType:
    """The dtype that the given tensors, dtypes and Python numbers promote to."""
    stand_ins = [each if is_number(each) else Tensor(np.zeros((), _dtype_of(each))) for each in arrays_and_dtypes]
    return promoted("result_type", *stand_ins)[0].dtype
