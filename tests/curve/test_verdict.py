"""The verdict says what follows from constructed curves, in both languages, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from saegim.curve import Crossing, Curve, Gain, Measured, Point, Skipped
from saegim.curve.verdict import about, standing, verdict
from saegim.curve.view import chart, class_table, score_table, whole
from saegim.errors import SettingError
from saegim.evaluation.bootstrap import Interval

SIZES = (10, 30, 100, 320)
CLASSES = {"praise": 60, "blame": 40}


def points(*accuracies, sizes=SIZES):
    return tuple(
        Point(size, sample, value, value, dict.fromkeys(CLASSES, value), 1.0)
        for size, value in zip(sizes, accuracies, strict=True)
        for sample in (0, 1)
    )


def interval(value, by=0.02):
    return Interval(value, value - by, value + by, 0.9)


NETWORK = Measured(
    "network (auto)", "learned", points(0.4, 0.5, 0.6, 0.7), 1.0, interval(0.7), None,
    (Gain(400, 100, Interval(0.012, 0.005, 0.021, 0.9)), Gain(400, 400, Interval(0.03, 0.01, 0.05, 0.9))),
)  # fmt: skip
SVM = Measured("SVM", "classical", points(0.4, 0.5, 0.6, 0.7), 1.0, interval(0.7), None, ())
RULES = Measured("rules", "rules", points(0.8, sizes=(0,))[:1], 1.0, interval(0.8), None, ())
WITHIN = Crossing(
    "network (auto)", "rules", "accuracy", None, "within", None, 1900.0, 1234.0, 3100.0, 0, 0, 10, 3200,
    interval(-0.1), 320,
)  # fmt: skip


def crossing(answer="within", value=None, low=None, high=None, **changes):
    return replace(WITHIN, answer=answer, value=value, low=low, high=high, **changes)


def curve(*crossings, contenders=(RULES, SVM, NETWORK), test=CLASSES, **changes):
    whole = Curve("1", 400, 320, dict(test), 0, 2, 0.9, tuple(contenders), tuple(crossings), ())
    return replace(whole, **changes)


def first_line(*crossings, language="en", **changes):
    return verdict(curve(*crossings, **changes), language).split("\n")[0]


def test_rules_are_ahead_until_a_crossing_beyond_the_data():
    said = first_line(WITHIN)
    assert said.startswith(
        "You have 400 labelled texts; the rules are ahead of the network until about 1,900 (90% interval 1,200 to "
        "3,100)."
    )
    assert "1,900 is where the fitted curve leads; it was measured up to 320 texts only." in said
    assert "Trained on 320 texts it gets 70.0% of 100 test texts right, the rules get 80.0%" in said
    assert "it is 10.0 points behind (8.0 to 12.0)" in said


def test_the_same_in_korean():
    said = first_line(WITHIN, language="ko")
    assert said.startswith(
        "정답 달린 글이 400개 있습니다. 약 1,900개까지는 규칙이 신경망보다 앞섭니다(90% 구간 1,200~3,100)."
    )
    assert "신경망이 10.0%포인트(8.0~12.0) 뒤집니다." in said


@pytest.mark.parametrize(
    ("found", "stands", "english", "korean"),
    [
        (
            crossing(value=72.4, low=41.5, high=121.0),
            "ahead",
            "The network passes the rules from about 72 labelled texts on (90% interval 42 to 120). You have 400",
            "신경망은 정답 달린 글 약 72개부터 규칙을 앞지릅니다(90% 구간 42~120). 지금 400개가 있으니 넉넉합니다.",
        ),
        (
            crossing(value=72.4, low=None, high=121.0),
            "ahead",
            "from about 72 labelled texts on (90% interval up to 120)",
            "약 72개부터 규칙을 앞지릅니다(90% 구간 120 이하)",
        ),
        (
            crossing(value=300.0, low=120.0, high=900.0),
            "open",
            "from about 300 labelled texts on (90% interval 120 to 900). You have 400, so it is probably ahead.",
            "약 300개부터 규칙을 앞지릅니다(90% 구간 120~900). 지금 400개가 있으니 신경망이 앞서는 듯합니다.",
        ),
        (
            crossing(value=1900.0, low=320.0, high=9000.0),
            "open",
            "the rules are probably ahead of the network until about 1,900 (90% interval 320 to 9,000)",
            "약 1,900개까지는 규칙이 신경망보다 앞서는 듯합니다(90% 구간 320~9,000).",
        ),
        (
            crossing(value=300.0, low=120.0, high=None),
            "open",
            "(90% interval 120 or more)",
            "(90% 구간 120 이상)",
        ),
        (
            crossing("start", high=35.0),
            "ahead",
            "The network is ahead of the rules from the smallest sample on, 10 texts, and at the latest from about 35",
            "신경망은 가장 작은 표본(글 10개)에서 이미 규칙보다 앞섭니다. 늦어도 약 35개부터는",
        ),
        (
            crossing("start"),
            "ahead",
            "The network is ahead of the rules from the smallest sample on, 10 texts.",
            "신경망은 가장 작은 표본(글 10개)에서 이미 규칙보다 앞섭니다.",
        ),
        (
            crossing("start", high=1200.0),
            "open",
            "but that may be chance: it may also take more than the 400 that you have",
            "다만 우연일 수 있어서, 가지고 있는 400개보다",
        ),
        (
            crossing("beyond", low=700.0),
            "behind",
            "the rules stay ahead of the network as far as can be seen: its fitted curve does not reach them",
            "내다볼 수 있는 데까지는 규칙이 신경망보다 앞섭니다",
        ),
        (
            crossing("beyond", low=700.0),
            "behind",
            "Before about 700 texts it hardly will (one chance in 20).",
            "약 700개가 되기 전에 앞지를 가능성은 5%쯤입니다.",
        ),
        (
            crossing("beyond", low=150.0),
            "open",
            "But that may be chance: it may pass them from about 150 on.",
            "다만 우연일 수 있어서, 약 150개부터 앞지를지도 모릅니다.",
        ),
        (
            crossing("beyond"),
            "behind",
            "its fitted curve does not reach them within 3,200 texts",
            "규칙에 미치지 못하고",
        ),
        (
            crossing("open"),
            "not told",
            "cannot be told from these data: anything from below 10 to beyond 3,200 is possible. More labelled texts",
            "10개 아래에서 3,200개 너머까지 모두 가능합니다.",
        ),
        (
            crossing("open", reason="few test texts"),
            "not told",
            "cannot be told: there are only 100 texts to measure on; at least 50 are needed",
            "말할 수 없습니다. 시험용 글이 100개뿐입니다.",
        ),
        (
            crossing("open", reason="few sizes"),
            "not told",
            "the network was measured at 4 sizes of sample only, and a curve needs 4",
            "신경망을 4가지 크기의 표본에서만 쟀는데",
        ),
        (
            crossing("open", reason="one sample"),
            "not told",
            "measured on one sample of each size only",
            "크기마다 표본 하나로만",
        ),
        (
            crossing("open", reason="no prediction"),
            "not told",
            "the rules decide none of the test texts",
            "규칙이 시험용 글을 하나도 판정하지 않습니다",
        ),
        (
            crossing("open", reason="failed", gap=None),
            "not told",
            "the network or the rules could not be measured",
            "신경망 또는 규칙을 재지 못했습니다",
        ),
    ],
)
def test_every_answer_has_its_words(found, stands, english, korean):
    assert standing(found, 400) == stands
    assert english in first_line(found)
    assert korean in first_line(found, language="ko")


def test_rules_that_abstain_are_also_judged_where_they_decide():
    careful = replace(RULES, decided=0.4)
    decided = crossing(metric="decided", value=900.0, low=700.0, high=1300.0, gap=interval(-0.05))
    found = {"contenders": (careful, SVM, NETWORK)}
    said = first_line(WITHIN, decided, **found)
    assert "But the rules decide 40.0% of the texts, and the others count as wrong." in said
    assert "trained on 320 texts is 5.0 points behind (3.0 to 7.0); there it passes them only from about 900" in said
    assert said.endswith("so let the rules speak first, and the network answer the rest.")
    korean = first_line(WITHIN, decided, language="ko", **found)
    assert "규칙은 글의 40.0%만 판정하고" in korean
    assert korean.endswith("그러니 규칙을 먼저 따르고 나머지를 신경망에 맡기십시오.")
    even = replace(decided, gap=interval(0.01))
    assert "speak first" not in first_line(WITHIN, even, **found)
    assert "But the rules decide" not in first_line(WITHIN, decided)
    never = crossing("beyond", low=800.0, metric="decided", gap=interval(-0.05))
    assert "there it does not pass them within 3,200 texts" in first_line(WITHIN, never, **found)
    assert "여기서는 글 3,200개까지 앞지르지 못합니다" in first_line(WITHIN, never, language="ko", **found)


def test_what_more_labels_would_bring():
    english, korean = verdict(curve(WITHIN)), verdict(curve(WITHIN), "ko")
    assert (
        "100 more labelled texts than your 400 would bring the network about 1.2 points of accuracy (0.50 to 2.1), "
        "twice as many about 3.0 points of accuracy (1.0 to 5.0)."
    ) in english
    assert (
        "지금의 400개보다 100개 늘면 신경망의 정확도는 약 1.2%포인트 오르고(0.50~2.1), 두 배로 늘면 "
        "약 3.0%포인트 오릅니다(1.0~5.0)."
    ) in korean
    nothing = Interval(0.0001, -0.0001, 0.0004, 0.9)
    little = replace(NETWORK, gains=(Gain(400, 100, nothing), Gain(400, 400, nothing)))
    found = curve(WITHIN, contenders=(RULES, little))
    assert "would bring the network hardly anything (at most 0.04 points of accuracy), twice" in verdict(found)
    assert "거의 오르지 않고(많아야 0.04%포인트), 두 배로 늘면 거의 오르지 않습니다" in verdict(found, "ko")


def test_classes_are_told_where_there_are_more_than_two():
    of_class = {
        label: crossing(metric="f1", label=label, **rest)
        for label, rest in {
            "soon": {"value": 40.0, "low": 20.0, "high": 90.0},
            "late": {"value": 290.0, "low": 200.0, "high": 390.0},
            "not yet": {"value": 800.0, "low": 500.0, "high": 2000.0},
            "never": {"answer": "beyond", "low": 500.0},
            "unruled": {"answer": "open", "reason": "no prediction"},
            "rare": {"answer": "open", "reason": "few test texts"},
        }.items()
    }
    found = curve(WITHIN, *of_class.values(), test=dict.fromkeys(of_class, 50))
    said = verdict(found)
    assert (
        "By class (F1), it took most texts to pass the rules on late (from about 290) and soon (from about 40)." in said
    )
    assert "The rules are still ahead on not yet (until about 800) and never (beyond 3,200)." in said
    assert "The rules never say unruled." in said
    assert "Nothing can be said about rare (too few test texts)." in said
    korean = verdict(found, "ko")
    for words in ("late(약 290개부터)", "not yet(약 800개까지)", "never(3,200개 너머까지)", "rare(시험용 글 부족)"):
        assert words in korean
    assert "By class" not in verdict(curve(WITHIN, *of_class.values()))


def test_the_classical_baseline_has_a_line():
    against = crossing(second="SVM", value=100.0, low=50.0, high=200.0, gap=interval(0.03), gap_size=320)
    passes = crossing(first="SVM", value=700.0, low=500.0, high=None)
    said = verdict(curve(WITHIN, against, passes)).split("\n")[2]
    assert said == (
        "SVM passes the rules from about 700 texts on (500 or more). Beside SVM, the network is 3.0 points ahead (1.0 "
        "to 5.0) when both are trained on 320 texts; it passes it from about 100 on."
    )
    tie = replace(against, answer="open", value=None, low=None, high=None, gap=interval(0.01))
    assert "which may be chance." in verdict(curve(WITHIN, tie))
    assert "우연일 수 있습니다" in verdict(curve(WITHIN, tie), "ko")


def test_several_networks_go_by_their_names_and_the_best_is_first():
    small = replace(NETWORK, name="network (bag)", points=points(0.3, 0.4, 0.5, 0.6))
    lines = verdict(curve(WITHIN, replace(WITHIN, first="network (bag)"), contenders=(RULES, small, NETWORK))).split(
        "\n"
    )
    assert "the rules are ahead of network (auto) until" in lines[0]
    assert "the rules are ahead of network (bag) until" in lines[1]
    assert "Trained on" not in lines[1]


def test_without_rules_the_network_speaks_for_itself():
    said = first_line(contenders=(SVM, NETWORK))
    assert "The network, trained on 320 texts, gets 70.0% of 100 test texts right (90% interval 68.0% to 72.0%)" in said
    assert "--rules FILE" in first_line(contenders=(SVM, NETWORK), language="ko")


def test_limits_are_said():
    skipped = (Skipped("network (auto)", 320, 2, "time"), Skipped("SVM", 10, 1, "too odd"), Skipped("SVM", 30, 1, "x"))
    said = verdict(curve(WITHIN, skipped=skipped)).split("\n")[-1]
    assert said == (
        "All this rests on 100 test texts only; more of them would narrow every interval. 2 points did not fit into "
        "the time budget; --resume goes on with what is kept by --out. SVM could not be measured with 10 texts: too "
        "odd (1 more failures)."
    )
    assert "2개 점은 시간이 모자라" in verdict(curve(WITHIN, skipped=skipped), "ko")
    nothing = replace(NETWORK, points=(), final=None, gains=())
    assert "No network could be measured" in verdict(curve(contenders=(RULES, nothing)))


def test_another_language_is_refused():
    with pytest.raises(SettingError, match="choose 'en' or 'ko'"):
        verdict(curve(WITHIN), "fr")


def test_crossings_in_few_words():
    assert about(WITHIN) == "1,900 (1,200 to 3,100)"
    assert about(crossing("start")) == "the start"
    assert about(crossing("start", high=33.0)) == "the start (to 33)"
    assert about(crossing("beyond", low=500.0)) == "beyond 3,200 (500 or more)"
    assert about(crossing("beyond")) == "beyond 3,200"
    assert about(crossing("open")) == "cannot be told"
    assert about(crossing("open", reason="no prediction")) == "rules never say it"
    assert about(WITHIN, "ko") == "1,900 (1,200~3,100)"


def test_the_table_shows_every_size_and_what_does_not_learn():
    lines = score_table(curve(WITHIN)).text().split("\n")
    assert lines[0].split() == ["texts", "SVM", "time", "network", "(auto)", "time"]
    assert [line.split()[0] for line in lines[2:6]] == ["10", "30", "100", "320"]
    assert "0.600 ±0.000" in lines[4]
    assert lines[7] == "rules: 0.800 [0.780, 0.820], learns nothing from more texts"
    partly = score_table(curve(WITHIN, contenders=(replace(RULES, decided=0.4), NETWORK)), "ko").text()
    assert "규칙: 0.800" in partly
    assert "글의 40%만 판정하며" in partly


def test_the_table_of_classes_begins_with_the_most_frequent():
    found = curve(WITHIN, crossing(metric="f1", label="praise", value=20.0, low=10.0, high=40.0))
    lines = class_table(found).text().split("\n")
    assert lines[2].split() == ["praise", "60", "0.800", "0.700", "20", "(10", "to", "40)"]
    assert lines[3].split()[0] == "blame"
    assert class_table(curve(contenders=(NETWORK,))) is None
    many = curve(WITHIN, test={f"class {number:02}": 30 for number in range(20)}, contenders=(RULES_OF_MANY, OF_MANY))
    assert "8 more classes" in class_table(many).text()


MANY = {f"class {number:02}": 0.5 for number in range(20)}
RULES_OF_MANY = replace(RULES, points=(replace(RULES.points[0], class_f1=MANY),))
OF_MANY = replace(NETWORK, points=tuple(replace(point, class_f1=MANY) for point in NETWORK.points))


def test_the_chart_places_scores_by_the_logarithm_of_their_size():
    found = crossing(value=56.6, low=40.0, high=70.0)
    lines = chart(curve(found)).split("\n")
    frame, ticks = lines[:13], lines[13]
    columns = [place - 6 for place, letter in enumerate(ticks) if letter == "┬"]
    assert columns == [0, round(65 * 0.317), round(65 * 0.6644), 65]
    rows = {row.rindex("B") - 6: number for number, row in enumerate(frame) if "B" in row}
    assert rows == {0: 12, 21: 9, 43: 6, 65: 3}
    assert frame[0][6:].count("─") == 65  # the rules, at the top, but for the crossing
    assert all(row[6 + 32 : 6 + 34].strip() for row in frame)
    assert "where the network passes the rules" in lines[-1]
    assert "신경망이 규칙을 앞지르는 곳" in chart(curve(found), "ko")


def test_there_is_no_chart_of_one_size():
    one = replace(NETWORK, points=NETWORK.points[:2])
    found = curve(contenders=(RULES, one))
    assert chart(found) == ""
    assert whole(found).startswith("texts")
