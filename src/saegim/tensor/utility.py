"""Truth over axes, and differences."""

from __future__ import annotations

from saegim import dtypes
from saegim.errors import DTypeError
from saegim.tensor.axes import Axes, one_axis, reduce
from saegim.tensor.core import Tensor, apply, asarray_like, promoted
from saegim.tensor.manipulation import cut_axis
from saegim.tensor.searching import truth

__all__ = ["all", "any", "diff"]


def all(x: Tensor, /, *, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Whether every element over `axis` is not zero; true of nothing."""
    return reduce("all", truth(x), axis, keepdims)


def any(x: Tensor, /, *, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Whether an element over `axis` is not zero; false of nothing."""
    return reduce("any", truth(x), axis, keepdims)


def diff(
    x: Tensor, /, *, axis: int = -1, n: int = 1, prepend: Tensor | None = None, append: Tensor | None = None
) -> Tensor:
    """What each element along `axis` has more than the one before it, taken `n` times.

    `prepend` and `append` are joined to x along `axis` first.
    """
    x = asarray_like(x)
    if not dtypes.is_numeric(x.dtype):
        raise DTypeError("diff: a numeric dtype expected, bool given; cast it with astype")
    if n < 0:
        raise ValueError(f"diff: n of at least 0 expected, {n} given")
    at = one_axis("diff", axis, x.ndim)
    parts = promoted("diff", *(each for each in (prepend, x, append) if each is not None))
    line = apply("concat", *parts, axis=at) if len(parts) > 1 else parts[0]
    for _ in range(n):
        size = line.shape[at]
        line = apply("subtract", cut_axis(line, at, min(1, size), size), cut_axis(line, at, 0, max(size - 1, 0)))
    return line
