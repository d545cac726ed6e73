"""The doctor: what the figures of a training run say about its health.

Reads the records of the epochs (`history`), in which `flow` has for every layer, in the order of the model, how large
its gradient was, how far a step moved it, and how many of its units are dead. A finding is a fact with a number;
`advice` puts it into words, with what to try.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

__all__ = ["Finding", "Flow", "Kind", "examine"]

Kind = Literal["vanishing", "exploding", "dead", "rate_high", "rate_low", "overfitting"]
Flow = Mapping[str, Mapping[str, float]]

_FADED = 1e-4  # of the largest gradient of any layer: what Adam still evens out, plain descent no longer does
_GROWN = 10.0  # times the gradient of the epoch before
_HUGE = 1e3  # a gradient's norm, of a loss that is a mean over examples
_DEAD = 0.5  # share of a layer's units
_FAR = 0.1  # of its weights' norm: what a layer may move in a step
_NEAR = 1e-5  # of its weights' norm: what a layer should move at least, unless the loss falls all the same
_STILL = 0.99  # of the first epoch's loss: not learned anything
_WORSE = 1.2  # times the loss of the very first step
_RISE = 0.05  # of a loss, above its lowest


@dataclass(frozen=True)
class Finding:
    """What is wrong (`kind`), since which epoch (from 1), in which layer, None for the whole network.

    value: vanishing, exploding: the gradient as a multiple of the largest, of the smallest, of 1, or of what it was;
    dead: the share of units; rate_high, rate_low: the share of its weights' norm that the layer moves in a step, or by
    how much the training loss rose above its lowest; overfitting: by how much the validation loss rose above its lowest
    """

    kind: Kind
    epoch: int
    layer: str | None
    value: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Any) -> Finding:
        """The finding that a file holds. Raises ValueError unless it is one."""
        if not isinstance(stored, dict) or stored.keys() != {"kind", "epoch", "layer", "value"}:
            raise ValueError("a finding has other fields")
        kind, epoch, layer, value = (stored[name] for name in ("kind", "epoch", "layer", "value"))
        if kind not in get_args(Kind) or type(epoch) is not int or not isinstance(layer, str | None):
            raise ValueError("a finding of another kind")
        if type(value) not in (int, float) or not math.isfinite(value):
            raise ValueError(f"{kind} of {value}")
        return cls(kind, epoch, layer, float(value))


def examine(history: Sequence[Mapping[str, Any]]) -> list[Finding]:
    """What is wrong after the last of these epochs, the gravest first; nothing if all is well."""
    if not history:
        return []
    flow: Flow = history[-1].get("flow", {})
    found = [*_dead(flow), *_gradients(flow), *_growing(history), *_rates(history), *_losses(history)]
    return [Finding(kind, int(history[-1]["epoch"]), layer, float(value)) for kind, layer, value in found]


_Found = Iterator[tuple[Kind, str | None, float]]


def _dead(flow: Flow) -> _Found:
    """Layers most of whose units answer to nothing."""
    for layer, signs in flow.items():
        share = 1.0 if signs["gradient"] == 0 else signs["dead"]
        if share >= _DEAD:
            yield "dead", layer, share


def _gradients(flow: Flow) -> _Found:
    """The layer whose gradient is the smallest beside the largest one, where that is too small.

    Backpropagation runs from the last layer to the first: what is smaller nearer to the input has faded on the way,
    what is larger there has grown.
    """
    sizes = [(signs["gradient"], place, layer) for place, (layer, signs) in enumerate(flow.items())]
    alive = [each for each in sizes if each[0] > 0]
    if not alive:
        return
    (most, where, name), (least, place, layer) = max(alive), min(alive)
    if least < _FADED * most:
        yield ("vanishing", layer, least / most) if place < where else ("exploding", name, most / least)


def _growing(history: Sequence[Mapping[str, Any]]) -> _Found:
    """The layer whose gradient grew most since the epoch before, or is by far too large whatever it was."""
    before, now = (record.get("flow", {}) for record in [{}, *history][-2:])
    earlier = {layer: signs["gradient"] for layer, signs in before.items() if signs["gradient"] > 0}
    growths = [(signs["gradient"] / earlier[layer], layer) for layer, signs in now.items() if layer in earlier]
    growth, layer = max(growths, default=(0.0, None))
    if growth > _GROWN:
        yield "exploding", layer, growth
        return
    size, layer = max(((signs["gradient"], layer) for layer, signs in now.items()), default=(0.0, None))
    if size > _HUGE:
        yield "exploding", layer, size


def _rates(history: Sequence[Mapping[str, Any]]) -> _Found:
    """The layer that moves too far in a step; or, where none moves and nothing is learned, the one that moves most.

    Not from the first epoch, in which layers that start at zero have far to go.
    """
    if len(history) < 2:
        return
    moves = [(signs["update"], layer) for layer, signs in history[-1].get("flow", {}).items() if signs["gradient"] > 0]
    most, layer = max(moves, default=(math.inf, None))
    if layer is not None and most > _FAR:
        yield "rate_high", layer, most
    if most < _NEAR and history[-1]["train_loss"] > _STILL * history[0]["train_loss"]:
        yield "rate_low", layer, most


def _losses(history: Sequence[Mapping[str, Any]]) -> _Found:
    """Losses that rise again: that of training by steps that are too large, that of validation by learning by heart."""
    trained = [float(record["train_loss"]) for record in history]
    start = float(history[0].get("first_loss", math.inf))
    if trained[-1] > _WORSE * start:
        yield "rate_high", None, trained[-1] / start - 1
        return
    rise = _rise(trained)
    if rise > _RISE:
        yield "rate_high", None, rise
        return
    measured = [float(record["valid_loss"]) for record in history if "valid_loss" in record]
    rise = _rise(measured)
    if len(measured) == len(trained) and rise > _RISE:
        yield "overfitting", None, rise


def _rise(losses: Sequence[float]) -> float:
    """By how much of its lowest a loss has risen since."""
    lowest = min(losses, default=0.0)
    return losses[-1] / lowest - 1 if lowest > 0 else 0.0
