"""Which optimiser moves which part of a text model."""

from __future__ import annotations

from saegim.optim import SGD, Adagrad, AdamW, ByName
from saegim.training.settings import Settings


def optimizer_for(settings: Settings, classes: int) -> ByName:
    """Plain gradient descent for the wide part, Adagrad for the bag's embeddings, AdamW for everything else.

    The wide part is a convex problem whose inputs are scaled by how much they say: one learning rate serves all
    rows, and a row's memory is just itself. Embeddings are seen rarely, each its own number of times: Adagrad
    gives each its own pace, exactly so for rows. The dense rest is AdamW's.
    """
    return ByName(
        {
            "wide.weight": SGD(lr=settings.wide_rate * classes ** (1 / 3) * settings.batch_size / 256),
            "wide.bias": SGD(lr=0.1),
            "reader.weight": Adagrad(lr=settings.embedding_rate, per_row=True, eps=1e-6),
            "*": AdamW(lr=settings.rate, weight_decay=settings.weight_decay, betas=(0.9, 0.99)),
        }
    )
