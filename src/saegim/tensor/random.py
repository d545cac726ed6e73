"""Random numbers as a pure function of a key: the same key, the same numbers, on every machine.

A key is a uint64 scalar tensor. Use each key once; `split` makes independent new ones.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from saegim import dtypes
from saegim.dtypes import DType
from saegim.errors import DTypeError
from saegim.tensor.axes import sizes_of
from saegim.tensor.core import Tensor, apply, asarray_like, binary, broadcast_to, cast, reshape_to

__all__ = ["bernoulli", "bits", "key", "normal", "permutation", "split", "uniform"]

Sizes = int | Sequence[int]


def key(seed: int | Tensor) -> Tensor:
    """The key that a seed from 0 to 2**64 - 1 stands for; neighbouring seeds give unrelated keys."""
    if isinstance(seed, int):
        if not 0 <= seed < 2**64:
            raise ValueError(f"random.key: a seed from 0 to 2**64 - 1 expected, {seed} given")
        seed = Tensor(np.asarray(seed, np.uint64))
    return _bits64(cast(asarray_like(seed), dtypes.uint64), ())


def split(key: Tensor, count: int = 2) -> Tensor:
    """`count` new keys, (count,) uint64, independent of each other and of the numbers drawn from them."""
    return _bits64(key, (count,))


def bits(key: Tensor, shape: Sizes) -> Tensor:
    """Uniform uint32 numbers of `shape`."""
    return apply("random_bits", asarray_like(key), shape=sizes_of("random", shape))


def _bits64(key: Tensor, shape: tuple[int, ...]) -> Tensor:
    halves = cast(bits(key, (2, *shape)), dtypes.uint64)
    return (halves[0] << 32) | halves[1]


def uniform(
    key: Tensor, shape: Sizes = (), *, low: float = 0.0, high: float = 1.0, dtype: DType = dtypes.float32
) -> Tensor:
    """Numbers from `low` up to but without `high`, all 2**24 (float64: 2**53) steps between equally likely."""
    wanted, sizes = _floating("uniform", dtype), sizes_of("random", shape)
    if wanted == dtypes.float32:
        unit = cast(bits(key, sizes) >> 8, wanted) * 2.0**-24
    else:
        unit = cast(_bits64(key, sizes) >> 11, wanted) * 2.0**-53
    if (low, high) == (0.0, 1.0):
        return unit
    below = float(np.nextafter(wanted.type(high), wanted.type(low)))  # the sum may be rounded up to `high`
    return binary("minimum", unit * (high - low) + low, below)


def _floating(op: str, dtype: DType) -> DType:
    wanted = dtypes.as_dtype(dtype)
    if not dtypes.is_floating(wanted):
        raise DTypeError(f"random.{op}: a floating-point dtype expected, {wanted.name} given")
    return wanted


def normal(key: Tensor, shape: Sizes = (), *, dtype: DType = dtypes.float32) -> Tensor:
    """Normally distributed numbers of mean 0 and variance 1 (Box and Muller 1958)."""
    wanted, sizes = _floating("normal", dtype), sizes_of("random", shape)
    count = math.prod(sizes)
    pairs = -(-count // 2)
    if wanted == dtypes.float32:
        drawn, step = cast(bits(key, (2, pairs)), wanted), 2.0**-32
    else:
        drawn, step = cast(_bits64(key, (2, pairs)) >> 11, wanted), 2.0**-53
    # Half a step off, so that the logarithm never meets 0.
    radius = apply("sqrt", apply("log", (drawn[0] + 0.5) * step) * -2.0)
    angle = drawn[1] * (2.0 * math.pi * step)
    both = apply("concat", radius * apply("cos", angle), radius * apply("sin", angle), axis=0)
    return reshape_to(both[:count], sizes)


def bernoulli(key: Tensor, p: float | Tensor = 0.5, shape: Sizes | None = None) -> Tensor:
    """Truth values that hold with probability `p`, of `shape` (p's own shape unless given)."""
    chance = asarray_like(p) if not isinstance(p, int | float) else Tensor(np.asarray(p, np.float32))
    sizes = chance.shape if shape is None else sizes_of("random", shape)
    return uniform(key, sizes, dtype=chance.dtype) < broadcast_to(chance, sizes)


def permutation(key: Tensor, x: int | Tensor) -> Tensor:
    """0 to x - 1 in random order, int64; of a tensor its parts along the first axis."""
    count = x if isinstance(x, int) else asarray_like(x).shape[0]
    order = apply("argsort", _bits64(key, (count,)), axis=0)
    return order if isinstance(x, int) else apply("take", asarray_like(x), order, mode="clip", unique=True)
