"""The model card: what a model is, what it was trained on, how good it is, where it should not be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from saegim.training.classifier import TextClassifier

_SHOWN_CLASSES = 30


def model_card(classifier: TextClassifier) -> str:
    """The card as Markdown."""
    classes = [str(each) for each in classifier.classes_]
    shown = ", ".join(f"`{name}`" for name in classes[:_SHOWN_CLASSES])
    more = f" and {len(classes) - _SHOWN_CLASSES} more" if len(classes) > _SHOWN_CLASSES else ""
    best = classifier.history_[classifier.best_epoch_] if classifier.history_ else {}
    figures = "".join(
        f"| {name} | {best[key]:.4f} |\n"
        for name, key in (("accuracy", "accuracy"), ("macro F1", "macro_f1"), ("loss", "valid_loss"))
        if key in best
    )
    measured = (
        f"On texts held out from training (epoch {best['epoch']}):\n\n| | |\n|---|---|\n{figures}"
        if figures
        else "It was not measured: no texts were held out from training.\n"
    )
    notes = "".join(f"- {note}\n" for note in classifier.notes_) or "- nothing out of the ordinary\n"
    return (
        f"# A text classifier ({classifier.kind_})\n\n"
        f"Trained from scratch by saegim. It puts a text into one of {len(classes)} classes: {shown}{more}.\n\n"
        f"## How good it is\n\n{measured}\n"
        f"## What was noted while it was trained\n\n{notes}\n"
        "## Limits\n\n"
        "It knows what its training texts showed and nothing else: texts of another kind, time or language may be "
        "classified wrongly with high probability. Measure it on your own labelled texts with `saegim evaluate`.\n\n"
        '## Use\n\n```\nsaegim predict THIS_FOLDER "a text"\n```\n'
    )
