"""The classifier: scikit-learn's conventions, every kind of input, and one sentence for every mistake."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone, is_classifier
from sklearn.exceptions import NotFittedError as SklearnNotFittedError
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score, learning_curve
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.validation import check_is_fitted

from saegim.errors import DataError, NotFittedError, SettingError
from saegim.models import WISHES
from saegim.training import TextClassifier

KINDS = [each for each in WISHES if each != "auto"]


@pytest.fixture(scope="module")
def trained(data):
    return TextClassifier("bag", epochs=2, seed=0).fit(*data)


# --- scikit-learn ---


def test_parameters_are_kept_as_given():
    given = {"model": "bag", "epochs": np.int64(3), "seed": 7, "time_budget": 2.5}
    made = TextClassifier(**given)
    assert made.get_params().items() >= given.items() and made.get_params()["epochs"] is given["epochs"]
    other = clone(made)
    assert other is not made and other.get_params() == made.get_params()
    assert made.set_params(epochs=1, seed=2) is made and (made.epochs, made.seed) == (1, 2)
    with pytest.raises(SettingError, match="'epoch' is no parameter of TextClassifier; it has model, epochs"):
        made.set_params(epoch=1)
    assert repr(TextClassifier("cnn", epochs=3)) == "TextClassifier(model='cnn', epochs=3)"
    assert is_classifier(made)


def test_fitting_changes_no_parameter(data):
    made = TextClassifier("wide")
    before = made.get_params()
    assert made.fit(*data) is made and made.get_params() == before


def test_not_fitted(trained):
    made = TextClassifier()
    for call in (made.predict, made.predict_proba, made.decision_function):
        with pytest.raises(NotFittedError, match="call fit or load first"):
            call(["a"])
    for call in (made.summary, made.size_bytes, lambda: made.network, lambda: made.encoder, lambda: made.save("x")):
        with pytest.raises(NotFittedError):
            call()
    with pytest.raises(SklearnNotFittedError):
        check_is_fitted(made)
    check_is_fitted(trained)


def test_grid_search(data):
    grid = {"epochs": np.array([1, 3]), "model": ["wide"], "label_smoothing": np.linspace(0, 0.2, 2)}
    search = GridSearchCV(TextClassifier(seed=0), grid, cv=2).fit(*data)
    assert search.best_score_ > 0.8 and len(search.cv_results_["params"]) == 4
    assert search.best_estimator_.predict(data[0][:3]).shape == (3,)


def test_a_model_from_a_grid_search_is_saved(data, tmp_path):
    made = TextClassifier("wide", epochs=np.int64(1), label_smoothing=np.float32(0.5), seed=np.int32(3)).fit(*data)
    made.save(tmp_path)
    assert TextClassifier.load(tmp_path).get_params() == made.get_params()


@pytest.mark.parametrize("scoring", ["f1_macro", "neg_log_loss", None])
def test_cross_validation(data, scoring):
    scores = cross_val_score(TextClassifier("wide"), *map(np.array, data), cv=StratifiedKFold(2), scoring=scoring)
    assert scores.shape == (2,) and np.isfinite(scores).all()


def test_searching_in_several_processes_needs_pickles(data, unseen):
    made = pickle.loads(pickle.dumps(TextClassifier("wide", epochs=1))).fit(*data)
    again = pickle.loads(pickle.dumps(made))
    assert np.array_equal(again.predict_proba(unseen[0]), made.predict_proba(unseen[0]))


def test_a_pipeline(data, unseen):
    made = make_pipeline(FunctionTransformer(lambda texts: [text.upper() for text in texts]), TextClassifier("wide"))
    assert made.fit(*data).score(*unseen) > 0.8 and made.predict(unseen[0]).shape == (100,)


def test_a_learning_curve(data):
    _sizes, _train, test = learning_curve(TextClassifier("wide"), *data, train_sizes=[0.2, 1.0], cv=2)
    assert test.shape == (2, 2)


def test_a_deep_copy_predicts_the_same(trained, unseen):
    assert np.array_equal(copy.deepcopy(trained).predict_proba(unseen[0]), trained.predict_proba(unseen[0]))


# --- kinds of input ---


@pytest.mark.parametrize(
    "kind",
    [list, tuple, np.array, lambda x: np.array(x, object), pd.Series, lambda x: pd.Series(x, dtype="category"),
     pl.Series, lambda x: pd.DataFrame({"a": x}), lambda x: pl.DataFrame({"a": x}),
     lambda x: np.array(x)[:, None], iter],
)  # fmt: skip
def test_every_kind_of_column(data, unseen, kind):
    expected = TextClassifier("wide", epochs=1).fit(*data).predict_proba(unseen[0])
    made = TextClassifier("wide", epochs=1).fit(kind(data[0]), kind(data[1]))
    assert np.array_equal(made.predict_proba(kind(unseen[0])), expected)
    assert 0 < made.score(kind(unseen[0]), kind(unseen[1])) == made.score(*unseen)


@pytest.mark.parametrize(
    ("of", "dtype"),
    [
        (lambda label: label, "U"),
        (lambda label: int(label == "긍정"), "i"),
        (lambda label: label == "긍정", "b"),
        (lambda label: np.uint8(label == "긍정"), "i"),
        (lambda label: float(label == "긍정") / 2, "f"),
        (lambda label: ("긍정", 1)[label == "긍정"], None),
        (lambda label: -(2**62) if label == "긍정" else 3, "i"),
    ],
)
def test_every_kind_of_label(data, tmp_path, of, dtype):
    labels = [of(label) for label in data[1]]
    made = TextClassifier("wide", epochs=2)
    if dtype is None:
        with pytest.raises(DataError, match="labels of different types"):
            made.fit(data[0], labels)
        return
    made.fit(data[0], labels)
    assert made.classes_.dtype.kind == dtype and made.score(data[0], labels) > 0.9
    assert set(made.predict(data[0]).tolist()) == set(np.array(labels).tolist())
    made.save(tmp_path)
    loaded = TextClassifier.load(tmp_path)
    assert loaded.classes_.dtype == made.classes_.dtype and np.array_equal(loaded.classes_, made.classes_)
    assert np.array_equal(loaded.predict(data[0]), made.predict(data[0]))


# --- what it predicts ---


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_bits(data, unseen, kind):
    first, again, other = (
        TextClassifier(kind, epochs=1, batch_size=64, seed=seed).fit(*data).decision_function(unseen[0])
        for seed in (0, 0, 1)
    )
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_chances_sum_to_one_and_choose_the_label(trained, unseen):
    chances = trained.predict_proba(unseen[0])
    assert chances.dtype == np.float64 and chances.shape == (100, 2) and (chances >= 0).all()
    np.testing.assert_allclose(chances.sum(1), 1, rtol=1e-12)
    assert np.array_equal(trained.classes_[chances.argmax(1)], trained.predict(unseen[0]))


def test_no_texts(trained):
    assert trained.predict([]).shape == (0,) and trained.predict([]).dtype.kind == "U"
    assert trained.predict_proba([]).shape == trained.decision_function([]).shape == (0, 2)


def test_the_score_is_the_share_of_right_labels(trained, unseen):
    texts, labels = unseen
    right = trained.predict(texts) == np.array(labels)
    assert trained.score(texts, labels) == pytest.approx(right.mean())
    weights = np.arange(100)
    assert trained.score(texts, labels, sample_weight=weights) == pytest.approx((right * weights).sum() / weights.sum())
    assert trained.score(texts, [1] * 100) == 0


def test_what_is_known_after_fitting(trained, data):
    assert trained.classes_.tolist() == ["긍정", "부정"] and trained.kind_ == "bag" and trained.seconds_ > 0
    assert len(trained.history_) == 2 and trained.best_epoch_ in (0, 1)
    texts, labels = trained.validation_
    assert len(texts) == len(labels) == 20 and set(texts) <= set(data[0])
    assert "the texts are Korean: n-grams are also taken from parts of syllables" in trained.notes_
    names = {name for name, _each in trained.network.named_parameters()}
    assert names == {"wide.weight", "wide.bias", "reader.weight", "head.weight"}
    vectorizer = trained.encoder.vectorizer
    arrays = [*trained.network.state_dict().values(), vectorizer.kept, vectorizer.weights]
    assert trained.size_bytes() == sum(array.nbytes for array in arrays)
    assert "reader" in str(trained.summary())


def test_options_of_reading(data):
    made = TextClassifier("cnn", epochs=1, jamo=True, tokenizer="char", normal_form="NFKC").fit(*data)
    config = made.encoder.config
    assert (config.ngrams.jamo, config.tokenizer, config.normalizer.form) == ((2, 6), "char", "NFKC")
    plain = TextClassifier("wide", epochs=1).fit(*data).encoder.config
    assert (plain.ngrams.jamo, plain.tokenizer, plain.normalizer.form) == (None, None, "NFC")


# --- validation ---


def test_validation_texts_are_not_trained_on(data, unseen):
    made = TextClassifier("wide", epochs=1).fit(*data, valid=unseen)
    assert made.validation_[0] == unseen[0] and made.validation_[1].tolist() == unseen[1]
    alone = TextClassifier("wide", epochs=1, validation_share=0).fit(*data)
    assert alone.validation_ is None and "accuracy" not in alone.history_[0] and "accuracy" in made.history_[0]
    assert np.array_equal(made.decision_function(unseen[0]), alone.decision_function(unseen[0]))


def test_validation_is_stratified(make_reviews):
    texts, _ = make_reviews(400)
    labels = ["a"] * 300 + ["b"] * 80 + ["c"] * 20
    _texts, held = TextClassifier("wide", epochs=1, validation_share=0.25).fit(texts, labels).validation_
    assert np.unique(held, return_counts=True)[1].tolist() == [75, 20, 5]


def test_too_few_texts_to_hold_some_out(data):
    assert TextClassifier("wide").fit(data[0][:39], data[1][:39]).validation_ is None
    assert len(TextClassifier("wide").fit(data[0][:40], data[1][:40]).validation_[0]) == 4


@pytest.mark.parametrize("valid", [([], []), (["좋다"], ["긍정"])])
def test_hardly_any_validation(data, valid):
    made = TextClassifier("wide", epochs=1).fit(*data, valid=valid)
    assert len(made.validation_[0]) == len(valid[0])


# --- mistakes ---

TEXTS, LABELS = ["a", "b", "c", "d"], ["x", "y", "x", "y"]


@pytest.mark.parametrize(
    ("texts", "labels", "sentence"),
    [
        ([], [], "no texts were given; training needs at least two, of different classes"),
        (TEXTS, LABELS[:3], "4 texts but 3 labels were given; give one label for each text"),
        (TEXTS, ["x"] * 4, "all 4 texts have the label 'x'; at least two classes are needed"),
        (TEXTS, ["x", None, "y", "y"], "label 2 is missing; give every text a label"),
        (TEXTS, [1.0, float("nan"), 2.0, 1.0], "label 2 is missing; give every text a label"),
        (TEXTS, ["x", float("nan"), "y", "y"], "label 2 is missing; give every text a label"),
        (TEXTS, pd.Series(["x", pd.NA, "y", "y"]), "label 2 is missing; give every text a label"),
        (TEXTS, ["x", 1, "y", 2], "labels of different types were given; make all of them strings or all numbers"),
        (TEXTS, [(1, 2), (3, 4), (1, 2), (3, 4)], "labels like (1, 2) were given; give a string or a number"),
        (["a", None, "c", "d"], LABELS, "text 2 is None where a string was expected; convert or leave it out"),
        (["a", 3, "c", "d"], LABELS, "text 2 is 3 where a string was expected; convert or leave it out"),
        ([b"a", b"b", b"c", b"d"], LABELS, "text 1 is b'a' where a string was expected; convert or leave it out"),
        ("abcd", LABELS, "texts: a str was given where a list, array or column was expected"),
        (TEXTS, "xyxy", "labels: a str was given where a list, array or column was expected"),
        (None, LABELS, "texts: a NoneType was given where a list, array or column was expected"),
        ({"a": 1}, LABELS, "texts: a dict was given where a list, array or column was expected"),
        (np.array([TEXTS, TEXTS]), LABELS, "texts of shape (2, 4) were given where one column was expected"),
        (TEXTS, np.eye(4), "labels of shape (4, 4) were given where one column was expected"),
    ],
)
def test_mistakes_get_one_sentence(texts, labels, sentence):
    made = TextClassifier("wide")
    with pytest.raises(DataError) as raised:
        made.fit(texts, labels)
    assert str(raised.value).startswith(sentence) and "\n" not in str(raised.value)
    assert not hasattr(made, "classes_")


@pytest.mark.parametrize(
    ("valid", "sentence"),
    [
        ((["좋다"], ["중립"]), "the validation part has labels that no training text has: '중립'; leave these"),
        ((["좋다"], [1]), "the validation part has labels that no training text has: 1; leave"),
        ((["좋다"], []), "1 texts but 0 labels were given"),
        ((["좋다"], [None]), "label 1 is missing"),
        ((["좋다"], [["긍정"]]), "labels like ['긍정'] were given"),
        ("좋다", "valid: a pair (texts, labels) expected, str given"),
        (["a", "b", "c"], "valid: a pair (texts, labels) expected, list given"),
        (0.1, "valid: a pair (texts, labels) expected, float given"),
    ],
)
def test_mistakes_in_the_validation_part(data, valid, sentence):
    with pytest.raises(DataError) as raised:
        TextClassifier("wide").fit(*data, valid=valid)
    assert str(raised.value).startswith(sentence) and "\n" not in str(raised.value)


def test_numbers_and_their_names_are_different_labels(data):
    numbers = [int(label == "긍정") for label in data[1]]
    with pytest.raises(DataError, match="labels that no training text has: '1'"):
        TextClassifier("wide").fit(data[0], numbers, valid=(["좋다"], ["1"]))


@pytest.mark.parametrize(("texts", "labels"), [(["a"], ["x", "y"]), (["a", "b"], ["x"]), ([], [])])
def test_scores_of_unequal_lengths(trained, texts, labels):
    with pytest.raises(DataError, match="give a label for each text"):
        trained.score(texts, labels)


@pytest.mark.parametrize("texts", ["a", None, 3, [None], [1], [["a"]]])
def test_predicting_what_is_no_list_of_texts(trained, texts):
    with pytest.raises(DataError):
        trained.predict(texts)


def test_a_folder_that_cannot_be_written(trained, data, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written"):
        trained.save(tmp_path / "file")
    with pytest.raises(DataError, match="cannot be written"):
        TextClassifier("wide", epochs=1, checkpoint_seconds=0.0).fit(*data, folder=tmp_path / "file/inside")
