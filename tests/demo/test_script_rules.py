"""Rules from scripts and letters: what they know, what they leave alone, and the file in examples/."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from saegim.demo.languages import Text, build, cldr_version, split
from saegim.demo.script_rules import rules_from, rules_yaml
from saegim.rules import check_rules, load_rules

EXAMPLE = Path(__file__).parents[2] / "examples/language-id/rules.yaml"

TRAINING = [
    *[Text(text, "ko") for text in ("대한민국", "스위스 프랑", "한국 원화")],
    *[Text(text, "ja") for text in ("スイス フラン", "日本円とドル", "韓国ウォン")],
    *[Text(text, "zh") for text in ("瑞士法郎", "人民币和美元", "韩元与日元")],
    *[Text(text, "fr") for text in ("franc suisse", "yen japonais", "won coréen")],
    *[Text(text, "no") for text in ("sveitsisk franc", "japansk yen", "koreansk won")],
    *[Text(text, "uk") for text in ("швейцарський франк", "японська єна", "їхня гривня")],
    *[Text(text, "ru") for text in ("швейцарский франк", "японская иена", "вона")],
]


def test_a_script_of_one_language_decides_and_others_abstain():
    rules = rules_from(TRAINING)
    given = ["부산", "カナ", "平仮名の字", "上海", "yen suisse", "франк", "її"]
    assert rules.predict(given) == ["ko", "ja", "ja", "zh", None, None, "uk"]


def test_the_proof_names_the_kana_that_make_a_text_japanese():
    decision = rules_from(TRAINING).decide("東京の空")
    assert [place.text for fact in decision.facts if fact.name == "kana" for place in fact.places] == ["の"]
    assert [stop.rule.id for stop in decision.stopped] == ["han-is-zh"]


def test_what_the_texts_contradict_is_no_rule():
    contradicted = [*TRAINING, Text("їжак", "ru"), Text("한국", "ja")]
    rules = rules_from(contradicted)
    assert rules.predict(["її", "부산"]) == [None, None]
    assert "letters_uk" not in rules.facts


def test_without_kana_nothing_is_said_about_chinese_characters_but_by_script():
    rules = rules_from([text for text in TRAINING if text.language != "ja"])
    assert rules.predict(["上海"]) == ["zh"]
    assert not any(rule.unless for rule in rules.rules)


def test_labels_that_yaml_takes_for_truth_values_stay_text(tmp_path):
    rules = rules_from([Text("en sveitsisk franc", "no"), Text("대한민국", "ko")])
    (tmp_path / "rules.yaml").write_text(rules_yaml(rules), encoding="utf-8")
    assert load_rules(tmp_path / "rules.yaml") == rules
    assert rules.labels == ("ko", "no")


@pytest.fixture(scope="module")
def parts():
    return split(build())


def test_the_whole_set_is_what_the_guide_says(parts):
    train, test = parts
    languages = Counter(each.language for each in [*train, *test])
    assert 90 <= len(languages) <= 150  # each version of Unicode CLDR has some more
    assert min(languages.values()) >= 600
    assert {"ko", "ja", "zh", "no"} <= set(languages)
    assert 90_000 <= languages.total() <= 160_000


def test_the_rules_are_precise_on_texts_they_were_not_made_from(parts):
    train, test = parts
    predicted = rules_from(train).predict([each.text for each in test])
    decided = [(label, each.language) for label, each in zip(predicted, test, strict=True) if label is not None]
    assert 0.15 < len(decided) / len(test) < 0.4
    assert sum(said == true for said, true in decided) / len(decided) > 0.99
    assert {"ko", "ja", "zh", "el", "uk"} <= {said for said, _ in decided}


def test_the_example_is_what_the_demo_writes(parts):
    written = EXAMPLE.read_text(encoding="utf-8")
    if f"Unicode CLDR {cldr_version()}." not in written:
        pytest.skip(f"the example was made from another version of Unicode CLDR than {cldr_version()}")
    assert written == rules_yaml(rules_from(parts[0]))


def test_the_example_is_sound():
    rules = load_rules(EXAMPLE)
    assert list(check_rules(rules)) == []
    assert rules.predict(["안녕하세요", "こんにちは世界", "你好世界", "hello"]) == ["ko", "ja", "zh", None]
