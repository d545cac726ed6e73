"""Optimisers on rows, against slow ones that move row by row; settings; clipping."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import saegim as sg
from saegim import optim
from saegim.errors import SettingError
from saegim.optim.base import State, distinct_rows
from saegim.tensor import Rows, Tensor

TABLE, WIDTH = 6, 3
ALL = [
    optim.SGD(0.1),
    optim.SGD(0.1, weight_decay=0.1),
    optim.SGD(0.1, momentum=0.9),
    optim.SGD(0.1, momentum=0.9, nesterov=True, weight_decay=0.1),
    optim.Adagrad(0.1),
    optim.Adagrad(0.1, weight_decay=0.1, initial=0.5),
    optim.Adagrad(0.1, per_row=True),
    optim.Adam(0.1),
    optim.Adam(0.1, weight_decay=0.1),
    optim.AdamW(0.1, weight_decay=0.3),
]
every_optimizer = pytest.mark.parametrize("optimizer", ALL, ids=repr)


def rows(indices: Any, values: np.ndarray) -> Rows:
    return Rows(Tensor(np.asarray(indices)), Tensor(values), (TABLE, WIDTH))


def update(optimizer: optim.Optimizer, param: Any, gradient: Any, state: State, number: int, lr: float) -> Any:
    scalars = (Tensor(np.asarray(value, np.float64)) for value in (lr, number))
    return optimizer.update(param, gradient, state, *scalars)


def dense(indices: Any, values: np.ndarray) -> np.ndarray:
    """The whole gradient, row by row; what is outside of the table is padding."""
    result = np.zeros((TABLE, WIDTH))
    for index, value in zip(indices, values, strict=True):
        if 0 <= index < TABLE:
            result[index] += value
    return result


def slowly(
    optimizer: optim.Optimizer, param: np.ndarray, gradient: np.ndarray, used: set[int], state: Any, t: int
) -> Any:
    """The lazy variant written as its formula, one row in use after the other; gives (param, state)."""
    param, state = param.copy(), {name: each.copy() for name, each in state.items()}
    for i in used:
        g, p, lr = gradient[i], param[i], optimizer.lr
        match optimizer:
            case optim.SGD():
                g = g + optimizer.weight_decay * p
                if optimizer.momentum:
                    state["velocity"][i] = optimizer.momentum * state["velocity"][i] + g
                    ahead = g + optimizer.momentum * state["velocity"][i]
                    g = ahead if optimizer.nesterov else state["velocity"][i]
                param[i] = p - lr * g
            case optim.Adagrad():
                g = g + optimizer.weight_decay * p
                state["sum"][i] += (g * g).mean() if optimizer.per_row else g * g
                param[i] = p - lr * g / (np.sqrt(state["sum"][i]) + optimizer.eps)
            case optim.Adam():
                if isinstance(optimizer, optim.AdamW):
                    p = p - lr * optimizer.weight_decay * p
                else:
                    g = g + optimizer.weight_decay * p
                b1, b2 = optimizer.betas
                state["mean"][i] = b1 * state["mean"][i] + (1 - b1) * g
                state["square"][i] = b2 * state["square"][i] + (1 - b2) * g * g
                mean, square = state["mean"][i] / (1 - b1**t), state["square"][i] / (1 - b2**t)
                param[i] = p - lr * mean / (np.sqrt(square) + optimizer.eps)
    return param, state


gradients = st.lists(
    st.lists(st.integers(-1, TABLE + 1), min_size=1, max_size=2 * TABLE),  # some outside: padding
    min_size=1,
    max_size=4,
)


@every_optimizer
@given(batches=gradients, seed=st.integers(0, 2**16))
def test_rows_move_as_the_formula_says_row_by_row(optimizer: optim.Optimizer, batches: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    param = Tensor(rng.standard_normal((TABLE, WIDTH)))
    state = optimizer.init(param)
    slow, slow_state = np.array(param), {name: np.array(each) for name, each in state.items()}
    for number, indices in enumerate(batches, 1):
        values = rng.standard_normal((len(indices), WIDTH))
        used = {index for index in indices if 0 <= index < TABLE}
        param, state = update(optimizer, param, rows(indices, values), state, number, optimizer.lr)
        slow, slow_state = slowly(optimizer, slow, dense(indices, values), used, slow_state, number)
        np.testing.assert_allclose(np.asarray(param), slow, rtol=1e-10, atol=1e-12)
        for name, each in state.items():
            np.testing.assert_allclose(np.asarray(each), slow_state[name], rtol=1e-10, atol=1e-12)


@every_optimizer
def test_rows_are_exact_where_that_is_said_and_only_there(optimizer: optim.Optimizer) -> None:
    rng = np.random.default_rng(0)
    start = Tensor(rng.standard_normal((TABLE, WIDTH)))
    lazy, whole = (start, optimizer.init(start)), (start, optimizer.init(start))
    for number, indices in enumerate(([0, 1, 1, 2], [2, 3], [0, 5]), 1):
        values = rng.standard_normal((len(indices), WIDTH))
        lazy = update(optimizer, lazy[0], rows(indices, values), lazy[1], number, optimizer.lr)
        whole = update(optimizer, whole[0], Tensor(dense(indices, values)), whole[1], number, optimizer.lr)
    same = np.allclose(np.asarray(lazy[0]), np.asarray(whole[0]), rtol=1e-12, atol=1e-12)
    assert same == optimizer.rows_are_exact


@every_optimizer
@pytest.mark.parametrize("traced", [False, True])
def test_traced_and_known_rows_move_alike(optimizer: optim.Optimizer, traced: bool) -> None:
    rng = np.random.default_rng(0)
    param, values = Tensor(rng.standard_normal((TABLE, WIDTH))), rng.standard_normal((4, WIDTH))
    indices = np.array([1, 4, 1, TABLE])

    def step(param: Tensor, indices: Tensor, values: Tensor) -> Any:
        return update(optimizer, param, Rows(indices, values, (TABLE, WIDTH)), optimizer.init(param), 1, 0.1)[0]

    known = step(param, Tensor(indices), Tensor(values))
    np.testing.assert_allclose(np.asarray(sg.compile(step)(param, indices, values)), np.asarray(known), rtol=1e-12)


@given(indices=st.lists(st.integers(-1, TABLE), min_size=1, max_size=3 * TABLE))
def test_distinct_rows_are_the_same_gradient_with_every_row_once(indices: list[int]) -> None:
    values = np.random.default_rng(0).standard_normal((len(indices), WIDTH))
    found = distinct_rows(rows(indices, values))
    inside = [index for index in np.asarray(found.indices).tolist() if 0 <= index < TABLE]
    assert sorted(inside) == sorted({index for index in indices if 0 <= index < TABLE})
    np.testing.assert_allclose(np.asarray(found), dense(indices, values), rtol=1e-12, atol=1e-12)


# --- clipping -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("limit", "factor"), [(100.0, 1.0), (2.5, 0.5)])
def test_clipping_scales_rows_and_dense_gradients_by_one_factor(limit: float, factor: float) -> None:
    one, two = np.array([[3.0, 0, 0], [0, 0, 0]]), np.array([0.0, 4.0])
    gradients = [rows([1, 5], one), Tensor(two)]
    norm = sg.sqrt(optim.global_norm_squared(gradients))
    assert float(norm) == pytest.approx(5)
    clipped = optim.clip_by_global_norm(gradients, limit, norm)
    np.testing.assert_allclose(np.asarray(clipped[0].values), one * factor, rtol=1e-6)
    np.testing.assert_allclose(np.asarray(clipped[1]), two * factor, rtol=1e-6)


# --- settings -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: optim.SGD(-1.0), "SGD: lr of at least 0 expected, -1.0 given"),
        (lambda: optim.SGD(float("nan")), "nan given"),
        (lambda: optim.SGD(0.1, momentum=1.0), "a momentum of at least 0 and below 1"),
        (lambda: optim.SGD(0.1, nesterov=True), "nesterov needs a momentum"),
        (lambda: optim.Adam(0.1, betas=(0.9, 1.0)), "betas of at least 0 and below 1"),
        (lambda: optim.SGD(0.1, weight_decay=-0.1), "SGD: weight_decay of at least 0 expected, -0.1 given"),
        (lambda: optim.AdamW(0.1, eps=-1.0), "AdamW: eps of at least 0"),
        (lambda: optim.ByName({}), "at least one pattern"),
        (lambda: optim.ByName({"a.*": optim.SGD(0.1)}).optimizer_for("b.weight"), r"b\.weight matches none of"),
    ],
)
def test_what_makes_no_sense_is_refused(build: Callable[[], Any], sentence: str) -> None:
    with pytest.raises(SettingError, match=sentence):
        build()


def test_by_name_takes_the_first_pattern_that_matches() -> None:
    wide, bias, rest = optim.SGD(0.1), optim.Adagrad(0.2), optim.AdamW(0.3)
    chosen = optim.ByName({"wide.*": wide, "*.bias": bias, "*": rest})
    names = ("wide.bias", "head.bias", "head.weight")
    assert [chosen.optimizer_for(name) for name in names] == [wide, bias, rest]
    assert chosen.parts() == (wide, bias, rest)


def test_the_schedule_multiplies_the_rate() -> None:
    assert [optim.Adam(0.5, schedule=lambda step: 1 / (step + 1)).lr_at(step) for step in (0, 1, 4)] == [0.5, 0.25, 0.1]
    assert optim.Adam(0.5).lr_at(7) == 0.5
