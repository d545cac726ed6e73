"""Order along an axis."""

from __future__ import annotations

from saegim.tensor.axes import one_axis
from saegim.tensor.core import Tensor, apply, asarray_like
from saegim.tensor.indexing_functions import take_along_axis

__all__ = ["argsort", "sort"]


def argsort(x: Tensor, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Tensor:
    """The positions that sort x along `axis`, equal elements in their order."""
    del stable  # always
    x = asarray_like(x)
    at = one_axis("argsort", axis, x.ndim)
    if not descending:
        return apply("argsort", x, axis=at)
    # Ascending on the reversed axis, then reversed: equal elements are reversed twice.
    backwards = apply("argsort", apply("flip", x, axes=(at,)), axis=at)
    return (x.shape[at] - 1) - apply("flip", backwards, axes=(at,))


def sort(x: Tensor, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Tensor:
    """x sorted along `axis`."""
    x = asarray_like(x)
    return take_along_axis(x, argsort(x, axis=axis, descending=descending, stable=stable), axis=axis)
