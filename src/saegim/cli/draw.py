"""`saegim draw`: images of a category, drawn by a trained model; and how good its drawings are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from saegim.cli.console import Console, one_line, whole
from saegim.cli.options import AsJson, Debug, InLanguage, Language, ModelFolder, Quiet, Seed, SkipBadFiles, Threads
from saegim.cli.places import check_place
from saegim.cli.reading import labelled_images
from saegim.errors import SettingError
from saegim.late import late

if TYPE_CHECKING:
    from saegim import evaluation, training
    from saegim.data import grids
    from saegim.training import files
else:
    evaluation, training, files = late("saegim.evaluation"), late("saegim.training"), late("saegim.training.files")
    grids = late("saegim.data.grids")
_threads = late("saegim.runtime.threads")

_COLUMNS = 8  # of a grid; more where more drawings of a category are asked for, up to twice as many as rows
_SUFFIX = ".png"


def draw(
    folder: ModelFolder,
    category: Annotated[
        list[str] | None,
        typer.Option("--category", metavar="C", help="What to draw; may be given several times. All if left out."),
    ] = None,
    count: Annotated[int, typer.Option("--count", min=1, max=10_000, help="Drawings of each category.")] = 8,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="The PNG file that the drawings are written to.")
    ] = None,
    seed: Seed = 0,
    guidance: Annotated[
        float,
        typer.Option("--guidance", metavar="W", help="1: as the images were; more: clearer and less varied."),
    ] = 1.25,
    steps: Annotated[int, typer.Option("--steps", min=1, max=1_000, help="Steps from noise to image.")] = 20,
    measure: Annotated[
        str | None,
        typer.Option("--measure", metavar="IMAGES", help="Measure drawings beside the images of the training run."),
    ] = None,
    skip_bad_files: SkipBadFiles = False,
    threads: Threads = None,
    language: InLanguage = Language.en,
    as_json: AsJson = False,
    quiet: Quiet = False,
    _debug: Debug = False,
) -> None:
    """Draw images of a category with a model that `saegim train-draw` made.

    The drawings are put side by side into one picture, enlarged, a row or more for each category. The same seed gives
    the same drawings. With --measure it is measured whether they show what was asked, whether they are copies of
    training images, and whether they are as varied as real ones.
    """
    console = Console(as_json=as_json, quiet=quiet)
    _check(out, measure)
    if threads is not None:
        _threads.set_threads(threads)
    generator = training.ImageGenerator.load(folder)
    how: dict[str, Any] = {"seed": seed, "guidance": guidance, "steps": steps}
    result: dict[str, Any] = {"model": folder, **how}
    told = []
    if out is not None:
        names = [whole(name) for name in category or []] or list(map(str, generator.classes_.tolist()))
        drawn = [generator.pictures(name, count, **how) for name in names]
        columns = min(count, max(_COLUMNS, round((2 * count) ** 0.5)))
        files.write_atomically(out, grids.png(grids.grid(drawn, columns)))
        result |= {"out": out, "categories": names, "count": count}
        told.append(f"{len(names) * count} drawings ({', '.join(map(one_line, names))}) are in {out}")
    if measure is not None:
        images = labelled_images(console, measure, size=generator.shape, skip_bad_files=skip_bad_files)
        quality = evaluation.measure_generator(generator, images.pixels, images.labels, **how)
        result["drawings"] = quality.to_dict()
        told.append(quality.text(language.value))
    console.result(result, "\n".join(told))


def _check(out: Path | None, measure: str | None) -> None:
    """Raises SettingError where nothing is asked for, or the drawings could not be written."""
    if out is None and measure is None:
        raise SettingError("--out FILE expected, to write drawings to, or --measure IMAGES; neither was given")
    if out is None:
        return
    if out.suffix.lower() != _SUFFIX:
        raise SettingError(f"--out {out} does not end in {_SUFFIX}; drawings are written as PNG, so name it so")
    check_place(out, "--out")
