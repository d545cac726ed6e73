"""What an optimiser is: its state and its formula, on one array; trees, rows and schedules are handled here once."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from fnmatch import fnmatchcase

import numpy as np

from saegim.dtypes import int64
from saegim.errors import SettingError
from saegim.schedules import Schedule
from saegim.tensor.core import Tensor, apply, broadcast_to, cast
from saegim.tensor.rows import Rows

State = dict[str, Tensor]
Gradient = Tensor | Rows


@dataclass(frozen=True)
class Optimizer(ABC):
    """An update rule. `schedule`, when given, multiplies the learning rate `lr` by a factor for each step."""

    lr: float
    _: KW_ONLY
    schedule: Schedule | None = None

    def __post_init__(self) -> None:
        for name in ("lr", "eps", "weight_decay", "initial"):
            value = getattr(self, name, 0.0)
            if not 0 <= value < math.inf:
                raise SettingError(f"{type(self).__name__}: {name} of at least 0 expected, {value} given")

    @abstractmethod
    def init(self, param: Tensor) -> State:
        """The state for one parameter before the first step: arrays of the parameter's shape."""

    @abstractmethod
    def apply(self, param: Tensor, grad: Tensor, state: State, lr: Tensor, step: Tensor) -> tuple[Tensor, State]:
        """The parameter and its state after one step.

        `lr` is a scalar of the parameter's dtype. `step` (1, 2, ...) is a float64 scalar, since 1 - b^step has only
        a few digits left in single precision. Both are known only when the program runs.
        """

    @property
    def rows_are_exact(self) -> bool:
        """Whether a gradient given as rows moves the parameter exactly as the same dense gradient would.

        False means the usual lazy variant: rows without a gradient keep their state and stay where they are,
        although momentum, decay or weight decay would have moved them.
        """
        return False

    def update(
        self, param: Tensor, grad: Gradient, state: State, lr: Tensor, step: Tensor, finite: Tensor | None = None
    ) -> tuple[Tensor, State]:
        """One step for a dense gradient or for rows; `lr` and `step` are float64 scalars.

        Where `finite`, a scalar truth value, is given and does not hold, no row is written; a dense gradient moves the
        parameter all the same.
        """
        rate = cast(lr, param.dtype)
        if isinstance(grad, Rows):
            return self.apply_rows(param, grad, state, rate, step, finite)
        return self.apply(param, grad, state, rate, step)

    def apply_rows(
        self, param: Tensor, grad: Rows, state: State, lr: Tensor, step: Tensor, finite: Tensor | None = None
    ) -> tuple[Tensor, State]:
        """Takes out the rows in use, applies the formula to them, puts them back."""
        rows = distinct_rows(grad)
        _old, new, new_state = self._moved(param, rows, state, lr, step)
        places = written(rows, finite)
        return apply("scatter_set", param, places, new), {
            key: apply("scatter_set", each, places, new_state[key]) for key, each in state.items()
        }

    def moved_rows(self, param: Tensor, rows: Rows, state: State, lr: Tensor, step: Tensor) -> tuple[Tensor, Tensor]:
        """The rows of a table that are in use, before a step and after it; `rows` must be distinct.

        Traced, these are the nodes that `update` makes of the same arguments: they cost nothing beside it.
        """
        old, new, _state = self._moved(param, rows, state, cast(lr, param.dtype), step)
        return old, new

    def _moved(self, param: Tensor, rows: Rows, state: State, lr: Tensor, step: Tensor) -> tuple[Tensor, Tensor, State]:
        old = _rows_of(param, rows)
        slots = {key: _rows_of(each, rows) for key, each in state.items()}
        return old, *self.apply(old, rows.values, slots, lr, step)

    def lr_at(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""
        return self.lr * (self.schedule(step) if self.schedule else 1.0)

    def optimizer_for(self, name: str) -> Optimizer:  # noqa: ARG002 - the same for every name
        """The optimiser of the parameter `name`."""
        return self

    def parts(self) -> tuple[Optimizer, ...]:
        """The optimisers it consists of, each with a learning rate of its own."""
        return (self,)


def distinct_rows(rows: Rows) -> Rows:
    """The same gradient with every row at most once; what is left over is padding.

    A gradient of at least as many rows as the table has becomes the whole table, which needs no sort; rows of it
    that had no gradient are padding too, so that whether a row moves does not depend on how long the batch was.
    """
    count, size = rows.indices.shape[0], rows.shape[0]
    if rows.unique or count < size:
        return rows.distinct()
    none = apply("broadcast", Tensor(np.asarray(False)), shape=(size,))
    every = apply("broadcast", Tensor(np.asarray(True)), shape=(count,))
    touched = apply("scatter_set", none, rows.indices, every)
    place = apply("iota", shape=(size,), axis=0, dtype=int64)
    outside = apply("broadcast", Tensor(np.asarray(size)), shape=(size,))
    return Rows(apply("select", touched, place, outside), rows.dense(), rows.shape, unique=True)


def written(rows: Rows, finite: Tensor | None) -> Tensor:
    """Where rows are written: at their indices, or all outside of the table when `finite` does not hold."""
    if finite is None:
        return rows.indices
    nowhere = apply("broadcast", Tensor(np.asarray(rows.shape[0], rows.indices.dtype)), shape=rows.indices.shape)
    return apply("select", broadcast_to(finite, rows.indices.shape), rows.indices, nowhere)


def _rows_of(table: Tensor, rows: Rows) -> Tensor:
    """The rows in use, 0 for padding: of a table that was read by distinct indices what the forward pass took out."""
    return apply("take", table, rows.indices, mode="fill", unique=True)


class ByName:
    """An optimiser per parameter, chosen by the first pattern (as in file names) that its dotted name matches.

    >>> from saegim.optim import Adagrad, AdamW
    >>> ByName({"wide.*": Adagrad(0.1), "*": AdamW(1e-3)}).optimizer_for("wide.weight").lr
    0.1

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
