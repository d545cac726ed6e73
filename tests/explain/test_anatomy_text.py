"""The anatomy of a step on one text: of every kind of model, with the numbers of prediction and of training."""

from __future__ import annotations

import copy
from functools import partial

import numpy as np
import pytest

from saegim import optim
from saegim.errors import DataError, NotFittedError, SettingError
from saegim.explain import anatomy_of_text
from saegim.losses import cross_entropy
from saegim.models import WISHES
from saegim.training import TextClassifier, train_step

KINDS = [each for each in WISHES if each != "auto"]
TEXTS = [f"{word} {thing}" for word in ("좋은", "나쁜", "그냥") for thing in ("영화", "연기", "음악", "movie")]
LABELS = [label for label in ("good", "bad", "so-so") for _ in range(4)]
TEXT = "정말 좋은 영화, 좋은 음악"


@pytest.fixture(scope="module", params=KINDS)
def trained(request):
    return TextClassifier(request.param, epochs=2, seed=0, validation_share=0).fit(TEXTS, LABELS)


@pytest.fixture(scope="module")
def wide():
    return TextClassifier("wide", epochs=2, seed=0, validation_share=0).fit(TEXTS, LABELS)


def test_probabilities_are_those_of_prediction(trained):
    found = anatomy_of_text(trained, TEXT, "good")
    scores = trained.decision_function([TEXT])[0]
    np.testing.assert_allclose(found.step.prediction[0], scores, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found.probabilities, np.exp(scores) / np.exp(scores).sum(), rtol=1e-4)
    assert found.classes == ("bad", "good", "so-so")
    assert (found.label, found.text, found.dropout) == ("good", TEXT, False)
    assert found.target == pytest.approx((0.1 / 3, 0.9 + 0.1 / 3, 0.1 / 3))
    assert found.step.loss == pytest.approx(-np.log(found.probabilities) @ found.target, rel=1e-5)
    gradient = found.step.layers[-1].gradient.values
    np.testing.assert_allclose(gradient, np.subtract(found.probabilities, found.target), atol=1e-6)


def test_the_step_is_that_of_training(trained):
    """On the padded batch, through the compiled step."""
    found = anatomy_of_text(trained, TEXT, "so-so", optimizer="sgd", lr=0.05)
    network = copy.deepcopy(trained.network)
    step = train_step(network, optim.SGD(0.05), partial(cross_entropy, label_smoothing=0.1))
    batch = trained.encoder.encode([TEXT]).batch(np.array([0]))
    assert found.step.loss == pytest.approx(float(step(batch, np.array([2]))), rel=1e-5)
    assert found.step.gradient == pytest.approx(step.gradient_norm, rel=1e-4)
    after = network.state_dict()
    assert [each.name for each in found.step.parameters] == list(after)
    for each in found.step.parameters:
        assert each.after == pytest.approx(float(np.linalg.norm(after[each.name])), rel=1e-5)
        for moved in each.numbers:
            assert moved.after == pytest.approx(after[each.name][moved.place], rel=1e-3, abs=1e-6)


def test_nothing_is_changed_and_the_same_is_said_again(trained):
    before = {name: np.array(each) for name, each in trained.network.named_tensors()}
    found = [anatomy_of_text(trained, TEXT, "bad", dropout=dropped) for dropped in (False, True, False, True)]
    assert found[:2] == found[2:]
    for name, each in trained.network.named_tensors():
        np.testing.assert_array_equal(np.asarray(each), before[name])
    assert not any(each.training for each in trained.network.modules())


def test_what_was_read_is_counted_without_padding(trained):
    found = anatomy_of_text(trained, TEXT, "good")
    tokens = trained.encoder.token_places(TEXT)
    assert found.tokens == (len(tokens) if trained.encoder.tokenizer else None)
    shapes = {each.kind: each.output.shape for each in found.step.layers}
    if tokens:
        assert shapes["Embedding"][:2] == (1, len(tokens))
    assert found.step.inputs[0].value.shape == (found.ngrams,)
    assert found.step.inputs[0].gradient.norm > 0


@pytest.mark.parametrize("text", ["", " ", "never", "한" * 3000])
def test_any_text(trained, text):
    found = anatomy_of_text(trained, text, "good")
    assert sum(found.probabilities) == pytest.approx(1)
    assert np.isfinite(found.step.loss_after)


def test_the_optimisers_are_those_of_training_for_one_text(trained):
    rates = {each.name: (each.optimizer, each.rate) for each in anatomy_of_text(trained, TEXT, "good").step.parameters}
    assert rates["wide.weight"] == ("SGD", pytest.approx(8 * 3 ** (1 / 3) / 256))
    assert rates["wide.bias"] == ("SGD", 0.1)
    if trained.kind_ != "wide":
        assert rates["head.weight"] == ("AdamW", 5e-4 if trained.kind_ == "bag" else 2e-3)
    slower = anatomy_of_text(trained, TEXT, "good", lr=1e-4).step.parameters
    assert {(each.optimizer, each.rate) for each in slower} == {(name, 1e-4) for name, _rate in rates.values()}


def test_a_short_step_lowers_the_loss(trained):
    found = anatomy_of_text(trained, TEXT, "bad", optimizer="sgd", lr=1e-3)
    assert found.step.loss_after < found.step.loss
    assert found.step.loss - found.step.loss_after == pytest.approx(1e-3 * found.step.gradient**2, rel=0.2)
    assert found.probabilities_after[0] > found.probabilities[0]


def test_dropout_drops_where_training_would():
    model = TextClassifier("cnn", epochs=1, seed=0, validation_share=0).fit(TEXTS, LABELS)
    on, off = (anatomy_of_text(model, TEXT, "good", dropout=each) for each in (True, False))
    dropout = [next(each for each in found.step.layers if each.name == "dropout") for found in (on, off)]
    assert [each.own for each in dropout] == [True, False]
    assert dropout[0].output.dead > dropout[1].output.dead
    assert on.step.loss != off.step.loss


def test_smoothing_is_the_classifiers_own():
    sharp = TextClassifier("wide", epochs=1, seed=0, validation_share=0, label_smoothing=0.0).fit(TEXTS, LABELS)
    found = anatomy_of_text(sharp, TEXT, "good")
    assert found.target == (0, 1, 0)
    assert found.step.loss == pytest.approx(-np.log(found.probabilities[1]), abs=1e-6)


def test_labels_that_are_numbers_may_be_given_as_text():
    model = TextClassifier("wide", epochs=1, seed=0, validation_share=0).fit(TEXTS, [n // 4 for n in range(12)])
    assert anatomy_of_text(model, TEXT, "2").label == anatomy_of_text(model, TEXT, 2).label == "2"


def test_errors(wide):
    with pytest.raises(SettingError, match="label 'fine' is not one of bad, good, so-so"):
        anatomy_of_text(wide, TEXT, "fine")
    with pytest.raises(SettingError, match="optimiser 'lion' is not one of sgd, adagrad, adam, adamw"):
        anatomy_of_text(wide, TEXT, "good", optimizer="lion")
    with pytest.raises(SettingError, match="lr of at least 0 expected"):
        anatomy_of_text(wide, TEXT, "good", lr=-1.0)
    with pytest.raises(DataError):
        anatomy_of_text(wide, 3, "good")
    with pytest.raises(NotFittedError):
        anatomy_of_text(TextClassifier(), TEXT, "good")
