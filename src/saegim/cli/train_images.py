"""`saegim train-images`: from a folder of images to a model folder, measured."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from saegim.cli.console import Console
from saegim.cli.durations import seconds
from saegim.cli.options import (
    AsJson,
    Debug,
    Epochs,
    InLanguage,
    Language,
    Quiet,
    Seed,
    SkipBadFiles,
    TensorBoardFolder,
    Threads,
    TimeBudget,
)
from saegim.cli.reading import labelled_images
from saegim.late import late

if TYPE_CHECKING:
    from saegim import evaluation, training
    from saegim.cli import run_folder
else:
    evaluation, training, run_folder = late("saegim.evaluation"), late("saegim.training"), late("saegim.cli.run_folder")

_WORDS = {
    "en": {
        "measured": "on {valid_rows:,} images held out from training: accuracy {accuracy:.4f}, macro F1 {macro_f1:.4f}",
        "unmeasured": "not measured: there were too few images to hold some out; give more, or measure on others with "
        "saegim evaluate",
        "where": "the model ({kind}, images of {height} x {width} pixels) is in {out}",
    },
    "ko": {
        "measured": "훈련에 쓰지 않은 이미지 {valid_rows:,}장에서: 정확도 {accuracy:.4f}, 매크로 F1 {macro_f1:.4f}",
        "unmeasured": "재지 못했습니다: 따로 둘 만큼 이미지가 많지 않습니다. 이미지를 더 주거나 saegim evaluate로 다른 "
        "이미지에서 재십시오",
        "where": "모델({kind}, {height} x {width} 픽셀 이미지)은 {out}에 있습니다",
    },
}


def train_images(
    images: Annotated[
        str,
        typer.Argument(metavar="DIR|digits", help="A folder with a sub-folder of images for each class, or digits."),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder that the model is written to.")],
    side: Annotated[
        int, typer.Option("--side", min=1, max=1024, help="Larger images are made smaller until no side is longer.")
    ] = 64,
    flip: Annotated[
        bool, typer.Option("--flip", help="Also train on mirrored images: left and right mean the same.")
    ] = False,
    epochs: Epochs = None,
    time_budget: TimeBudget = None,
    seed: Seed = 0,
    threads: Threads = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint in DIR.")] = False,
    skip_bad_files: SkipBadFiles = False,
    tensorboard: TensorBoardFolder = None,
    language: InLanguage = Language.en,
    as_json: AsJson = False,
    quiet: Quiet = False,
    _debug: Debug = False,
) -> None:
    """Train a network on labelled images and measure it.

    The label of an image is the name of the folder that it is in; digits is a set of 1,797 handwritten digits that is
    built in. A tenth of the images is held out, and the figures are measured on them. The folder that is written is
    like that of `saegim train`; a run that was interrupted goes on with --resume and ends with the same model.
    """
    console = Console(as_json=as_json, quiet=quiet)
    budget, progress = seconds(time_budget), console.progress(language.value, tensorboard, "pixels")
    run_folder.claim(out)
    data = labelled_images(console, images, side=side, skip_bad_files=skip_bad_files)
    run_folder.describe(
        out, resume=resume, sha256=data.digest(), command="train-images", file=images, side=side, flip=flip,
        epochs=epochs, time_budget=budget, seed=seed, threads=threads, skip_bad_files=skip_bad_files,
    )  # fmt: skip

    classifier = training.ImageClassifier(epochs=epochs, time_budget=budget, flip=flip, seed=seed, threads=threads)
    with run_folder.checkpointed(out):
        classifier.fit(data.pixels, data.labels, folder=out, resume=resume, progress=progress)
    classifier.save(out)
    run_folder.keep_comparison(out, None)

    figures = _measured(classifier)
    say, (height, width, _channels) = _WORDS[language.value], classifier.shape
    told = (
        say["unmeasured"] if figures["accuracy"] is None else say["measured"].format(n=figures["valid_rows"], **figures)
    )
    console.result(
        {
            "model": out,
            "kind": classifier.kind_,
            "shape": classifier.shape,
            "train_rows": len(data) - figures["valid_rows"],
            **figures,
            "epochs": len(classifier.history_),
            "seconds": classifier.seconds_,
            "notes": classifier.notes_,
            "findings": data.notes,
            "health": [each.to_dict() for each in classifier.findings_],
        },
        f"{told}\n{say['where'].format(kind=classifier.kind_, height=height, width=width, out=out)}",
    )


def _measured(classifier: training.ImageClassifier) -> dict[str, Any]:
    """The figures on the images that were held out; None where there are none."""
    if classifier.validation_ is None:
        return {"valid_rows": 0, "accuracy": None, "macro_f1": None}
    images, labels = classifier.validation_
    scores = evaluation.score([str(each) for each in labels], [str(each) for each in classifier.predict(images)])
    return {"valid_rows": scores.n, "accuracy": scores.accuracy, "macro_f1": scores.macro_f1}
