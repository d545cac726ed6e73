"""The baselines learn, share their matrix, and own up to what was cut."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import make_union
from sklearn.svm import LinearSVC

from saegim.errors import DataError, NotFittedError, SettingError, ShapeError
from saegim.evaluation import baselines
from saegim.evaluation.baselines import LogisticBaseline, MajorityClass, SvmBaseline, TextFeatures

WORDS = {
    "animal": ["cat", "dog", "cow", "hen"],
    "fruit": ["fig", "plum", "pear", "kiwi"],
    "색": ["빨강", "파랑", "노랑", "검정"],
}


def examples(rows: int = 120, kinds: int = 3) -> tuple[list[str], list[str]]:
    rng = np.random.default_rng(0)
    labels = rng.choice(list(WORDS)[:kinds], size=rows).tolist()
    return [" ".join(rng.choice(WORDS[label], size=4)) for label in labels], labels


@pytest.mark.parametrize("model", [SvmBaseline, LogisticBaseline])
@pytest.mark.parametrize("kinds", [2, 3])
def test_linear_models_learn_what_words_tell(model, kinds):
    fitted = model(threads=2).fit(*examples(kinds=kinds))
    texts, labels = examples(30, kinds)
    assert fitted.predict(texts) == labels
    assert fitted.notes == ()
    assert fitted.size_bytes() > 4 * fitted.features.transform([""]).shape[1]


def test_the_svm_is_scikit_learns_over_the_documented_features():
    texts, labels = examples()
    rng = np.random.default_rng(1)
    noisy = [label if rng.random() < 0.7 else "fruit" for label in labels]
    union = make_union(
        TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), token_pattern=r"(?u)\b\w+\b"),
        TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 4), analyzer="char_wb"),
    )
    theirs = LinearSVC(C=0.3).fit(union.fit_transform(texts), noisy)
    ours = SvmBaseline(threads=1).fit(texts, noisy)
    unseen = ["cat fig 빨강", "plum dog", "검정 cow hen", "kiwi", "파랑 pear pear"]
    assert ours.predict(unseen) == theirs.predict(union.transform(unseen)).tolist()


def test_the_matrix_is_computed_once_for_both_and_then_let_go():
    texts, labels = examples()
    features = TextFeatures(uses=2)
    first = LogisticBaseline(features).fit(texts, labels)
    assert first.reused_seconds == 0
    second = SvmBaseline(features).fit(list(texts), labels)
    assert second.reused_seconds == features.seconds > 0
    assert features._training is None


def test_other_texts_get_a_matrix_of_their_own():
    features = TextFeatures(uses=2)
    LogisticBaseline(features).fit(*examples(120))
    assert SvmBaseline(features).fit(*examples(60)).reused_seconds == 0


def test_a_cap_keeps_the_most_widespread_features_and_says_so():
    texts = ["aa bb", "aa cc", "aa dd", "bb ee"]
    model = SvmBaseline(TextFeatures(max_features=5)).fit(texts, ["x", "x", "x", "y"])
    assert model.features.transform(texts).shape == (4, 5)
    assert "5 of" in model.notes[0]
    assert "as asked" in model.notes[0]
    assert model.predict(["aa", "bb ee"]) == ["x", "y"]


def test_a_block_that_the_cap_empties_is_no_trouble():
    texts = ["ab", "ac", "ad", "bb"]  # no word occurs twice, letters do
    model = SvmBaseline(TextFeatures(max_features=2)).fit(texts, ["x", "x", "x", "y"])
    assert model.features.transform(["ab", "zz"]).shape == (2, 2)


def test_many_classes_cap_the_features_to_fit_memory(monkeypatch):
    monkeypatch.setattr(baselines, "WEIGHTS_AT_MOST", 30)
    model = SvmBaseline().fit(*examples())
    assert "weights of 3 classes" in model.notes[0]
    assert model._weights.shape == (10, 3)


def test_texts_without_words_still_have_characters():
    texts, labels = ["?!", "?!?!", "^^", "^^^^"] * 3, ["q", "q", "smile", "smile"] * 3
    assert SvmBaseline().fit(texts, labels).predict(["?!?", "^^^"]) == ["q", "smile"]


def test_fits_that_stop_early_are_noted_not_warned_about(monkeypatch):
    monkeypatch.setattr(SvmBaseline, "_liblinear", lambda self, c: LinearSVC(C=1000.0, max_iter=1))
    model = SvmBaseline().fit(*examples())
    assert model.notes == ("3 of 3 one-vs-rest fits stopped before they converged",)


@pytest.fixture
def large(monkeypatch):
    """All data count as large; enough passes for little of it."""
    monkeypatch.setattr(baselines, "LARGE", 0)
    monkeypatch.setattr(baselines, "TEXTS_AT_LEAST", 3_000)


@pytest.mark.parametrize("model", [SvmBaseline, LogisticBaseline])
@pytest.mark.parametrize("kinds", [2, 3])
def test_large_data_are_learned_too_and_it_is_said_how(large, model, kinds):
    fitted = model(threads=2).fit(*examples(kinds=kinds))
    texts, labels = examples(30, kinds)
    assert fitted.predict(texts) == labels
    assert f"{kinds} classes times" in fitted.notes[0]
    assert "25 passes" in fitted.notes[0]


@pytest.mark.parametrize(
    ("model", "loss", "c"), [(SvmBaseline, "modified_huber", 1), (LogisticBaseline, "log_loss", 10)]
)
def test_on_large_data_the_models_are_scikit_learns_over_the_documented_features(large, model, loss, c):
    texts, labels = examples()
    features = TfidfVectorizer(
        sublinear_tf=True, ngram_range=(1, 4), analyzer="char_wb", min_df=2, lowercase=False, dtype=np.float32
    )
    theirs = SGDClassifier(loss=loss, alpha=1 / (c * len(texts)), max_iter=25, tol=None, random_state=5)
    theirs.fit(features.fit_transform(texts), labels)
    ours = model(threads=1, seed=5).fit(texts, labels)
    np.testing.assert_allclose(ours._weights, theirs.coef_.T, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(ours._biases, theirs.intercept_, rtol=1e-5)


@pytest.mark.parametrize("model", [SvmBaseline, LogisticBaseline])
def test_threads_change_no_bit(large, model):
    one, two = (model(threads=threads).fit(*examples()) for threads in (1, 2))
    assert np.array_equal(one._weights, two._weights)
    assert np.array_equal(one._biases, two._biases)


def test_large_data_keep_upper_case_and_what_occurs_twice(large):
    texts = ["SHOUT", "SHOUT", "shout", "shout", "whisper"]
    model = SvmBaseline().fit(texts, ["loud", "loud", "calm", "calm", "calm"])
    assert model.predict(["SHOUT", "shout"]) == ["loud", "calm"]
    seen = model.features.transform(["whisp", "shout"]).toarray().astype(bool).sum(axis=1)
    assert seen[0] < seen[1]  # of whisper, only what it shares with the others


def test_large_data_without_anything_shared_keep_what_there_is(large):
    assert SvmBaseline().fit(["aa", ""], ["x", "y"]).predict(["aa", ""]) == ["x", "y"]


def test_the_majority_class_is_the_most_frequent_and_ties_go_to_the_first_name():
    assert MajorityClass().fit([""] * 3, ["b", "b", "a"]).predict(["x", "y"]) == ["b", "b"]
    assert MajorityClass().fit([""] * 2, ["b", "a"]).predict(["x"]) == ["a"]
    assert MajorityClass().fit([""], ["가"]).size_bytes() == 3


def test_what_cannot_be_fitted_is_said():
    with pytest.raises(DataError, match="all training labels are 'a'"):
        SvmBaseline().fit(["x", "y"], ["a", "a"])
    with pytest.raises(DataError, match="all training texts are empty"):
        SvmBaseline().fit(["", " "], ["a", "b"])
    with pytest.raises(ShapeError, match="1 texts"):
        SvmBaseline().fit(["x"], ["a", "b"])
    with pytest.raises(DataError, match="0 training labels"):
        MajorityClass().fit([], [])
    with pytest.raises(SettingError, match="max_features is 0"):
        TextFeatures(max_features=0)
    for model in (MajorityClass(), SvmBaseline(), LogisticBaseline()):
        with pytest.raises(NotFittedError, match=f"this {type(model).__name__}"):
            model.predict(["x"])
