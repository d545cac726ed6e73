"""Windows summed back, native, against the meaning."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

from compiler.native import layout, load_all, runnable
from compiler.rowcases import WIDTHS, Array, Guarded, numbers, spread
from saegim import dtypes
from saegim.compiler.kernels.fold import Fold
from saegim.ir.rules import windows_out
from saegim.reference import meaning
from saegim.runtime.target import Target


class Case(NamedTuple):
    """Windows over `space` with so many channels."""

    space: tuple[int, ...]
    channels: int
    size: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    batch: int = 2

    @property
    def window(self) -> dict[str, tuple[int, ...]]:
        return {"size": self.size, "stride": self.stride, "dilation": self.dilation}

    def drawn(self, dtype: dtypes.DType) -> Array:
        out = windows_out(self.space, self.window)
        return numbers(np.random.default_rng(self.channels), (self.batch, *out, *self.size, self.channels), dtype)


def run(cases: list[Case], dtype: dtypes.DType, target: Target | None = None, gaps: bool = False) -> None:
    """Each case in pieces of several sizes: the meaning, bit for bit."""
    xs = [spread(case.drawn(dtype)) if gaps else case.drawn(dtype) for case in cases]
    results = [Guarded((case.batch, *case.space, case.channels), dtype, gaps) for case in cases]
    kernels = [
        Fold(layout(x), layout(to.array), case.size, case.stride, case.dilation)
        for x, to, case in zip(xs, results, cases, strict=True)
    ]
    for kernel, x, result, case in zip(load_all(kernels, target), xs, results, cases, strict=True):
        expected = meaning("fold", x, shape=case.space, **case.window)
        for pieces in (1, 2, 5):
            assert kernel(x, result.array, pieces=pieces)
            np.testing.assert_array_equal(result.array, expected)
            assert result.intact()


VARIOUS = [
    Case((9,), 3, (3,), (1,), (1,)),
    Case((10,), 16, (2,), (3,), (1,)),  # places that no window covers
    Case((11,), 5, (3,), (2,), (2,)),
    Case((6, 7), 4, (2, 3), (1, 2), (2, 1)),
    Case((4, 5, 3), 2, (2, 2, 2), (1, 3, 1), (1, 1, 2)),
    Case((5,), 0, (2,), (1,), (1,)),
    Case((5,), 3, (2,), (1,), (1,), batch=0),
    Case((4,), 3, (4,), (1,), (1,)),
    Case((12, 12), 1, (2, 2), (2, 2), (1, 1)),
]


@pytest.mark.parametrize("target", runnable(), ids=lambda target: target.name)
def test_channels_of_many_widths(target: Target) -> None:
    run([Case((7,), width, (3,), (2,), (1,)) for width in (*WIDTHS, 600)], dtypes.float32, target)


@pytest.mark.parametrize("dtype", dtypes.FLOATING, ids=str)
def test_windows_of_many_kinds(dtype: dtypes.DType) -> None:
    run(VARIOUS, dtype)
    run(VARIOUS, dtype, gaps=True)
