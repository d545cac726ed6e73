"""Images that are moved while training: against SciPy's interpolation, and that the same key moves them the same."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

import saegim as sg
from saegim.models.augment import RandomAffine


def smooth(count, height, width, channels=2, seed=0):
    """Images that change slowly from pixel to pixel, so that every good interpolation gives nearly the same."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width][..., None, None]
    waves = rng.uniform(-0.15, 0.15, (2, count, channels)), rng.uniform(0, 6, (count, channels))
    images = np.sin(rows * waves[0][0] + columns * waves[0][1] + waves[1])
    return images.transpose(2, 0, 1, 3).astype(np.float32)


def moved(layer, images):
    """The images as SciPy moves them by the layer's next maps."""
    own, _following = sg.unstack(sg.random.split(layer.key))
    count, height, width, channels = images.shape
    a, b, c, d, across, down = (
        np.broadcast_to(np.asarray(each), (count, 1, 1)) for each in layer._maps(own, count, height, width)
    )
    rows, columns = np.mgrid[:height, :width]
    rows, columns = rows - (height - 1) / 2, columns - (width - 1) / 2
    places = np.stack(
        [c * columns + d * rows + down + (height - 1) / 2, a * columns + b * rows + across + (width - 1) / 2]
    )
    return np.stack(
        [
            np.stack(
                [map_coordinates(images[n, ..., k], places[:, n], order=1, mode="nearest") for k in range(channels)], -1
            )
            for n in range(count)
        ]
    )


@pytest.mark.parametrize(
    "settings", [{"shift": 0.3}, {"scale": 0.4}, {"flip": True}, {"shift": 0.1, "scale": 0.2, "flip": True}]
)
def test_without_turning_it_is_linear_interpolation(settings):
    images = np.random.default_rng(0).random((6, 7, 9, 3), np.float32)
    layer = RandomAffine(**settings, seed=1)
    wanted = moved(layer, images)
    assert np.allclose(np.asarray(layer(images)), wanted, atol=1e-5)
    assert not np.allclose(images, wanted, atol=1e-2)


def test_two_passes_turn_an_image():
    images = smooth(8, 24, 32)
    layer = RandomAffine(shift=0.05, turn=25, scale=0.1, flip=True, seed=2)
    found, wanted = np.asarray(RandomAffine(0.05, 25, 0.1, True, seed=2)(images)), moved(layer, images)
    inside = (slice(None), slice(8, -8), slice(8, -8))  # nearer to the edge the two ways repeat it differently
    assert np.abs(found - wanted)[inside].max() < 0.02
    assert np.abs(found - images)[inside].max() > 0.2


def test_each_image_and_each_call_is_another_and_a_key_says_which():
    images = np.repeat(np.random.default_rng(0).random((1, 8, 8, 1), np.float32), 5, 0)
    layer = RandomAffine(0.2, 20, 0.2, seed=3)
    key = np.asarray(layer.key)
    first, second = np.asarray(layer(images)), np.asarray(layer(images))
    assert len(np.unique(first.reshape(5, -1), axis=0)) == 5 and not np.array_equal(first, second)
    layer.set_buffer("key", sg.asarray(key))
    assert np.array_equal(np.asarray(layer(images)), first)


def test_in_prediction_and_without_moves_nothing_happens():
    images = np.random.default_rng(0).random((2, 4, 4, 1), np.float32)
    layer = RandomAffine(0.2, 20, 0.2, True, seed=4)
    key = np.asarray(layer.key)
    assert np.array_equal(np.asarray(layer.eval()(images)), images) and np.asarray(layer.key) == key
    assert np.array_equal(np.asarray(RandomAffine(seed=5)(images)), images)


def test_compiled_it_gives_the_same():
    images = np.random.default_rng(0).random((9, 6, 5, 2), np.float32)
    layer = RandomAffine(0.2, 20, 0.2, True, seed=6)
    compiled = np.asarray(sg.compile(lambda layer, x: layer(x))(layer, images))
    assert np.allclose(compiled, np.asarray(layer(images)), atol=1e-5)


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (5, 1)])
def test_images_of_a_single_row_or_column(size):
    images = np.random.default_rng(0).random((3, *size, 1), np.float32)
    assert np.isfinite(np.asarray(RandomAffine(0.2, 20, 0.2, True, seed=7)(images))).all()
