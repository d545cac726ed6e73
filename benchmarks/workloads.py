"""What is measured: each network's sizes, first weights, batches and arithmetic, the same for every framework.

The networks themselves are written once per framework (`with_saegim.py`, `with_torch.py`, `with_jax.py`), with the
parameter names and shapes that `parameters` gives:

    mlp      784 -> 256 -> 256 -> 10, ReLU
    bag      the mean of 64 rows of a table, one linear layer
    cnn      embedding, filters of width 3, 4 and 5, ReLU, the largest of each over time, one linear layer
    lstm     embedding, one LSTM layer, its last state, one linear layer
    image    what `ImageClassifier` trains: a 3 x 3 convolution, residual blocks (layer norm over each pixel's channels,
             relu, 3 x 3 convolution, twice; a 1 x 1 convolution beside them where the size changes), layer norm, relu,
             the mean over all pixels, one linear layer; images are not moved about
    encoder  embedding + learned positions, Transformer layers (normalised first, exact GELU, no dropout), layer norm,
             the mean over time, one linear layer

The loss is cross entropy, the optimiser Adam with its usual settings, everything in float32.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
State = dict[str, Array]
Batch = tuple[Array, Array]  # inputs, labels (B,) int64

RATE = 1e-3  # Adam's learning rate


@dataclass(frozen=True)
class Workload:
    """One row of the table of goals.

    width: of embeddings and layers (mlp: of the hidden layers); inputs: mlp's; vocabulary: rows of the table
    side: pixels of an image's height and width; channels: of images; widths: of image's stages
    goal: how many times faster than the best peer; learns: a training step, otherwise a forward pass
    """

    name: str
    title: str
    kind: Literal["mlp", "bag", "cnn", "lstm", "image", "encoder"]
    goal: float
    width: int
    classes: int = 2
    inputs: int = 0
    vocabulary: int = 8_000
    filters: int = 100
    filter_sizes: tuple[int, ...] = (3, 4, 5)
    layers: int = 1
    heads: int = 1
    batch: int = 32
    tokens: int = 64
    learns: bool = True
    side: int = 0
    channels: int = 3
    widths: tuple[int, ...] = ()

    @property
    def feed_forward(self) -> int:
        """Width of an encoder layer's inner layer."""
        return 4 * self.width

    def smaller(self) -> Workload:
        """The same network with hardly any arithmetic, to see that everything runs."""
        sizes = {"width": 8 * self.heads, "inputs": min(self.inputs, 12), "vocabulary": 50, "filters": 4, "tokens": 8}
        return replace(self, **sizes, side=min(self.side, 6), widths=tuple(4 for _ in self.widths))

    def with_batch(self, batch: int) -> Workload:
        """The same for another number of examples."""
        return replace(self, batch=batch)

    def to_predict(self, batch: int, tokens: int) -> Workload:
        """The same network, forward only, for texts of so many tokens."""
        return replace(self, batch=batch, tokens=tokens, learns=False)

    def batches(self, count: int, seed: int = 0) -> list[Batch]:
        """Random batches: inputs (B, inputs) or images (B, side, side, channels) float32, or tokens (B, T) int32; and
        labels (B,) int64."""
        rng = np.random.default_rng(seed)
        return [(self._draw(rng), rng.integers(0, self.classes, self.batch)) for _ in range(count)]

    def _draw(self, rng: np.random.Generator) -> Array:
        if self.kind == "mlp":
            return rng.standard_normal((self.batch, self.inputs), np.float32)
        if self.kind == "image":
            return rng.standard_normal((self.batch, self.side, self.side, self.channels), np.float32)
        return rng.integers(0, self.vocabulary, (self.batch, self.tokens), np.int32)

    def parameters(self) -> dict[str, tuple[int, ...]]:
        """Name -> shape of every parameter, as PyTorch has them."""
        if self.kind == "mlp":
            sizes = (self.inputs, self.width, self.width, self.classes)
            pairs = itertools.pairwise(sizes)
            return {
                name: shape
                for place, (m, n) in enumerate(pairs)
                for name, shape in ((f"{2 * place}.weight", (n, m)), (f"{2 * place}.bias", (n,)))
            }
        if self.kind == "image":
            return self._image()
        inner = {"bag": dict, "cnn": self._cnn, "lstm": self._lstm, "encoder": self._encoder}[self.kind]()
        features = self.filters * len(self.filter_sizes) if self.kind == "cnn" else self.width
        head = {"head.weight": (self.classes, features), "head.bias": (self.classes,)}
        return {"table.weight": (self.vocabulary, self.width), **inner, **head}

    def _cnn(self) -> dict[str, tuple[int, ...]]:
        return {
            name: shape
            for place, size in enumerate(self.filter_sizes)
            for name, shape in (
                (f"convolutions.{place}.weight", (self.filters, self.width, size)),
                (f"convolutions.{place}.bias", (self.filters,)),
            )
        }

    def _lstm(self) -> dict[str, tuple[int, ...]]:
        rows = 4 * self.width
        weights = {f"lstm.weight_{part}_l0": (rows, self.width) for part in ("ih", "hh")}
        return {**weights, "lstm.bias_ih_l0": (rows,), "lstm.bias_hh_l0": (rows,)}

    def blocks(self) -> list[tuple[int, int, int]]:
        """image: each block's channels before and after, and its stride."""
        pairs = zip((self.widths[0], *self.widths), self.widths, strict=False)
        return [(before, after, 2 if stage else 1) for stage, (before, after) in enumerate(pairs)]

    def _image(self) -> dict[str, tuple[int, ...]]:
        shapes = _layer("stem", self.widths[0], self.channels, 3, 3)
        for number, (before, after, stride) in enumerate(self.blocks()):
            name = f"blocks.{number}"
            shapes |= _layer(f"{name}.norm1", before) | _layer(f"{name}.conv1", after, before, 3, 3)
            shapes |= _layer(f"{name}.norm2", after) | _layer(f"{name}.conv2", after, after, 3, 3)
            if stride > 1 or before != after:
                shapes |= _layer(f"{name}.skip", after, before, 1, 1)
        last = self.widths[-1]
        return shapes | _layer("norm", last) | _layer("head", self.classes, last)

    def _image_products(self) -> Iterator[tuple[int, bool]]:
        side = self.side
        yield side * side * 9 * self.channels * self.widths[0], False
        for before, after, stride in self.blocks():
            side = -(-side // stride)
            skip = before if stride > 1 or before != after else 0
            yield side * side * (9 * before + 9 * after + skip) * after, True
        yield self.widths[-1] * self.classes, True

    def _encoder(self) -> dict[str, tuple[int, ...]]:
        d, inner = self.width, self.feed_forward
        layer: dict[str, tuple[int, ...]] = {
            "self_attn.in_proj_weight": (3 * d, d),
            "self_attn.in_proj_bias": (3 * d,),
            "self_attn.out_proj.weight": (d, d),
            "self_attn.out_proj.bias": (d,),
            "linear1.weight": (inner, d),
            "linear1.bias": (inner,),
            "linear2.weight": (d, inner),
            "linear2.bias": (d,),
            "norm1.weight": (d,),
            "norm1.bias": (d,),
            "norm2.weight": (d,),
            "norm2.bias": (d,),
        }
        layers = {f"layers.{n}.{name}": shape for n in range(self.layers) for name, shape in layer.items()}
        return {"positions": (self.tokens, d), **layers, "norm.weight": (d,), "norm.bias": (d,)}

    def state(self, seed: int = 0) -> State:
        """First weights: tables normal, norms 1, the others uniform in +-1/sqrt(inputs)."""
        rng = np.random.default_rng(seed)
        return {name: _first(name, shape, rng) for name, shape in self.parameters().items()}

    def flops(self) -> float:
        """Multiplications and additions of the matrix products of a step (or of a forward pass)."""
        return sum(
            2.0 * self.batch * count * ((3 if is_inner else 2) if self.learns else 1)
            for count, is_inner in self._products()
        )

    def _products(self) -> Sequence[tuple[int, bool]]:
        """For each product of one example its multiplications, and whether its input has a gradient."""
        d, t = self.width, self.tokens
        if self.kind == "mlp":
            return (self.inputs * d, False), (d * d, True), (d * self.classes, True)
        if self.kind == "bag":
            return ((d * self.classes, True),)
        if self.kind == "cnn":
            windows = [((t - size + 1) * size * d * self.filters, True) for size in self.filter_sizes]
            return *windows, (len(windows) * self.filters * self.classes, True)
        if self.kind == "image":
            return tuple(self._image_products())
        if self.kind == "lstm":
            return (t * d * 8 * d, True), (d * self.classes, True)
        layer = t * (4 * d * d + 2 * d * self.feed_forward) + 2 * t * t * d
        return (self.layers * layer, True), (d * self.classes, True)


def _layer(name: str, *shape: int) -> dict[str, tuple[int, ...]]:
    """A weight of that shape, and a bias as long as its first axis."""
    return {f"{name}.weight": shape, f"{name}.bias": shape[:1]}


def _first(name: str, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    if "table" in name or name == "positions":
        return rng.standard_normal(shape, np.float32)
    if "norm" in name:
        return np.full(shape, name.endswith("weight"), np.float32)
    bound = 1 / math.sqrt(math.prod(shape[1:]) or 1)
    return rng.uniform(-bound, bound, shape).astype(np.float32) if len(shape) > 1 else np.zeros(shape, np.float32)


_D256 = Workload("d256", "Transformer encoder, d 256, 4 layers, 8 heads", "encoder", 1.7, 256, layers=4, heads=8)
_IMAGE = Workload(
    "image", "residual network of ImageClassifier, 32 x 32 in colour, batch 64", "image", 1.5, 0, classes=10, batch=64,
    side=32, widths=(32, 64, 128, 128),
)  # fmt: skip

WORKLOADS = {
    each.name: each
    for each in (
        Workload("mlp", "MLP 784-256-256-10, batch 64", "mlp", 3, 256, classes=10, inputs=784, batch=64),
        Workload("bag", "bag of 200,000 embeddings x 64", "bag", 100, 64, vocabulary=200_000),
        Workload("cnn", "TextCNN, d 128, 100 filters of width 3, 4, 5", "cnn", 2, 128),
        Workload("lstm", "LSTM, d 128", "lstm", 2, 128),
        _IMAGE,
        replace(_IMAGE, name="digits", title="the last for 8 x 8 in grey", side=8, channels=1, widths=(32, 64)),
        Workload("d128", "Transformer encoder, d 128, 2 layers, 4 heads", "encoder", 2, 128, layers=2, heads=4),
        _D256,
        replace(_D256, name="d256-forward-1", title="the last, forward, 1 example", goal=2, batch=1, learns=False),
        replace(_D256, name="d256-forward-32", title="the last, forward, 32 examples", goal=2, learns=False),
    )
}
"""The rows of the table of goals, by name."""
