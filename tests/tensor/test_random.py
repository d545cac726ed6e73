"""Random numbers: pure functions of their key, distributed as they say."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

import saegim as sg
from saegim import tensor
from saegim.errors import DTypeError, ShapeError

KEY = sg.random.key(0)


def mix(state: int) -> int:
    """SplitMix64 (Steele, Lea and Flood 2014), one step in Python's integers."""
    state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    state = (state ^ (state >> 27)) * 0x94D049BB133111EB % 2**64
    return state ^ (state >> 31)


def words(key: int, count: int) -> list[int]:
    return [mix((key + n * 0x9E3779B97F4A7C15) % 2**64) >> 32 for n in range(1, count + 1)]


def test_bits_are_those_of_the_paper() -> None:
    key = sg.full((), 1234567, dtype=sg.uint64)
    assert mix(1234567 + 0x9E3779B97F4A7C15) == 6457827717110365317  # a published value of the generator
    assert sg.random.bits(key, (2, 3)).tolist() == np.reshape(words(1234567, 6), (2, 3)).tolist()
    assert sg.random.bits(key, 0).shape == (0,)


def test_keys() -> None:
    assert KEY.dtype == sg.uint64
    assert KEY.shape == ()
    high, low = words(7, 2)
    assert sg.random.key(7).item() == (high << 32) | low
    assert sg.random.key(np.int64(7)).item() == sg.random.key(sg.asarray(7)).item() == sg.random.key(7).item()
    assert sg.random.key(2**64 - 1).dtype == sg.uint64
    for seed in (-1, 2**64):
        with pytest.raises(ValueError, match=rf"a seed from 0 to 2\*\*64 - 1 expected, {seed} given"):
            sg.random.key(seed)


def test_every_key_has_numbers_of_its_own() -> None:
    keys = sg.random.split(KEY, 100)
    assert (keys.dtype, keys.shape) == (sg.uint64, (100,))
    drawn = np.stack([np.asarray(sg.random.bits(key, 50)) for key in (*keys, *map(sg.random.key, range(100)))])
    assert len(np.unique(drawn)) > 0.999 * drawn.size


@pytest.mark.parametrize(
    "draw",
    [
        lambda key: sg.random.bits(key, (3, 2)),
        lambda key: sg.random.split(key),
        lambda key: sg.random.uniform(key, (4,), low=-1, high=2),
        lambda key: sg.random.normal(key, (3, 3)),
        lambda key: sg.random.normal(key, 5, dtype=sg.float64),
        lambda key: sg.random.bernoulli(key, 0.3, (7,)),
        lambda key: sg.random.permutation(key, 9),
        lambda key: sg.random.permutation(key, sg.asarray([[1], [2], [3]])),
    ],
)
def test_traced_as_known_and_the_same_every_time(draw: Any, agree: Any) -> None:
    agree(draw, np.asarray(draw(KEY)), np.asarray(KEY))


@pytest.mark.parametrize("dtype", [sg.float32, sg.float64])
def test_uniform(dtype: Any) -> None:
    x = np.asarray(sg.random.uniform(KEY, (200, 500), dtype=dtype))
    assert x.dtype == dtype
    assert (x.min() >= 0, x.max() < 1) == (True, True)
    assert stats.kstest(x.ravel(), "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(x[:, :-1].ravel(), x[:, 1:].ravel())[0, 1]) < 0.02


def test_an_interval_is_half_open() -> None:
    low, high = 1.0, 1.0 + 2**-23  # neighbours: half of all sums would be rounded up
    x = np.asarray(sg.random.uniform(KEY, 1000, low=low, high=high))
    assert (x == np.float32(low)).all()
    y = np.asarray(sg.random.uniform(KEY, 10_000, low=-3.0, high=5.0))
    assert (-3 <= y.min() < -2.9, 4.9 < y.max() < 5) == (True, True)


@pytest.mark.parametrize("dtype", [sg.float32, sg.float64])
@pytest.mark.parametrize("shape", [(), (3,), (0,), (101, 1001)])
def test_normal(shape: Any, dtype: Any) -> None:
    x = np.asarray(sg.random.normal(KEY, shape, dtype=dtype))
    assert (x.dtype, x.shape) == (dtype, shape)
    assert np.isfinite(x).all()
    if x.size > 1000:
        assert stats.kstest(x.ravel(), "norm").pvalue > 1e-3
        assert abs(stats.kurtosis(x.ravel())) < 0.1


def test_bernoulli() -> None:
    assert np.mean(np.asarray(sg.random.bernoulli(KEY, 0.2, (100_000,)))) == pytest.approx(0.2, abs=0.01)
    chances = sg.asarray([0.0, 1.0, 0.5])
    x = sg.random.bernoulli(KEY, chances, (1000, 3))
    assert x.dtype == sg.bool
    np.testing.assert_allclose(np.asarray(x).mean(0), [0, 1, 0.5], atol=0.06)
    assert sg.random.bernoulli(KEY, chances).shape == (3,)
    assert sg.random.bernoulli(KEY).shape == ()


def test_permutation() -> None:
    order = np.asarray(sg.random.permutation(KEY, 1000))
    assert order.dtype == np.int64
    assert (np.sort(order) == np.arange(1000)).all()
    assert abs(stats.spearmanr(order, np.arange(1000)).statistic) < 0.1
    x = sg.asarray(np.arange(10).reshape(5, 2))
    assert sorted(sg.random.permutation(KEY, x).tolist()) == x.tolist()
    counts = np.zeros((3, 3))
    for key in sg.random.split(KEY, 600):
        counts[np.arange(3), np.asarray(sg.random.permutation(key, 3))] += 1
    assert stats.chisquare(counts.ravel()).pvalue > 1e-3


def test_what_cannot_be_drawn() -> None:
    with pytest.raises(DTypeError, match=r"random\.uniform: a floating-point dtype expected, int32 given"):
        sg.random.uniform(KEY, dtype=sg.int32)
    with pytest.raises(DTypeError, match=r"random\.normal: a floating-point dtype expected"):
        sg.random.normal(KEY, dtype=sg.bool)
    with pytest.raises(DTypeError, match=r"a key uint64\[\] expected, int64\[\] given"):
        sg.random.bits(sg.asarray(3), 2)
    with pytest.raises(ShapeError, match="sizes of at least 0 expected"):
        sg.random.bits(KEY, -1)


def test_it_is_the_module_of_the_tensors() -> None:
    assert sg.random is tensor.random
    assert math.isfinite(float(sg.random.normal(sg.random.key(1))))
