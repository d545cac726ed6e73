"""A training step: forward pass, loss, backward pass and update, recorded once and run as one program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from saegim.autodiff import NOT_DIFFERENTIABLE, what_cuts
from saegim.compiler import Program, compile_graph
from saegim.dtypes import is_floating
from saegim.errors import NonFiniteError, SettingError, UnlearnableError
from saegim.ir import Graph
from saegim.nn.module import Module
from saegim.optim import ByName, Optimizer, clip_by_global_norm, global_norm_squared
from saegim.optim.base import Gradient, State, distinct_rows
from saegim.reference import first_non_finite
from saegim.tensor import isfinite, sqrt
from saegim.tensor.core import Tensor, apply, broadcast_to, node_of
from saegim.tensor.rows import Rows
from saegim.tensor.transforms import Signature, gradients_of, rebuild, signature, symbols
from saegim.training.vitals import SIGNS, vital_signs

Loss = Callable[[Any, Any], Tensor]
Array = npt.NDArray[Any]


class _Recorded(NamedTuple):
    """A step for arguments of one signature. Its outputs: the loss, the norm of all gradients, vital signs, what moved.

    moved: for each further output the number of the argument that it is the new value of.
    """

    program: Program
    moved: tuple[int, ...]


class TrainStep:
    """`step(*inputs, target)` computes loss(model(*inputs), target), moves the model's parameters and gives the loss.

    The model is updated in place; its arrays may be overwritten, so copy what you want to keep. A step whose loss or
    gradients are not finite changes nothing and raises NonFiniteError, which names the first layer and operation
    where it happened.

    steps: how many steps were made; state: the optimiser's arrays, by parameter and name; factor: of all learning
    rates, for whoever decides during the run; gradient_norm: of the last step, before clipping; vitals: where they are
    asked for, the vital signs of the last step (`training.vitals`).
    """

    def __init__(
        self,
        model: Module,
        optimizer: Optimizer | ByName,
        loss: Loss,
        *,
        clip_norm: float | None = None,
        allow_unlearnable: bool = False,
        vitals: bool = False,
    ) -> None:
        if clip_norm is not None and not clip_norm > 0:
            raise SettingError(f"a clip_norm above 0 expected, {clip_norm} given")
        _refuse_shared(model)
        self.model, self.optimizer, self.loss = model, optimizer, loss
        self.clip_norm, self.allow_unlearnable = clip_norm, allow_unlearnable
        self.steps = 0
        self.factor = 1.0
        self.gradient_norm = float("nan")
        self.vitals: Array = np.zeros((0, SIGNS))
        self._watches = vitals
        self.state: dict[str, State] = {
            name: optimizer.optimizer_for(name).init(each) for name, each in model.named_parameters()
        }
        self._programs: dict[Signature, _Recorded] = {}

    def __call__(self, *args: Any) -> Tensor:
        # In double precision, so that a float64 model is trained as precisely; optimisers cast them.
        rates = np.array([self.factor * each.lr_at(self.steps) for each in self.optimizer.parts()], np.float64)
        step = np.array(self.steps + 1, np.float64)
        sign, tensors = signature((self.model, self.state, rates, step, args))
        program, moved = self._recorded(sign)
        loss, norm, *rest = program(*_arrays(tensors))
        signs, values = rest[: -len(moved)], rest[-len(moved) :]
        # Also of a step that is not finite: then they are as they were, but their memory may be another's.
        for number, value in zip(moved, values, strict=True):
            tensors[number]._value = value
        if not (np.isfinite(loss) and np.isfinite(norm)):
            raise NonFiniteError(self._blame(program.graph, _arrays(tensors), float(loss)))
        self.steps += 1
        self.gradient_norm = float(norm)
        self.vitals = np.array(signs, np.float64).reshape(-1, SIGNS)
        return Tensor(loss)

    @property
    def programs(self) -> int:
        """How many programs exist: one per combination of input shapes seen."""
        return len(self._programs)

    def _recorded(self, sign: Signature) -> _Recorded:
        found = self._programs.get(sign)
        if found is None:
            found = self._programs[sign] = self._record(sign)
        return found

    def _record(self, sign: Signature) -> _Recorded:
        """Forward pass, loss, backward pass and update as one graph, compiled."""
        symbolic = symbols(sign)
        model, state, rates, step, args = rebuild(sign, symbolic)
        before, olds = dict(model.named_tensors()), state

        *features, target = args
        loss = self.loss(model(*features), target)
        gradients = self._gradients(loss, {name: before[name] for name in state})
        norm = sqrt(global_norm_squared(list(gradients.values())))
        finite = isfinite(loss) & isfinite(norm)
        if self.clip_norm is not None:
            clipped = clip_by_global_norm(list(gradients.values()), self.clip_norm, norm)
            gradients = dict(zip(gradients, clipped, strict=True))

        after = dict(model.named_tensors())  # buffers that the forward pass replaced are new already
        after = {name: _if(finite, each, before[name]) for name, each in after.items()}
        state, moves = dict(olds), {}
        for name, gradient in gradients.items():
            part = self.optimizer.optimizer_for(name)
            rate = rates[self.optimizer.parts().index(part)]
            after[name], state[name] = _update(part, finite, before[name], gradient, olds[name], rate, step)
            moves[name] = before[name], after[name]
            if isinstance(gradient, Rows):
                moves[name] = part.moved_rows(before[name], gradient, olds[name], rate, step)
        signs = vital_signs(gradients, moves) if self._watches else []
        number = {id(each): place for place, each in enumerate(symbolic)}
        pairs = [(number[id(before[name])], each) for name, each in after.items()]
        pairs += [(number[id(old)], state[name][key]) for name, slot in olds.items() for key, old in slot.items()]
        outputs = (loss, norm, *signs, *(new for _, new in pairs))
        donated = frozenset(node_of(symbolic[place]) for place, _ in pairs)
        graph = Graph(tuple(map(node_of, symbolic)), tuple(map(node_of, outputs)), donated)
        return _Recorded(compile_graph(graph), tuple(place for place, _ in pairs))

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
        if len(cut) == len(pairs):
            raise UnlearnableError(f"nothing can be learned: {'; '.join(cut) or 'the model has no parameters'}")
        return {
            name: distinct_rows(each) if isinstance(each, Rows) else each
            for name, each in pairs.items()
            if each is not None
        }

    def _blame(self, graph: Graph, arrays: Sequence[Array], loss: float) -> str:
        """The sentence for a step that was not finite. The arrays are those from before the step."""
        what = f"the loss is {loss:.4g}" + (", but its gradients are not finite" if np.isfinite(loss) else "")
        return (
            f"step {self.steps + 1}: {what}; {self._origin(graph, arrays)}; lower the learning rate, clip the "
            "gradients, or look for such values in the data"
        )

    def _origin(self, graph: Graph, arrays: Sequence[Array]) -> str:
        """Where NaN or infinity came from."""
        for name, each in self.model.named_tensors():
            if is_floating(each.dtype) and not np.isfinite(each.numpy()).all():
                return f"{name} holds values that are not finite already"
        found = first_non_finite(Graph(graph.inputs, graph.outputs[:2]), arrays)
        assert found is not None, "the loss or the norm is not finite, so it has an origin"
        return str(found) if found.argument is None else f"one of the inputs holds {found.kind} already"


def _update(
    part: Optimizer, finite: Tensor, param: Tensor, gradient: Gradient, state: State, rate: Tensor, step: Tensor
) -> tuple[Tensor, State]:
    """The parameter and its state after a step; as they were when the step is not finite.

    Of a table only the rows in use are written: for them it is enough that no row is in use when it is not finite.
    """
    if isinstance(gradient, Rows):
        return part.update(param, gradient, state, rate, step, finite)
    new, new_state = part.update(param, gradient, state, rate, step)
    return _if(finite, new, param), {name: _if(finite, each, state[name]) for name, each in new_state.items()}


def _arrays(tensors: Sequence[Tensor]) -> list[Array]:
    return [each._known("its value") for each in tensors]


def _if(finite: Tensor, new: Tensor, old: Tensor) -> Tensor:
    return old if new is old else apply("select", broadcast_to(finite, old.shape), new, old)


def _refuse_shared(model: Module) -> None:
    """Raises SettingError when two names stand for one tensor: each would be moved on its own."""
    names: dict[int, str] = {}
    for name, each in model.named_tensors():
        other = names.setdefault(id(each), name)
        if other != name:
            raise SettingError(
                f"{other} and {name} are one tensor, which is not supported; use one of them in both places"
            )


def _why_not(name: str, loss: Tensor, param: Tensor) -> str:
    if not is_floating(param.dtype):
        return f"{name} is {param.dtype.name}, not floating-point"
    cut = what_cuts([node_of(loss)], node_of(param))
    if cut is None:
        return f"{name} is not used by the loss"
    reason = NOT_DIFFERENTIABLE.get(cut.op, "its result is not a real number")
    return f"{name} is cut off by {cut.op!r} ({reason}) in {cut.where}"


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
