"""The same bits whoever runs a program: any number of threads, from the cache or not, Python threads at once."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import saegim as sg
from compiler.learners import LEARNERS, Learner
from compiler.threaded import using
from saegim import losses, nn

Array = npt.NDArray[Any]
Trained = tuple[Array, dict[str, Array]]

SOME = [each for each in LEARNERS if each.name in ("batch norm", "conv2d", "bag", "cnn", "masked gru", "encoder")]


def same(found: Trained, wanted: Trained) -> None:
    np.testing.assert_array_equal(found[0], wanted[0])
    for name, value in wanted[1].items():
        np.testing.assert_array_equal(found[1][name], value, err_msg=name)


@pytest.mark.parametrize("learner", SOME, ids=str)
def test_any_number_of_threads(learner: Learner) -> None:
    with using(1):
        wanted = learner.train(4)
    for threads in (2, 3, 8):
        with using(threads):
            same(learner.train(4), wanted)


@pytest.mark.parametrize("learner", SOME[2:3], ids=str)
def test_with_and_without_the_cache(learner: Learner, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAEGIM_CACHE", "off")
    wanted = learner.train(3)
    monkeypatch.setenv("SAEGIM_CACHE", str(tmp_path / "kept"))
    same(learner.train(3), wanted)
    assert list((tmp_path / "kept").iterdir())
    same(learner.train(3), wanted)


def large() -> tuple[nn.Module, Array, Array]:
    """A network whose programs take many waves and tiles."""
    rng = np.random.default_rng(0)
    model = nn.Sequential(nn.Linear(64, 64, seed=0), sg.tanh, nn.LayerNorm(64), nn.Linear(64, 10, seed=1))
    return model, rng.normal(size=(512, 64)).astype(np.float32), rng.integers(0, 10, 512)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_program_in_several_python_threads_at_once(threads: int) -> None:
    """They share the code, the pool and the constants; each has arenas of its own."""
    model, x, labels = large()

    @sg.compile
    def loss_and_gradients(model: nn.Module, x: Any, labels: Any) -> Any:
        return sg.value_and_grad(lambda *given: losses.cross_entropy(model_of(given), given[2]))(model, x, labels)

    def model_of(given: Any) -> Any:
        return given[0](given[1])

    def run(scale: int) -> list[Array]:
        return [np.array(each) for each in sg.tensor.tree.flatten(loss_and_gradients(model, x * scale, labels))[0]]

    with using(threads):
        wanted = [run(1), run(2), run(3)]
        wrong: list[object] = []

        def work(number: int) -> None:
            try:
                for _ in range(30):
                    for got, want in zip(run(number + 1), wanted[number], strict=True):
                        np.testing.assert_array_equal(got, want)
            except BaseException as error:
                wrong.append(error)

        workers = [threading.Thread(target=work, args=(number,)) for number in range(3)]
        for each in workers:
            each.start()
        for each in workers:
            each.join()
    assert not wrong


def test_numbers_of_threads_may_change_between_runs() -> None:
    model, x, _labels = large()
    predict = sg.compile(model)
    wanted = np.array(predict(x))
    for threads in (8, 1, 3, 2, 5):
        with using(threads):
            np.testing.assert_array_equal(np.asarray(predict(x)), wanted)
