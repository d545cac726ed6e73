"""How good drawn images are, in numbers: do they show what was asked, are they copies, are they as varied as real ones?

None of the three is enough alone. Copies of the training images would be named rightly and be varied; the mean image of
a category would be named rightly and be no copy.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from saegim.errors import DataError
from saegim.evaluation.tables import Language, PlainTable

if TYPE_CHECKING:
    from saegim.training import ImageGenerator

__all__ = ["DrawingQuality", "Median", "measure_drawings", "measure_generator", "quality_table"]

Array = npt.NDArray[Any]

_COPY = 0.01  # share of real images that are at least as near to a training image as a copy is taken to be
_MOST_JUDGED = 5_000  # images that the classifier learns from
_MOST_DRAWN = 10_000  # images, where nobody says how many
_MOST_PAIRED = 1_000  # images of a category whose distances from each other are measured


@dataclass(frozen=True)
class Median:
    """The median distance to the nearest of some images: of drawn images, and of real ones that are not among them."""

    drawn: float
    real: float


@dataclass(frozen=True)
class DrawingQuality:
    """Drawn images beside real ones: those that the generator was trained on, and unseen ones.

    named: the share that a classifier trained on the unseen images alone puts into the category that was asked for;
    named_real: the share of the training images that it puts into their own; named_each: `named` by category
    to_training, to_unseen: Euclidean distances to the nearest training image and to the nearest unseen one; values of
        uint8 count as 0 to 1
    near_copies: the share that is nearer to a training image than all but 1% of the unseen ones are
    variety: by category, the mean distance of drawn images from each other divided by that of training images
    """

    count: int
    train_count: int
    unseen_count: int
    named: float
    named_real: float
    named_each: dict[str, float]
    to_training: Median
    to_unseen: Median
    near_copies: float
    variety: dict[str, float]

    @property
    def mean_variety(self) -> float:
        return float(np.mean(list(self.variety.values())))

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def text(self, language: Language = "en") -> str:
        """The figures beside those of real images, as lines for people."""
        return quality_table(self, language).text()


def measure_drawings(
    drawn: Array, asked: Sequence[Any], train: tuple[Array, Sequence[Any]], unseen: tuple[Array, Sequence[Any]]
) -> DrawingQuality:
    """Measures images `drawn` (n, ...) of the categories `asked` (n) beside the images (m, ...) and labels (m) that the
    generator was trained on, and others of the same kind that it has not seen.

    Raises DataError when there is nothing to compare with: fewer than two images of a category drawn or in training,
    none of it unseen, or one category only.
    """
    (real, real_labels), (other, other_labels) = (_flat(*part) for part in (train, unseen))
    new, wanted = _flat(drawn, asked)
    _require_enough(wanted, real_labels, other_labels)
    named, named_real = _judged(other, other_labels, new, real)
    right = named == wanted
    distances = {
        (one, two): _nearest(images, among)
        for one, images, two, among in (
            ("drawn", new, "training", real), ("real", other, "training", real),
            ("drawn", new, "unseen", other), ("real", real, "unseen", other),
        )
    }  # fmt: skip
    medians = {key: float(np.median(each)) for key, each in distances.items()}
    near = np.quantile(distances["real", "training"], _COPY)
    return DrawingQuality(
        count=len(new),
        train_count=len(real),
        unseen_count=len(other),
        named=float(right.mean()),
        named_real=float((named_real == real_labels).mean()),
        named_each={name: float(right[wanted == name].mean()) for name in np.unique(wanted).tolist()},
        to_training=Median(medians["drawn", "training"], medians["real", "training"]),
        to_unseen=Median(medians["drawn", "unseen"], medians["real", "unseen"]),
        near_copies=float((distances["drawn", "training"] < near).mean()),
        variety={
            name: _spread(new[wanted == name]) / max(_spread(real[real_labels == name]), 1e-12)
            for name in np.unique(wanted).tolist()
        },
    )


def measure_generator(
    generator: ImageGenerator, images: Array, labels: Sequence[Any], *, count: int | None = None, **how: Any
) -> DrawingQuality:
    """Measures what a generator draws beside the images (n, ...) and labels (n) that its `fit` was given.

    count: drawings of each category; 100 unless there are very many categories; how: `guidance`, `steps`, `seed` of
    `ImageGenerator.draw`. Raises DataError for other images than these, and when too few of them were held out.
    """
    train, unseen = generator.parts(images, labels)
    classes = generator.classes_.tolist()
    each = max(2, min(100, _MOST_DRAWN // len(classes))) if count is None else count
    seed = how.pop("seed", 0)  # a category has noise of its own, so that no two drawings begin alike
    drawn = [generator.draw(name, each, seed=seed + place, **how) for place, name in enumerate(classes)]
    asked = [name for name in classes for _ in range(each)]
    values = np.asarray(labels)
    parts = ((images[rows], values[rows].tolist()) for rows in (train, unseen))
    return measure_drawings(np.concatenate(drawn), asked, *parts)


def _flat(images: Array, labels: Sequence[Any]) -> tuple[Array, Array]:
    """Images as rows (n, pixels) float64, uint8 as 0 to 1, and the names of their categories (n,)."""
    pixels = np.asarray(images, np.float64) / (255 if np.asarray(images).dtype == np.uint8 else 1)
    return pixels.reshape(len(pixels), math.prod(pixels.shape[1:])), np.array([str(label) for label in labels], str)


def _require_enough(asked: Array, real: Array, unseen: Array) -> None:
    if len(set(unseen.tolist())) < 2:
        raise DataError("unseen images of at least two categories are needed to measure drawings; hold out more images")
    for name in np.unique(asked).tolist():
        counts = [int((labels == name).sum()) for labels in (asked, real, unseen)]
        if counts[0] < 2 or counts[1] < 2 or counts[2] < 1:
            raise DataError(
                f"category {name!r} has {counts[0]} drawn, {counts[1]} training and {counts[2]} unseen images; to "
                "measure drawings at least 2, 2 and 1 are needed"
            )


def _judged(images: Array, labels: Array, *others: Array) -> list[Array]:
    """What a classifier that learns from these images names others: a support vector machine on their pixels."""
    from sklearn.svm import SVC

    rows = _evenly(len(images), _MOST_JUDGED)
    judge = SVC(C=10.0).fit(images[rows], labels[rows])
    return [judge.predict(each) for each in others]


def _nearest(images: Array, among: Array) -> Array:
    """(n,) the distance of each image to the nearest of others."""
    from sklearn.metrics import pairwise_distances_argmin_min

    distances: Array = pairwise_distances_argmin_min(images, among)[1]
    return distances


def _spread(images: Array) -> float:
    """The mean distance between two of the images."""
    from scipy.spatial.distance import pdist

    return float(pdist(images[_evenly(len(images), _MOST_PAIRED)]).mean())


def _evenly(count: int, most: int) -> Array:
    """All of `count` rows, or `most` of them, evenly spaced."""
    return np.linspace(0, count - 1, min(count, most)).round().astype(np.int64)


_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "drawn": "drawn",
        "real": "real",
        "named": "named as asked",
        "training": "distance to the nearest training image, median",
        "copies": "nearer to one than 99% of real images",
        "unseen": "distance to the nearest unseen image, median",
        "variety": "distance within a category, drawn / real: mean",
        "least": "  the least: {name}",
        "most": "  the most: {name}",
        "note": (
            "{count:,} drawn images, {train:,} training images, {unseen:,} unseen ones\n"
            "named by a support vector machine that learned from the unseen images alone\n"
            "real: training images named, and their distances to unseen ones; unseen ones' distances to training images"
        ),
    },
    "ko": {
        "drawn": "그린 것",
        "real": "진짜",
        "named": "바라던 범주로 알아본 비율",
        "training": "가장 가까운 학습 그림까지의 거리(중앙값)",
        "copies": "진짜 99%보다 학습 그림에 더 가까운 비율",
        "unseen": "가장 가까운 처음 보는 그림까지의 거리(중앙값)",
        "variety": "한 범주 안의 거리, 그린 것 / 진짜: 평균",
        "least": "  가장 작은 범주: {name}",
        "most": "  가장 큰 범주: {name}",
        "note": (
            "그린 그림 {count:,}장, 학습 그림 {train:,}장, 생성기가 처음 보는 그림 {unseen:,}장\n"
            "알아본 것은 처음 보는 그림만으로 배운 서포트 벡터 머신\n"
            "진짜: 학습 그림을 알아본 비율과 처음 보는 그림까지의 거리, 처음 보는 그림의 학습 그림까지의 거리"
        ),
    },
}


def quality_table(quality: DrawingQuality, language: Language = "en") -> PlainTable:
    """The figures beside those of real images, and what they are of."""
    say, variety = _WORDS[language], quality.variety
    least, most = min(variety, key=variety.__getitem__), max(variety, key=variety.__getitem__)
    rows = [
        (say["named"], f"{quality.named:.1%}", f"{quality.named_real:.1%}"),
        (say["training"], f"{quality.to_training.drawn:.4g}", f"{quality.to_training.real:.4g}"),
        (say["copies"], f"{quality.near_copies:.1%}", f"{_COPY:.1%}"),
        (say["unseen"], f"{quality.to_unseen.drawn:.4g}", f"{quality.to_unseen.real:.4g}"),
        (say["variety"], f"{quality.mean_variety:.3f}", "1"),
        (say["least"].format(name=least), f"{variety[least]:.3f}", "1"),
        (say["most"].format(name=most), f"{variety[most]:.3f}", "1"),
    ]
    note = say["note"].format(count=quality.count, train=quality.train_count, unseen=quality.unseen_count)
    return PlainTable(("", say["drawn"], say["real"]), tuple(rows), tuple(note.split("\n")))
