"""The anatomy in words: every part is there, long tables are cut, every kind of layer has its formula."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest

import saegim as sg
from saegim import losses, nn, optim
from saegim.explain import anatomy_of_step, anatomy_of_text
from saegim.explain.anatomy_factors import factor
from saegim.explain.anatomy_wording import step_in_words, text_in_words
from saegim.models.readers import READERS
from saegim.training import TextClassifier

X = np.array([[0.5, -1.0, 2.0]], np.float32)


@pytest.fixture(scope="module")
def step():
    model = nn.Sequential(nn.Linear(3, 4), nn.relu, nn.Linear(4, 20), nn.Linear(20, 2), seed=0)
    return anatomy_of_step(model, optim.SGD(0.1), losses.cross_entropy, X, np.array([1]))


@pytest.fixture(scope="module")
def of_text():
    texts = [f"{word} {n}" for n in range(4) for word in ("좋다", "나쁘다")]
    model = TextClassifier("cnn", epochs=1, seed=0, validation_share=0).fit(texts, ["good", "bad"] * 4)
    return anatomy_of_text(model, "좋다 \x1b 정말", "good")


def row(text, start):
    """The numbers of the first line that begins so."""
    line = next(each for each in text.splitlines() if each.strip().startswith(start))
    return [float(each) for each in re.findall(r"(?<![\w.])-?\d[\d.]*(?:e[+-]\d+)?(?![\w.])", line.split(")", 1)[-1])]


def test_a_step_in_four_parts(step):
    text = step_in_words(step)
    assert [line for line in text.splitlines() if re.match(r"\d\. ", line)] == [
        "1. Forward: what every layer gives, from the input to the output",
        "2. Prediction and loss",
        "3. Backward: the gradient g of the loss, from the output to the input, by the chain rule",
        "4. Update: every parameter moves against its gradient",
    ]
    assert f"loss = {step.loss:.6g}" in text
    backward = text[text.index("3. ") :]
    last = step.layers[3]
    assert row(backward, "3 (Linear)") == pytest.approx([last.gradient.norm, last.gain, last.passed[0].norm], rel=1e-3)
    assert row(backward, "(input 1)") == pytest.approx([step.inputs[0].gradient.norm], rel=1e-3)
    assert [backward.index(f"  {n} (") for n in (3, 2, 1, 0)] == sorted(backward.index(f"  {n} (") for n in range(4))
    assert f"loss {step.loss:.6g} -> {step.loss_after:.6g}" in text
    assert "The loss rose" not in text


def test_small_layers_are_shown_number_by_number(step):
    text = step_in_words(step)
    relu = step.layers[1]
    assert "  1: " + " ".join(f"{x:.4g}" for x in relu.output.values) in text
    arrived, passed = (" ".join(f"{x:.4g}" for x in each.values) for each in (relu.gradient, *relu.passed))
    assert f"  1: {arrived} -> {passed}" in text
    assert "  2: " not in text  # it gives 20 numbers


def test_of_each_parameter_the_largest_gradient_is_shown(step):
    part = step_in_words(step)
    part = part[part.index("For example the numbers") :]
    bias = step.parameters[1]
    largest = max(bias.numbers, key=lambda each: abs(each.gradient))
    assert row(part.replace("]", ")"), "0.bias") == pytest.approx(
        [largest.before, largest.gradient, largest.after], rel=1e-4
    )


def test_a_long_stack_is_cut_in_the_middle():
    model = nn.Sequential(*[nn.Linear(3, 3) for _ in range(100)], seed=0)
    found = anatomy_of_step(model, optim.SGD(0.1), lambda y, _t: sg.sum(y), X, np.array([1]))
    lines = step_in_words(found).splitlines()
    assert "  (41 more; --json has all)" in lines
    assert "  (140 more; --json has all)" in lines
    assert len(lines) < 500


def test_a_loss_that_rose_is_explained(step):
    for optimizer, adaptive in ((optim.SGD(100.0), False), (optim.Adam(10.0), True)):
        model = nn.Sequential(nn.Linear(3, 4), nn.relu, nn.Linear(4, 2), seed=0)
        found = anatomy_of_step(model, optimizer, lambda y, t: losses.mean_squared_error(y, t), X, np.ones((1, 2)))
        text = step_in_words(found)
        assert found.loss_after > found.loss
        assert "The loss rose: for this one example the step was too long." in text
        assert ("--optimizer sgd" in text) == adaptive
        assert "손실이 늘었습니다." in step_in_words(found, "ko")


def test_what_cannot_be_learned_is_said(step):
    fixed = dataclasses.replace(step.parameters[0], gradient=None, fixed="cut off by 'floor'", numbers=())
    other = dataclasses.replace(step, parameters=(fixed, *step.parameters[1:]))
    assert "0.weight cannot be learned: cut off by 'floor'" in step_in_words(other)
    assert "0.weight은(는) 학습할 수 없습니다" in step_in_words(other, "ko")


def test_a_text_with_its_classes(of_text):
    text = text_in_words(of_text)
    assert text.splitlines()[0].endswith("to be learned as good")
    assert f"{of_text.ngrams} n-grams and {of_text.tokens} tokens were read; dropout is off" in text
    scores = of_text.step.prediction[0]
    good = [scores[1], of_text.probabilities[1], of_text.target[1], of_text.probabilities[1] - of_text.target[1]]
    assert row(text[text.index("2. ") :].replace("good ", "good) ", 1), "good") == pytest.approx(good, abs=1e-4)
    assert "(weights of n-grams)" in text
    assert "(weights of tokens)" in text
    assert "dropout (Dropout)" not in text  # it is off
    assert "(loss) cross entropy: p - t, for each score" in text


def test_in_korean(of_text):
    text = text_in_words(of_text, "ko")
    for said in (
        "순전파",
        "예측과 손실",
        "역전파",
        "갱신",
        "연쇄 법칙",
        "드롭아웃은 예측할 때처럼 꺼져",
        "(n-그램의 무게)",
    ):
        assert said in text
    on = dataclasses.replace(of_text, dropout=True, tokens=None)
    assert "드롭아웃은 학습할 때처럼 켜져" in text_in_words(on, "ko")
    assert "n-grams were read; dropout drops" in text_in_words(on)


def test_of_many_classes_the_likeliest_are_shown(of_text):
    names = tuple(f"class {n}" for n in range(30))
    many = dataclasses.replace(
        of_text,
        classes=names,
        label="class 7",
        target=tuple(float(n == 7) for n in range(30)),
        probabilities=tuple(n / 435 for n in range(30)),
        probabilities_after=(1 / 30,) * 30,
        step=dataclasses.replace(of_text.step, prediction=[[float(n) for n in range(30)]]),
    )
    text = text_in_words(many)
    assert [line.split()[1] for line in text.splitlines() if line.strip().startswith("class ")][1:] == [
        "7", *map(str, range(29, 20, -1)),
    ]  # fmt: skip
    assert "and 20 more classes" in text


@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_kind_of_layer_says_what_it_makes_of_a_gradient(language):
    own = {
        name for name in nn.__all__ if isinstance(getattr(nn, name), type) and issubclass(getattr(nn, name), nn.Module)
    }
    functions = {"relu", "sigmoid", "tanh", "gelu", "silu", "softmax", "log_softmax", "max_over_time", "mean_over_time"}
    for kind in own - {"Module", "Sequential"} | functions | {"Wide", "Embedded", "BagReader"}:
        assert factor(kind, language), kind
    assert factor("Sequential", language) is None
    assert {each.__name__ for each in READERS.values()} >= {"BagReader"}
