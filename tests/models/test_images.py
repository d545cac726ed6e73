"""The network for images: its sizes, what it refuses, what it reads."""

from __future__ import annotations

import numpy as np
import pytest

import saegim as sg
from saegim import losses, optim
from saegim.errors import SettingError, ShapeError
from saegim.models.images import EncodedImages, ImageConfig, ImageModel, config_for


def config(height=8, width=8, channels=1, classes=3, **others):
    mean, spread = (0.5,) * channels, (0.25,) * channels
    return ImageConfig(height, width, channels, classes, **{"mean": mean, "spread": spread, "widths": (4, 8)} | others)


@pytest.mark.parametrize(
    "sizes",
    [
        config(),
        config(widths=(5,)),
        config(widths=(4, 4, 4), blocks=2),
        config(9, 7, 3, stride=2, blocks=3),
        config(1, 1),
    ],
)
def test_it_has_as_many_parameters_as_its_sizes_say(sizes):
    model = ImageModel(sizes, seed=0)
    assert sum(each.size for _name, each in model.named_parameters()) == sizes.parameters
    x = np.random.default_rng(0).random((2, sizes.height, sizes.width, sizes.channels), np.float32)
    assert model.eval()(x).shape == (2, sizes.classes)


@pytest.mark.parametrize(
    ("size", "stride", "widths"),
    [((8, 8), 1, (32, 64)), ((4, 30), 1, (32,)), ((16, 16), 1, (32, 64, 128)), ((28, 28), 1, (32, 64, 128, 128)),
     ((64, 64), 2, (32, 64, 128, 128)), ((1, 1), 1, (32,)), ((300, 400), 2, (32, 64, 128, 128))],
)  # fmt: skip
def test_large_images_get_more_stages(size, stride, widths):
    found = config_for(size, 5, np.array([0.5, 0.4, 0.3]), np.ones(3))
    assert (found.height, found.width, found.channels, found.classes) == (*size, 3, 5)
    assert (found.stride, found.widths) == (stride, widths)


@pytest.mark.parametrize(
    "wrong",
    [{"height": 0}, {"width": 2000}, {"classes": 1}, {"channels": 5}, {"stride": 0}, {"widths": ()}, {"widths": [4]},
     {"widths": (4, 0)}, {"widths": (4,) * 9}, {"blocks": 65}, {"mean": (0.5, 0.5)}, {"mean": 0.5}, {"spread": (0.0,)},
     {"spread": (float("nan"),)}, {"mean": (float("inf"),)}, {"shift": 2}, {"turn": 90}, {"scale": -1}, {"flip": 1}],
    ids=str,
)  # fmt: skip
def test_sizes_that_cannot_be(wrong):
    sizes = {"height": 8, "width": 8, "channels": 1, "classes": 3, "mean": (0.5,), "spread": (0.25,)}
    with pytest.raises(SettingError, match=f"{next(iter(wrong))}: .* expected"):
        ImageConfig(**sizes | wrong)


def test_images_of_another_size_are_refused():
    with pytest.raises(ShapeError, match=r"images \(B, 8, 8, 1\) expected, \(2, 8, 9, 1\) given"):
        ImageModel(config(), seed=0)(np.zeros((2, 8, 9, 1), np.float32))


def test_an_image_s_scores_do_not_depend_on_the_others():
    model = ImageModel(config(), seed=0).eval()
    x = np.random.default_rng(0).random((5, 8, 8, 1), np.float32)
    alone = np.concatenate([np.asarray(model(x[k : k + 1])) for k in range(5)])
    assert np.allclose(np.asarray(model(x)), alone, atol=1e-6)


def test_it_learns_compiled():
    """Bright above or bright below."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 32)
    x = rng.random((32, 8, 8, 1), np.float32) * 0.5
    x[np.arange(32), labels * 4] += 0.5
    model = ImageModel(config(classes=2), seed=0).train()
    step = sg.train_step(model, optim.Adam(1e-2), losses.cross_entropy)
    found = [float(step(x, labels)) for _ in range(30)]
    assert found[-1] < 0.1 < found[0]


def test_what_the_network_reads():
    pixels = np.random.default_rng(0).integers(0, 256, (2000, 3, 4, 2), np.uint8)
    images = EncodedImages(pixels)
    rows = np.array([5, 0, 1999])
    assert np.array_equal(images.batch(rows), (pixels[rows] / 255).astype(np.float32))
    assert np.array_equal(images.take(rows).pixels, pixels[rows]) and len(images) == 2000
    assert images.lengths.tolist() == [12] * 2000 and not images.is_padded
    mean, spread = images.statistics()
    assert np.allclose(mean, (pixels / 255).mean((0, 1, 2))) and np.allclose(spread, (pixels / 255).std((0, 1, 2)))


def test_floats_are_read_as_they_are_and_a_channel_without_spread_has_1():
    pixels = np.full((3, 2, 2, 1), 7.5, np.float32)
    images = EncodedImages(pixels)
    assert np.array_equal(images.batch(np.array([0])), pixels[:1])
    mean, spread = images.statistics()
    assert mean.tolist() == [7.5] and spread.tolist() == [1.0]
