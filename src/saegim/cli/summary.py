"""`saegim summary`: what a model consists of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saegim.cli.console import Console, one_line
from saegim.cli.options import AsJson, Debug, ModelFolder, Quiet
from saegim.late import late

if TYPE_CHECKING:
    from saegim import training
else:
    training = late("saegim.training")

_CLASSES_SHOWN = 20


def summary(folder: ModelFolder, as_json: AsJson = False, quiet: Quiet = False, _debug: Debug = False) -> None:
    """Show a model's layers, with their weights and biases.

    For a fully connected layer of m inputs and n outputs there are m x n weights and n biases.
    """
    console = Console(as_json=as_json, quiet=quiet)
    classifier = training.load_classifier(folder)
    layers = classifier.summary()
    classes = [str(each) for each in classifier.classes_]
    named = ", ".join(one_line(name) for name in classes[:_CLASSES_SHOWN])
    what = "an image" if isinstance(classifier, training.ImageClassifier) else "a text"
    more = f" and {len(classes) - _CLASSES_SHOWN} more" if len(classes) > _CLASSES_SHOWN else ""
    console.result(
        {
            "kind": classifier.kind_,
            "classes": classes,
            "layers": [vars(row) for row in layers.rows],
            "weights": layers.weights,
            "biases": layers.biases,
            "parameters": layers.parameters,
            "bytes": layers.bytes,
            "notes": classifier.notes_,
        },
        f"{what} classifier ({classifier.kind_}) of {len(classes)} classes: {named}{more}\n\n{layers}",
    )
