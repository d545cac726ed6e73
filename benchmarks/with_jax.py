"""The workloads' networks in JAX: pure functions of the same parameters, one `jit` for the whole step."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from workloads import RATE, Array, Batch, State, Workload

Params = dict[str, jax.Array]


def _linear(p: Params, name: str, x: jax.Array) -> jax.Array:
    return x @ p[f"{name}.weight"].T + p[f"{name}.bias"]


def _norm(p: Params, name: str, x: jax.Array) -> jax.Array:
    centred = x - x.mean(-1, keepdims=True)
    variance = (centred * centred).mean(-1, keepdims=True)
    return centred * jax.lax.rsqrt(variance + 1e-5) * p[f"{name}.weight"] + p[f"{name}.bias"]


def _mlp(_work: Workload, p: Params, x: jax.Array) -> jax.Array:
    x = jax.nn.relu(_linear(p, "0", x))
    return _linear(p, "4", jax.nn.relu(_linear(p, "2", x)))


def _bag(_work: Workload, p: Params, items: jax.Array) -> jax.Array:
    return _linear(p, "head", p["table.weight"][items].mean(1))


def _cnn(work: Workload, p: Params, tokens: jax.Array) -> jax.Array:
    x = p["table.weight"][tokens]
    found = []
    for place in range(len(work.filter_sizes)):
        weight = p[f"convolutions.{place}.weight"]
        y = jax.lax.conv_general_dilated(x, weight, (1,), "VALID", dimension_numbers=("NWC", "OIW", "NWC"))
        found.append(jax.nn.relu(y + p[f"convolutions.{place}.bias"]).max(1))
    return _linear(p, "head", jnp.concatenate(found, 1))


def _lstm(_work: Workload, p: Params, tokens: jax.Array) -> jax.Array:
    x = p["table.weight"][tokens].transpose(1, 0, 2)
    projected = x @ p["lstm.weight_ih_l0"].T + p["lstm.bias_ih_l0"] + p["lstm.bias_hh_l0"]
    recurrent = p["lstm.weight_hh_l0"].T

    def cell(state: tuple[jax.Array, jax.Array], projection: jax.Array) -> tuple[tuple[jax.Array, jax.Array], None]:
        h, c = state
        i, f, g, o = jnp.split(projection + h @ recurrent, 4, axis=-1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        return (jax.nn.sigmoid(o) * jnp.tanh(c), c), None

    zeros = jnp.zeros(x.shape[1:], x.dtype)
    (last, _cell), _ = jax.lax.scan(cell, (zeros, zeros), projected)
    return _linear(p, "head", last)


def _convolution(p: Params, name: str, x: jax.Array, stride: int = 1) -> jax.Array:
    weight = p[f"{name}.weight"]
    edge = weight.shape[-1] // 2
    numbers = ("NHWC", "OIHW", "NHWC")
    y = jax.lax.conv_general_dilated(x, weight, (stride, stride), [(edge, edge)] * 2, dimension_numbers=numbers)
    return y + p[f"{name}.bias"]


def _image(work: Workload, p: Params, x: jax.Array) -> jax.Array:
    x = _convolution(p, "stem", x)
    for number, (_before, _after, stride) in enumerate(work.blocks()):
        name = f"blocks.{number}"
        y = _convolution(p, f"{name}.conv1", jax.nn.relu(_norm(p, f"{name}.norm1", x)), stride)
        y = _convolution(p, f"{name}.conv2", jax.nn.relu(_norm(p, f"{name}.norm2", y)))
        x = y + (_convolution(p, f"{name}.skip", x, stride) if f"{name}.skip.weight" in p else x)
    return _linear(p, "head", jax.nn.relu(_norm(p, "norm", x)).mean((1, 2)))


def _attention(work: Workload, p: Params, name: str, x: jax.Array) -> jax.Array:
    batch, tokens, width = x.shape
    both = x @ p[f"{name}.in_proj_weight"].T + p[f"{name}.in_proj_bias"]
    q, k, v = both.reshape(batch, tokens, 3, work.heads, width // work.heads).transpose(2, 0, 3, 1, 4)
    weights = jax.nn.softmax(q @ k.transpose(0, 1, 3, 2) / math.sqrt(width // work.heads), -1)
    return _linear(p, f"{name}.out_proj", (weights @ v).transpose(0, 2, 1, 3).reshape(x.shape))


def _encoder(work: Workload, p: Params, tokens: jax.Array) -> jax.Array:
    x = p["table.weight"][tokens] + p["positions"]
    for number in range(work.layers):
        name = f"layers.{number}"
        x = x + _attention(work, p, f"{name}.self_attn", _norm(p, f"{name}.norm1", x))
        inner = jax.nn.gelu(_linear(p, f"{name}.linear1", _norm(p, f"{name}.norm2", x)), approximate=False)
        x = x + _linear(p, f"{name}.linear2", inner)
    return _linear(p, "head", _norm(p, "norm", x).mean(1))


NETWORKS: dict[str, Callable[[Workload, Params, jax.Array], jax.Array]] = {
    "mlp": _mlp,
    "bag": _bag,
    "cnn": _cnn,
    "lstm": _lstm,
    "image": _image,
    "encoder": _encoder,
}


def _cross_entropy(scores: jax.Array, labels: jax.Array) -> jax.Array:
    return -jnp.take_along_axis(jax.nn.log_softmax(scores), labels[:, None], 1).mean()


def _adam(p: Any, g: Any, m: Any, v: Any, time: jax.Array) -> tuple[Any, Any, Any]:
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
    spread = jnp.sqrt(v) / jnp.sqrt(1 - 0.999**time) + 1e-8
    return p - RATE / (1 - 0.9**time) * m / spread, m, v


def _split(updated: dict[str, tuple[Any, Any, Any]]) -> tuple[Params, Params, Params]:
    p, m, v = ({name: each[part] for name, each in updated.items()} for part in range(3))
    return p, m, v


class Jax:
    """One jitted function for the step; parameters and Adam's state are donated to it."""

    def __init__(self, work: Workload, state: State, threads: int) -> None:  # noqa: ARG002 - cores are the process's
        self.work = work
        self.params = {name: jnp.array(each) for name, each in state.items()}
        self.mean, self.square = (jax.tree.map(jnp.zeros_like, self.params) for _ in range(2))
        self.time = 0
        self._step = jax.jit(partial(self._whole_step, work), donate_argnums=(0, 1, 2))
        self._forward = jax.jit(partial(NETWORKS[work.kind], work))

    @staticmethod
    def _whole_step(
        work: Workload, p: Params, m: Params, v: Params, time: jax.Array, x: jax.Array, y: jax.Array
    ) -> Any:
        loss, grads = jax.value_and_grad(lambda p: _cross_entropy(NETWORKS[work.kind](work, p, x), y))(p)
        return loss, *_split({name: _adam(p[name], grads[name], m[name], v[name], time) for name in p})

    def prepare(self, batch: Batch) -> tuple[jax.Array, jax.Array]:
        return jnp.asarray(batch[0]), jnp.asarray(batch[1], jnp.int32)

    def step(self, batch: Any) -> float:
        self.time += 1
        found = self._step(self.params, self.mean, self.square, np.float32(self.time), *batch)
        loss, self.params, self.mean, self.square = jax.block_until_ready(found)
        return float(loss)

    def scores(self, batch: Any) -> Array:
        return np.asarray(self._forward(self.params, batch[0]))


class JaxRows(Jax):
    """A bag that takes the rows in use out of the table and of Adam's state, moves them, and puts them back."""

    @staticmethod
    def _whole_step(
        work: Workload, p: Params, m: Params, v: Params, time: jax.Array, x: jax.Array, y: jax.Array
    ) -> Any:
        table = "table.weight"
        rows, places = jnp.unique(x, return_inverse=True, size=x.size, fill_value=work.vocabulary)
        used = [each | {table: each[table].at[rows].get(mode="clip")} for each in (p, m, v)]
        loss, *moved = Jax._whole_step(work, used[0], used[1], used[2], time, places.reshape(x.shape), y)
        back = [
            new | {table: old[table].at[rows].set(new[table], mode="drop", unique_indices=False)}
            for old, new in zip((p, m, v), moved, strict=True)
        ]
        return loss, *back
