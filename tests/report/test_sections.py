"""The figures of single sections, against scikit-learn and against definitions; words in both languages."""

from __future__ import annotations

import importlib
import pkgutil
import re
import string
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, f1_score, precision_score, recall_score

import saegim.report
from saegim.evaluation import score
from saegim.explain.mistakes import Judgement, find_mistakes
from saegim.nn import Linear, Sequential
from saegim.nn.summary import summary
from saegim.report import (
    calibration,
    charts,
    confusion,
    errors,
    examples,
    flow,
    model,
    policy,
    repeat,
    teaching,
    training,
    verdict,
)
from saegim.report.evidence import TextEvidence
from saegim.report.page import TEMPLATES, page
from saegim.report.section import Section
from saegim.together import Policy, RuleRecord, Trial
from saegim.training.calibration import calibrate

NAMES = [each.name for each in pkgutil.iter_modules(saegim.report.__path__)]
MODULES = [importlib.import_module(f"saegim.report.{name}") for name in NAMES]
WORDED = [module for module in MODULES if hasattr(module, "WORDS")]


def fields(text):
    return sorted(field for _text, field, _spec, _conversion in string.Formatter().parse(text) if field)


@pytest.mark.parametrize("module", WORDED, ids=lambda module: module.__name__.rpartition(".")[2])
def test_both_languages_say_the_same(module):
    english, korean = module.WORDS["en"], module.WORDS["ko"]
    assert english.keys() == korean.keys()
    for key in english:
        assert fields(english[key]) == fields(korean[key]), key
    source = Path(module.__file__).read_text(encoding="utf-8")
    shown = "".join(path.read_text(encoding="utf-8") for path in TEMPLATES.glob("*.html"))
    used = {key for key in english if source.count(f'"{key}"') > 2 or f"say.{key}" in shown}
    assert english.keys() == used | DYNAMIC.get(module.__name__.rpartition(".")[2], set())


# Keys that are put together or come from data.
DYNAMIC = {
    "verdict": {"clear", "tie", "too few rows", "nothing beats the majority", "alone"},
    "curve": {"rules", "majority"},
    "examples": {"network"},
    "report": {"no description", "gone", "changed", "none held out", "no model"},
    "flow": {"gradient_note", "update_note"},
}


# --- what it confuses ---


def counted(classes, seed=0, rows=4000):
    rng = np.random.default_rng(seed)
    true = rng.integers(0, classes, rows)
    said = np.where(rng.random(rows) < 0.7, true, rng.integers(0, classes, rows))
    names = [f"c{number:03}" for number in range(classes)]
    return names, [names[each] for each in true], [names[each] for each in said]


def test_the_matrix_is_that_of_scikit_learn():
    names, true, said = counted(4)
    scores = score(true, said)
    found = confusion.section(scores.classes, scores.confusion, "it", "en").context
    cells = [[int(cell["count"].replace(",", "")) for cell in row] for _name, row in found["rows"]]
    assert cells == confusion_matrix(true, said).tolist()
    assert [[cell["right"] for cell in row] for _name, row in found["rows"]] == np.eye(4, dtype=bool).tolist()
    assert found["some"] is None
    for column, measure in ((1, precision_score), (2, recall_score), (3, f1_score)):
        expected = measure(true, said, average=None)
        assert [row[column] for row in found["per_class"].rows] == [f"{each:.3f}" for each in expected]
    matrix = confusion_matrix(true, said)
    np.fill_diagonal(matrix, 0)
    assert int(found["pairs"].rows[0][2]) == matrix.max()
    assert [row[0] for row in found["per_class"].rows] == names


def test_of_a_hundred_classes_the_most_confused_are_shown():
    _names, true, said = counted(105, rows=20_000)
    said = ["c007" if one == "c093" else other for one, other in zip(true, said, strict=True)]
    scores = score(true, said)
    found = confusion.section(scores.classes, scores.confusion, "it", "en").context
    assert len(found["rows"]) == confusion.MOST_CLASSES
    assert found["heads"][-1] == "others"
    shown = [name for name, _cells in found["rows"]]
    assert {"c007", "c093"} <= set(shown)
    assert found["pairs"].rows[0][:2] == ["c093", "c007"]
    totals = {name: true.count(name) for name in shown}
    for name, cells in found["rows"]:
        assert sum(int(cell["count"].replace(",", "")) for cell in cells) == totals[name]
    assert len(found["per_class"].rows) == 105


def test_what_was_left_undecided_has_a_column():
    scores = score(["a", "a", "b"], ["a", None, "b"])
    found = confusion.section(scores.classes, scores.confusion, "it", "ko").context
    assert found["heads"] == ["a", "b", "보류"]
    assert [cell["count"] for cell in found["rows"][0][1]] == ["1", "0", "1"]


def test_nothing_confused():
    scores = score(["a", "b"], ["a", "b"])
    found = confusion.section(scores.classes, scores.confusion, "it", "en").context
    assert found["right"]
    assert found["pairs"] is None


# --- whether its probabilities can be believed ---


def guesses(count, temperature=1.0):
    """Probabilities (n, 3) that mean what they say at temperature 1, and whether the answers were right."""
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(count, 3)) * 2
    shares = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    true = (rng.random((count, 1)) > shares.cumsum(1)).sum(1)
    told = shares ** (1 / temperature)
    return told / told.sum(1, keepdims=True), shares.argmax(1) == true


def test_texts_that_were_not_calibrated():
    shares, right = guesses(3000)
    found = calibration.section(calibration.of_examples(shares, right, None), "en").context
    error = calibration.expected_calibration_error(shares.max(1), right)
    assert f"is {error:.3f}" in found["figure"]["note"]
    assert sum(int(row[3].replace(",", "")) for row in found["table"].rows) == 3000
    assert {row[0] for row in found["table"].rows} == {"as it comes"}


def test_what_calibration_did_to_other_texts():
    sure, right = guesses(3000, temperature=0.4)  # surer than it should be
    good, _same = guesses(3000)
    found = calibration.of_examples(good, right, 2.5)
    assert found.error_before == pytest.approx(calibration.expected_calibration_error(sure.max(1), right))
    assert found.error < 0.03 < found.error_before
    said = calibration.section(found, "en").context["figure"]["note"]
    assert f"from {found.error_before:.3f} to {found.error:.3f}" in said
    assert "temperature of 2.50" in said


def test_calibration_as_it_was_measured_in_training():
    shares, right = guesses(300)
    numbers = np.where(right, shares.argmax(1), (shares.argmax(1) + 1) % 3)
    fitted = calibrate(np.log(shares), numbers)
    found = calibration.section(calibration.of_training(fitted), "ko").context
    for figure in (fitted.error_before, fitted.error_after, fitted.error_by_chance):
        assert f"{figure:.3f}" in found["figure"]["note"]
    assert len(found["table"].rows) == len(fitted.bins_before) + len(fitted.bins_after)
    assert "보정 전" in found["figure"]["chart"].wide


# --- how training went ---


def test_training_shows_every_epoch():
    epochs = [
        {"train_loss": 1 / n, "valid_loss": 2 / n, "accuracy": 1 - 1 / n, "macro_f1": 0.5, "seconds": n}
        for n in range(1, 31)
    ]
    found = training.section(epochs, 30, ["a note"], "en").context
    assert len(found["table"].rows) == 30
    assert found["table"].rows[-1] == ["30", "0.0333", "0.0667", "0.9667", "0.5000", "30.0 s"]
    assert "training from 1.000 to 0.033" in found["figures"][0]["chart"].wide
    assert len(found["figures"]) == 2


def test_of_a_thousand_epochs_some_are_shown():
    epochs = [{"train_loss": 1 / n, "seconds": n, **flows(50)[0]} for n in range(1, 1001)]
    found = training.section(epochs, 500, [], "en").context
    numbers = [int(row[0]) for row in found["table"].rows]
    assert (len(numbers), numbers[0], numbers[-1]) == (training.MOST_EPOCHS, 1, 1000)
    assert len(set(np.diff(numbers))) == 2
    found = flow.section(epochs, [], "en").context
    assert found["table"].headers[1:3] + found["table"].headers[-1:] == ["epoch 1", "epoch 92", "epoch 1000"]
    assert sum(len(each["chart"].wide) for each in found["figures"]) < 700_000


def test_training_without_validation():
    found = training.section([{"train_loss": 0.5, "seconds": 1.0}], 1, [], "ko").context
    assert len(found["figures"]) == 1
    assert training.section([], 0, [], "en") is None


# --- how the gradient flowed ---


def flows(layers, epochs=3):
    one = {f"layer{n}": {"gradient": 10.0**-n, "update": 1e-3} for n in range(layers)}
    return [{"flow": one}] * epochs


@pytest.mark.parametrize("layers", [1, 6, 40])
def test_every_layer_is_drawn(layers):
    found = flow.section(flows(layers), ["a finding"], "en").context
    assert len(found["figures"]) == 2
    for number in range(layers):
        assert f"layer{number}, epoch 3" in found["figures"][0]["chart"].narrow
    assert found["findings"] == ["a finding"]
    assert len(found["table"].rows) == layers


@pytest.mark.parametrize(
    "low, high, expected",
    [
        (0.003, 40.0, [0.01, 0.1, 1.0, 10.0]),
        (0.09, 0.6, [0.1, 0.2, 0.5]),
        (1e-7, 1e-4, [1e-7, 1e-6, 1e-5, 1e-4]),
        (0.4, 0.45, []),
    ],
)
def test_round_numbers_on_a_logarithmic_axis(low, high, expected):
    assert flow._round_numbers(low, high) == pytest.approx(expected)


def test_gradients_that_are_nothing_do_not_break_the_scale():
    dead = [{"flow": {"a": {"gradient": 0.0, "update": 0.0}}}]
    found = flow.section(dead, [], "ko").context
    assert found["figures"] == []
    assert found["table"].rows == [["a", "0.0e+00 · 0.0e+00"]]
    assert flow.section([{"train_loss": 1.0}], [], "en") is None


# --- the model, and how to make it again ---


def test_weights_are_m_times_n_and_biases_n():
    network = Sequential(Linear(64, 32), Linear(32, 5), seed=0)
    found = model.section(summary(network), "en").context
    assert "32 × 5 + 5 = 165" in found["intro"]
    assert [row[3] for row in found["table"].rows] == ["64 × 32 = 2,048", "32 × 5 = 160"]
    assert found["total"][3:5] == ["2,208", "37"]


def test_the_command_is_the_one_that_was_given():
    made_from = {
        "saegim": "0.1.0", "file": "my texts.csv", "text": "t", "label": None, "seed": 0, "time_budget": 90.0,
        "skip_bad_rows": True, "threads": None, "sha256": "x",
    }  # fmt: skip
    assert repeat.command(made_from) == (
        "saegim train 'my texts.csv' --text t --seed 0 --time-budget 90s --skip-bad-rows --out again"
    )
    assert "run.yaml" in repeat.section(None, "en").context["intro"]


# --- examples ---


def test_examples_are_of_every_class_and_short():
    texts = ["가나다라 마바사 아자차 카타파하"] * 40 + ["길" * 500] * 40
    true = [str(row % 4) for row in range(80)]
    probabilities = np.full((80, 4), 0.1)
    probabilities[np.arange(80), np.arange(80) % 4] = 0.7
    evidence = TextEvidence(
        texts=texts, true=true, predicted=true, probabilities=probabilities, classes=list("0123"), source="here"
    )
    chosen = examples.choose(evidence, None)
    assert len(chosen) == examples.MOST
    assert {true[row] for row in chosen} == set("0123")
    assert all(len(texts[row]) <= examples.LONGEST for row in chosen)


# --- the worst errors ---


def mistakes(texts, labels, chances):
    judgement = Judgement(["a", "b"], np.array([[1 - each, each] for each in chances]))
    return find_mistakes(texts, labels, judgement)


def example(mistake, **more):
    return examples.Example(mistake.text, [], mistake.label, mistake.predicted, mistake.probability, **more)


def test_errors_with_labels_that_are_likely_wrong():
    texts = [f"text {number}" for number in range(8)]
    found = mistakes(texts, list("aaaabbbb"), [0.1, 0.1, 0.1, 0.99, 0.6, 0.9, 0.9, 0.9])
    assert [each.text for each in found.suspects] == ["text 3"]
    shown = errors.section([example(found.surest[0], suspect=True)], found, "en").context
    assert "1 of 8 texts are wrong (12.5%). Here are the 1" in shown["intro"]
    assert "1 of all labels are likely wrong themselves" in shown["intro"]
    assert shown["suspects"]


def test_near_duplicates_with_different_labels():
    said = "정말 재미있는 영화였다"
    texts = [f"{said}!", said, f"{said}.", *["다른 글이다 " * 100] * 2]
    found = mistakes(texts, list("aabab"), [0.1, 0.1, 0.9, 0.1, 0.9])
    shown = errors.section([], found, "ko").context
    assert shown["rows"] == []
    assert "2묶음" in shown["twins_intro"]
    long, short = sorted(shown["twins"], key=len)
    assert short == [("a", texts[0]), ("b", texts[2]), ("a", texts[1])]
    assert [(label, len(text)) for label, text in long] == [("a", 302), ("b", 302)]


# --- who answers, and who taught ---


def test_every_rule_is_shown_beside_the_network():
    records = (RuleRecord("a", "x", 10, 9, 3, 1, 0.7, True), RuleRecord("b", "y", 0, 0, 0, 0, 0.0, False))
    found = policy.section(
        Policy("together", None, None, 0.8, True, records, 0.0, Trial(50, 50, 45, 10, 9, 43)), "en"
    ).context
    assert found["table"].rows == [
        ["a", "x", "10", "9", "90.0%", "3", "1", "yes"],
        ["b", "y", "0", "0", "", "0", "0", ""],
    ]
    assert "One rule goes first, since it is precise: a." in found["statement"]


TAUGHT = {
    "winner": "majority",
    "texts": {"unlabelled": 9000, "fired": 6000, "choosing": 100, "final": 200, "learned": 0},
    "lessons": [
        {"name": "majority", "taught": 5900, "teacher": {"coverage": 0.6, "accuracy_decided": 0.81},
         "final": {"value": 0.85, "low": 0.8, "high": 0.9}},
        {"name": "labels", "taught": 100, "teacher": None, "final": None},
    ],
}  # fmt: skip


def test_every_teacher_and_its_network():
    found = teaching.section(teaching.checked(TAUGHT), "en").context
    assert found["table"].rows == [
        ["majority vote (kept)", "60.0%", "0.810", "5,900", ("0.850", "0.800–0.900")],
        ["labelled texts alone", "n/a", "n/a", "100", "n/a"],
    ]
    assert "labelled 6,000 of 9,000 texts" in found["intro"]
    assert "다수결" in teaching.section(teaching.checked(TAUGHT), "ko").context["intro"]


@pytest.mark.parametrize(
    "change",
    [{"winner": "osmosis"}, {"winner": None}, {"texts": {}}, {"lessons": [{"name": "majority"}]}, {"lessons": None}],
)
def test_lessons_that_are_none(change):
    with pytest.raises((TypeError, ValueError)):
        teaching.checked(TAUGHT | change)


# --- the verdict ---


def compared(**more):
    one = {
        "name": "network", "kind": "learned", "error": None, "accuracy": 0.8, "accuracy_interval": [0.7, 0.9],
        "macro_f1": 0.75,
    }  # fmt: skip
    sentences = {"en": ["Trust network: it gets 80%.", "More."], "ko": ["network를 믿으십시오. 80%입니다.", "더."]}
    return {
        "outcome": "clear", "trusted": "network", "contenders": [one], "test_rows": 100, "train_rows": 900,
        "level": 0.95, "verdict": sentences, **more,
    }  # fmt: skip


def test_the_headline_is_not_said_twice():
    found = verdict.section(compared(), None, None, "en").context
    assert (found["headline"], found["sentences"]) == ("Trust network", ["It gets 80%.", "More."])
    found = verdict.section(compared(), None, None, "ko").context
    assert (found["headline"], found["sentences"]) == ("network를 믿으십시오", ["80%입니다.", "더."])


@pytest.mark.parametrize("outcome", ["tie", "too few rows", "nothing beats the majority", "alone", "unheard of"])
def test_every_outcome_has_a_headline(outcome):
    for language in ("en", "ko"):
        assert verdict.section(compared(outcome=outcome), None, None, language).context["headline"]


def test_a_trusted_contender_that_is_not_there():
    assert verdict.section(compared(contenders=[]), None, None, "en").context["tiles"] == []


# --- charts and the page ---


def bars(values):
    return lambda width: {
        "data": charts.values([{"name": each, "n": 1} for each in values]),
        "width": width,
        "mark": "bar",
        "encoding": {"x": charts.field("n"), "y": charts.field("name", "nominal")},
    }


def test_charts_hold_nothing_but_drawings():
    evil = '</text><script>alert(1)</script><img src=x onerror="1">'
    drawn = charts.chart("c", f'says "{evil}"', bars([evil, "가", "a&b"]))
    for svg in (drawn.wide, drawn.narrow):
        assert "<script" not in svg
        assert "<img" not in svg
        assert " style=" not in svg  # which the page's policy would forbid
        assert "http" not in svg.replace("http://www.w3.org/", "")
        assert svg.startswith('<svg role="img" aria-label="says &quot;&lt;/text&gt;')


def test_charts_of_one_page_do_not_share_names():
    def shaded(width):
        spec = bars(["a", "b"])(width)
        spec["encoding"]["color"] = charts.field("n")  # its legend is a gradient, which has a name
        return spec

    svgs = [svg for name in ("one", "two") for svg in vars(charts.chart(name, "x", shaded)).values()]
    names = [each for svg in svgs for each in re.findall(r' id="([^"]+)"', svg)]
    assert len(names) == len(set(names)) > 0
    for svg in svgs:
        assert set(re.findall(r"url\(#([^)]+)\)", svg)) <= set(re.findall(r' id="([^"]+)"', svg))


def test_a_page_escapes_whatever_it_shows():
    evil = "<script>alert(1)</script>"
    found = page(evil, [Section("model", evil, {"intro": evil})], "en")
    assert evil not in found.html
    assert found.html.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 5
