"""The verdict says what follows from constructed comparisons, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from saegim.errors import SettingError
from saegim.evaluation.comparison import Measurement, assemble
from saegim.evaluation.judgement import judge
from saegim.evaluation.verdict import verdict
from saegim.evaluation.wording import f1_pair, points
from saegim.evaluation.wording_ko import with_particle

CLASSES = ["a", "b", "c"]


def truth(rows: int) -> list[str]:
    return [CLASSES[i % 5 // 2] for i in range(rows)]  # a 40%, b 40%, c 20%


def wrong_at(true: list[str], rows) -> tuple[str, ...]:
    """The truth, but for these rows, where the next class is given."""
    predicted = list(true)
    for row in rows:
        predicted[row] = CLASSES[(CLASSES.index(true[row]) + 1) % 3]
    return tuple(predicted)


def some(rows: int, share: float, seed: int) -> list[int]:
    return np.flatnonzero(np.random.default_rng(seed).random(rows) < share).tolist()


def entry(name, kind, predictions, seconds=10.0, size=1000):
    return Measurement(name, kind, predictions, None, seconds, 1000.0, size)


def compared(true, *measurements):
    constant = entry("majority class", "majority", ("a",) * len(true), 0.001, 1)
    return assemble([constant, *measurements], true, train_rows=20_000, resamples=300)


TRUE = truth(2000)
NETWORK_90 = entry("network", "learned", wrong_at(TRUE, some(2000, 0.10, 1)), 40.0, 12_000_000)
SVM_90 = entry("SVM", "classical", wrong_at(TRUE, some(2000, 0.10, 2)), 12.0)
SVM_80 = entry("SVM", "classical", wrong_at(TRUE, some(2000, 0.20, 2)), 12.0)
RULES_97 = entry("rules", "rules", wrong_at(TRUE, some(2000, 0.03, 3)), 0.01, 500)


def narrow_rules(true, label="c", share_wrong=0.0, every=2):
    """Rules that speak on every other row of one class, with a share of them wrong."""
    spoken = [row for row, name in enumerate(true) if name == label][::every]
    wrong = set(spoken[: round(share_wrong * len(spoken))])
    said = [None] * len(true)
    for row in spoken:
        said[row] = "b" if row in wrong else label
    return entry("rules", "rules", tuple(said), 0.01, 500)


def test_a_clearly_better_network_is_trusted():
    comparison = compared(TRUE, SVM_80, NETWORK_90)
    judgement = judge(comparison)
    assert (judgement.outcome, judgement.leader, judgement.trusted) == ("clear", "network", "network")
    said = verdict(comparison)
    assert said.startswith("Trust network: it gets 90")
    assert "more than SVM, the next best; that is more than chance would give" in said
    assert "would get 40.0%" in said
    assert "Rules" not in said  # none took part
    assert "\n" not in said


def test_clearly_better_rules_are_trusted():
    comparison = compared(TRUE, NETWORK_90, RULES_97)
    assert (judge(comparison).outcome, judge(comparison).trusted) == ("clear", "rules")
    said = verdict(comparison)
    assert said.startswith("Trust rules: they get 96.9% of 2,000 test texts right")
    assert "needed 20,000 labelled texts" in said


def test_a_difference_that_may_be_chance_is_said_to_be_so_and_the_cheaper_is_taken():
    comparison = compared(TRUE, NETWORK_90, SVM_90)
    judgement = judge(comparison)
    assert (judgement.outcome, judgement.trusted) == ("tie", "SVM")
    said = verdict(comparison)
    assert "cannot be told apart on 2,000 test texts" in said
    assert "may be chance" in said
    assert "Take SVM: it is built in 12.0 s, network in 40.0 s." in said
    assert "Trust" not in said


def test_a_tie_at_equal_cost_goes_to_the_better_figure_without_promises():
    same_cost = entry("SVM", "classical", SVM_90.predictions, 38.0)
    comparison = compared(TRUE, NETWORK_90, same_cost)
    assert judge(comparison).trusted == judge(comparison).leader
    assert "expect no more of it" in verdict(comparison)


def test_a_tie_with_rules_goes_to_the_rules():
    rules = entry("rules", "rules", SVM_90.predictions, 100.0)
    comparison = compared(TRUE, NETWORK_90, rules)
    assert judge(comparison).trusted == "rules"
    assert "Take rules: rules need no labels" in verdict(comparison)


def test_a_tie_tells_how_many_rows_would_settle_it():
    judgement = judge(compared(TRUE, NETWORK_90, SVM_90))
    rivalry = judgement.rivalry(judgement.tied[0])
    assert rivalry.rows_to_tell > 2000
    expected = 2000 * (rivalry.accuracy.half_width / rivalry.accuracy.value) ** 2
    assert rivalry.rows_to_tell == round(expected)


def test_precise_but_narrow_rules_speak_first():
    comparison = compared(TRUE, NETWORK_90, narrow_rules(TRUE))
    (firing,) = judge(comparison).firings
    assert judge(comparison).trusted == "network"
    assert (firing.ahead, firing.rules_right, firing.coverage) == ("rules", 1.0, 0.1)
    said = verdict(comparison)
    assert "The rules decide 10.0% of the texts and get 100.0% of those right" in said
    assert "So let the rules speak first and network answer the rest: together" in said
    mixed = [r or n for r, n in zip(narrow_rules(TRUE).predictions, NETWORK_90.predictions, strict=True)]
    assert firing.together == pytest.approx(np.mean(np.array(mixed) == np.array(TRUE)))


def test_narrow_rules_that_lose_where_they_fire_are_not_recommended():
    comparison = compared(TRUE, NETWORK_90, narrow_rules(TRUE, share_wrong=0.4))
    assert judge(comparison).firings[0].ahead == "other"
    said = verdict(comparison)
    assert "even there network is clearly better" in said
    assert "speak first" not in said


def test_narrow_rules_as_good_as_the_network_where_they_fire_are_not_called_better():
    comparison = compared(TRUE, NETWORK_90, narrow_rules(TRUE, share_wrong=0.1, every=8))
    assert judge(comparison).firings[0].ahead is None
    assert "a difference that may be chance" in verdict(comparison)


def test_rule_labels_are_told_apart():
    good = narrow_rules(TRUE, "c").predictions
    bad = narrow_rules(TRUE, "a").predictions
    both = tuple(g or ("b" if b else None) for g, b in zip(good, bad, strict=True))
    comparison = compared(TRUE, NETWORK_90, entry("rules", "rules", both))
    (firing,) = judge(comparison).firings
    assert [edge.label for edge in firing.better] == ["c"]
    assert [edge.label for edge in firing.worse] == ["b"]
    said = verdict(comparison)
    assert "Where the rules answer c (100.0% of 200, not" in said
    assert "they are clearly less often right" in said


def test_classes_on_which_the_loser_is_better_are_named():
    weak_on_c = [row for row, name in enumerate(TRUE) if name == "c"][:150]
    weak_on_a = [row for row, name in enumerate(TRUE) if name == "a"][:400]
    network = entry("network", "learned", tuple("b" if r in set(weak_on_c) else t for r, t in enumerate(TRUE)))
    svm = entry("SVM", "classical", tuple("b" if r in set(weak_on_a) else t for r, t in enumerate(TRUE)))
    comparison = compared(TRUE, network, svm)
    (edges,) = judge(comparison).class_edges
    assert ([e.label for e in edges.better], {e.label for e in edges.worse}) == (["c"], {"a", "b"})
    said = verdict(comparison)
    assert "SVM is clearly better on c (F1 1.00, not 0.77) and clearly worse on a (F1 0.67, not 1.00)" in said


def test_of_two_classes_none_is_named():
    true = ["a", "b"] * 500
    good, poor = some(1000, 0.05, 1), set(some(1000, 0.3, 2))
    network = tuple("a" if row in set(good) else name for row, name in enumerate(true))
    svm = tuple("b" if row in poor else name for row, name in enumerate(true))
    comparison = assemble(
        [entry("network", "learned", network), entry("SVM", "classical", svm)], true, train_rows=1, resamples=50
    )
    assert judge(comparison).class_edges[0].worse
    assert "Class by class" not in verdict(comparison)


@pytest.mark.parametrize(
    ("pair", "texts"),
    [((0.9, 0.8), ("0.90", "0.80")), ((0.8712, 0.8738), ("0.871", "0.874")), ((0.5, 0.5), ("0.5000", "0.5000"))],
)
def test_f1_shows_the_digits_that_differ(pair, texts):
    assert f1_pair(*pair) == texts


def test_no_class_is_named_when_luck_explains_the_differences():
    assert all(not edges.better and not edges.worse for edges in judge(compared(TRUE, NETWORK_90, SVM_90)).class_edges)


def test_luck_rarely_names_a_class_among_many():
    named = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        names = [f"class {i:02}" for i in range(60)]
        true = rng.choice(names, size=1500).tolist()
        guess = [tuple(t if rng.random() < 0.8 else str(rng.choice(names)) for t in true) for _ in range(2)]
        measured = [entry("network", "learned", guess[0]), entry("SVM", "classical", guess[1])]
        edges = judge(assemble(measured, true, train_rows=1, resamples=20)).class_edges
        named += any(e.better or e.worse for e in edges)
    assert named <= 6  # expected at 5% or less: 2


def test_too_few_rows_are_said_to_be_too_few():
    true = truth(20)
    comparison = compared(
        true,
        entry("network", "learned", wrong_at(true, [0, 7])),
        entry("SVM", "classical", wrong_at(true, [3, 8, 11])),
    )
    assert judge(comparison).outcome == "too few rows"
    said = verdict(comparison)
    assert said.startswith("With only 20 test texts nobody can say which to trust: network gets 90.0% right")
    assert "SVM" in said
    assert "Trust" not in said


def test_a_clear_lead_on_few_rows_comes_with_a_caution():
    true = truth(40)
    comparison = compared(
        true, entry("network", "learned", tuple(true)), entry("SVM", "classical", wrong_at(true, range(20)))
    )
    assert judge(comparison).outcome == "clear"
    assert "This rests on 40 test texts only" in verdict(comparison)


def test_few_wins_are_not_clear_even_where_the_bootstrap_says_so():
    true = truth(12)
    comparison = compared(
        true, entry("network", "learned", tuple(true)), entry("SVM", "classical", wrong_at(true, [0, 1, 2, 3, 4]))
    )
    assert comparison.differences("network", "SVM").accuracy.excludes_zero
    assert "SVM" in judge(comparison).tied


def test_what_does_not_beat_a_constant_is_not_trusted():
    guesses = np.random.default_rng(0).permutation(np.array(TRUE)).tolist()
    below = compared(TRUE, entry("network", "learned", tuple(guesses)))
    assert judge(below).outcome == "nothing beats the majority"
    assert "which is clearly more (interval" in verdict(below)
    same = compared(TRUE, entry("network", "learned", ("a",) * 2000))
    assert verdict(same).startswith("Trust none of them as it stands: the best, network, gets 40.0%")
    assert "gets just as many" in verdict(same)


def test_accuracy_and_macro_f1_that_disagree_are_both_told():
    true = ["a"] * 1900 + ["c"] * 100
    network = entry("network", "learned", ("a",) * 1900 + ("a",) * 90 + ("c",) * 10)
    svm = entry("SVM", "classical", ("c",) * 150 + ("a",) * 1750 + ("c",) * 100)
    comparison = assemble([network, svm], true, train_rows=10, resamples=300)
    judgement = judge(comparison)
    assert judgement.trusted == "network"
    assert judgement.rivalry("SVM").standing == "better by macro F1"
    assert "By macro F1, where every class counts the same, SVM is ahead" in verdict(comparison)


def test_equal_accuracy_is_decided_by_a_clear_macro_f1():
    true = ["a"] * 1900 + ["c"] * 100
    network = entry("network", "learned", ("c",) * 60 + ("a",) * 1840 + ("c",) * 100)
    svm = entry("SVM", "classical", ("a",) * 1900 + ("a",) * 62 + ("c",) * 38)
    comparison = assemble([svm, network], true, train_rows=10, resamples=300)
    judgement = judge(comparison)
    assert (judgement.outcome, judgement.trusted) == ("clear", "network")
    assert judgement.rivalry("SVM").standing == "worse by macro F1"
    assert "SVM may be as accurate" in verdict(comparison)


def test_a_failed_contender_is_named_with_its_reason():
    broken = Measurement("lstm", "learned", error="the loss became NaN")
    said = verdict(compared(TRUE, NETWORK_90, SVM_80, broken))
    assert "lstm failed and has no figures: the loss became NaN." in said


def test_one_alone_is_weighed_against_nothing():
    comparison = compared(TRUE, NETWORK_90)
    assert judge(comparison).outcome == "alone"
    assert verdict(comparison).startswith("Only network has figures")
    assert "would get 40.0%" in verdict(comparison)


SITUATIONS = {
    "clear": (
        [SVM_80, NETWORK_90, narrow_rules(TRUE)],
        ["network를 믿으십시오", "우연으로 보기 어려운", "먼저 따르고"],
    ),
    "tie": ([NETWORK_90, SVM_90], ["우열을 가릴 수 없습니다", "우연일 수 있습니다", "SVM을 쓰십시오"]),
    "nothing": ([entry("network", "learned", ("a",) * 2000)], ["어느 것도 믿지 마십시오"]),
    "alone": ([NETWORK_90], ["견줄 데가 없습니다"]),
    "rules": ([NETWORK_90, RULES_97], ["rules를 믿으십시오", "증명"]),
    "failed": ([NETWORK_90, SVM_80, Measurement("lstm", "learned", error="x")], ["lstm은 실패하여"]),
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_the_korean_verdict_draws_the_same_conclusions(situation):
    measurements, expected = SITUATIONS[situation]
    said = verdict(compared(TRUE, *measurements), language="ko")
    for words in expected:
        assert words in said
    assert "\n" not in said


@pytest.mark.parametrize(
    ("word", "particle", "expected"),
    [
        ("규칙", "을", "규칙을"),
        ("나무", "은", "나무는"),
        ("SVM", "이", "SVM이"),
        ("network", "을", "network를"),
        ("모델 2", "과", "모델 2와"),
        ("모델 3", "과", "모델 3과"),
        ("신경망(새)", "은", "신경망(새)는"),
        ("", "은", "는"),
    ],
)
def test_particles_follow_the_last_sound(word, particle, expected):
    assert with_particle(word, particle) == expected


def test_an_unknown_language_is_said():
    with pytest.raises(SettingError, match="'fr' is not known"):
        verdict(compared(TRUE, NETWORK_90), language="fr")


def rules_and_network(rows=400):
    """Rules that decide half of the rows, always rightly; a network that errs on a quarter; both together."""
    true = truth(rows)
    said = tuple(label if row % 2 else None for row, label in enumerate(true))
    network = wrong_at(true, range(1, rows, 4))
    both = tuple(one or other for one, other in zip(said, network, strict=True))
    return true, entry("rules", "rules", said, 0.0), entry("network", "learned", network), both


def test_both_together_can_be_trusted():
    true, rules, network, both = rules_and_network()
    comparison = compared(true, rules, network, entry("rules + network", "together", both))
    assert judge(comparison).trusted == "rules + network"
    said = verdict(comparison)
    assert said.startswith("Trust rules + network: ") and "let the rules speak first" not in said
    assert "for rules + network" not in said, "its building is the network's"
    assert verdict(comparison, "ko").startswith("rules + network")
    assert "let the rules speak first" in verdict(compared(true, rules, network))


def test_both_together_that_answer_as_one_alone_are_left_out():
    true, rules, network, _both = rules_and_network()
    same = entry("rules + network", "together", network.predictions)
    judgement = judge(compared(true, rules, network, same))
    assert "rules + network" not in {one.other for one in judgement.rivalries}
    assert verdict(compared(true, rules, network, same)) == verdict(compared(true, rules, network))


@pytest.mark.parametrize(
    ("difference", "text"),
    [(0.0123, "1.2"), (0.0004, "0.04"), (0.0, "0.0"), (-0.00004, "0.0"), (0.00004, "0.0"), (-0.02, "-2.0")],
)
def test_points(difference, text):
    assert points(difference) == text
