"""The model card: what a model is, what it was trained on, how good it is, where it should not be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from saegim.training.advice import in_words
from saegim.training.learned import Learned

_SHOWN_CLASSES = 30


@dataclass(frozen=True)
class Kind:
    """What the card of a kind of model says besides figures.

    name: of such a model; does: what it does with its classes; examples: what it learns from; limits; use: a command
    """

    name: str
    does: str
    examples: str
    limits: str
    use: str


TEXTS = Kind(
    "A text classifier",
    "It puts a text into one of",
    "texts",
    "It knows what its training texts showed and nothing else: texts of another kind, time or language may be "
    "classified wrongly with high probability. Measure it on your own labelled texts with `saegim evaluate`.",
    'saegim predict THIS_FOLDER "a text"',
)

IMAGES = Kind(
    "An image classifier",
    "It puts an image into one of",
    "images",
    "It knows what its training images showed and nothing else: images of other things, or taken in another way, may "
    "be classified wrongly with high probability. Measure it on your own labelled images with `saegim evaluate`.",
    "saegim predict THIS_FOLDER image.png",
)

DRAWINGS = Kind(
    "A generator of images",
    "It draws images of",
    "images",
    "It draws what its training images showed and nothing else. Some drawings show another category than was asked "
    "for, or none. They may resemble training images: `saegim draw THIS_FOLDER --measure IMAGES` says how much.",
    "saegim draw THIS_FOLDER --out grid.png",
)


def model_card(learned: Learned, kind: Kind) -> str:
    """The card of a classifier as Markdown."""
    figures = {
        "How good it is": _measured(learned, kind.examples),
        "How sure it is": _calibrated(learned, kind.examples),
    }
    return card(learned, kind, figures)


def card(learned: Learned, kind: Kind, figures: Mapping[str, str]) -> str:
    """The card of a model as Markdown; figures: title -> text of the sections that say how good it is."""
    classes = [_quoted(each) for each in learned.classes.tolist()]
    more = f" and {len(classes) - _SHOWN_CLASSES} more" if len(classes) > _SHOWN_CLASSES else ""
    said = [*learned.notes, *map(in_words, learned.findings)]
    notes = "".join(f"- {' '.join(note.split())}\n" for note in said) or "- nothing out of the ordinary\n"
    return (
        f"# {kind.name} ({learned.kind})\n\n"
        f"Trained from scratch by saegim. {kind.does} {len(classes)} classes: "
        f"{', '.join(classes[:_SHOWN_CLASSES])}{more}.\n\n"
        + "".join(f"## {title}\n\n{text}\n" for title, text in figures.items())
        + f"## What was noted while it was trained\n\n{notes}\n"
        f"## Limits\n\n{kind.limits}\n\n"
        f"## Use\n\n```\n{kind.use}\n```\n"
    )


def _quoted(label: object) -> str:
    """A label as code, on one line, whatever is in it."""
    return f"`{' '.join(str(label).replace('`', chr(0x2019)).split())}`"


def _measured(learned: Learned, examples: str) -> str:
    best = learned.history[learned.best_epoch] if learned.history else {}
    figures = "".join(
        f"| {name} | {best[key]:.4f} |\n"
        for name, key in (("accuracy", "accuracy"), ("macro F1", "macro_f1"), ("loss", "valid_loss"))
        if key in best
    )
    if not figures:
        return f"It was not measured: no {examples} were held out from training.\n"
    return f"On {examples} held out from training (epoch {best['epoch']}):\n\n| | |\n|---|---|\n{figures}"


def _calibrated(learned: Learned, examples: str) -> str:
    found = learned.calibration
    if found is None:
        return f"Its probabilities are not calibrated: no {examples} were held out from training.\n"
    return (
        f"Scores are divided by {found.temperature:.3f} before they become probabilities, which makes those of the "
        f"{found.examples:,} {examples} that were held out mean what they say. The expected calibration error is the "
        "mean distance between how probable answers are and how many are right; perfect probabilities would show one "
        f"of {found.error_by_chance:.4f} by chance.\n\n"
        "| | before | after |\n|---|---|---|\n"
        f"| expected calibration error | {found.error_before:.4f} | {found.error_after:.4f} |\n"
        f"| loss | {found.loss_before:.4f} | {found.loss_after:.4f} |\n"
    )
