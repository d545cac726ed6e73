"""A training step: forward pass, loss, backward pass and update, recorded once and run as one program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.autodiff import NOT_DIFFERENTIABLE, what_cuts
from saegim.compiler import Program, compile_graph
from saegim.errors import NonFiniteError, UnlearnableError
from saegim.ir import Graph
from saegim.nn.module import Module
from saegim.optim import ByName, Optimizer, clip_by_global_norm, global_norm_squared
from saegim.optim.base import Gradient, State
from saegim.reference import first_non_finite
from saegim.tensor import tree
from saegim.tensor.core import Tensor, apply, broadcast_to, node_of
from saegim.tensor.rows import Rows
from saegim.tensor.transforms import Signature, gradients_of, rebuild, signature, symbols

Loss = Callable[[Any, Any], Tensor]
Array = npt.NDArray[Any]


class TrainStep:
    """`step(*inputs, target)` computes loss(model(*inputs), target), moves the model's parameters and gives the loss.

    The model is updated in place. A step whose loss or gradients are not finite changes nothing and raises
    NonFiniteError, which names the first layer and operation where it happened.
    """

    def __init__(
        self,
        model: Module,
        optimizer: Optimizer | ByName,
        loss: Loss,
        *,
        clip_norm: float | None = None,
        allow_unlearnable: bool = False,
    ) -> None:
        self.model, self.optimizer, self.loss = model, optimizer, loss
        self.clip_norm, self.allow_unlearnable = clip_norm, allow_unlearnable
        self.steps = 0
        self.factor = 1.0  # of all learning rates, for whoever decides during the run, as a trainer with a deadline
        self.gradient_norm = float("nan")  # of the last step, before clipping
        self.state: dict[str, State] = {
            name: optimizer.optimizer_for(name).init(each) for name, each in model.named_parameters()
        }
        self._programs: dict[Signature, tuple[Program, Signature]] = {}

    def __call__(self, *args: Any) -> Tensor:
        rates = np.array([self.factor * each.lr_at(self.steps) for each in self.optimizer.parts()], np.float32)
        step = np.array(self.steps + 1, np.float32)
        sign, tensors = signature((self.model, self.state, Tensor(rates), Tensor(step), args))
        if sign not in self._programs:
            self._programs[sign] = self._record(sign)
        program, results = self._programs[sign]
        arrays = [each._known("its value") for each in tensors]
        (model, state), (loss, norm) = rebuild(results, [Tensor(each) for each in program(*arrays)])
        if not (np.isfinite(float(loss)) and np.isfinite(float(norm))):
            raise NonFiniteError(self._blame(program.graph, arrays, float(loss)))
        for (_name, old), new in zip(self.model.named_tensors(), model, strict=True):
            old._value = new._value
        self.state = state
        self.steps += 1
        self.gradient_norm = float(norm)
        return Tensor(np.asarray(loss))

    @property
    def programs(self) -> int:
        """How many programs exist: one per combination of input shapes seen."""
        return len(self._programs)

    def _record(self, sign: Signature) -> tuple[Program, Signature]:
        """Forward pass, loss, backward pass and update as one graph, compiled; and the structure of its results."""
        symbolic = symbols(sign)
        model, state, rates, step, args = rebuild(sign, symbolic)
        params = {name: each for name, each in model.named_tensors() if name in self.state}
        overwritten = [*dict(model.named_tensors()).values(), *tree.flatten(state)[0]]

        *features, target = args
        loss = self.loss(model(*features), target)
        gradients = self._gradients(loss, params)
        norm = apply("sqrt", global_norm_squared(list(gradients.values())))
        finite = apply("less", norm, Tensor(np.array(np.inf, norm.dtype)))
        if self.clip_norm is not None:
            clipped = clip_by_global_norm(list(gradients.values()), self.clip_norm, norm)
            gradients = dict(zip(gradients, clipped, strict=True))

        after = dict(model.named_tensors())  # buffers that the forward pass replaced are new already
        for name, gradient in gradients.items():
            part = self.optimizer.optimizer_for(name)
            rate = _or_zero(finite, rates[self.optimizer.parts().index(part)])
            after[name], state[name] = part.update(
                params[name], _zero_unless(finite, gradient), state[name], rate, step
            )
        result_sign, results = signature(((list(after.values()), state), (loss, norm)))
        graph = Graph(tuple(map(node_of, symbolic)), tuple(map(node_of, results)), frozenset(map(node_of, overwritten)))
        return compile_graph(graph), result_sign

    def _gradients(self, loss: Tensor, params: dict[str, Tensor]) -> dict[str, Gradient]:
        """The gradient of every parameter that can be learned; the others are an error, or left out where allowed."""
        found = gradients_of(loss, [node_of(each) for each in params.values()], "the loss")
        pairs = dict(zip(params, found, strict=True))
        cut = [_why_not(name, loss, params[name]) for name, each in pairs.items() if each is None]
        if cut and not self.allow_unlearnable:
            raise UnlearnableError(
                f"{len(cut)} of {len(pairs)} parameters cannot be learned: {'; '.join(cut)}; remove them or set "
                "allow_unlearnable=True to train the others"
            )
        return {
            name: each.distinct() if isinstance(each, Rows) else each
            for name, each in pairs.items()
            if each is not None
        }

    def _blame(self, graph: Graph, arrays: Sequence[Array], loss: float) -> str:
        """The sentence for a step that was not finite. The parameters are those from before the step."""
        what = (
            f"step {self.steps + 1}: the loss is {loss}"
            if not np.isfinite(loss)
            else (f"step {self.steps + 1}: the loss is {loss:.4g} but its gradients are not finite")
        )
        node = first_non_finite(graph, arrays)
        place = f"; the first value that is not finite comes from {node.op!r} in {node.where}" if node else ""
        return f"{what}{place}; lower the learning rate, clip the gradients, or look for such values in the data"


def _why_not(name: str, loss: Tensor, param: Tensor) -> str:
    cut = what_cuts([node_of(loss)], node_of(param))
    if cut is None:
        return f"{name} is not used by the loss"
    reason = NOT_DIFFERENTIABLE.get(cut.op, "its result is not a real number")
    return f"{name} is cut off by {cut.op!r} ({reason}) in {cut.where}"


def _zero_unless(finite: Tensor, gradient: Gradient) -> Gradient:
    if isinstance(gradient, Rows):
        return gradient.with_values(_or_zero(finite, gradient.values))
    return _or_zero(finite, gradient)


def _or_zero(finite: Tensor, x: Tensor) -> Tensor:
    """x, or zeros when the step is not finite: then the update moves nothing."""
    zeros = broadcast_to(Tensor(np.zeros((), x.dtype)), x.shape)
    return apply("select", broadcast_to(finite, x.shape), x, zeros)


def train_step(
    model: Module,
    optimizer: Optimizer | ByName,
    loss: Loss,
    *,
    clip_norm: float | None = None,
    allow_unlearnable: bool = False,
) -> TrainStep:
    """One step of training as a callable: `loss = step(x, target)`. Recorded and compiled on first use.

    `loss(output, target)` gives a scalar; `clip_norm` limits the global norm of the gradients. Before the first
    step, parameters that the loss cannot be differentiated for raise UnlearnableError, which names the primitive
    that cut the path and the line that called it; with `allow_unlearnable` the others are trained.
    """
    return TrainStep(model, optimizer, loss, clip_norm=clip_norm, allow_unlearnable=allow_unlearnable)
