"""The image classifier: what it learns, scikit-learn's conventions, errors; bits do not depend on threads or stops."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone, is_classifier

from saegim.errors import DataError, ModelFileError, NotFittedError, SettingError
from saegim.runtime.threads import set_threads, threads
from saegim.training import ImageClassifier
from saegim.training.image_learning import chosen_settings

FEW = {"epochs": 2, "batch_size": 32}


@pytest.fixture(scope="module")
def data(make_bars):
    return make_bars(160)


@pytest.fixture(scope="module")
def unseen(make_bars):
    return make_bars(100, seed=1)


@pytest.fixture(scope="module")
def trained(data):
    return ImageClassifier(epochs=6, batch_size=32).fit(*data)


def same(one, other, images):
    return np.array_equal(one.decision_function(images), other.decision_function(images))


def test_it_learns(trained, unseen):
    assert trained.score(*unseen) > 0.97
    assert trained.classes_.tolist() == ["across", "down"] and trained.kind_ == "residual"
    assert (
        len(trained.history_) == 6 == trained.best_epoch_ + 1
        and trained.history_[trained.best_epoch_]["valid_loss"] < 0.5
    )
    assert {"flow", "accuracy", "macro_f1", "train_loss"} <= trained.history_[0].keys()
    images, labels = trained.validation_
    assert len(images) == len(labels) == 16 and images.shape[1:] == trained.shape == (8, 8, 1)


def test_probabilities_and_labels_fit_the_scores(trained, unseen):
    scores, chances = trained.decision_function(unseen[0]), trained.predict_proba(unseen[0])
    assert scores.shape == chances.shape == (100, 2) and np.allclose(chances.sum(1), 1)
    sureness = trained.calibration_.temperature
    odds = np.log(chances[:, 0] / chances[:, 1])
    assert np.allclose(odds, (scores[:, 0] - scores[:, 1]) / sureness, atol=1e-4)
    assert np.array_equal(trained.predict(unseen[0]), trained.classes_[scores.argmax(1)])


def test_colours_floats_and_whole_numbers_as_labels(make_bars):
    images, labels = make_bars(60)
    coloured = np.stack([images, images // 2, 255 - images], -1) / 200.0
    found = ImageClassifier(**FEW).fit(coloured, (labels == "down") * 5)
    assert found.shape == (8, 8, 3) and found.predict(coloured[:3]).dtype.kind == "i"
    assert set(found.predict(coloured)) <= {0, 5} and found.predict(coloured[:0]).shape == (0,)


def test_the_same_seed_gives_the_same_bits_with_any_threads(data, unseen):
    before = threads()
    try:
        made = [ImageClassifier(**FEW, seed=seed, threads=count).fit(*data) for seed, count in [(3, 1), (3, 2), (4, 1)]]
    finally:
        set_threads(before)
    assert same(made[0], made[1], unseen[0]) and not same(made[0], made[2], unseen[0])


def test_a_validation_part_of_ones_own(data, unseen):
    found = ImageClassifier(**FEW).fit(*data, valid=unseen)
    assert np.array_equal(found.validation_[0][..., 0], unseen[0]) and np.array_equal(found.validation_[1], unseen[1])
    without = ImageClassifier(**FEW, validation_share=0).fit(*data)
    assert without.validation_ is None and "accuracy" not in without.history_[0]


def test_few_images_are_learned_from_in_small_batches():
    assert chosen_settings(1437)["epochs"] == 30 and chosen_settings(1437)["batch_size"] == 64
    assert chosen_settings(50_000)["epochs"] == 15
    few = chosen_settings(20)
    assert few["batch_size"] == 16 and few["epochs"] == 200


def test_scikit_learn_s_conventions():
    classifier = ImageClassifier(epochs=3, flip=True)
    assert is_classifier(classifier) and clone(classifier).get_params() == classifier.get_params()
    assert repr(classifier) == "ImageClassifier(epochs=3, flip=True)"
    reads = classifier.__sklearn_tags__().input_tags
    assert reads.three_d_array and not (reads.string or reads.one_d_array or reads.two_d_array)
    with pytest.raises(SettingError, match="'model' is no parameter of ImageClassifier"):
        classifier.set_params(model="cnn")


def test_the_layers(trained):
    layers = trained.summary()
    assert layers.parameters == trained.network.config.parameters and trained.size_bytes() == 4 * layers.parameters
    assert layers.rows[0].name == "augment" and layers.rows[-1].output == (1, 2)


def test_an_interrupted_run_goes_on_to_the_same_bits(data, unseen, listener, tmp_path):
    whole = ImageClassifier(**FEW, checkpoint_seconds=0).fit(*data)
    stopping = listener(steps=6)
    with pytest.raises(stopping.stopped):
        ImageClassifier(**FEW, checkpoint_seconds=0).fit(*data, folder=tmp_path, progress=stopping)
    resumed = listener()
    again = ImageClassifier(**FEW, checkpoint_seconds=0).fit(*data, folder=tmp_path, resume=True, progress=resumed)
    assert 0 < len(resumed.steps) < 10 and any("resumed in epoch" in each for each in resumed.said)
    assert same(whole, again, unseen[0])
    again.save(tmp_path)
    third = ImageClassifier(**FEW, checkpoint_seconds=0).fit(*data, folder=tmp_path, resume=True)
    assert same(whole, third, unseen[0])


def test_a_checkpoint_of_another_run_is_not_resumed(data, listener, tmp_path):
    stopping = listener(steps=3)
    with pytest.raises(stopping.stopped):
        ImageClassifier(**FEW, checkpoint_seconds=0).fit(*data, folder=tmp_path, progress=stopping)
    with pytest.raises(ModelFileError, match="belongs to a run with other data"):
        ImageClassifier(**FEW, turn=5).fit(*data, folder=tmp_path, resume=True)


def test_a_time_budget_ends_it(data):
    found = ImageClassifier(epochs=1000, patience=1000, batch_size=16, time_budget=3).fit(*data)
    assert len(found.history_) < 1000 and any("time budget of 3 s ended training" in note for note in found.notes_)


@pytest.mark.parametrize(
    ("images", "labels", "says"),
    [
        (np.zeros((0, 8, 8)), [], "no images were given"),
        (np.zeros((3, 8, 8)), ["a"] * 3, "all 3 images have the label 'a'; at least two classes are needed"),
        (np.zeros((3, 8, 8)), ["a", "b"], "3 images but 2 labels were given; give one label for each image"),
        (np.zeros((3, 8, 8)), ["a", "b", 3], "labels of different types were given"),
        (np.zeros((2, 2000, 1)), ["a", "b"], "at most 1024 in each direction"),
        (np.zeros((3, 64)), ["a", "b", "a"], r"shape \(3, 64\) given"),
        (np.zeros((2, 8, 8)), ["a", None], "label 2 is missing"),
    ],
)
def test_what_cannot_be_learned_from(images, labels, says):
    with pytest.raises(DataError, match=says):
        ImageClassifier().fit(images, labels)


@pytest.mark.parametrize(
    ("valid", "says"),
    [
        (3, "valid: a pair"),
        ((np.zeros((1, 8, 8)), ["c"]), "labels that no training image has: 'c'"),
        ((np.zeros((1, 8, 9)), ["across"]), r"images of shape \(8, 8, 1\) expected, \(8, 9, 1\) given"),
    ],
)
def test_validation_images_that_do_not_fit(data, valid, says):
    with pytest.raises(DataError, match=says):
        ImageClassifier().fit(*data, valid=valid)


@pytest.mark.parametrize("wrong", [{"epochs": 0}, {"turn": 100.0}, {"flip": "yes"}, {"monitor": "auc"}, {"seed": -1}])
def test_parameters_that_cannot_be(data, wrong):
    with pytest.raises(SettingError, match=next(iter(wrong))):
        ImageClassifier(**wrong).fit(*data)


def test_other_images_than_it_learned_from(trained, unseen):
    with pytest.raises(DataError, match=r"images of shape \(8, 8, 1\) expected, \(8, 8, 3\) given"):
        trained.predict(np.zeros((1, 8, 8, 3)))
    with pytest.raises(DataError, match="100 images and 3 labels were given; give a label for each image"):
        trained.score(unseen[0], unseen[1][:3])
    for ask in (lambda c: c.predict(unseen[0]), lambda c: c.shape, lambda c: c.save("x"), lambda c: c.summary()):
        with pytest.raises(NotFittedError, match="this ImageClassifier has not been trained yet"):
            ask(ImageClassifier())
