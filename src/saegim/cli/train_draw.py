"""`saegim train-draw`: from images of categories to a model that draws them, measured."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
from saegim.errors import DataError
from saegim.late import late

if TYPE_CHECKING:
    from saegim import data, evaluation, training
    from saegim.cli import run_folder
else:
    evaluation, training, run_folder = late("saegim.evaluation"), late("saegim.training"), late("saegim.cli.run_folder")

_WORDS = {
    "en": {
        "unmeasured": "the drawings were not measured: {reason}",
        "where": "the model ({kind}, images of {height} x {width} pixels) is in {out}",
    },
    "ko": {
        "unmeasured": "그린 그림을 재지 못했습니다: {reason}",
        "where": "모델({kind}, {height} x {width} 픽셀 이미지)은 {out}에 있습니다",
    },
}


def train_draw(
    images: Annotated[
        str,
        typer.Argument(metavar="DIR|digits", help="A folder with a sub-folder of images for each category, or digits."),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder that the model is written to.")],
    side: Annotated[
        int, typer.Option("--side", min=1, max=64, help="Larger images are made smaller until no side is longer.")
    ] = 32,
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
    """Train a network to draw images of categories, and measure what it draws.

    The category of an image is the name of the folder that it is in; digits is a set of 1,797 handwritten digits that
    is built in. A fifth of the images is held out: beside them and the others it is measured whether the drawings show
    what was asked, whether they are copies, and whether they are as varied as real images. The figures are kept in DIR.
    A run that was interrupted goes on with --resume and ends with the same model.
    """
    console = Console(as_json=as_json, quiet=quiet)
    budget, progress = seconds(time_budget), console.progress(language.value, tensorboard, "pixels")
    run_folder.claim(out)
    found = labelled_images(console, images, side=side, skip_bad_files=skip_bad_files)
    run_folder.describe(
        out, resume=resume, sha256=found.digest(), command="train-draw", file=images, side=side, epochs=epochs,
        time_budget=budget, seed=seed, threads=threads, skip_bad_files=skip_bad_files,
    )  # fmt: skip

    generator = training.ImageGenerator(epochs=epochs, time_budget=budget, seed=seed, threads=threads)
    with run_folder.checkpointed(out):
        generator.fit(found.pixels, found.labels, folder=out, resume=resume, progress=progress)
    quality, told = _measured(generator, found, language)
    generator.save(out, quality)
    run_folder.keep_comparison(out, None)

    height, width, _channels = generator.shape
    where = _WORDS[language.value]["where"].format(kind=generator.kind_, height=height, width=width, out=out)
    console.result(
        {
            "model": out,
            "kind": generator.kind_,
            "shape": generator.shape,
            "categories": generator.classes_,
            "images": len(found),
            "drawings": None if quality is None else quality.to_dict(),
            "epochs": len(generator.history_),
            "seconds": generator.seconds_,
            "notes": generator.notes_,
            "findings": found.notes,
            "health": [each.to_dict() for each in generator.findings_],
        },
        f"{told}\n{where}",
    )


def _measured(
    generator: training.ImageGenerator, images: data.Images, language: Language
) -> tuple[evaluation.DrawingQuality | None, str]:
    """How good the drawings are, and in words; None, and why, where there is too little to measure them by."""
    try:
        quality = evaluation.measure_generator(generator, images.pixels, images.labels)
    except DataError as error:
        return None, _WORDS[language.value]["unmeasured"].format(reason=error)
    return quality, quality.text(language.value)
