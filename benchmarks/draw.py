"""How good the digits are that the generator draws, what that takes, and how cheaper ways of drawing compare.

    python benchmarks/draw.py [--seeds 0] [--epochs N] [--log]

Trains on 80% of scikit-learn's 1,797 digits, draws 100 of each, and measures them with `saegim.evaluation`, at several
strengths of guidance. Beside them: a normal distribution fitted to each digit's pixels, and training images with noise.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

import measure

GUIDANCE = (1.0, 1.25, 1.5, 2.0)
DRAWN = 100  # of each digit
NOISE = 16  # of the noisy copies: the standard deviation of a pixel from 0 to 255
HEAD = ("drawn by", "named", "to training", "near copies", "to unseen", "variety", "the least", "the most")

Array = npt.NDArray[Any]


def main() -> None:
    parser = measure.arguments(__doc__)
    parser.add_argument("--seeds", default="0", help="of the training runs, with commas")
    parser.add_argument("--epochs", type=int, help="fewer than is usual")
    asked = parser.parse_args()
    measure.use_threads(asked.threads)
    rows, told = [], []
    for seed in map(int, asked.seeds.split(",")):
        more, line = run(seed, 1 if asked.tiny else asked.epochs, 5 if asked.tiny else DRAWN)
        rows += more
        told.append(line)
    print(measure.table(HEAD, rows))
    measure.note(f"draw.py --threads {asked.threads}", "; ".join(told), asked.log)


def run(seed: int, epochs: int | None, count: int) -> tuple[list[tuple[str, ...]], str]:
    """The rows of a training run, and a line for the log."""
    from saegim.data import read_images
    from saegim.evaluation import measure_drawings, measure_generator
    from saegim.training import ImageGenerator

    images = read_images("digits")
    wall, cpu = time.perf_counter(), cpu_seconds()
    generator = ImageGenerator(epochs=epochs, seed=seed).fit(images.pixels, images.labels)
    wall, cpu = time.perf_counter() - wall, cpu_seconds() - cpu
    labels = np.array(images.labels)
    train, unseen = ((images.pixels[part], labels[part]) for part in generator.parts(images.pixels, images.labels))
    rows, told = [], f"seed {seed}: trained in {wall:.0f} s ({cpu:.0f} s of processor time)"
    for guidance in GUIDANCE:
        found = measure_generator(generator, images.pixels, images.labels, count=count, guidance=guidance)
        rows.append(row(f"seed {seed}, guidance {guidance:g}", found))
        if guidance == 1.25:
            told += (
                f", named {found.named:.3f} (real {found.named_real:.3f}), near copies {found.near_copies:.3f}, "
                f"to training {found.to_training.drawn:.3f} (real {found.to_training.real:.3f}), to unseen "
                f"{found.to_unseen.drawn:.3f} (real {found.to_unseen.real:.3f}), variety {found.mean_variety:.3f} "
                f"({min(found.variety.values()):.3f} to {max(found.variety.values()):.3f})"
            )
    rows.append(("real images", f"{found.named_real:.3f}", f"{found.to_training.real:.3f}", "0.010",
                 f"{found.to_unseen.real:.3f}", "1", "", ""))  # fmt: skip
    for name, way in WAYS.items():
        drawn, asked = way(*train, count, np.random.default_rng(seed))
        rows.append(row(name, measure_drawings(drawn, asked.tolist(), train, unseen)))
    return rows, told


def row(name: str, found: Any) -> tuple[str, ...]:
    return (
        name,
        f"{found.named:.3f}",
        f"{found.to_training.drawn:.3f}",
        f"{found.near_copies:.3f}",
        f"{found.to_unseen.drawn:.3f}",
        f"{found.mean_variety:.3f}",
        f"{min(found.variety.values()):.3f}",
        f"{max(found.variety.values()):.3f}",
    )


def cpu_seconds() -> float:
    """What this process has used, in all its threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def normal(images: Array, labels: Array, count: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """From a normal distribution with the mean and the covariance of each category."""
    names, drawn = np.unique(labels), []
    for name in names:
        pixels = images[labels == name].reshape((labels == name).sum(), -1).astype(np.float64)
        drawn.append(rng.multivariate_normal(pixels.mean(0), np.cov(pixels.T), count))
    return as_bytes(np.concatenate(drawn), images), names.repeat(count)


def copies(images: Array, labels: Array, count: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Training images with noise on every pixel."""
    names = np.unique(labels)
    rows = np.concatenate([rng.choice(np.flatnonzero(labels == name), count) for name in names])
    return as_bytes(images[rows] + NOISE * rng.standard_normal(images[rows].shape), images), names.repeat(count)


def as_bytes(values: Array, like: Array) -> Array:
    return np.clip(values.round(), 0, 255).astype(np.uint8).reshape(-1, *like.shape[1:])


WAYS: dict[str, Callable[[Array, Array, int, np.random.Generator], tuple[Array, Array]]] = {
    "a normal distribution for each digit": normal,
    "training images with noise": copies,
}


if __name__ == "__main__":
    main()
