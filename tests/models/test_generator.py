"""The generator: what it is made of, what it says before it has learned, and how it draws."""

from __future__ import annotations

import numpy as np
import pytest

import saegim as sg
from saegim.errors import NonFiniteError, SettingError, ShapeError
from saegim.models.drawing import Drawer
from saegim.models.generator import Flow, Generator, GeneratorConfig, ImageBatch, LabelledImages, config_for

SMALL = GeneratorConfig(4, 6, 2, classes=3, patch=2, size=8, blocks=2, heads=2, steering=6)


def made(config=SMALL, seed=0):
    """A generator none of whose layers is silent."""
    generator = Generator(config, seed=seed)
    rng = np.random.default_rng(seed + 1)
    for _name, each in generator.named_parameters():
        each._value = (0.3 * rng.standard_normal(each.shape)).astype(np.float32)
    return generator


def inputs(config=SMALL, count=5, seed=2):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((count, config.height, config.width, config.channels), np.float32)
    return x, rng.random(count, np.float32), rng.integers(0, config.classes + 1, count)


# --- sizes ---


@pytest.mark.parametrize(
    "config",
    [SMALL, config_for((8, 8, 1), 10), config_for((28, 28, 1), 3, size=16, blocks=1), config_for((9, 3, 3), 2)],
)
def test_the_number_of_parameters_is_known_before_there_are_any(config):
    generator = Generator(config, seed=0)
    assert config.parameters == sum(each.size for _name, each in generator.named_parameters())


@pytest.mark.parametrize(
    ("size", "patch"),
    [
        ((8, 8), 2),
        ((16, 16), 2),
        ((28, 28), 4),
        ((32, 32), 4),
        ((64, 64), 8),
        ((7, 7), 1),
        ((4, 4), 1),
        ((10, 4), 2),
        ((9, 3), 1),
        ((60, 45), 15),
    ],
)
def test_patches_are_as_small_as_their_number_allows(size, patch):
    config = config_for((*size, 1), 2)
    assert config.patch == patch
    assert config.patches <= 64
    assert config.size == (48 if patch <= 4 else 96)


def test_sides_without_a_common_divisor_are_refused():
    with pytest.raises(SettingError, match=r"images of 13 x 11 pixels cannot be cut into at most 64 equal squares"):
        config_for((13, 11, 1), 2)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"height": 65}, "height: a whole number of at least 1 and at most 64 expected, 65 given"),
        ({"classes": 1}, "classes: a whole number of at least 2"),
        ({"patch": 3}, "patch: a side that divides 4 and 6 expected, 3 given"),
        ({"size": 7}, "size: a multiple of 2 expected, 7 given"),
        ({"steering": 5}, "steering: a multiple of 2"),
        ({"withheld": 1.0}, "withheld: a number of at least 0 and below 1"),
        ({"blocks": 0}, "blocks: a whole number"),
    ],
)
def test_sizes_that_cannot_be_are_refused(change, match):
    sizes = {name: getattr(SMALL, name) for name in SMALL.__dataclass_fields__}
    with pytest.raises(SettingError, match=match):
        GeneratorConfig(**sizes | change)


def test_images_of_another_size_are_refused():
    with pytest.raises(ShapeError, match=r"images \(B, 4, 6, 2\) expected, \(1, 6, 4, 2\) given"):
        Generator(SMALL, seed=0)(np.zeros((1, 6, 4, 2), np.float32), np.zeros(1, np.float32), np.zeros(1, np.int64))


# --- the network ---


def test_the_same_seed_is_the_same_network():
    one, other = (Generator(SMALL, seed=3).state_dict() for _ in range(2))
    assert all((one[name] == other[name]).all() for name in one)
    again = Generator(SMALL, seed=4).reset_all(3), Generator(SMALL, seed=5).reset_all(3)
    assert all((again[0].state_dict()[name] == again[1].state_dict()[name]).all() for name in one)


def test_an_image_does_not_depend_on_the_others():
    generator, (x, time, classes) = made(), inputs()
    together = np.asarray(generator(x, time, classes))
    alone = [np.asarray(generator(x[i : i + 1], time[i : i + 1], classes[i : i + 1]))[0] for i in range(len(x))]
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-5)


def test_what_is_cut_is_put_together_again():
    generator, (x, *_rest) = made(), inputs()
    patches = generator._cut(sg.asarray(x))
    assert patches.shape == (5, 6, 8)
    np.testing.assert_array_equal(np.asarray(patches)[:, 1], x[:, 0:2, 2:4].reshape(5, 8))
    np.testing.assert_array_equal(np.asarray(generator._put_together(patches)), x)


def test_time_and_category_matter_everywhere():
    generator, (x, time, classes) = made(), inputs()
    before = np.asarray(generator(x, time, classes))
    for changed in (generator(x, time / 2, classes), generator(x, time, (classes + 1) % 4)):
        assert (np.abs(np.asarray(changed) - before).max((1, 2, 3)) > 1e-3).all()


# --- learning ---


def test_the_flow_is_the_velocity_less_what_it_should_be():
    """With a generator that says nothing what is left is noise less image: of mean -image and variance 1."""
    generator = Generator(SMALL, seed=0)
    for each in (generator.head.weight, generator.head.bias):
        each._value = np.zeros_like(each._value)
    flow = Flow(generator, seed=1)
    images = np.broadcast_to(np.float32(0.5), (2000, 4, 6, 2))
    error = np.asarray(flow(ImageBatch(images, np.zeros(2000, np.int64))))
    assert error.mean() == pytest.approx(-0.5, abs=4 / np.sqrt(error.size))
    assert error.var() == pytest.approx(1, abs=6 / np.sqrt(error.size))


def test_what_is_random_follows_from_the_key():
    x, _time, classes = inputs()
    batch = ImageBatch(x, np.minimum(classes, 2))
    flows = [Flow(made(), seed=seed) for seed in (1, 1, 2)]
    first = [np.asarray(flow(batch)) for flow in flows]
    assert (first[0] == first[1]).all()
    assert (first[0] != first[2]).any()
    second = [np.asarray(flow(batch)) for flow in flows]
    assert (second[0] == second[1]).all()
    assert (second[0] != first[0]).any()


def test_categories_are_withheld_as_often_as_is_said():
    config = GeneratorConfig(1, 1, 1, classes=2, patch=1, size=2, blocks=1, heads=1, steering=2, withheld=0.25)
    generator = Generator(config, seed=0)
    seen = []
    count = 4000
    flow = Flow(generator, seed=5)
    flow.generator = _Spy(config, seen)
    flow(ImageBatch(np.zeros((count, 1, 1, 1), np.float32), np.ones(count, np.int64)))
    time, classes = seen[0]
    assert set(classes.tolist()) == {1, 2}
    assert (classes == 2).mean() == pytest.approx(0.25, abs=4 * np.sqrt(0.25 * 0.75 / count))
    assert 0 < time.min() < 0.1 < 0.9 < time.max() < 1
    assert np.median(time) == pytest.approx(0.5, abs=0.05)


class _Spy:
    def __init__(self, config, seen):
        self.config, self.seen = config, seen

    def __call__(self, x, time, classes):
        self.seen.append((np.asarray(time), np.asarray(classes)))
        return x


def test_batches_are_the_rows_that_are_asked_for():
    images = LabelledImages(np.arange(24, dtype=np.float32).reshape(6, 2, 2, 1), np.arange(6))
    assert len(images) == 6
    assert images.lengths.tolist() == [4] * 6
    batch = images.take(np.array([5, 1, 3])).batch(np.array([2, 0]))
    np.testing.assert_array_equal(batch.images[:, 0, 0, 0], [12, 20])
    assert batch.classes.tolist() == [3, 5]


# --- drawing ---


def test_drawing_follows_the_velocity(monkeypatch):
    """dx/dt = c (1 + t) has the solution x(1) = x(0) + 1.5 c, which Heun's method finds, but for its last step."""
    drawer = Drawer(made())
    monkeypatch.setattr(
        drawer, "_velocity", lambda x, time, classes, guidance: 0 * x + classes[:, None, None, None] * (1 + time)
    )
    seeds = np.arange(4)[:, None]
    drawn = drawer(np.array([0, 1, 2, 1]), seeds, 1.0, 10)
    noise = np.stack([np.random.default_rng([k]).standard_normal((4, 6, 2), np.float32) for k in range(4)])
    moved = (drawn - noise).mean((1, 2, 3))
    last = 0.1 * 1.9 - (1.5 - (0.9 + 0.9**2 / 2))
    np.testing.assert_allclose(moved, np.array([0, 1, 2, 1]) * (1.5 + last), rtol=1e-5, atol=1e-6)


def test_guidance_goes_further_from_no_category():
    generator, (x, _time, _classes) = made(), inputs(count=64)
    classes = np.arange(64) % 3
    drawer = Drawer(generator)
    time = np.float32(0.3)
    times = np.full(64, 0.3, np.float32)
    asked = np.asarray(generator(x, times, classes))
    none = np.asarray(generator(x, times, np.full(64, 3)))
    for guidance in (0.0, 1.0, 2.5):
        expected = none + guidance * (asked - none)
        np.testing.assert_allclose(drawer._velocity(x, time, classes, guidance), expected, rtol=1e-4, atol=1e-4)


def test_an_image_follows_from_its_class_and_seed_alone():
    drawer = Drawer(made())
    classes, seeds = np.arange(70) % 3, np.stack([np.full(70, 9), np.arange(70)], 1)
    many = drawer(classes, seeds, 1.5, 2)
    assert many.shape == (70, 4, 6, 2)
    assert many.dtype == np.float32
    few = drawer(classes[[68, 3]], seeds[[68, 3]], 1.5, 2)
    np.testing.assert_array_equal(few, many[[68, 3]])
    assert drawer(classes[:0], seeds[:0], 1.5, 2).shape == (0, 4, 6, 2)


def test_numbers_that_are_not_finite_are_an_error():
    generator = made()
    generator.head.bias._value = np.full_like(generator.head.bias._value, np.inf)
    with pytest.raises(NonFiniteError, match="the network's images are not finite"):
        Drawer(generator)(np.zeros(1, np.int64), np.zeros((1, 1), np.int64), 1.0, 2)
