"""The anatomy of a training step as tables to read, in English or Korean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from saegim.evaluation.tables import PlainTable
from saegim.explain.anatomy import Anatomy, LayerAnatomy, Moved, Numbers, ParameterAnatomy
from saegim.explain.anatomy_factors import factor
from saegim.explain.anatomy_text import TextAnatomy

__all__ = ["step_in_words", "text_in_words"]

Language = Literal["en", "ko"]

_ROWS = 60  # of a table; more are left out in the middle
_CLASSES = 10

_SAYINGS: dict[Language, dict[str, str]] = {
    "en": {
        "text": '"{text}", to be learned as {label}',
        "read": "{ngrams} n-grams were read",
        "read both": "{ngrams} n-grams and {tokens} tokens were read",
        "dropout off": "; dropout is off, as in prediction",
        "dropout on": "; dropout drops, as in training",
        "forward": "1. Forward: what every layer gives, from the input to the output",
        "model": "(model)",
        "prediction": "2. Prediction and loss",
        "more classes": "and {n} more classes",
        "loss": "loss = - sum of t log p = {loss:.6g}",
        "plain loss": "loss = {loss:.6g}",
        "backward": "3. Backward: the gradient g of the loss, from the output to the input, by the chain rule",
        "lossrow": "(loss) cross entropy",
        "plain lossrow": "(loss)",
        "input": "(input {n})",
        "small": "Small layers, number by number:",
        "factor": "What multiplies g is a matrix, the transposed derivative (Jacobian) of the layer; the factor shown "
        "is how many times as long it made this g.",
        "paths": "Where paths parted going forward, gradients add up going back.",
        "whole": "{kind}, all of it",
        "by": "What each kind of layer makes of g:",
        "by loss": "p - t, for each score",
        "update": "4. Update: every parameter moves against its gradient",
        "numbers": "For example the numbers with the largest gradients:",
        "fixed": "{name} cannot be learned: {why}",
        "more": "({n} more; --json has all)",
        "after": "The same example after the update: loss {loss:.6g} -> {after:.6g}",
        "probability": ", p of {label} {before:.4f} -> {after:.4f}",
        "rose": "The loss rose: for this one example the step was too long. A smaller learning rate (--lr) makes it "
        "shorter.",
        "adaptive": "So does --optimizer sgd, whose steps shrink with the gradient: a first step of Adam or Adagrad is "
        "as long as the learning rate says, however small the gradient is.",
    },
    "ko": {
        "text": '"{text}" 을(를) {label}(으)로 배우는 한 단계',
        "read": "n-그램 {ngrams}개를 읽었습니다",
        "read both": "n-그램 {ngrams}개와 토큰 {tokens}개를 읽었습니다",
        "dropout off": ". 드롭아웃은 예측할 때처럼 꺼져 있습니다",
        "dropout on": ". 드롭아웃은 학습할 때처럼 켜져 있습니다",
        "forward": "1. 순전파: 입력에서 출력까지, 층마다 내놓은 값",
        "model": "(모델)",
        "prediction": "2. 예측과 손실",
        "more classes": "그 밖에 범주 {n}개",
        "loss": "손실 = - (t log p의 합) = {loss:.6g}",
        "plain loss": "손실 = {loss:.6g}",
        "backward": "3. 역전파: 연쇄 법칙에 따라 출력에서 입력까지 되짚어 간 손실의 기울기 g",
        "lossrow": "(손실) 교차 엔트로피",
        "plain lossrow": "(손실)",
        "input": "(입력 {n})",
        "small": "작은 층의 수를 모두 적으면:",
        "factor": "실제로 곱해지는 것은 층의 미분(야코비 행렬)의 전치이고, 표에는 그것이 이 g의 길이를 몇 배로 "
        "만들었는지 적었습니다.",
        "paths": "순전파에서 길이 갈라진 곳에서는 역전파에서 기울기를 더합니다.",
        "whole": "{kind} 전체",
        "by": "층의 종류마다 g를 이렇게 바꿉니다:",
        "by loss": "점수마다 p - t",
        "update": "4. 갱신: 모든 매개변수가 기울기의 반대쪽으로 움직입니다",
        "numbers": "예를 들어 기울기가 가장 큰 수들은:",
        "fixed": "{name}은(는) 학습할 수 없습니다: {why}",
        "more": "({n}개 더 있음, 전부는 --json으로)",
        "after": "갱신한 뒤 같은 예: 손실 {loss:.6g} -> {after:.6g}",
        "probability": ", {label}의 p {before:.4f} -> {after:.4f}",
        "rose": "손실이 늘었습니다. 이 예 하나에는 보폭이 너무 컸습니다. 학습률(--lr)을 줄이면 보폭이 줄어듭니다.",
        "adaptive": "--optimizer sgd로도 줄어듭니다. SGD의 보폭은 기울기와 함께 줄지만, Adam과 Adagrad의 첫 보폭은 "
        "기울기가 아무리 작아도 학습률만큼 됩니다.",
    },
}
_HEADERS: dict[Language, dict[str, tuple[str, ...]]] = {
    "en": {
        "layers": ("layer", "shape", "mean", "spread", "zero units"),
        "classes": ("class", "score", "softmax = p", "target = t", "p - t"),
        "gradients": ("layer", "|g| for its output", "factor", "|g| passed on"),
        "text inputs": ("(weights of n-grams)", "(weights of tokens)"),
        "parameters": ("parameter", "shape", "rule", "|gradient|", "|before|", "|after|", "|change|"),
        "number": ("at", "before", "gradient", "after"),
    },
    "ko": {
        "layers": ("층", "모양", "평균", "표준편차", "0인 유닛"),
        "classes": ("범주", "점수", "softmax = p", "목표 = t", "p - t"),
        "gradients": ("층", "출력에 대한 |g|", "곱해진 배율", "넘겨준 |g|"),
        "text inputs": ("(n-그램의 무게)", "(토큰의 무게)"),
        "parameters": ("매개변수", "모양", "규칙", "|기울기|", "|전|", "|후|", "|변화|"),
        "number": ("자리", "전", "기울기", "후"),
    },
}


def text_in_words(anatomy: TextAnatomy, language: Language = "en") -> str:
    """A step on a text: what was read, then the step in four parts."""
    say = _SAYINGS[language]
    read = say["read" if anatomy.tokens is None else "read both"].format(ngrams=anatomy.ngrams, tokens=anatomy.tokens)
    chosen = anatomy.classes.index(anatomy.label)
    change = say["probability"].format(
        label=anatomy.label, before=anatomy.probabilities[chosen], after=anatomy.probabilities_after[chosen]
    )
    return "\n".join(
        [
            say["text"].format(text=" ".join(anatomy.text.split()), label=anatomy.label),
            read + say["dropout on" if anatomy.dropout else "dropout off"],
            "",
            *_forward(anatomy.step, language),
            "",
            say["prediction"],
            *_classes(anatomy, language),
            say["loss"].format(loss=anatomy.step.loss),
            "",
            *_backward(anatomy.step, language, _HEADERS[language]["text inputs"], cross_entropy=True),
            "",
            *_update(anatomy.step, language),
            "",
            *_after(anatomy.step, language, change),
        ]
    )


def step_in_words(anatomy: Anatomy, language: Language = "en") -> str:
    """A step in four parts: forward pass, loss, backward pass, update."""
    say = _SAYINGS[language]
    return "\n".join(
        [
            *_forward(anatomy, language),
            "",
            say["prediction"],
            say["plain loss"].format(loss=anatomy.loss),
            "",
            *_backward(anatomy, language, (), cross_entropy=False),
            "",
            *_update(anatomy, language),
            "",
            *_after(anatomy, language, ""),
        ]
    )


# --- the four parts --------------------------------------------------------------------------------------------------


def _forward(step: Anatomy, language: Language) -> Iterator[str]:
    say = _SAYINGS[language]
    rows = [
        (
            _named(layer, language),
            _shape(layer.output.shape),
            _short(layer.output.mean),
            _short(layer.output.spread),
            "" if layer.output.dead is None else f"{layer.output.dead:.0%}",
        )
        for layer in step.layers
        if _is_shown(layer) or not layer.name
    ]
    yield say["forward"]
    yield from _table(_HEADERS[language]["layers"], rows, language)
    yield from _small([(layer, (layer.output,)) for layer in step.layers if _is_shown(layer) and layer.name], language)


def _small(layers: Sequence[tuple[LayerAnatomy, tuple[Numbers, ...]]], language: Language) -> Iterator[str]:
    """What went through layers that are small enough to be shown: each number."""
    lines = [
        f"  {layer.name}: " + " -> ".join(" ".join(f"{x:.4g}" for x in each.values or ()) for each in steps)
        for layer, steps in layers
        if all(each.values is not None for each in steps)
    ]
    if lines:
        yield _SAYINGS[language]["small"]
        yield from lines


def _classes(anatomy: TextAnatomy, language: Language) -> Iterator[str]:
    """Scores, probabilities and targets: of the taught class and of those with the highest probabilities."""
    say = _SAYINGS[language]
    order = sorted(range(len(anatomy.classes)), key=lambda n: (-anatomy.target[n], -anatomy.probabilities[n], n))
    scores = anatomy.step.prediction[0]
    rows = [
        (
            anatomy.classes[n],
            f"{scores[n]:.4f}",
            f"{anatomy.probabilities[n]:.4f}",
            f"{anatomy.target[n]:.4f}",
            f"{anatomy.probabilities[n] - anatomy.target[n]:+.4f}",
        )
        for n in order[:_CLASSES]
    ]
    yield from _table(_HEADERS[language]["classes"], rows, language)
    if len(order) > _CLASSES:
        yield say["more classes"].format(n=len(order) - _CLASSES)


def _backward(step: Anatomy, language: Language, inputs: Sequence[str], *, cross_entropy: bool) -> Iterator[str]:
    say = _SAYINGS[language]
    layers = [layer for layer in reversed(step.layers) if _is_shown(layer)]
    start = None if step.layers[-1].gradient is None else step.layers[-1].gradient.norm
    rows = [(say["lossrow" if cross_entropy else "plain lossrow"], "1", *_times(start, start))]
    rows += [_gradient_row(layer, language) for layer in layers if layer.name]
    for number, each in enumerate(step.inputs):
        name = inputs[number] if inputs else say["input"].format(n=number + 1)
        rows.append((name, "-" if each.gradient is None else _short(each.gradient.norm), "", ""))
    yield say["backward"]
    yield from _table(_HEADERS[language]["gradients"], rows, language)
    yield say["factor"]
    yield say["paths"]
    yield from _small(
        [(layer, (layer.gradient, *layer.passed)) for layer in layers if layer.name and layer.gradient], language
    )
    yield say["by"]
    if cross_entropy:
        yield f"  {say['lossrow']}: {say['by loss']}"
    for kind in dict.fromkeys(layer.kind for layer in layers):
        words = factor(kind, language)
        if words is not None:
            yield f"  {kind}: {words}"


def _gradient_row(layer: LayerAnatomy, language: Language) -> tuple[str, str, str, str]:
    if layer.gradient is None:
        return _named(layer, language), "", "", ""
    passed = sum(each.norm**2 for each in layer.passed) ** 0.5 if layer.passed else None
    return _named(layer, language), _short(layer.gradient.norm), *_times(layer.gain, passed)


def _update(step: Anatomy, language: Language) -> Iterator[str]:
    say = _SAYINGS[language]
    rows = [
        (
            each.name,
            _shape(each.shape),
            f"{each.optimizer} {each.rate:.3g}",
            *map(_short, (each.gradient, each.before, each.after, each.change)),
        )
        for each in step.parameters
        if each.fixed is None and each.gradient is not None
    ]
    yield say["update"]
    yield from _table(_HEADERS[language]["parameters"], rows, language)
    for each in step.parameters:
        if each.fixed is not None:
            yield say["fixed"].format(name=each.name, why=each.fixed)
    numbers = [(each, max(each.numbers, key=lambda one: abs(one.gradient))) for each in step.parameters if each.numbers]
    if numbers:
        yield say["numbers"]
        yield from _table(
            (_HEADERS[language]["parameters"][0], *_HEADERS[language]["number"]),
            [_number_row(each, moved) for each, moved in numbers],
            language,
        )


def _number_row(each: ParameterAnatomy, moved: Moved) -> tuple[str, ...]:
    return each.name, str(list(moved.place)), *(f"{x:.6g}" for x in (moved.before, moved.gradient, moved.after))


def _after(step: Anatomy, language: Language, change: str) -> Iterator[str]:
    say = _SAYINGS[language]
    yield say["after"].format(loss=step.loss, after=step.loss_after) + change
    if step.loss_after > step.loss:
        yield say["rose"]
        if any(each.optimizer != "SGD" for each in step.parameters):
            yield say["adaptive"]


# --- cells -----------------------------------------------------------------------------------------------------------


def _is_shown(layer: LayerAnatomy) -> bool:
    """Not what only gives on what it was given, and of what puts others together only what does more than that."""
    return layer.own or (layer.composite and factor(layer.kind) is not None)


def _named(layer: LayerAnatomy, language: Language) -> str:
    say = _SAYINGS[language]
    kind = say["whole"].format(kind=layer.kind) if layer.composite and layer.name else layer.kind
    return f"{layer.name or say['model']} ({kind})"


def _shape(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape)) or "1"


def _times(gain: float | None, passed: float | None) -> tuple[str, str]:
    return ("-", "-") if passed is None else ("-" if gain is None else f"x {_short(gain)}", _short(passed))


def _short(number: float | None) -> str:
    return "-" if number is None else f"{number:.4g}"


def _table(headers: Sequence[str], rows: Sequence[tuple[str, ...]], language: Language) -> list[str]:
    """The lines of a table; of a long one the middle is left out."""
    half = _ROWS // 2
    left_out = max(0, len(rows) - _ROWS)
    shown = [*rows[:half], *rows[len(rows) - half :]] if left_out else rows
    lines = PlainTable(tuple(headers), tuple(shown)).text().split("\n")
    if left_out:
        lines.insert(half + 2, _SAYINGS[language]["more"].format(n=left_out))
    return ["  " + line.rstrip() for line in lines]
