"""What the doctor found, in words, with what to try."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from saegim.training.doctor import Finding

__all__ = ["Language", "in_words", "new_findings", "with_epoch"]

Language = Literal["en", "ko"]

_SAYINGS: dict[Language, dict[str, str]] = {
    "en": {
        "vanishing": "the gradient fades on its way back: in {layer} it is {value:.0e} of the largest, so that layer "
        "hardly learns; try fewer layers, residual connections, normalisation, or ReLU in place of sigmoid or tanh",
        "exploding": "the gradient explodes: in {layer} it is {value:.1e} times as large as it should be; try a lower "
        "learning rate, clipping the gradients (clip_norm=1.0), smaller first weights or normalisation",
        "dead": "{value:.0%} of the units in {layer} are dead: nothing makes them answer, so they learn nothing; try "
        "a lower learning rate, GELU or leaky ReLU in place of ReLU, or smaller first weights",
        "rate_high": "the learning rate is too high: a step moves {layer} by {value:.0%} of its weights' size (0.1% is "
        "usual); try a third of it",
        "rate_high_loss": "the learning rate is too high: the training loss has risen by {value:.0%}; "
        "try a third of it, or a longer warm-up",
        "rate_low": "the learning rate is too low: a step moves no layer by more than {value:.0e} of its weights' size "
        "(1e-3 is usual); try ten times as much",
        "overfitting": "it learns by heart: the validation loss has risen by {value:.0%} since its best epoch while "
        "the training loss falls; the best epoch is kept; try more data, a smaller model or more dropout",
        "model": "the model",
        "since": "epoch {epoch}: {sentence}",
    },
    "ko": {
        "vanishing": "기울기가 거슬러 오는 길에 사라집니다. {layer} 층의 기울기는 가장 큰 층의 {value:.0e}배라 거의 "
        "배우지 못합니다. 층을 줄이거나, 잔차 연결이나 정규화를 쓰거나, 시그모이드·tanh 대신 ReLU를 써 보세요.",
        "exploding": "기울기가 폭발합니다. {layer} 층의 기울기가 {value:.1e}배로 커졌습니다. 학습률을 낮추거나, "
        "기울기를 자르거나(clip_norm=1.0), 첫 가중치를 줄이거나, 정규화를 써 보세요.",
        "dead": "{layer} 층의 유닛 {value:.0%}가 죽었습니다. 무엇에도 반응하지 않아 배우지 못합니다. 학습률을 "
        "낮추거나, ReLU 대신 GELU나 leaky ReLU를 쓰거나, 첫 가중치를 줄여 보세요.",
        "rate_high": "학습률이 너무 높습니다. 한 걸음에 {layer} 층이 가중치 크기의 {value:.0%}만큼 움직입니다(보통 "
        "0.1%). 3분의 1로 낮춰 보세요.",
        "rate_high_loss": "학습률이 너무 높습니다. 학습 손실이 {value:.0%} 올랐습니다. 3분의 1로 "
        "낮추거나 예열을 늘려 보세요.",
        "rate_low": "학습률이 너무 낮습니다. 한 걸음에 가장 많이 움직이는 층도 가중치 크기의 {value:.0e}배만 움직입니다"
        "(보통 1e-3). 10배로 높여 보세요.",
        "overfitting": "외우고 있습니다(과적합). 학습 손실은 줄지만 검증 손실은 가장 좋았던 때보다 {value:.0%} "
        "올랐습니다. 가장 좋았던 때의 모델을 남깁니다. 데이터를 늘리거나, 모델을 줄이거나, 드롭아웃을 늘려 보세요.",
        "model": "모델",
        "since": "{epoch}번째 에폭: {sentence}",
    },
}


def in_words(finding: Finding, language: Language = "en") -> str:
    """One or two sentences: what is wrong, the number that shows it, and what to try."""
    say = _SAYINGS[language]
    kind = "rate_high_loss" if finding.kind == "rate_high" and finding.layer is None else finding.kind
    return say[kind].format(layer=finding.layer or say["model"], value=finding.value)


def with_epoch(finding: Finding, language: Language = "en") -> str:
    """The same, with the epoch that it was found after."""
    return _SAYINGS[language]["since"].format(epoch=finding.epoch, sentence=in_words(finding, language))


def new_findings(findings: Sequence[Finding], before: Sequence[Finding]) -> list[Finding]:
    """Those of a kind and a layer that were not found before."""
    known = {(each.kind, each.layer) for each in before}
    return [each for each in findings if (each.kind, each.layer) not in known]
