"""The model card: what a model is, what it was trained on, how good it is, where it should not be trusted."""

from __future__ import annotations

from saegim.training.learned import Learned

_SHOWN_CLASSES = 30


def model_card(learned: Learned) -> str:
    """The card as Markdown."""
    classes = [_quoted(each) for each in learned.classes.tolist()]
    more = f" and {len(classes) - _SHOWN_CLASSES} more" if len(classes) > _SHOWN_CLASSES else ""
    notes = "".join(f"- {' '.join(note.split())}\n" for note in learned.notes) or "- nothing out of the ordinary\n"
    return (
        f"# A text classifier ({learned.kind})\n\n"
        f"Trained from scratch by saegim. It puts a text into one of {len(classes)} classes: "
        f"{', '.join(classes[:_SHOWN_CLASSES])}{more}.\n\n"
        f"## How good it is\n\n{_measured(learned)}\n"
        f"## What was noted while it was trained\n\n{notes}\n"
        "## Limits\n\n"
        "It knows what its training texts showed and nothing else: texts of another kind, time or language may be "
        "classified wrongly with high probability. Measure it on your own labelled texts with `saegim evaluate`.\n\n"
        '## Use\n\n```\nsaegim predict THIS_FOLDER "a text"\n```\n'
    )


def _quoted(label: object) -> str:
    """A label as code, on one line, whatever is in it."""
    return f"`{' '.join(str(label).replace('`', chr(0x2019)).split())}`"


def _measured(learned: Learned) -> str:
    best = learned.history[learned.best_epoch] if learned.history else {}
    figures = "".join(
        f"| {name} | {best[key]:.4f} |\n"
        for name, key in (("accuracy", "accuracy"), ("macro F1", "macro_f1"), ("loss", "valid_loss"))
        if key in best
    )
    if not figures:
        return "It was not measured: no texts were held out from training.\n"
    return f"On texts held out from training (epoch {best['epoch']}):\n\n| | |\n|---|---|\n{figures}"
