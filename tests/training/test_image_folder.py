"""The folder of an image classifier: what it holds, and that nothing damaged, altered or hostile in it is used."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from saegim.errors import ModelFileError
from saegim.training import ImageClassifier, TextClassifier
from saegim.training import folder as folder_module
from saegim.training.files import digest, read_arrays, write_arrays

FEW = {"epochs": 2, "batch_size": 32}
FILES = ("config.json", "model.safetensors", "metrics.json")


@pytest.fixture(scope="module")
def model(make_bars):
    return ImageClassifier(**FEW).fit(*make_bars(80))


@pytest.fixture
def folder(model, tmp_path):
    """A folder to be harmed."""
    model.save(tmp_path / "model")
    return tmp_path / "model"


def refused(folder):
    with pytest.raises(ModelFileError) as raised:
        ImageClassifier.load(folder)
    sentence = str(raised.value)
    assert "\n" not in sentence and len(sentence) < 1000
    return sentence


def forge(folder, path=None, value=None, arrays=None):
    """Changes a place in the config, or the arrays, and makes the digests fit."""
    config = json.loads((folder / "config.json").read_text())
    if arrays is not None:
        content, about = read_arrays(folder / "model.safetensors")
        arrays(content)
        write_arrays(folder / "model.safetensors", content, about)
        config["files"]["model.safetensors"] = digest(folder / "model.safetensors")
    if path is not None:
        *above, last = path.split("/")
        place = config
        for name in above:
            place = place[name]
        place[last] = value
    config["digest"] = folder_module._digest(config)
    (folder / "config.json").write_text(json.dumps(config))


def test_a_loaded_model_gives_the_same_bits(model, folder, tmp_path, make_bars):
    loaded, images = ImageClassifier.load(folder), make_bars(50, seed=1)[0]
    assert np.array_equal(loaded.decision_function(images), model.decision_function(images))
    assert loaded.get_params() == model.get_params() and loaded.shape == model.shape
    assert loaded.history_ == model.history_ and loaded.validation_ is None
    assert {each.name for each in folder.iterdir()} == {*FILES, "README.md"}
    loaded.save(tmp_path / "again")
    for name in FILES:
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()


def test_the_card_is_for_people(folder):
    card = (folder / "README.md").read_text()
    assert card.startswith("# An image classifier (residual)\n") and "into one of 2 classes: `across`, `down`" in card
    assert "On images held out from training" in card and "saegim predict THIS_FOLDER image.png" in card


def test_one_kind_of_model_in_place_of_the_other(model, folder, tmp_path):
    assert folder_module.task_of(folder) == "images"
    with pytest.raises(ModelFileError, match=r"is of an image classifier where a text classifier was expected"):
        TextClassifier.load(folder)
    texts = TextClassifier("lstm", epochs=1).fit(["good film", "bad film", "good one", "bad one"], [1, 0, 1, 0])
    texts.save(folder)
    assert folder_module.task_of(folder) == "text" and (folder / "tokenizer.json").exists()
    assert "is of a text classifier where an image classifier was expected" in refused(folder)
    model.save(folder)
    assert not (folder / "tokenizer.json").exists()
    ImageClassifier.load(folder)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("how", ["empty", "half", "bit", "missing", "junk"])
def test_a_damaged_file_is_named(folder, name, how):
    path = folder / name
    content = path.read_bytes()
    middle = len(content) // 2
    changed = {
        "empty": b"",
        "half": content[:middle],
        "bit": content[:middle] + bytes([content[middle] ^ 4]) + content[middle + 1 :],
        "junk": content + b"junk",
    }
    path.unlink()
    if how != "missing":
        path.write_bytes(changed[how])
    assert name in refused(folder)


NAN, HUGE = float("nan"), 10**12
CONFIGS = [
    ("task", "text"), ("task", "draw"), ("kind", 3), ("classes", None), ("classes/values", ["a"]),
    ("classes/values", ["a", "b", "c"]), ("parameters", {"unknown": 1}), ("parameters", 7), ("run", None),
    ("files", {"/etc/passwd": "0"}), ("network", None), ("network", []), ("network/more", 1), ("network/height", 0),
    ("network/height", HUGE), ("network/width", "8"), ("network/channels", 3), ("network/channels", HUGE),
    ("network/classes", 3), ("network/mean", [0.5, 0.5]), ("network/mean", NAN), ("network/mean", [NAN]),
    ("network/spread", [0]), ("network/spread", None), ("network/stride", 0), ("network/stride", True),
    ("network/widths", []), ("network/widths", [1 << 30]), ("network/widths", [32, "64"]), ("network/widths", "ab"),
    ("network/widths", [64, 32]), ("network/widths", [32] * 100), ("network/blocks", 1 << 30), ("network/blocks", 2),
    ("network/shift", NAN), ("network/turn", -1), ("network/scale", "x"), ("network/flip", 1),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value"), CONFIGS, ids=[f"{path}-{k}" for k, (path, _) in enumerate(CONFIGS)])
def test_a_hostile_config_is_refused(folder, path, value):
    forge(folder, path, value)
    assert refused(folder).split(f"{folder}/")[1].startswith(FILES)


def test_a_forged_config_that_says_the_same_is_fine(folder):
    forge(folder)
    ImageClassifier.load(folder)


W = "network.stem.weight"


def change(name, how):
    return lambda arrays: arrays.update({name: how(arrays[name])})


ARRAYS = [
    lambda arrays: arrays.clear(), lambda arrays: arrays.pop(W),
    lambda arrays: arrays.update({"network.more": np.zeros(1, np.float32)}),
    lambda arrays: arrays.update({"network.stem.weights": arrays.pop(W)}), change(W, lambda a: a * np.nan),
    change(W, lambda a: a.astype(np.float64)), change(W, lambda a: a.reshape(-1)), change(W, lambda a: a[:-1]),
]  # fmt: skip


@pytest.mark.parametrize("arrays", ARRAYS, ids=range(len(ARRAYS)))
def test_hostile_arrays_are_refused(folder, arrays):
    forge(folder, arrays=arrays)
    assert str(folder) in refused(folder)


def test_weights_are_not_made_for_sizes_that_only_a_config_claims(folder):
    forge(folder, "network/widths", [1 << 12] * 8)
    assert "holds another number of weights" in refused(folder)
    shutil.rmtree(folder)
