"""The image generator: what it draws, that its bits follow from data and seed, what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.svm import SVC

from saegim.errors import DataError, ModelFileError, NotFittedError, SettingError
from saegim.runtime.threads import set_threads, threads
from saegim.training import ImageGenerator, generating, trainer
from saegim.training.generating import chosen_settings

FEW = {"epochs": 2, "batch_size": 32, "size": 16, "blocks": 1}


def halves(count, seed=0):
    """Images (n, 4, 4) uint8 one half of which is bright, more or less, and which one it is."""
    rng = np.random.default_rng(seed)
    labels = np.array(["left", "right", "top"])[np.arange(count) % 3]
    images = rng.integers(0, 60, (count, 4, 4)).astype(np.uint8)
    bright = rng.integers(150, 256, (count, 4, 4)).astype(np.uint8)
    for name, part in (("left", np.s_[:, :2]), ("right", np.s_[:, 2:]), ("top", np.s_[:2])):
        for row in np.flatnonzero(labels == name):
            images[row][part] = bright[row][part]
    return images, labels


@pytest.fixture(scope="module")
def data():
    return halves(120)


@pytest.fixture(scope="module")
def trained(data):
    return ImageGenerator(**FEW | {"epochs": 6, "blocks": 2}).fit(*data)


@pytest.fixture(scope="module")
def barely(data):
    return ImageGenerator(**FEW).fit(*data)


def same(one, other):
    return all(np.array_equal(one.draw(name, 3), other.draw(name, 3)) for name in one.classes_)


def test_it_draws_what_is_asked(trained):
    images, labels = halves(300, seed=1)
    judge = SVC().fit(images.reshape(300, -1), labels)
    drawn = [trained.draw(name, 50) for name in trained.classes_]
    right = [
        (judge.predict(part.reshape(50, -1)) == name).mean() for name, part in zip(trained.classes_, drawn, strict=True)
    ]
    assert min(right) > 0.9
    assert all(part.shape == (50, 4, 4, 1) and part.dtype == np.uint8 for part in drawn)
    assert all(len(np.unique(part.reshape(50, -1), axis=0)) == 50 for part in drawn)


def test_what_is_known_after_training(trained, data):
    assert trained.classes_.tolist() == ["left", "right", "top"] and trained.kind_ == "flow"
    assert len(trained.history_) == 6 and trained.seconds_ > 0
    record = trained.history_[trained.best_epoch_]
    assert record["valid_loss"] == min(each["valid_loss"] for each in trained.history_)
    assert record["valid_loss"] < 0.95 * trained.history_[0]["valid_loss"]
    assert "generator.head" in record["flow"]
    layers = trained.summary()
    assert layers.parameters == trained.network.config.parameters and 4 * layers.parameters == trained.size_bytes()


def test_the_parts_of_the_images(trained, data):
    rows, held = trained.parts(*data)
    assert len(rows) == 96 and len(held) == 24
    assert np.array_equal(np.sort([*rows, *held]), np.arange(120))
    assert np.unique(data[1][held], return_counts=True)[1].tolist() == [8, 8, 8]
    for other in ((data[0][::-1], data[1]), (data[0], data[1][::-1]), halves(90)):
        with pytest.raises(DataError, match="these are not the images that the model was trained on"):
            trained.parts(*other)


def test_a_drawing_follows_from_seed_and_place(barely):
    four = barely.draw("left", 4, seed=5)
    assert np.array_equal(barely.draw("left", 2, seed=5), four[:2])
    assert not np.array_equal(barely.draw("left", 4, seed=6), four)
    assert not np.array_equal(barely.draw("left", 4, seed=5, guidance=3.0), four)
    assert not np.array_equal(barely.draw("left", 4, seed=5, steps=3), four)
    assert np.array_equal(barely.draw(np.str_("left"), 4, seed=5), four)


def test_floats_colours_and_whole_numbers_as_labels():
    images, labels = halves(60)
    coloured = np.stack([images, images // 2, 255 - images], -1) * 3.0 - 100
    found = ImageGenerator(**FEW).fit(coloured, (labels == "top") * 5)
    drawn = found.draw(5, 6)
    assert drawn.shape == (6, 4, 4, 3) and drawn.dtype == np.float32
    assert coloured.min() <= drawn.min() and drawn.max() <= coloured.max()
    seen = found.pictures(5, 6)
    assert seen.dtype == np.uint8
    expected = (drawn - coloured.min()) / (coloured.max() - coloured.min()) * 255
    np.testing.assert_allclose(seen, expected, atol=0.51)


def test_the_same_seed_gives_the_same_bits_with_any_threads(data):
    before = threads()
    try:
        made = [ImageGenerator(**FEW, seed=seed, threads=count).fit(*data) for seed, count in [(3, 1), (3, 2), (4, 1)]]
    finally:
        set_threads(before)
    assert same(made[0], made[1]) and not same(made[0], made[2])


def test_without_images_held_out(data):
    found = ImageGenerator(**FEW, validation_share=0).fit(*data)
    assert "valid_loss" not in found.history_[0]
    assert [len(part) for part in found.parts(*data)] == [120, 0]


def test_the_number_of_steps_does_not_depend_on_the_number_of_images():
    for count in (20, 300, 1437, 50_000):
        chosen = chosen_settings(count)
        steps = generating._steps(count, chosen["batch_size"])
        assert steps >= 140
        assert 7_000 < chosen["epochs"] * steps < 9_000


def test_an_interrupted_run_goes_on_to_the_same_bits(data, listener, tmp_path, monkeypatch):
    monkeypatch.setattr(trainer, "_SAVING_SHARE", float("inf"))  # a checkpoint after every step
    told = listener()
    whole = ImageGenerator(**FEW, checkpoint_seconds=0).fit(*data, progress=told)
    whole_steps = len(told.steps)
    stopping = listener(steps=8)
    with pytest.raises(stopping.stopped):
        ImageGenerator(**FEW, checkpoint_seconds=0).fit(*data, folder=tmp_path, progress=stopping)
    resumed = listener()
    again = ImageGenerator(**FEW, checkpoint_seconds=0).fit(*data, folder=tmp_path, resume=True, progress=resumed)
    assert len(resumed.steps) == whole_steps - 7 and any("resumed in epoch" in each for each in resumed.said)
    assert same(whole, again)
    again.save(tmp_path)
    told = listener()
    third = ImageGenerator(**FEW, checkpoint_seconds=0).fit(*data, folder=tmp_path, resume=True, progress=told)
    assert same(whole, third) and any("finished already" in each for each in told.said)


def test_a_checkpoint_of_another_run_is_not_resumed(data, listener, tmp_path, monkeypatch):
    monkeypatch.setattr(trainer, "_SAVING_SHARE", float("inf"))
    stopping = listener(steps=3)
    with pytest.raises(stopping.stopped):
        ImageGenerator(**FEW, checkpoint_seconds=0).fit(*data, folder=tmp_path, progress=stopping)
    with pytest.raises(ModelFileError, match="belongs to a run with other data"):
        ImageGenerator(**FEW, seed=1).fit(*data, folder=tmp_path, resume=True)


def test_a_time_budget_ends_it(data):
    found = ImageGenerator(**FEW | {"epochs": 100_000}, patience=100_000, time_budget=2).fit(*data)
    assert any("time budget of 2 s ended training" in note for note in found.notes_)


def test_scikit_learn_s_conventions():
    generator = ImageGenerator(epochs=3)
    assert clone(generator).get_params() == generator.get_params() and not is_classifier(generator)
    assert repr(generator) == "ImageGenerator(epochs=3)"


@pytest.mark.parametrize(
    ("images", "labels", "says"),
    [
        (np.zeros((0, 4, 4)), [], "no images were given"),
        (np.zeros((3, 4, 4)), ["a"] * 3, "all 3 images have the label 'a'"),
        (np.zeros((3, 4, 4)), ["a", "b"], "3 images but 2 labels"),
        (np.zeros((3, 4, 4)), ["a", "b", "a"], "all pixels of all images are 0; there is nothing to learn"),
        (np.zeros((2, 65, 65), np.uint8), ["a", "b"], "at most 64"),
        (np.zeros((2, 11, 13), np.uint8), ["a", "b"], "11 x 13 pixels cannot be cut"),
    ],
)
def test_what_cannot_be_learned_from(images, labels, says):
    with pytest.raises((DataError, SettingError), match=says):
        ImageGenerator(**FEW).fit(images, labels)


@pytest.mark.parametrize("wrong", [{"epochs": 0}, {"size": 7}, {"blocks": 0}, {"validation_share": 1.0}, {"seed": -1}])
def test_parameters_that_cannot_be(data, wrong):
    with pytest.raises(SettingError, match=next(iter(wrong))):
        ImageGenerator(**FEW | wrong).fit(*data)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"category": "bottom"}, "category 'bottom' is none that the model was trained on; choose one of 'left', 'rig"),
        ({"category": 7}, "category 7 is none"),
        ({"count": 0}, "count: a whole number of at least 1"),
        ({"count": 2.0}, "count: a whole number"),
        ({"seed": -1}, "seed: a whole number"),
        ({"steps": 0}, "steps: a whole number"),
        ({"guidance": -1.0}, "guidance: a number of at least 0"),
        ({"guidance": float("nan")}, "guidance: a number"),
    ],
)
def test_what_cannot_be_drawn(barely, asked, says):
    with pytest.raises((DataError, SettingError), match=says):
        barely.draw(**{"category": "left"} | asked)


def test_nothing_is_drawn_before_it_has_learned(data):
    for ask in (lambda g: g.draw("left"), lambda g: g.save("x"), lambda g: g.summary(), lambda g: g.parts(*data)):
        with pytest.raises(NotFittedError, match="this ImageGenerator has not been trained yet"):
            ask(ImageGenerator())
