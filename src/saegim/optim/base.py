"""What an optimiser is: its state and its formula, on one array; trees, rows and schedules are handled here once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from saegim.errors import SettingError
from saegim.schedules import Schedule
from saegim.tensor.core import Tensor, apply
from saegim.tensor.rows import Rows

State = dict[str, Tensor]
Gradient = Tensor | Rows


@dataclass(frozen=True, kw_only=True)
class Optimizer(ABC):
    """An update rule. `schedule`, when given, multiplies the learning rate `lr` by a factor for each step."""

    lr: float
    schedule: Schedule | None = None

    def __post_init__(self) -> None:
        if not self.lr >= 0:
            raise SettingError(f"a learning rate of at least 0 expected, {self.lr} given")

    @abstractmethod
    def init(self, param: Tensor) -> State:
        """The state for one parameter before the first step: arrays of the parameter's shape."""

    @abstractmethod
    def apply(self, param: Tensor, grad: Tensor, state: State, lr: Tensor, step: Tensor) -> tuple[Tensor, State]:
        """The parameter and its state after one step.

        `lr` and `step` (1, 2, ...) are scalars of the parameter's dtype, known when the program runs.
        """

    @property
    def rows_are_exact(self) -> bool:
        """Whether a gradient given as rows moves the parameter exactly as the same dense gradient would.

        False means the usual lazy variant: rows without a gradient keep their state and stay where they are,
        although momentum, decay or weight decay would have moved them.
        """
        return False

    def update(self, param: Tensor, grad: Gradient, state: State, lr: Tensor, step: Tensor) -> tuple[Tensor, State]:
        """One step for a dense gradient or for rows."""
        if isinstance(grad, Tensor):
            return self.apply(param, grad, state, lr, step)
        if grad.indices.shape[0] >= param.shape[0] and not grad.unique:
            return self.apply(param, grad.dense(), state, lr, step)  # more rows than the table has
        rows = grad.distinct()
        new, new_state = self.apply(
            _rows_of(param, rows), rows.values, {key: _rows_of(each, rows) for key, each in state.items()}, lr, step
        )
        return _set_rows(param, rows, new), {key: _set_rows(each, rows, new_state[key]) for key, each in state.items()}

    def lr_at(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""
        return self.lr * (self.schedule(step) if self.schedule else 1.0)

    def optimizer_for(self, name: str) -> Optimizer:  # noqa: ARG002 - the same for every name
        """The optimiser of the parameter `name`."""
        return self

    def parts(self) -> tuple[Optimizer, ...]:
        """The optimisers it consists of, each with a learning rate of its own."""
        return (self,)


def _rows_of(table: Tensor, rows: Rows) -> Tensor:
    return apply("take", table, rows.indices, mode="clip", unique=True)


def _set_rows(table: Tensor, rows: Rows, values: Tensor) -> Tensor:
    return apply("scatter_set", table, rows.indices, values)


class ByName:
    """An optimiser per parameter, chosen by the first pattern (as in file names) that its dotted name matches.

    >>> ByName({"wide.*": Adagrad(lr=0.1), "*": AdamW(lr=1e-3)})

    Raises SettingError for a name that no pattern matches.
    """

    def __init__(self, patterns: Mapping[str, Optimizer]) -> None:
        if not patterns:
            raise SettingError("at least one pattern with an optimiser expected, none given")
        self.patterns = dict(patterns)

    def optimizer_for(self, name: str) -> Optimizer:
        for pattern, optimizer in self.patterns.items():
            if fnmatchcase(name, pattern):
                return optimizer
        raise SettingError(
            f"parameter {name} matches none of the patterns {list(self.patterns)}; add '*' for the others"
        )

    def parts(self) -> tuple[Optimizer, ...]:
        return tuple(self.patterns.values())
