"""Rules and a network as one predictor: who answers, how sure, and that it survives being written."""

from __future__ import annotations

import numpy as np
import pytest

from saegim.errors import DataError, ModelFileError, NotFittedError, SettingError, ShapeError
from saegim.rules import RuleSet
from saegim.together import Together
from saegim.training import TextClassifier


def first_of(together):
    return {one.id for one in together.policy.first}


def test_rules_go_first_where_they_know_better(together, unseen):
    texts, labels = unseen
    assert first_of(together) == {"turned-praise", "turned-blame"}
    both, network = together.predict(texts), together.classifier.predict(texts)
    assert (both == labels).mean() > (network == labels).mean() + 0.05


def test_each_answer_says_who_gave_it(together, rules, unseen):
    records = {one.id: one for one in together.policy.rules}
    chances = together.classifier.predict_proba(unseen[0])
    for answer, text, row in zip(together.decide(unseen[0]), unseen[0], chances, strict=True):
        decision = rules.decide(text)
        deciding = [rule.id for rule in decision.won if rule.id in first_of(together)]
        assert answer.text == text and list(answer.rules) == deciding
        if deciding:
            assert (answer.by, answer.label) == ("rules", decision.label)
            assert answer.confidence == max(records[name].precision for name in deciding)
        else:
            assert (answer.by, answer.label) == ("network", together.classes_[row.argmax()])
            assert answer.confidence == row.max()


def test_labels_are_those_that_were_decided(together, unseen):
    labels = together.predict(unseen[0])
    assert labels.dtype == object
    assert labels.tolist() == [answer.label for answer in together.decide(unseen[0])]
    assert together.predict([]).shape == (0,) and together.decide([]) == []
    assert together.predict_proba([]).shape == (0, 2)


def test_probabilities_follow_from_who_decided(together, unseen):
    chances, network = together.predict_proba(unseen[0]), together.classifier.predict_proba(unseen[0])
    np.testing.assert_allclose(chances.sum(1), 1)
    for answer, row, alone in zip(together.decide(unseen[0]), chances, network, strict=True):
        number = list(together.classes_).index(answer.label)
        assert row[number] == pytest.approx(answer.confidence)
        if answer.by == "network":
            assert np.array_equal(row, alone)


def test_a_sure_network_shares_out_nothing(together, monkeypatch):
    """Its probability of the rules' label is 1, so nothing is left to be scaled."""
    text = ["나쁜 영화 아님"]
    number = list(together.classes_).index(together.predict(text)[0])
    monkeypatch.setattr(together.classifier, "predict_proba", lambda texts: np.eye(2)[[number]])
    assert together.decide(text)[0].by == "rules"
    assert together.predict_proba(text).tolist() == np.eye(2)[[number]].tolist()


def test_nothing_is_answered_below_the_threshold(classifier, rules, unseen):
    together = Together.fit(classifier, rules, min_confidence=0.9)
    sure = classifier.predict_proba(unseen[0]).max(1)
    answers = together.decide(unseen[0])
    undecided = [answer for answer, p in zip(answers, sure, strict=True) if not answer.rules and p < 0.9]
    assert 0 < len(undecided) < 400
    assert all((each.label, each.by) == (None, None) for each in undecided)
    assert sum(answer.label is None for answer in answers) == len(undecided)
    assert [each is None for each in together.predict(unseen[0])] == [answer.label is None for answer in answers]
    assert undecided[0].to_dict() == {
        "text": undecided[0].text, "label": None, "by": None, "rules": [], "confidence": undecided[0].confidence,
    }  # fmt: skip


def test_a_wanted_accuracy_is_reached_on_other_texts(classifier, rules, unseen):
    together = Together.fit(classifier, rules, min_accuracy=0.9)
    both = together.predict(unseen[0])
    decided = both != None  # noqa: E711 - element by element
    assert 0.2 < decided.mean() < 1
    assert (both == unseen[1])[decided].mean() > 0.85 > (classifier.predict(unseen[0]) == unseen[1]).mean()


def test_what_was_tried_are_the_validation_texts(together, classifier):
    texts, labels = classifier.validation_
    assert len(together.tried.answers) == len(texts) == together.policy.trial.texts
    numbers = np.searchsorted(classifier.classes_, labels)
    assert (together.tried.answers == numbers).sum() == together.policy.trial.right


def test_without_rules(classifier, unseen):
    together = Together.fit(classifier)
    assert together.policy.rules == () and together.rules is None
    assert np.array_equal(together.predict(unseen[0]), classifier.predict(unseen[0]))


def test_other_texts_to_fit_to(classifier, rules, make_reviews):
    texts, labels = make_reviews(120, seed=9)
    together = Together.fit(classifier, rules, valid=(texts, np.array(labels)))
    assert together.policy.trial.texts == 120


def test_labels_that_are_numbers(make_reviews):
    texts, labels = make_reviews(80)
    numbers = [int(label == "긍정") for label in labels]
    made = TextClassifier("wide", epochs=1).fit(texts, numbers, valid=(texts[:60], numbers[:60]))
    rules = RuleSet({"turned": {"words": ["아님"]}, "blame": {"words": ["나쁜", "지루한", "아쉬운"]}},
                    [{"id": "a", "if": ["turned", "blame"], "then": {"label": "1"}}])  # fmt: skip
    together = Together.fit(made, rules)
    assert set(together.predict(texts).tolist()) <= {0, 1}
    assert {type(each) for each in together.predict(texts)} == {int}


# --- what is refused ---


def test_nothing_to_fit_to(classifier, make_reviews, rules):
    with pytest.raises(NotFittedError, match="has not been trained yet"):
        Together.fit(TextClassifier(), rules)
    few = TextClassifier("wide", epochs=1).fit(*make_reviews(30))
    with pytest.raises(DataError, match="but there are none; train with more"):
        Together.fit(few, rules)
    with pytest.raises(DataError, match="never gives: 모름"):
        Together.fit(classifier, rules, valid=(["좋은"], ["모름"]))
    with pytest.raises(ShapeError, match="2 texts were given with 1 labels"):
        Together.fit(classifier, rules, valid=(["좋은", "나쁜"], ["긍정"]))
    with pytest.raises(SettingError, match="wanted accuracy between 0 and 1"):
        Together.fit(classifier, rules, min_accuracy=95)


def test_a_policy_about_other_rules(together, classifier, rules):
    with pytest.raises(ModelFileError, match="'turned-praise' go first, which is not among the rules"):
        Together(classifier, None, together.policy)
    other = RuleSet.from_dict({**rules.to_dict(), "rules": [rule.to_dict() for rule in rules.rules[2:]]})
    with pytest.raises(ModelFileError, match="fit the policy again"):
        Together(classifier, other, together.policy)


# --- keeping it ---


@pytest.fixture
def folder(together, tmp_path):
    together.save(tmp_path / "model")
    return tmp_path / "model"


def test_it_survives_being_written(together, folder, unseen):
    again = Together.load(folder)
    assert again.policy == together.policy and again.rules == together.rules and again.tried is None
    assert again.decide(unseen[0]) == together.decide(unseen[0])
    assert TextClassifier.load(folder).predict(unseen[0]).tolist() == together.classifier.predict(unseen[0]).tolist()


def test_without_rules_none_are_written(classifier, folder, unseen):
    alone = Together.fit(classifier, min_confidence=0.8)
    alone.save(folder)
    assert not (folder / "rules.yaml").exists()
    assert Together.load(folder).decide(unseen[0]) == alone.decide(unseen[0])


def test_the_card_says_who_answers(together, folder):
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert card.count("## Who answers") == 1 and "turned-praise" in card.split("## Who answers")[1]
    together.save(folder)
    assert (folder / "README.md").read_text(encoding="utf-8") == card


def test_a_new_model_leaves_no_old_policy(classifier, folder):
    classifier.save(folder)
    assert not (folder / "policy.json").exists()
    with pytest.raises(ModelFileError, match=r"holds no policy\.json"):
        Together.load(folder)


def test_a_card_that_people_removed_is_not_missed(together, folder):
    from saegim.together import folder as policy_folder

    (folder / "README.md").unlink()
    policy_folder.save(folder, together.policy)
    assert not (folder / "README.md").exists()
    Together.load(folder)
