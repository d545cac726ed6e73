"""From rules and unlabelled texts to a network that passes the rules."""

from __future__ import annotations

import json

import numpy as np
import pytest

from saegim.data import Table
from saegim.errors import DataError
from saegim.rules import RuleSet
from saegim.teaching import TEACHERS, divide, parts_of, teach
from saegim.teaching.judging import passing, rule_figures
from saegim.training import TextClassifier
from saegim.training.progress import Silent
from teaching.conftest import BAD, GOOD, RULES, reviews


def test_the_network_passes_the_rules_that_taught_it(taught, parts):
    final = parts[2]
    beside = taught.passing_rules
    rules, network, ahead = beside.over_all
    assert ahead.low > 0
    assert network.value > 0.9 > rules.value
    assert beside.with_frequent[1].low > 0, "also where the rules guess instead of abstaining"
    assert taught.classifier.score(*final) == pytest.approx(network.value)
    assert beside.decided + beside.abstained == len(final[0])
    assert beside.where_abstained.value > 0.7


def test_every_teacher_has_a_row(taught, parts):
    assert [each.name for each in taught.lessons] == list(TEACHERS)
    unlabelled, choosing, final = parts
    fired = sum(any(word in text.split() for word in (*GOOD[:3], *BAD[:3])) for text in unlabelled)
    assert taught.fired == fired
    assert (taught.unlabelled, taught.choosing, taught.final) == (800, 80, 400)
    for lesson in taught.lessons:
        assert lesson.error is None
        assert 0 < lesson.taught <= fired
        assert lesson.choosing_accuracy == pytest.approx(lesson.classifier.score(*choosing))
        right = np.mean([one == other for one, other in zip(lesson.network, final[1], strict=True)])
        assert taught.network_accuracy(lesson).value == pytest.approx(right)


def test_the_best_on_the_texts_for_choosing_is_kept_the_plainest_of_equals(taught):
    best = max(each.chosen_by for each in taught.lessons)
    assert taught.winner is next(each for each in taught.lessons if each.chosen_by == best)


def test_the_final_texts_decide_nothing(taught, parts, quick):
    unlabelled, choosing, (texts, labels) = parts
    other = teach(RULES, unlabelled, choosing, (texts[::-1], labels), classifier=quick)
    assert other.winner.name == taught.winner.name
    ask = [" ".join(GOOD), "주말 영화", *texts[:20]]
    assert (other.classifier.decision_function(ask) == taught.classifier.decision_function(ask)).all()
    assert other.passing_rules.over_all[1].value < taught.passing_rules.over_all[1].value


def test_everything_can_be_json(taught):
    found = json.loads(json.dumps(taught.to_dict(), allow_nan=False))
    assert found["winner"] == taught.winner.name
    assert [each["name"] for each in found["lessons"]] == list(TEACHERS)
    assert {each["id"] for each in found["rules"]} == {rule.id for rule in RULES.rules}


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["unlabelled texts have a rule that fires", "label model without correlations", "points ahead"]),
        ("ko", ["정답 없는 글", "상관을 뺀 레이블 모델", "앞섭니다", "다수결"]),
    ],
)
def test_in_words(taught, language, words):
    said = taught.in_words(language)
    assert all(each in said for each in words), said
    assert "worse than chance" not in said.casefold()


# --- labelled texts as lessons ---


def test_labelled_texts_are_learned_too(parts, quick):
    unlabelled, choosing, final = parts
    found = teach(RULES, unlabelled, choosing, final, learned=reviews(60, 3), classifier=quick)
    first, second = found.lessons[:2]
    assert (first.name, first.taught, first.teacher) == ("labels", 60, None)
    assert second.taught == 60 + sum(each is not None for each in RULES.predict(unlabelled))
    assert found.learned == 60
    assert "labelled texts alone" in found.in_words("en")


# --- unfortunate cases ---


def rules_of(*pairs, facts=None):
    words = sorted({word for word, _label in pairs})
    return RuleSet(
        facts or {word: {"words": [word]} for word in words},
        [{"id": f"{word}-{label}", "if": word, "then": {"label": label}} for word, label in pairs],
    )


@pytest.mark.parametrize(
    ("rules", "sentence"),
    [
        (rules_of(("nowhere", "좋음"), ("neither", "나쁨")), "no rule for a label fires on any of the 800 unlabelled"),
        (
            rules_of(("최고", "좋음"), ("nowhere", "나쁨")),
            "want the label '좋음', so a network could learn",
        ),
        (
            rules_of(("최고", "좋음"), ("최고", "나쁨")),
            "no teacher could teach a network: it has no opinion of any text: the rules contradict each other",
        ),
    ],
)
def test_rules_that_cannot_teach(parts, quick, rules, sentence):
    with pytest.raises(DataError) as caught:
        teach(rules, *parts, classifier=quick)
    assert sentence in str(caught.value)


def test_rules_worse_than_chance_are_named(parts, quick):
    odd = rules_of(("최고", "좋음"), ("감동", "좋음"), ("최악", "나쁨"), ("지루", "나쁨"), ("실망", "좋음"))
    found = teach(odd, *parts, classifier=quick)
    (worse,) = [each for each in found.rules if each.worse_than_chance]
    assert worse.id == "실망-좋음"
    assert worse.right / worse.judged < 0.3
    assert worse.chance == 0.5
    assert worse.estimated < 0.5
    assert "Worse than chance on the labelled texts, so mend or remove: 실망-좋음 (label 좋음:" in found.in_words()
    assert "실망-좋음(레이블 좋음:" in found.in_words("ko")


def test_rules_that_are_all_wrong(parts, quick):
    wrong = rules_of(("최고", "나쁨"), ("감동", "나쁨"), ("최악", "좋음"), ("지루", "좋음"))
    unlabelled, _choosing, final = parts
    found = teach(wrong, unlabelled, reviews(300, 1), final, classifier=quick)
    assert all(each.worse_than_chance for each in found.rules)
    assert found.is_useless
    said = found.in_words()
    assert "No rule is better than chance on the labelled texts" in said
    assert "The network does no better than always answering" in said


def test_classes_without_rules_and_rules_without_classes(parts, quick):
    unlabelled, (texts, labels), final = parts
    some = ["그저" if number < 10 else label for number, label in enumerate(labels)]
    rules = rules_of(("최고", "좋음"), ("최악", "나쁨"), ("주말", "휴일"))
    found = teach(rules, unlabelled, (texts, some), final, classifier=quick)
    assert found.classes == ("그저", "나쁨", "좋음", "휴일")
    assert found.classifier.classes_.tolist() == list(found.classes)
    assert (found.unnamed, found.unjudged) == (("그저",), ("휴일",))
    assert "No rule names '그저'" in found.in_words()
    assert "No labelled text has the label '휴일'" in found.in_words()


@pytest.mark.parametrize(
    ("choosing", "sentence"),
    [
        ((["a"], ["x", "y"]), "choosing: texts and a label for each expected, 1 and 2 given"),
        (([], []), "choosing: texts and a label for each expected, 0 and 0 given"),
        (["a"], "choosing: a pair (texts, labels) expected, list given"),
    ],
)
def test_parts_that_are_none(parts, choosing, sentence):
    with pytest.raises(DataError) as caught:
        teach(RULES, parts[0], choosing, parts[2])
    assert sentence in str(caught.value)


# --- folders ---


class Stopping(Silent):
    """Ends the run when the teacher of that name is announced."""

    def __init__(self, when):
        super().__init__()
        self.when = when

    def say(self, sentence):
        super().say(sentence)
        if self.when in sentence:
            raise KeyboardInterrupt


def test_a_run_that_was_interrupted_goes_on_and_ends_the_same(taught, parts, quick, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        teach(RULES, *parts, classifier=quick, folder=tmp_path, progress=Stopping("weighted vote"))
    assert sorted(path.name for path in (tmp_path / "teachers").iterdir()) == ["majority", "rules"]
    heard = Silent()
    again = teach(RULES, *parts, classifier=quick, folder=tmp_path, resume=True, progress=heard)
    assert sum("finished already" in each for each in heard.sentences) == 1  # said once for both
    assert again.winner.name == taught.winner.name
    for one, other in zip(again.lessons, taught.lessons, strict=True):
        scores = [each.classifier.decision_function(parts[2][0]) for each in (one, other)]
        assert scores[0].tobytes() == scores[1].tobytes()
    loaded = TextClassifier.load(tmp_path / "teachers" / again.winner.name)
    assert (loaded.predict(parts[2][0]) == again.classifier.predict(parts[2][0])).all()


def test_a_time_budget_is_for_all_networks_together(parts):
    found = teach(RULES, *parts, classifier=TextClassifier("wide", time_budget=60.0))
    budgets = [each.classifier.time_budget for each in found.lessons]
    assert all(0 < each < 60 for each in budgets)
    assert budgets[0] < 13, "a fifth, less what was spent already"


# --- parts and figures ---


def test_parts_are_whole_apart_and_alike():
    labels = ["a"] * 60 + ["b"] * 30
    found = divide(labels, 3, seed=1)
    assert sorted(np.concatenate(found).tolist()) == list(range(90))
    for rows in found:
        assert sum(labels[row] == "a" for row in rows) == 20
        assert sum(labels[row] == "b" for row in rows) == 10
    assert [each.tolist() for each in found] == [each.tolist() for each in divide(labels, 3, seed=1)]
    assert divide(labels, 1, seed=0)[0].tolist() == list(range(90))


def a_table(texts, labels=None, source="file"):
    return Table(list(texts), labels, list(range(len(texts))), source, "text", None if labels is None else "label")


TABLE = a_table([f"글 {k}" for k in range(12)], ["a", "b"] * 6)
OTHER, THIRD = (a_table([f"{word} {k}" for k in range(4)] + ["글 0"], list("ababa"), word) for word in ("말", "셋"))


@pytest.mark.parametrize(
    ("options", "sizes"),
    [
        ({}, (6, 6, None)),
        ({"learn_labelled": True}, (4, 4, 4)),
        ({"test": OTHER}, (12, 4, None)),  # without the text that is in both
        ({"valid": OTHER}, (5, 11, None)),
        ({"valid": OTHER, "learn_labelled": True}, (5, 6, 6)),
        ({"valid": OTHER, "test": THIRD}, (4, 4, 12)),
    ],
)
def test_what_labelled_texts_are_used_for(options, sizes):
    found = parts_of(TABLE, **options)
    parts = (found.choosing, found.final, found.learned)
    assert sum(abs(len(part) - size) for part, size in zip(parts, sizes, strict=True) if size is not None) <= 1
    assert (found.learned is None) == (sizes[2] is None)
    texts = [text for part in parts if part is not None for text in part.texts]
    assert len(texts) == len(set(texts)), "no text is in two parts"


def test_unlabelled_texts_that_are_known():
    found = parts_of(TABLE, unlabelled=a_table(["글 3", "새 글", "글 4"]))
    assert found.unlabelled.texts == ["새 글"]
    assert {each.code for each in found.findings} == {"shared-texts"}
    with pytest.raises(DataError, match="every text of file is also in"):
        parts_of(TABLE, unlabelled=a_table(["글 3", "글 4"]))


def test_figures_of_a_teacher_and_a_network_by_hand():
    true = ["a", "a", "b", "b", "b", "a"]
    teacher = ["a", "b", "b", None, None, None]
    network = ["a", "a", "a", "b", "b", "b"]
    found = passing(true, teacher, network, frequent="b")
    assert (found.decided, found.abstained) == (3, 3)
    assert [each.value for each in found.over_all] == pytest.approx([2 / 6, 4 / 6, 2 / 6])
    assert found.with_frequent[0].value == pytest.approx(4 / 6)
    assert found.with_frequent[1].value == pytest.approx(0)
    assert [each.value for each in found.where_decided] == pytest.approx([2 / 3, 2 / 3, 0])
    assert found.where_abstained.value == pytest.approx(2 / 3)
    always = passing(true, network, network, frequent="b")
    assert (always.where_abstained, always.abstained) == (None, 0)
    never = passing(true, [None] * 6, network, frequent="b")
    assert never.where_decided is None


@pytest.mark.parametrize(("right", "judged", "worse"), [(0, 4, False), (0, 6, True), (20, 60, True), (25, 60, False)])
def test_worse_than_chance_is_said_only_where_it_is_clear(right, judged, worse):
    """Against 1/2: 0 of 4 happens by chance once in 16 times, 0 of 6 once in 64 (the limit is 1 in 40)."""
    found = rule_figures(("id", "a"), fired=100, judged=judged, right=right, chance=0.5, estimated=None, share=0.5)
    assert found.worse_than_chance == worse
