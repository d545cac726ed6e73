"""`saegim summary`: what a model consists of, how sure it may be, and who answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saegim.cli.console import Console, one_line
from saegim.cli.options import AsJson, Debug, InLanguage, Language, ModelFolder, Quiet
from saegim.late import late

if TYPE_CHECKING:
    from saegim import training
    from saegim.cli import deciding
    from saegim.training.calibration import Calibration
else:
    training, deciding = late("saegim.training"), late("saegim.cli.deciding")

_CLASSES_SHOWN = 20

_SAYINGS = {
    "en": {
        "text": "a text classifier ({kind}) of {n} classes: {named}",
        "image": "an image classifier ({kind}) of {n} classes: {named}",
        "draw": "a generator of images ({kind}) of {n} categories: {named}",
        "of_text": "texts",
        "of_image": "images",
        "more": " and {n} more",
        "calibrated": (
            "Scores are divided by {temperature:.3f} before they become probabilities. On the {n} {examples} held out "
            "from training that brings the expected calibration error from {before:.4f} to {after:.4f}; perfect "
            "probabilities would show {chance:.4f} by chance."
        ),
        "uncalibrated": "Its probabilities are not calibrated: no {examples} were held out from training.",
    },
    "ko": {
        "text": "글 분류 모델({kind}), 분류 {n}개: {named}",
        "image": "이미지 분류 모델({kind}), 분류 {n}개: {named}",
        "draw": "이미지 생성 모델({kind}), 범주 {n}개: {named}",
        "of_text": "글",
        "of_image": "이미지",
        "more": " 외 {n}개",
        "calibrated": (
            "점수를 {temperature:.3f}(으)로 나누어 확률로 바꿉니다. 학습에 쓰지 않은 {examples} {n}개에서 기대 보정 "
            "오차가 {before:.4f}에서 {after:.4f}(으)로 바뀌고, 완벽한 확률이라도 우연히 {chance:.4f}쯤 됩니다."
        ),
        "uncalibrated": "확률은 보정되지 않았습니다. 학습에서 따로 떼어 둔 것이 없었기 때문입니다.",
    },
}


def summary(
    folder: ModelFolder,
    language: InLanguage = Language.en,
    as_json: AsJson = False,
    quiet: Quiet = False,
    _debug: Debug = False,
) -> None:
    """Show a model's layers, with their weights and biases; how sure it may be, and who answers.

    For a fully connected layer of m inputs and n outputs there are m x n weights and n biases.
    """
    console = Console(as_json=as_json, quiet=quiet)
    model = training.load_model(folder)
    policy = deciding.policy_in(folder)
    layers, classes, calibration = model.summary(), [str(each) for each in model.classes_], None
    if isinstance(model, training.ImageGenerator):
        told = [_title("draw", model.kind_, classes, language.value)]
    else:
        what, calibration = "image" if isinstance(model, training.ImageClassifier) else "text", model.calibration_
        told = [_title(what, model.kind_, classes, language.value), _sureness(what, calibration, language.value)]
    if policy is not None:
        told.append(deciding.in_words(policy, language.value))
    console.result(
        {
            "kind": model.kind_,
            "classes": classes,
            "layers": [vars(row) for row in layers.rows],
            "weights": layers.weights,
            "biases": layers.biases,
            "parameters": layers.parameters,
            "bytes": layers.bytes,
            "calibration": None if calibration is None else calibration.to_dict(),
            "policy": None if policy is None else deciding.as_data(policy, language.value),
            "notes": model.notes_,
        },
        "\n\n".join([*told, str(layers)]),
    )


def _title(what: str, kind: str, classes: list[str], language: str) -> str:
    say = _SAYINGS[language]
    named = ", ".join(one_line(name) for name in classes[:_CLASSES_SHOWN])
    more = say["more"].format(n=len(classes) - _CLASSES_SHOWN) if len(classes) > _CLASSES_SHOWN else ""
    return say[what].format(kind=kind, n=len(classes), named=named + more)


def _sureness(what: str, found: Calibration | None, language: str) -> str:
    say = _SAYINGS[language]
    examples = say[f"of_{what}"]
    if found is None:
        return say["uncalibrated"].format(examples=examples)
    return say["calibrated"].format(
        examples=examples,
        temperature=found.temperature,
        n=f"{found.examples:,}",
        before=found.error_before,
        after=found.error_after,
        chance=found.error_by_chance,
    )
