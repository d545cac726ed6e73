"""One row per layer, loss and optimiser: how to build it, how to build PyTorch's, and what to feed both.

A row is all that a new layer, loss or optimiser needs to be compared with PyTorch over 20 steps and checked without
it: shapes, finite differences, one by one against batched, no randomness in prediction, no influence of padding.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from saegim import losses, nn, optim

Inputs = dict[str, np.ndarray]  # by the name of the argument; floating-point ones are made in float64
Torch = Any


def _batch_first(torch_output: Any) -> Any:
    """(B, C, *space) -> (B, *space, C)."""
    return torch_output.movedim(1, -1)


def _lengths(mask: Any) -> Any:
    return mask.sum(1)


# --- layers ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Layer:
    """ours: builds the layer; theirs(torch): builds PyTorch's; feed(torch, theirs, **inputs): its output in our layout.

    inputs(rng): the layer's arguments; shape: of its output (of the first tensor, where it gives several)
    padding: where outputs must not depend on padding: at "all" positions, at "real" ones only
    one_by_one: whether each example is computed on its own; ragged inputs cannot be cut into examples simply
    all_learned: whether every element has its true gradient; a padding row is held fixed instead
    """

    name: str
    ours: Callable[[], nn.Module]
    theirs: Callable[[Torch], Any]
    inputs: Callable[[np.random.Generator], Inputs]
    shape: tuple[int, ...]
    feed: Callable[..., Any] = lambda _torch, theirs, x: theirs(x)
    padding: Literal["all", "real"] = "all"
    one_by_one: bool = True
    all_learned: bool = True


def _x(*shape: int) -> Callable[[np.random.Generator], Inputs]:
    return lambda rng: {"x": rng.standard_normal(shape)}


def _masked(*shape: int) -> Callable[[np.random.Generator], Inputs]:
    def draw(rng: np.random.Generator) -> Inputs:
        lengths = rng.integers(1, shape[1] + 1, shape[0])
        lengths[0] = shape[1]  # PyTorch's packed sequences are as long as the longest
        return {"x": rng.standard_normal(shape), "mask": np.arange(shape[1]) < lengths[:, None]}

    return draw


def _channels_last(_torch: Torch, theirs: Any, x: Any) -> Any:
    return _batch_first(theirs(x.movedim(-1, 1)))


def _convolve_masked(_torch: Torch, theirs: Any, x: Any, mask: Any) -> Any:
    return _batch_first(theirs((x * mask[..., None]).movedim(-1, 1)))


def _max_pool_masked(torch: Torch, theirs: Any, x: Any, mask: Any) -> Any:
    largest = _batch_first(theirs(x.masked_fill(~mask[..., None], -torch.inf).movedim(-1, 1)))
    return largest.masked_fill(torch.isinf(largest), 0)


def _avg_pool_masked(torch: Torch, theirs: Any, x: Any, mask: Any) -> Any:
    total = _batch_first(theirs((x * mask[..., None]).movedim(-1, 1)))
    share = theirs(mask[:, None].to(x.dtype)).movedim(1, -1)
    return total / share.clamp(min=1e-9)


def _batch_norm_masked(torch: Torch, theirs: Any, x: Any, mask: Any) -> Any:
    out = torch.zeros_like(x)
    out[mask] = theirs(x[mask])
    return out


def _recurrent(_torch: Torch, theirs: Any, x: Any) -> Any:
    return theirs(x)[0]


def _recurrent_masked(torch: Torch, theirs: Any, x: Any, mask: Any) -> Any:
    packing = torch.nn.utils.rnn
    packed = packing.pack_padded_sequence(x, _lengths(mask), batch_first=True, enforce_sorted=False)
    return packing.pad_packed_sequence(theirs(packed)[0], batch_first=True)[0]


def _self_attention(torch: Torch, theirs: Any, query: Any, mask: Any = None, causal: bool = False) -> Any:
    hidden = None if mask is None else ~mask
    later = torch.triu(torch.ones(query.shape[1], query.shape[1], dtype=torch.bool), 1) if causal else None
    return theirs(query, query, query, key_padding_mask=hidden, attn_mask=later, need_weights=False)[0]


def _encoder_layer(torch: Torch, theirs: Any, x: Any, mask: Any) -> Any:
    return theirs(x, src_key_padding_mask=~mask)


def _renamed(draw: Callable[[np.random.Generator], Inputs], name: str) -> Callable[[np.random.Generator], Inputs]:
    return lambda rng: {name if key == "x" else key: value for key, value in draw(rng).items()}


def _cross(rng: np.random.Generator) -> Inputs:
    return {
        "query": rng.standard_normal((3, 4, 6)),
        "key": rng.standard_normal((3, 5, 6)),
        "value": rng.standard_normal((3, 5, 6)),
        "mask": np.arange(5) < np.array([[5], [2], [3]]),
    }


def _ragged(rng: np.random.Generator) -> Inputs:
    ends = np.sort(rng.integers(0, 18, 3))
    return {"indices": rng.integers(0, 9, 18), "offsets": np.array([0, *ends, 18])}


def _bag(_torch: Torch, theirs: Any, indices: Any, offsets: Any, weights: Any = None) -> Any:
    return theirs(indices, offsets, per_sample_weights=weights)


class Function(nn.Module):
    """A function of (x, mask) as a layer."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def __call__(self, x: Any, mask: Any = None) -> Any:
        return self.function(x, mask)


def _max_masked(torch: Torch, _theirs: Any, x: Any, mask: Any) -> Any:
    return x.masked_fill(~mask[..., None], -torch.inf).amax(1)


def _mean_masked(_torch: Torch, _theirs: Any, x: Any, mask: Any) -> Any:
    return (x * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)


def _torch_identity(torch: Torch) -> Any:
    return torch.nn.Identity()


LAYERS = [
    Layer("Linear", lambda: nn.Linear(5, 3, seed=0), lambda t: t.nn.Linear(5, 3), _x(4, 5), (4, 3)),
    Layer(
        "Linear without bias, 3 axes",
        lambda: nn.Linear(5, 3, bias=False, seed=0),
        lambda t: t.nn.Linear(5, 3, bias=False),
        _x(4, 2, 5),
        (4, 2, 3),
    ),
    Layer(
        "Sequential",
        lambda: nn.Sequential(nn.Linear(5, 8), nn.relu, nn.Linear(8, 3), seed=0),
        lambda t: t.nn.Sequential(t.nn.Linear(5, 8), t.nn.ReLU(), t.nn.Linear(8, 3)),
        _x(4, 5),
        (4, 3),
    ),
    *(
        Layer(
            f"activation {name}",
            lambda activation=activation: nn.Sequential(nn.Linear(5, 6), activation, nn.Linear(6, 3), seed=0),
            lambda t, module=module: t.nn.Sequential(t.nn.Linear(5, 6), module(t), t.nn.Linear(6, 3)),
            _x(4, 5),
            (4, 3),
        )
        for name, activation, module in (
            ("relu", nn.relu, lambda t: t.nn.ReLU()),
            ("gelu", nn.gelu, lambda t: t.nn.GELU()),
            ("gelu tanh", lambda x: nn.gelu(x, approximate="tanh"), lambda t: t.nn.GELU(approximate="tanh")),
            ("silu", nn.silu, lambda t: t.nn.SiLU()),
            ("tanh", nn.tanh, lambda t: t.nn.Tanh()),
            ("sigmoid", nn.sigmoid, lambda t: t.nn.Sigmoid()),
            ("softmax", nn.softmax, lambda t: t.nn.Softmax(-1)),
            ("log_softmax", nn.log_softmax, lambda t: t.nn.LogSoftmax(-1)),
        )
    ),
    Layer(
        "Dropout of nothing",
        lambda: nn.Sequential(nn.Linear(5, 3), nn.Dropout(0.0, seed=0), seed=0),
        lambda t: t.nn.Sequential(t.nn.Linear(5, 3), t.nn.Dropout(0.0)),
        _x(4, 5),
        (4, 3),
    ),
    Layer(
        "Embedding",
        lambda: nn.Embedding(9, 4, seed=0),
        lambda t: t.nn.Embedding(9, 4),
        lambda rng: {"indices": rng.integers(0, 9, (3, 5))},
        (3, 5, 4),
        feed=lambda _torch, theirs, indices: theirs(indices),
    ),
    Layer(
        "Embedding with a padding row",
        lambda: nn.Embedding(9, 4, padding_idx=2, seed=0),
        lambda t: t.nn.Embedding(9, 4, padding_idx=2),
        lambda rng: {"indices": rng.integers(0, 4, (3, 5))},
        (3, 5, 4),
        feed=lambda _torch, theirs, indices: theirs(indices),
        all_learned=False,
    ),
    *(
        Layer(
            f"EmbeddingBag {mode}",
            lambda mode=mode: nn.EmbeddingBag(9, 4, mode, seed=0),
            lambda t, mode=mode: t.nn.EmbeddingBag(9, 4, mode=mode, include_last_offset=True),
            _ragged,
            (4, 4),
            feed=_bag,
            one_by_one=False,
        )
        for mode in ("sum", "mean")
    ),
    Layer(
        "EmbeddingBag with PyTorch's offsets and a padding row",
        lambda: nn.EmbeddingBag(9, 4, "mean", padding_idx=1, include_last_offset=False, seed=0),
        lambda t: t.nn.EmbeddingBag(9, 4, mode="mean", padding_idx=1),
        lambda rng: {"indices": rng.integers(0, 4, 18), "offsets": np.array([0, 3, 3, 9])},
        (4, 4),
        feed=_bag,
        one_by_one=False,
    ),
    Layer(
        "EmbeddingBag with weights",
        lambda: nn.EmbeddingBag(9, 4, "sum", seed=0),
        lambda t: t.nn.EmbeddingBag(9, 4, mode="sum", include_last_offset=True),
        lambda rng: {**_ragged(rng), "weights": rng.standard_normal(18)},
        (4, 4),
        feed=_bag,
        one_by_one=False,
    ),
    Layer(
        "EmbeddingBag of equal lengths",
        lambda: nn.EmbeddingBag(9, 4, "mean", seed=0),
        lambda t: t.nn.EmbeddingBag(9, 4, mode="mean"),
        lambda rng: {"indices": rng.integers(0, 9, (3, 5))},
        (3, 4),
        feed=lambda _torch, theirs, indices: theirs(indices),
    ),
    Layer("LayerNorm", lambda: nn.LayerNorm(6), lambda t: t.nn.LayerNorm(6), _x(3, 4, 6), (3, 4, 6)),
    Layer(
        "LayerNorm over two axes, without bias",
        lambda: nn.LayerNorm((4, 6), eps=1e-3, bias=False),
        lambda t: t.nn.LayerNorm((4, 6), eps=1e-3, bias=False),
        _x(3, 4, 6),
        (3, 4, 6),
    ),
    Layer("RMSNorm", lambda: nn.RMSNorm(6), lambda t: t.nn.RMSNorm(6), _x(3, 4, 6), (3, 4, 6)),
    Layer("BatchNorm1d", lambda: nn.BatchNorm1d(4), lambda t: t.nn.BatchNorm1d(4), _x(8, 4), (8, 4)),
    Layer(
        "BatchNorm1d over time, averaging",
        lambda: nn.BatchNorm1d(4, momentum=None),
        lambda t: t.nn.BatchNorm1d(4, momentum=None),
        _x(3, 5, 4),
        (3, 5, 4),
        feed=_channels_last,
    ),
    Layer(
        "BatchNorm1d with a mask",
        lambda: nn.BatchNorm1d(4),
        lambda t: t.nn.BatchNorm1d(4),
        _masked(3, 5, 4),
        (3, 5, 4),
        feed=_batch_norm_masked,
    ),
    Layer(
        "Conv1d",
        lambda: nn.Conv1d(4, 6, 3, stride=2, padding=1, seed=0),
        lambda t: t.nn.Conv1d(4, 6, 3, stride=2, padding=1),
        _x(3, 9, 4),
        (3, 5, 6),
        feed=_channels_last,
    ),
    Layer(
        "Conv1d same, dilated, even, masked",
        lambda: nn.Conv1d(4, 6, 4, padding="same", dilation=2, seed=0),
        lambda t: t.nn.Conv1d(4, 6, 4, padding="same", dilation=2),
        _masked(3, 9, 4),
        (3, 9, 6),
        feed=_convolve_masked,
    ),
    Layer(
        "Conv1d in groups, valid, without bias",
        lambda: nn.Conv1d(4, 6, 3, padding="valid", groups=2, bias=False, seed=0),
        lambda t: t.nn.Conv1d(4, 6, 3, padding="valid", groups=2, bias=False),
        _x(3, 9, 4),
        (3, 7, 6),
        feed=_channels_last,
    ),
    Layer(
        "Conv2d",
        lambda: nn.Conv2d(3, 5, (3, 2), stride=(1, 2), padding=(1, 0), dilation=(2, 1), seed=0),
        lambda t: t.nn.Conv2d(3, 5, (3, 2), stride=(1, 2), padding=(1, 0), dilation=(2, 1)),
        _x(2, 6, 7, 3),
        (2, 4, 3, 5),
        feed=_channels_last,
    ),
    Layer(
        "Conv2d depthwise, same",
        lambda: nn.Conv2d(3, 6, 3, padding="same", groups=3, seed=0),
        lambda t: t.nn.Conv2d(3, 6, 3, padding="same", groups=3),
        _x(2, 6, 7, 3),
        (2, 6, 7, 6),
        feed=_channels_last,
    ),
    Layer(
        "MaxPool1d",
        lambda: nn.MaxPool1d(3, stride=2, padding=1),
        lambda t: t.nn.MaxPool1d(3, stride=2, padding=1),
        _x(2, 8, 3),
        (2, 4, 3),
        feed=_channels_last,
    ),
    Layer(
        "MaxPool1d with a mask",
        lambda: nn.MaxPool1d(2),
        lambda t: t.nn.MaxPool1d(2),
        _masked(4, 7, 3),
        (4, 3, 3),
        feed=_max_pool_masked,
    ),
    Layer(
        "MaxPool2d",
        lambda: nn.MaxPool2d((2, 3), padding=(0, 1)),
        lambda t: t.nn.MaxPool2d((2, 3), padding=(0, 1)),
        _x(2, 6, 7, 3),
        (2, 3, 3, 3),
        feed=_channels_last,
    ),
    Layer(
        "AvgPool1d",
        lambda: nn.AvgPool1d(3, stride=2, padding=1),
        lambda t: t.nn.AvgPool1d(3, stride=2, padding=1),
        _x(2, 8, 3),
        (2, 4, 3),
        feed=_channels_last,
    ),
    Layer(
        "AvgPool1d with a mask",
        lambda: nn.AvgPool1d(2),
        lambda t: t.nn.AvgPool1d(2),
        _masked(4, 7, 3),
        (4, 3, 3),
        feed=_avg_pool_masked,
    ),
    Layer(
        "AvgPool2d",
        lambda: nn.AvgPool2d((2, 3), padding=(0, 1)),
        lambda t: t.nn.AvgPool2d((2, 3), padding=(0, 1)),
        _x(2, 6, 7, 3),
        (2, 3, 3, 3),
        feed=_channels_last,
    ),
    Layer(
        "max over time",
        lambda: Function(nn.max_over_time),
        _torch_identity,
        _x(3, 5, 4),
        (3, 4),
        feed=lambda _torch, _theirs, x: x.amax(1),
    ),
    Layer(
        "max over time with a mask",
        lambda: Function(nn.max_over_time),
        _torch_identity,
        _masked(3, 5, 4),
        (3, 4),
        feed=_max_masked,
    ),
    Layer(
        "mean over time",
        lambda: Function(nn.mean_over_time),
        _torch_identity,
        _x(3, 5, 4),
        (3, 4),
        feed=lambda _torch, _theirs, x: x.mean(1),
    ),
    Layer(
        "mean over time with a mask",
        lambda: Function(nn.mean_over_time),
        _torch_identity,
        _masked(3, 5, 4),
        (3, 4),
        feed=_mean_masked,
    ),
    Layer(
        "LSTM",
        lambda: nn.LSTM(4, 5, seed=0),
        lambda t: t.nn.LSTM(4, 5, batch_first=True),
        _x(3, 6, 4),
        (3, 6, 5),
        feed=_recurrent,
    ),
    Layer(
        "LSTM of two layers in both directions, masked",
        lambda: nn.LSTM(4, 5, 2, bidirectional=True, seed=0),
        lambda t: t.nn.LSTM(4, 5, 2, bidirectional=True, batch_first=True),
        _masked(3, 6, 4),
        (3, 6, 10),
        feed=_recurrent_masked,
    ),
    Layer(
        "GRU without bias",
        lambda: nn.GRU(4, 5, bias=False, seed=0),
        lambda t: t.nn.GRU(4, 5, bias=False, batch_first=True),
        _x(3, 6, 4),
        (3, 6, 5),
        feed=_recurrent,
    ),
    Layer(
        "GRU of two layers in both directions, masked",
        lambda: nn.GRU(4, 5, 2, bidirectional=True, seed=0),
        lambda t: t.nn.GRU(4, 5, 2, bidirectional=True, batch_first=True),
        _masked(3, 6, 4),
        (3, 6, 10),
        feed=_recurrent_masked,
    ),
    Layer(
        "MultiHeadAttention",
        lambda: nn.MultiHeadAttention(6, 2, seed=0),
        lambda t: t.nn.MultiheadAttention(6, 2, batch_first=True),
        _renamed(_x(3, 4, 6), "query"),
        (3, 4, 6),
        feed=_self_attention,
    ),
    Layer(
        "MultiHeadAttention with a mask",
        lambda: nn.MultiHeadAttention(6, 3, bias=False, seed=0),
        lambda t: t.nn.MultiheadAttention(6, 3, bias=False, batch_first=True),
        _renamed(_masked(3, 4, 6), "query"),
        (3, 4, 6),
        feed=_self_attention,
        padding="real",
    ),
    Layer(
        "MultiHeadAttention, causal",
        lambda: nn.MultiHeadAttention(6, 2, seed=0),
        lambda t: t.nn.MultiheadAttention(6, 2, batch_first=True),
        lambda rng: {"query": rng.standard_normal((3, 4, 6)), "causal": True},
        (3, 4, 6),
        feed=_self_attention,
    ),
    Layer(
        "MultiHeadAttention to others",
        lambda: nn.MultiHeadAttention(6, 2, seed=0),
        lambda t: t.nn.MultiheadAttention(6, 2, batch_first=True),
        _cross,
        (3, 4, 6),
        feed=lambda _torch, theirs, query, key, value, mask: theirs(query, key, value, key_padding_mask=~mask)[0],
    ),
    *(
        Layer(
            f"TransformerEncoderLayer, {'pre' if first else 'post'}-norm",
            lambda first=first: nn.TransformerEncoderLayer(6, 2, 8, 0.0, nn.gelu, norm_first=first, seed=0),
            lambda t, first=first: t.nn.TransformerEncoderLayer(
                6, 2, 8, 0.0, "gelu", batch_first=True, norm_first=first
            ),
            _masked(3, 4, 6),
            (3, 4, 6),
            feed=_encoder_layer,
            padding="real",
        )
        for first in (False, True)
    ),
]


# --- losses ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Loss:
    """ours(predictions, target), theirs(torch, predictions, target): scalars; target(rng): an array or a tuple."""

    name: str
    ours: Callable[[Any, Any], Any]
    theirs: Callable[[Torch, Any, Any], Any]
    predictions: tuple[int, ...]
    target: Callable[[np.random.Generator], Any]


_CLASS_WEIGHTS = np.array([0.5, 2.0, 1.0, 0.25])


def _classes(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 4, 6)


def _shares(rng: np.random.Generator) -> np.ndarray:
    return rng.dirichlet(np.ones(4), 6)


def _importances(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    return rng.integers(0, 4, 6), rng.random(6) * np.array([1, 1, 0, 1, 1, 1])


def _cross_entropy(**options: Any) -> Callable[[Torch, Any, Any], Any]:
    def theirs(torch: Torch, x: Any, y: Any) -> Any:
        given = {**options}
        if "weight" in given:
            given["weight"] = torch.asarray(given["weight"], dtype=x.dtype)
        return torch.nn.functional.cross_entropy(x, y, **given)

    return theirs


def _weighted_cross_entropy(torch: Torch, x: Any, target: Any) -> Any:
    """PyTorch has no weight per example: its mean over examples that are repeated is one, for any weights."""
    labels, importance = target
    class_weights = torch.asarray(_CLASS_WEIGHTS, dtype=x.dtype)
    each = torch.nn.functional.cross_entropy(x, labels, weight=class_weights, reduction="none")
    return (each * importance).sum() / (class_weights[labels] * importance).sum()


def _functional(name: str, **options: Any) -> Callable[[Torch, Any, Any], Any]:
    def theirs(torch: Torch, x: Any, y: Any) -> Any:
        given = {k: torch.asarray(v, dtype=x.dtype) if isinstance(v, np.ndarray) else v for k, v in options.items()}
        return getattr(torch.nn.functional, name)(x, y, **given)

    return theirs


_POSITIVE = np.array([0.5, 3.0, 1.0])

LOSSES = [
    Loss("cross entropy", losses.cross_entropy, _cross_entropy(), (6, 4), _classes),
    Loss(
        "cross entropy, sum",
        lambda x, y: losses.cross_entropy(x, y, reduction="sum"),
        _cross_entropy(reduction="sum"),
        (6, 4),
        _classes,
    ),
    Loss(
        "cross entropy, class weights",
        lambda x, y: losses.cross_entropy(x, y, class_weights=_CLASS_WEIGHTS),
        _cross_entropy(weight=_CLASS_WEIGHTS),
        (6, 4),
        _classes,
    ),
    Loss(
        "cross entropy, label smoothing",
        lambda x, y: losses.cross_entropy(x, y, label_smoothing=0.1),
        _cross_entropy(label_smoothing=0.1),
        (6, 4),
        _classes,
    ),
    Loss(
        "cross entropy, class weights and label smoothing",
        lambda x, y: losses.cross_entropy(x, y, class_weights=_CLASS_WEIGHTS, label_smoothing=0.2),
        _cross_entropy(weight=_CLASS_WEIGHTS, label_smoothing=0.2),
        (6, 4),
        _classes,
    ),
    Loss(
        "cross entropy, class and example weights",
        lambda x, y: losses.cross_entropy(x, y[0], class_weights=_CLASS_WEIGHTS, weights=y[1]),
        _weighted_cross_entropy,
        (6, 4),
        _importances,
    ),
    Loss("cross entropy of shares", losses.cross_entropy, _cross_entropy(), (6, 4), _shares),
    Loss(
        "cross entropy of shares, class weights and label smoothing",
        lambda x, y: losses.cross_entropy(x, y, class_weights=_CLASS_WEIGHTS, label_smoothing=0.2),
        _cross_entropy(weight=_CLASS_WEIGHTS, label_smoothing=0.2),
        (6, 4),
        _shares,
    ),
    Loss(
        "cross entropy per token",
        losses.cross_entropy,
        lambda torch, x, y: torch.nn.functional.cross_entropy(x.movedim(-1, 1), y),
        (2, 3, 4),
        lambda rng: rng.integers(0, 4, (2, 3)),
    ),
    Loss(
        "binary cross entropy",
        losses.binary_cross_entropy_with_logits,
        _functional("binary_cross_entropy_with_logits"),
        (6, 3),
        lambda rng: rng.random((6, 3)),
    ),
    Loss(
        "binary cross entropy, positive weight, sum",
        lambda x, y: losses.binary_cross_entropy_with_logits(x, y, positive_weight=_POSITIVE, reduction="sum"),
        _functional("binary_cross_entropy_with_logits", pos_weight=_POSITIVE, reduction="sum"),
        (6, 3),
        lambda rng: rng.random((6, 3)),
    ),
    Loss(
        "mean squared error", losses.mean_squared_error, _functional("mse_loss"), (6, 3), lambda rng: rng.random((6, 3))
    ),
    Loss(
        "mean squared error, sum",
        lambda x, y: losses.mean_squared_error(x, y, reduction="sum"),
        _functional("mse_loss", reduction="sum"),
        (6, 3),
        lambda rng: rng.random((6, 3)),
    ),
    Loss("huber", losses.huber, _functional("huber_loss"), (6, 3), lambda rng: 3 * rng.standard_normal((6, 3))),
    Loss(
        "huber, delta",
        lambda x, y: losses.huber(x, y, delta=0.3),
        _functional("huber_loss", delta=0.3),
        (6, 3),
        lambda rng: rng.standard_normal((6, 3)),
    ),
]


# --- optimisers -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Method:
    """ours: the optimiser; theirs(torch, parameters): PyTorch's; options: of the training step.

    clip: the limit of the global norm; factor(step): of the learning rate
    """

    name: str
    ours: optim.Optimizer
    theirs: Callable[[Torch, Any], Any]
    clip: float | None = None
    factor: Callable[[int], float] | None = field(default=None)


def _half_every_third(step: int) -> float:
    return 0.5 ** (step // 3)


METHODS = [
    Method("SGD", optim.SGD(0.1), lambda t, p: t.optim.SGD(p, 0.1)),
    Method("SGD, momentum", optim.SGD(0.05, momentum=0.9), lambda t, p: t.optim.SGD(p, 0.05, momentum=0.9)),
    Method(
        "SGD, Nesterov, weight decay",
        optim.SGD(0.05, momentum=0.9, nesterov=True, weight_decay=0.1),
        lambda t, p: t.optim.SGD(p, 0.05, momentum=0.9, nesterov=True, weight_decay=0.1),
    ),
    Method("SGD, weight decay", optim.SGD(0.1, weight_decay=0.1), lambda t, p: t.optim.SGD(p, 0.1, weight_decay=0.1)),
    Method("SGD, clipped", optim.SGD(0.1), lambda t, p: t.optim.SGD(p, 0.1), clip=0.05),
    Method("Adagrad", optim.Adagrad(0.1), lambda t, p: t.optim.Adagrad(p, 0.1)),
    Method(
        "Adagrad, weight decay, first sum",
        optim.Adagrad(0.1, eps=1e-6, weight_decay=0.1, initial=0.3),
        lambda t, p: t.optim.Adagrad(p, 0.1, eps=1e-6, weight_decay=0.1, initial_accumulator_value=0.3),
    ),
    Method("Adam", optim.Adam(0.01), lambda t, p: t.optim.Adam(p, 0.01)),
    Method(
        "Adam, weight decay",
        optim.Adam(0.01, betas=(0.8, 0.9), eps=1e-4, weight_decay=0.1),
        lambda t, p: t.optim.Adam(p, 0.01, betas=(0.8, 0.9), eps=1e-4, weight_decay=0.1),
    ),
    Method("AdamW", optim.AdamW(0.01), lambda t, p: t.optim.AdamW(p, 0.01)),
    Method(
        "AdamW, weight decay",
        optim.AdamW(0.01, weight_decay=0.3),
        lambda t, p: t.optim.AdamW(p, 0.01, weight_decay=0.3),
    ),
    Method(
        "Adam, scheduled, clipped",
        optim.Adam(0.1, schedule=_half_every_third),
        lambda t, p: t.optim.Adam(p, 0.1),
        clip=0.05,
        factor=_half_every_third,
    ),
]
