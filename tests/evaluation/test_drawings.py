"""Measuring drawn images: each figure against its definition, and against images whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from saegim.errors import DataError
from saegim.evaluation.drawings import measure_drawings, quality_table


def bars(count, seed, spread=0.1):
    """Images (3 * count, 4, 4) of three categories: the row that is bright says which; and their labels."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(["0", "1", "2"], count)
    images = spread * rng.standard_normal((3 * count, 4, 4))
    images[np.arange(3 * count), labels.astype(int)] += 1
    return images, labels


TRAIN, UNSEEN = bars(60, 1), bars(40, 2)


def measured(drawn, asked):
    return measure_drawings(drawn, asked, TRAIN, UNSEEN)


def test_images_of_the_same_kind_are_like_real_ones():
    quality = measured(*bars(50, 3))
    assert (quality.count, quality.train_count, quality.unseen_count) == (150, 180, 120)
    assert quality.named == quality.named_real == 1
    assert quality.near_copies < 0.06
    assert quality.to_training.drawn == pytest.approx(quality.to_training.real, rel=0.1)
    assert quality.to_unseen.drawn == pytest.approx(quality.to_unseen.real, rel=0.1)
    assert all(0.9 < each < 1.1 for each in quality.variety.values())


def test_copies_are_found():
    quality = measured(*TRAIN)
    assert quality.near_copies == 1
    assert quality.to_training.drawn == 0
    assert quality.named == 1
    assert all(each == pytest.approx(1) for each in quality.variety.values())


def test_the_mean_image_has_no_variety():
    images, labels = TRAIN
    mean = np.stack([images[labels == name].mean(0) for name in labels])
    quality = measured(mean, labels)
    assert quality.named == 1
    assert quality.mean_variety == pytest.approx(0, abs=1e-6)


def test_another_category_than_was_asked_is_not_named():
    images, labels = bars(50, 4)
    asked = np.where(labels == "2", "1", labels)
    quality = measured(images, asked)
    assert quality.named == pytest.approx(2 / 3)
    assert quality.named_each == {"0": 1.0, "1": 0.5}
    assert quality.variety.keys() == {"0", "1"}


def test_distances_are_those_of_their_definition():
    drawn, asked = bars(5, 5)
    quality = measured(drawn, asked)

    def nearest(images, among):
        return np.array([min(np.sqrt(((one - other) ** 2).sum()) for other in among) for one in images])

    def spread(images):
        return np.mean([np.linalg.norm(a - b) for i, a in enumerate(images) for b in images[:i]])

    real = nearest(UNSEEN[0], TRAIN[0])
    assert quality.to_training.drawn == pytest.approx(np.median(nearest(drawn, TRAIN[0])))
    assert quality.to_training.real == pytest.approx(np.median(real))
    assert quality.to_unseen.drawn == pytest.approx(np.median(nearest(drawn, UNSEEN[0])))
    assert quality.to_unseen.real == pytest.approx(np.median(nearest(TRAIN[0], UNSEEN[0])))
    assert quality.near_copies == np.mean(nearest(drawn, TRAIN[0]) < np.quantile(real, 0.01))
    for name, ratio in quality.variety.items():
        expected = spread(drawn[asked == name]) / spread(TRAIN[0][TRAIN[1] == name])
        assert ratio == pytest.approx(expected)


def test_the_kind_of_labels_does_not_matter():
    images, labels = bars(10, 6)
    whole = [(part[0], part[1].astype(int)) for part in (TRAIN, UNSEEN)]
    assert measure_drawings(images, labels.astype(int).tolist(), *whole) == measured(images, labels)


@pytest.mark.parametrize(
    ("keep", "match"),
    [
        ([0], r"category '0' has 1 drawn, 60 training and 40 unseen images; .* at least 2, 2 and 1"),
        ([0, 1], "unseen images of at least two categories are needed"),
        ([], "unseen images of at least two categories are needed"),
    ],
)
def test_too_little_to_compare_with_is_an_error(keep, match):
    images, labels = bars(10, 7)
    unseen = UNSEEN if len(keep) == 1 else (UNSEEN[0][: 20 * len(keep)], UNSEEN[1][: 20 * len(keep)])
    with pytest.raises(DataError, match=match):
        measure_drawings(images[keep], labels[keep], TRAIN, unseen)


def test_it_is_said_in_both_languages():
    quality = measured(*bars(50, 3))
    english, korean = (quality_table(quality, language).text() for language in ("en", "ko"))
    assert "named as asked" in english
    assert "150 drawn images, 180 training images, 120 unseen ones" in english
    assert "그린 그림 150장, 학습 그림 180장, 생성기가 처음 보는 그림 120장" in korean
    assert english.count("100.0%") == korean.count("100.0%") == 2
    assert quality.to_dict()["to_training"] == {"drawn": quality.to_training.drawn, "real": quality.to_training.real}
