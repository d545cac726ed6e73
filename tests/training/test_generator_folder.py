"""The folder of a generator: what it holds, and that nothing damaged, altered or hostile in it is used."""

from __future__ import annotations

import json

import numpy as np
import pytest

from saegim.errors import ModelFileError
from saegim.evaluation import measure_generator
from saegim.training import ImageClassifier, ImageGenerator
from saegim.training.folder import task_of
from training.test_generator import FEW, halves
from training.test_image_folder import forge

FILES = ("config.json", "model.safetensors", "metrics.json")


@pytest.fixture(scope="module")
def data():
    return halves(120)


@pytest.fixture(scope="module")
def generator(data):
    return ImageGenerator(**FEW).fit(*data)


@pytest.fixture
def folder(generator, tmp_path):
    """A folder to be harmed."""
    generator.save(tmp_path / "model")
    return tmp_path / "model"


def refused(folder):
    with pytest.raises(ModelFileError) as raised:
        ImageGenerator.load(folder)
    sentence = str(raised.value)
    assert "\n" not in sentence and len(sentence) < 1000
    return sentence


def test_a_loaded_generator_draws_the_same_bits(generator, folder, tmp_path):
    loaded = ImageGenerator.load(folder)
    assert np.array_equal(loaded.draw("top", 5, seed=3), generator.draw("top", 5, seed=3))
    assert loaded.get_params() == generator.get_params() and loaded.history_ == generator.history_
    assert {each.name for each in folder.iterdir()} == {*FILES, "README.md"} and task_of(folder) == "draw"
    loaded.save(tmp_path / "again")
    for name in FILES:
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()


def test_it_knows_its_images_again(folder, data):
    assert [len(part) for part in ImageGenerator.load(folder).parts(*data)] == [96, 24]


def test_how_good_its_drawings_are_is_kept(generator, data, tmp_path):
    generator.save(tmp_path)
    assert "drawings" not in json.loads((tmp_path / "metrics.json").read_text())
    assert "Its drawings were not measured." in (tmp_path / "README.md").read_text()
    quality = measure_generator(generator, *data, count=10)
    generator.save(tmp_path, quality)
    assert json.loads((tmp_path / "metrics.json").read_text())["drawings"] == quality.to_dict()
    card = (tmp_path / "README.md").read_text()
    assert card.startswith("# A generator of images (flow)\n") and "draws images of 3 classes: `left`, `right`" in card
    assert "named as asked" in card and "30 drawn images, 96 training images, 24 unseen ones" in card
    ImageGenerator.load(tmp_path)


def test_another_kind_of_model_is_refused(folder, data):
    with pytest.raises(ModelFileError, match="is of a generator of images where an image classifier was expected"):
        ImageClassifier.load(folder)
    ImageClassifier(epochs=1).fit(*data).save(folder)
    assert "is of an image classifier where a generator of images was expected" in refused(folder)


NAN, HUGE = float("nan"), 10**12
CONFIGS = [
    ("task", "images"), ("classes/values", ["a", "b"]), ("network", None), ("network/more", 1), ("network/height", 0),
    ("network/height", 8), ("network/width", HUGE), ("network/channels", 3), ("network/channels", HUGE),
    ("network/classes", 4), ("network/patch", 2), ("network/patch", 3), ("network/patch", HUGE), ("network/size", 8),
    ("network/size", HUGE), ("network/size", "16"), ("network/blocks", 2), ("network/blocks", HUGE),
    ("network/heads", 3), ("network/heads", 0), ("network/steering", 1), ("network/steering", 2 * HUGE),
    ("network/withheld", 1.5), ("network/withheld", NAN), ("network/low", NAN), ("network/low", 300.0),
    ("network/low", "0"), ("network/high", 1e300), ("network/high", 256.0), ("network/whole", 1),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value"), CONFIGS, ids=[f"{path}-{k}" for k, (path, _) in enumerate(CONFIGS)])
def test_a_hostile_config_is_refused(folder, path, value):
    forge(folder, path, value)
    assert refused(folder).split(f"{folder}/")[1].startswith(FILES)


def test_a_forged_config_that_says_the_same_is_fine(folder):
    forge(folder)
    ImageGenerator.load(folder)


W = "network.stem.weight"


@pytest.mark.parametrize(
    "arrays",
    [
        lambda arrays: arrays.clear(),
        lambda arrays: arrays.pop(W),
        lambda arrays: arrays.update({W: arrays[W] * np.nan}),
        lambda arrays: arrays.update({W: arrays[W].astype(np.float64)}),
        lambda arrays: arrays.update({W: arrays[W].reshape(-1)}),
    ],
)
def test_hostile_arrays_are_refused(folder, arrays):
    forge(folder, arrays=arrays)
    assert str(folder) in refused(folder)
