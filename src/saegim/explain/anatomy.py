"""One training step, slowly: what every layer gives, the loss, the gradient on its way back, and the update.

The chain rule, layer by layer. A layer maps x to y; the loss changes by g = dL/dy when y does. The layer hands on
J' g, where J = dy/dx is its Jacobian: that is the part of dL/dx that came through this layer, and where x is used by
several layers dL/dx is the sum of their parts. The factor that a layer multiplies the gradient by is thus a matrix,
J'; how much it lengthened this gradient is one number, the gain |J' g| / |g|. Along a chain without branches the
product of the gains is what became of the gradient's length.

Everything is computed in one graph: forward pass, loss, backward pass and update are those that `train_step` records;
the graph is run by the meaning of its operations, one after the other, so that no layer's result is fused away.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.autodiff import Term, vjp, what_cuts, why_cut
from saegim.dtypes import is_floating
from saegim.errors import NonFiniteError, SettingError, TraceError
from saegim.ir import Graph, Node, topological
from saegim.nn.module import Module
from saegim.nn.observing import Call, observed
from saegim.optim import ByName, Optimizer
from saegim.optim.base import Gradient, distinct_rows
from saegim.reference import evaluate, first_non_finite
from saegim.tensor import tree
from saegim.tensor.core import Tensor, node_of
from saegim.tensor.rows import Rows
from saegim.tensor.transforms import gradients_of, is_learnable, rebuild, signature, symbols

Array = npt.NDArray[Any]

_SMALL = 12  # so many numbers are given one by one
_LARGEST = 3  # of more, those with the largest gradients


@dataclass(frozen=True)
class Numbers:
    """An array in a few numbers.

    mean, spread: their mean and standard deviation; norm: the root of the sum of their squares
    dead: the share of units (places of the last axis) that are 0 wherever else one looks; None for a scalar
    values: all numbers, in the order of the last axis first, where there are at most 12; None of more
    """

    shape: tuple[int, ...]
    mean: float
    spread: float
    norm: float
    dead: float | None
    values: tuple[float, ...] | None


@dataclass(frozen=True)
class LayerAnatomy:
    """What one layer gave, and what it did to the gradient on its way back.

    name, kind: its dotted name (empty for the model itself) and its class or function
    composite: whether it is made of other layers that compute something; own: whether it computes anything beyond them
        and does not just give on what it was given, as dropout does in prediction
    output: what it gave; gradient: the loss's for that, None when it does not depend on it
    passed: what the chain rule makes of it for each of the layer's inputs that the gradient goes on to
    gain: length of all that is passed on, as a multiple of the gradient's; None where nothing is or none arrived
    """

    name: str
    kind: str
    composite: bool
    own: bool
    output: Numbers
    gradient: Numbers | None
    passed: tuple[Numbers, ...]
    gain: float | None


@dataclass(frozen=True)
class InputAnatomy:
    """An array of real numbers that the model was given, and the gradient that reached it."""

    value: Numbers
    gradient: Numbers | None


@dataclass(frozen=True)
class Moved:
    """One number of a parameter: where it stands, before the update, its gradient, after."""

    place: tuple[int, ...]
    before: float
    gradient: float
    after: float


@dataclass(frozen=True)
class ParameterAnatomy:
    """A parameter before and after the update.

    optimizer, rate: the rule that moved it, and its learning rate
    gradient, before, after, change: lengths (the root of the sum of squares)
    rows: how many rows of a table had a gradient; None for a parameter that is used whole
    numbers: each of its numbers where there are at most 12, else the three with the largest gradients
    fixed: why it cannot be learned; None when it can
    """

    name: str
    shape: tuple[int, ...]
    optimizer: str
    rate: float
    gradient: float | None
    before: float
    after: float
    change: float
    rows: int | None
    numbers: tuple[Moved, ...]
    fixed: str | None


@dataclass(frozen=True)
class Anatomy:
    """One training step. Layers stand in the order in which they finish; the last is the model itself.

    prediction, loss: of the model as it was; prediction_after, loss_after: of the same example after the update
    gradient: the length of all parameters' gradients together
    """

    layers: tuple[LayerAnatomy, ...]
    inputs: tuple[InputAnatomy, ...]
    parameters: tuple[ParameterAnatomy, ...]
    prediction: Any
    loss: float
    gradient: float
    prediction_after: Any
    loss_after: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def anatomy_of_step(
    model: Module, optimizer: Optimizer | ByName, loss: Callable[[Any, Any], Tensor], *args: Any
) -> Anatomy:
    """One step of training on (*inputs, target), as `train_step` would make it first; the model stays as it is.

    Whether dropout drops and batch norm uses the batch is the model's own state: call its `train()` or `eval()`.
    Parameters that cannot be learned are listed with the reason. Raises SettingError for something that is not a
    module, ShapeError for a loss that is not one number, NonFiniteError when the loss, a gradient or what the step
    leaves is not finite.
    """
    if not isinstance(model, Module):
        raise SettingError(f"anatomy: a module expected, {type(model).__name__} given")
    if len(args) < 2:
        raise TraceError(f"anatomy: the model's inputs and the target expected, {len(args)} arguments given")
    return _Step(model, optimizer, loss, args).anatomy()


@dataclass(frozen=True)
class _Layer:
    """A call and its nodes: floating-point inputs and outputs; `shown` is the first output."""

    name: str
    kind: str
    shown: Tensor
    xs: list[Node]
    ys: list[Node]


class _Step:
    """A step as a graph."""

    def __init__(self, model: Module, optimizer: Optimizer | ByName, loss: Callable[..., Tensor], args: Any) -> None:
        self.sign, tensors = signature((model, tuple(args)))
        self.arrays = [each.numpy() for each in tensors]
        self.symbolic = symbols(self.sign)
        traced, (*features, target) = rebuild(self.sign, self.symbolic)
        self.optimizer = optimizer
        every = dict(traced.named_tensors())
        self.params = {name: every[name] for name, _each in model.named_parameters()}
        self.features = [each for each in tree.flatten(features)[0] if is_learnable(each)]
        calls: list[Call] = []
        with observed(calls.append):
            self.output = traced(*features)
        self.layers = _layers(calls, {node_of(each) for each in self.symbolic})
        self.loss = loss(self.output, target)
        self._differentiate()

    def _differentiate(self) -> None:
        """The gradient for every parameter and input, and for everything between layers."""
        ends = [node_of(each) for each in (*self.params.values(), *self.features)]
        between = list(dict.fromkeys(node for each in self.layers for node in (*each.xs, *each.ys)))
        found = gradients_of(self.loss, ends, "the loss", between)
        self.at = {node: each for node, each in zip((*ends, *between), found, strict=True) if each is not None}
        self.gradients = {name: _distinct(self.at.get(node_of(each))) for name, each in self.params.items()}

    def _passed(self, layer: _Layer) -> list[Tensor]:
        """J' g of the layer alone, for each of its inputs that the gradient goes on to."""
        terms = [Term(node_of(_dense(self.at[each]))) if each in self.at else None for each in layer.ys]
        parts = vjp(layer.ys, terms, layer.xs) if any(terms) else []
        active = [each.dense() if not isinstance(each, Term) else each for each in parts if each is not None]
        return [Tensor(each.node) for each in active]

    def _updated(self) -> dict[str, Tensor]:
        """Every parameter that can be learned after one step of its optimiser."""
        new = {}
        for name, gradient in self.gradients.items():
            if gradient is not None:
                part, old = self.optimizer.optimizer_for(name), self.params[name]
                rate, first = (Tensor(np.array(each, np.float64)) for each in (part.lr_at(0), 1))
                new[name], _state = part.update(old, gradient, part.init(old), rate, first)
        return new

    def anatomy(self) -> Anatomy:
        updated = self._updated()
        layers = [
            (each.shown, _dense(self.at.get(each.ys[0]) if each.ys else None), self._passed(each))
            for each in self.layers
        ]
        inputs = [(each, _dense(self.at.get(node_of(each)))) for each in self.features]
        asked = (self.loss, self.output, layers, inputs, self.gradients, self.params, updated)
        loss, output, layers, inputs, gradients, before, after = self._run(asked, self.arrays)
        self._require_finite(loss, gradients)
        loss_after, output_after = self._run((self.loss, self.output), self._moved(after))
        if not all(np.isfinite(each).all() for each in (loss_after, *after.values())):
            raise NonFiniteError("the step leaves numbers that are not finite; use a smaller learning rate")
        parameters = [self._parameter(name, before[name], gradients[name], after.get(name)) for name in before]
        return Anatomy(
            layers=tuple(_described(self.layers, layers)),
            inputs=tuple(InputAnatomy(_numbers(x), None if g is None else _numbers(g)) for x, g in inputs),
            parameters=tuple(parameters),
            prediction=tree.map_leaves(np.ndarray.tolist, output),
            loss=float(loss),
            gradient=_length([each.gradient for each in parameters if each.gradient is not None]),
            prediction_after=tree.map_leaves(np.ndarray.tolist, output_after),
            loss_after=float(loss_after),
        )

    def _run(self, asked: Any, arrays: Sequence[Array]) -> Any:
        """A tree of traced tensors as arrays."""
        leaves, structure = tree.flatten(asked)
        graph = Graph(tuple(map(node_of, self.symbolic)), tuple(map(node_of, leaves)))
        return tree.unflatten(structure, evaluate(graph, arrays))

    def _moved(self, after: dict[str, Array]) -> list[Array]:
        """The arguments with the parameters as they are after the update."""
        new = {id(self.params[name]): array for name, array in after.items()}
        return [new.get(id(each), array) for each, array in zip(self.symbolic, self.arrays, strict=True)]

    def _require_finite(self, loss: Array, gradients: Any) -> None:
        leaves, _structure = tree.flatten(gradients)
        if np.isfinite(loss) and all(np.isfinite(each).all() for each in leaves if is_floating(each.dtype)):
            return
        outputs = [node_of(each) for each in tree.flatten((self.loss, self.gradients))[0] if is_floating(each.dtype)]
        found = first_non_finite(Graph(tuple(map(node_of, self.symbolic)), tuple(outputs)), self.arrays)
        raise NonFiniteError(f"the step is not finite: {found}; look for such values in the inputs and the weights")

    def _parameter(self, name: str, before: Array, gradient: Any, after: Array | None) -> ParameterAnatomy:
        part = self.optimizer.optimizer_for(name)
        place, values = _places(gradient) if gradient is not None else (np.zeros(0, np.int64), np.zeros(0))
        now = before if after is None else after
        return ParameterAnatomy(
            name=name,
            shape=before.shape,
            optimizer=type(part).__name__,
            rate=part.lr_at(0),
            gradient=None if gradient is None else _length(values),
            before=_length(before),
            after=_length(now),
            change=_length(now.astype(np.float64) - before),
            rows=len(values) // max(math.prod(before.shape[1:]), 1) if isinstance(gradient, Rows) else None,
            numbers=tuple(_moved_numbers(place, values, before, now)),
            fixed=self._why_fixed(name) if gradient is None else None,
        )

    def _why_fixed(self, name: str) -> str:
        cut = what_cuts([node_of(self.loss)], node_of(self.params[name]))
        return "the loss does not use it" if cut is None else f"cut off by {cut.op!r} ({why_cut(cut)}) in {cut.where}"


# --- what was called --------------------------------------------------------------------------------------------------


def _layers(calls: Sequence[Call], known: set[Node]) -> list[_Layer]:
    """The calls that gave a tensor, but for those inside of a loop, which have no values outside of it."""
    given = [(each, _tensors(each.inputs), _tensors(each.output)) for each in calls]
    inside: set[Node] = set()
    for node in topological([node_of(each) for _call, _inputs, outputs in given for each in outputs]):
        if (node.op == "input" and node not in known) or any(each in inside for each in node.inputs):
            inside.add(node)
    seen: Counter[str] = Counter()
    layers = []
    for call, inputs, outputs in given:
        if outputs and not any(node_of(each) in inside for each in outputs):
            seen[call.name] += 1
            again = f"#{seen[call.name]}" if seen[call.name] > 1 else ""
            layers.append(
                _Layer(call.name + again, _kind(call.layer), outputs[0], _floating(inputs), _floating(outputs))
            )
    return layers


def _kind(layer: Any) -> str:
    while isinstance(layer, partial):
        layer = layer.func
    name: str = type(layer).__name__ if isinstance(layer, Module) else getattr(layer, "__name__", type(layer).__name__)
    return name


def _tensors(values: Any) -> list[Tensor]:
    return [each for each in tree.flatten(values)[0] if isinstance(each, Tensor)]


def _floating(tensors: Sequence[Tensor]) -> list[Node]:
    return list(dict.fromkeys(node_of(each) for each in tensors if each.is_traced and is_floating(each.dtype)))


def _described(layers: Sequence[_Layer], values: Sequence[Any]) -> list[LayerAnatomy]:
    found: list[LayerAnatomy] = []
    for number, (layer, (output, gradient, passed)) in enumerate(zip(layers, values, strict=True)):
        shown, within = node_of(layer.shown), f"{layer.name}." if layer.name else ""
        inner = [place for place in range(number) if layers[place].name.startswith(within)]
        arrived = None if gradient is None else _numbers(gradient)
        handed_on = tuple(map(_numbers, passed))
        gain = None
        if arrived is not None and arrived.norm and handed_on:
            gain = _length([each.norm for each in handed_on]) / arrived.norm
        found.append(
            LayerAnatomy(
                name=layer.name,
                kind=layer.kind,
                composite=any(found[place].own for place in inner),
                own=shown not in layer.xs and not (inner and node_of(layers[inner[-1]].shown) is shown),
                output=_numbers(output),
                gradient=arrived,
                passed=handed_on,
                gain=gain,
            )
        )
    return found


# --- arrays in a few numbers ------------------------------------------------------------------------------------------


def _numbers(array: Array) -> Numbers:
    exact = np.asarray(array, np.float64)
    return Numbers(
        shape=exact.shape,
        mean=float(exact.mean()) if exact.size else 0.0,
        spread=float(exact.std()) if exact.size else 0.0,
        norm=_length(exact),
        dead=float((exact.reshape(-1, exact.shape[-1]) == 0).all(0).mean()) if exact.size and exact.ndim else None,
        values=tuple(exact.reshape(-1).tolist()) if exact.size <= _SMALL else None,
    )


def _length(numbers: Any) -> float:
    """The root of the sum of squares."""
    return float(np.linalg.norm(np.asarray(numbers, np.float64).reshape(-1)))


def _distinct(gradient: Gradient | None) -> Gradient | None:
    return distinct_rows(gradient) if isinstance(gradient, Rows) else gradient


def _dense(gradient: Gradient | None) -> Any:
    return gradient.dense() if isinstance(gradient, Rows) else gradient


def _places(gradient: Any) -> tuple[Array, Array]:
    """A gradient's numbers (n,) and the place of each in the whole parameter; rows without one are left out."""
    if not isinstance(gradient, Rows):
        return np.arange(gradient.size), gradient.reshape(-1)
    indices, values = np.asarray(gradient.indices), np.asarray(gradient.values)
    width = math.prod(gradient.shape[1:])
    real = (indices < gradient.shape[0]) & (values.reshape(len(values), width) != 0).any(1)
    place = indices[real, None].astype(np.int64) * width + np.arange(width)
    return place.reshape(-1), values[real].reshape(-1)


def _moved_numbers(place: Array, gradient: Array, before: Array, after: Array) -> list[Moved]:
    """All of a small parameter's numbers, or those of the largest gradients."""
    order = np.arange(len(place)) if before.size <= _SMALL else np.argsort(-np.abs(gradient), kind="stable")[:_LARGEST]
    old, new = before.reshape(-1), after.reshape(-1)
    return [
        Moved(
            tuple(int(each) for each in np.unravel_index(place[number], before.shape)),
            float(old[place[number]]),
            float(gradient[number]),
            float(new[place[number]]),
        )
        for number in order
    ]
