"""Layers against the same written slowly: one output at a time, in plain loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saegim import nn
from saegim.dtypes import float64

RNG = np.random.default_rng(0)


def array(x: Any) -> np.ndarray:
    return np.asarray(x)


def padded(x: np.ndarray, widths: Any, value: float = 0.0) -> np.ndarray:
    return np.pad(x, ((0, 0), *widths, (0, 0)), constant_values=value)


def places(space: tuple[int, ...], size: Any, stride: Any, dilation: Any) -> tuple[int, ...]:
    return tuple((s - (k - 1) * d - 1) // by + 1 for s, k, by, d in zip(space, size, stride, dilation, strict=True))


def slow_convolution(layer: Any, x: np.ndarray) -> np.ndarray:
    """Every output element as the sum that the definition of a convolution says."""
    x = padded(x, layer.padding)
    weight, bias = array(layer.weight), array(layer.bias)
    out = places(x.shape[1:-1], layer.kernel_size, layer.stride, layer.dilation)
    result = np.zeros((len(x), *out, layer.out_channels))
    ours, theirs = layer.in_channels // layer.groups, layer.out_channels // layer.groups
    for b, *at, o in np.ndindex(*result.shape):
        first = o // theirs * ours
        for c, *k in np.ndindex(*weight.shape[1:]):
            place = tuple(p * by + i * d for p, by, i, d in zip(at, layer.stride, k, layer.dilation, strict=True))
            result[(b, *at, o)] += x[(b, *place, first + c)] * weight[(o, c, *k)]
        result[(b, *at, o)] += bias[o]
    return result


@given(
    size=st.integers(1, 4),
    stride=st.integers(1, 3),
    dilation=st.integers(1, 3),
    padding=st.one_of(st.integers(0, 3), st.sampled_from(["valid", "same"])),
    groups=st.sampled_from([1, 2]),
    tokens=st.integers(10, 13),
)
def test_convolution_over_text(size: int, stride: int, dilation: int, padding: Any, groups: int, tokens: int) -> None:
    stride = 1 if padding == "same" else stride
    layer = nn.Conv1d(4, 2, size, stride, padding, dilation, groups, seed=0).astype(float64)
    x = RNG.standard_normal((2, tokens, 4))
    found = array(layer(x))
    np.testing.assert_allclose(found, slow_convolution(layer, x), rtol=1e-12, atol=1e-12)
    assert padding != "same" or found.shape[1] == tokens


def test_convolution_over_images() -> None:
    layer = nn.Conv2d(4, 6, (3, 2), (2, 1), (1, 0), (1, 2), 2, seed=0).astype(float64)
    x = RNG.standard_normal((2, 7, 6, 4))
    np.testing.assert_allclose(array(layer(x)), slow_convolution(layer, x), rtol=1e-12, atol=1e-12)


def slow_pooling(layer: Any, x: np.ndarray, reduce: Any, value: float) -> np.ndarray:
    x = padded(x, [(p, p) for p in layer.padding], value)
    out = places(x.shape[1:-1], layer.kernel_size, layer.stride, (1,) * len(layer.stride))
    result = np.zeros((len(x), *out, x.shape[-1]))
    for b, *at in np.ndindex(len(x), *out):
        corner = [p * by for p, by in zip(at, layer.stride, strict=True)]
        window = tuple(slice(c, c + k) for c, k in zip(corner, layer.kernel_size, strict=True))
        cut = x[(b, *window)]
        result[(b, *at)] = reduce(cut.reshape(-1, x.shape[-1]), 0)
    return result


@pytest.mark.parametrize(
    ("layer", "reduce", "value"),
    [
        (nn.MaxPool1d(3, 2, 1), np.max, -np.inf),
        (nn.AvgPool1d(3, 2, 1), np.mean, 0.0),
        (nn.MaxPool2d((2, 3), (1, 2), (1, 0)), np.max, -np.inf),
        (nn.AvgPool2d((2, 3), (1, 2), (1, 0)), np.mean, 0.0),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, nn.Module) else "",
)
def test_pooling(layer: Any, reduce: Any, value: float) -> None:
    x = RNG.standard_normal((2, 8, 3) if layer.axes == 1 else (2, 5, 7, 3))
    np.testing.assert_allclose(array(layer(x)), slow_pooling(layer, x, reduce, value), rtol=1e-12)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def lstm_cell(x: np.ndarray, state: Any, w: np.ndarray, u: np.ndarray, b: np.ndarray, v: np.ndarray) -> Any:
    i, f, g, o = np.split(w @ x + b + u @ state[0] + v, 4)
    c = sigmoid(f) * state[1] + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def gru_cell(x: np.ndarray, state: Any, w: np.ndarray, u: np.ndarray, b: np.ndarray, v: np.ndarray) -> Any:
    (xr, xz, xn), (hr, hz, hn) = np.split(w @ x + b, 3), np.split(u @ state[0] + v, 3)
    z, n = sigmoid(xz + hz), np.tanh(xn + sigmoid(xr + hr) * hn)
    return ((1 - z) * n + z * state[0],)


@pytest.mark.parametrize(("kind", "cell", "carried"), [(nn.LSTM, lstm_cell, 2), (nn.GRU, gru_cell, 1)])
def test_recurrence_token_by_token(kind: Any, cell: Any, carried: int) -> None:
    layer = kind(4, 3, bidirectional=True, seed=0).astype(float64)
    x, lengths = RNG.standard_normal((3, 5, 4)), [5, 3, 1]
    expected = np.zeros((3, 5, 6))
    for text, length in enumerate(lengths):
        for number, direction in enumerate(("", "_reverse")):
            names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            arrays = [array(getattr(layer, f"{name}_l0{direction}")) for name in names]
            state = tuple(np.zeros(3) for _ in range(carried))
            for token in range(length)[:: -1 if direction else 1]:
                state = cell(x[text, token], state, *arrays)
                expected[text, token, 3 * number : 3 * number + 3] = state[0]
    found, _state = layer(x, lengths=np.array(lengths))
    np.testing.assert_allclose(array(found), expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("causal", [False, True])
def test_attention_token_by_token(causal: bool) -> None:
    layer = nn.MultiHeadAttention(6, 2, seed=0).astype(float64)
    layer.in_proj_bias._value[:] = RNG.standard_normal(18)
    layer.out_proj.bias._value[:] = RNG.standard_normal(6)
    x, lengths = RNG.standard_normal((3, 4, 6)), [4, 2, 1]
    w, b = array(layer.in_proj_weight), array(layer.in_proj_bias)
    expected = np.zeros((3, 4, 6))
    for text, length in enumerate(lengths):
        q, k, v = (x[text] @ w[part : part + 6].T + b[part : part + 6] for part in (0, 6, 12))
        for token in range(4):
            keys = min(length, token + 1) if causal else length
            for head in (slice(0, 3), slice(3, 6)):
                powers = np.exp([q[token, head] @ k[key, head] / np.sqrt(3) for key in range(keys)])
                expected[text, token, head] = powers @ v[:keys, head] / powers.sum()
    expected = expected @ array(layer.out_proj.weight).T + array(layer.out_proj.bias)
    found = layer(x, mask=np.arange(4) < np.array(lengths)[:, None], causal=causal)
    np.testing.assert_allclose(array(found), expected, rtol=1e-11, atol=1e-12)
