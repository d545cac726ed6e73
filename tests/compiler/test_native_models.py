"""Every kind of model learns natively what it learns by the meaning: the same losses and dropout, for 50 steps."""

from __future__ import annotations

import numpy as np
import pytest

from compiler.learners import LEARNERS, Learner

STEPS = 50

# In double precision the two ways stay so close that any other mask of dropout, or element, would show.
TOLERANCE = {np.float32: 2e-5, np.float64: 1e-9}
IN_SINGLE = ("batch norm", "conv2d", "bag", "cnn", "masked gru", "encoder")
TRIALS = [
    pytest.param(each, dtype, id=f"{each}-{dtype.__name__}")
    for each in LEARNERS
    for dtype in TOLERANCE
    if dtype is np.float64 or each.name in IN_SINGLE
]


@pytest.mark.parametrize(("learner", "dtype"), TRIALS)
def test_training_is_what_it_means(learner: Learner, dtype: type, monkeypatch: pytest.MonkeyPatch) -> None:
    tolerance = TOLERANCE[dtype]
    losses, state = learner.train(STEPS, dtype)
    monkeypatch.setenv("SAEGIM_COMPILE", "0")
    wanted, wanted_state = learner.train(STEPS, dtype)
    assert wanted[-3:].mean() < wanted[:3].mean(), "something is learned"
    np.testing.assert_allclose(losses, wanted, rtol=tolerance, atol=tolerance)
    if dtype is np.float64:
        for name, value in wanted_state.items():
            np.testing.assert_allclose(state[name], value, rtol=1e-7, atol=1e-7, err_msg=name)
