"""policy.json: with another model, other rules, damaged or hostile it is refused, in one sentence with its name."""

from __future__ import annotations

import json
import os

import pytest

from saegim.errors import ModelFileError, RuleError
from saegim.together import Policy, Together
from saegim.together import folder as policy_folder
from saegim.training import TextClassifier


@pytest.fixture
def folder(together, tmp_path):
    together.save(tmp_path / "model")
    return tmp_path / "model"


def refused(folder):
    with pytest.raises(ModelFileError) as raised:
        Together.load(folder)
    sentence = str(raised.value)
    assert "\n" not in sentence and len(sentence) < 1000
    return sentence


def forge(folder, change):
    """Changes the policy, and makes its digest fit."""
    content = json.loads((folder / "policy.json").read_text(encoding="utf-8"))
    content = change(content) or content
    content.pop("digest", None)
    content["digest"] = policy_folder._digest(content)
    (folder / "policy.json").write_text(json.dumps(content), encoding="utf-8")


def put(path, value):
    def change(content):
        *above, last = path.split("/")
        for name in above:
            content = content[int(name) if name.isdigit() else name]
        if value is ...:
            del content[last]
        else:
            content[last] = value

    return change


def test_it_is_plain_data(together):
    policy = together.policy
    assert Policy.from_dict(json.loads(json.dumps(policy.to_dict()))) == policy


def test_a_forged_policy_that_says_the_same_is_fine(folder, together):
    forge(folder, lambda content: None)
    assert Together.load(folder).policy == together.policy


def test_another_model_is_noticed(folder, make_reviews):
    kept = (folder / "policy.json").read_bytes()
    TextClassifier("wide", epochs=1, seed=5).fit(*make_reviews(60)).save(folder)
    (folder / "policy.json").write_bytes(kept)
    assert "policy.json is no policy of this version (it was fitted with another config.json)" in refused(folder)
    assert policy_folder.who_answers(folder) == "together"


def test_other_rules_are_noticed(folder):
    path = folder / "rules.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "# a remark\n", encoding="utf-8")
    sentence = refused(folder)
    assert "it was fitted with another rules.yaml" in sentence and "saegim train` with --resume" in sentence
    path.unlink()
    assert "rules.yaml cannot be read: No such file" in refused(folder)


def test_rules_that_cannot_be_read(folder):
    (folder / "rules.yaml").write_text("rules: 7", encoding="utf-8")
    forge(folder, lambda content: put("ruleset", policy_folder.files.digest(folder / "rules.yaml"))(content))
    with pytest.raises(RuleError, match=r"rules\.yaml"):
        Together.load(folder)


def test_who_answers(folder, classifier, rules, tmp_path):
    assert policy_folder.who_answers(folder) == "together"
    Together.fit(classifier, rules, answers="network").save(folder)
    assert policy_folder.who_answers(folder) == "network"
    classifier.save(tmp_path / "plain")
    assert policy_folder.who_answers(tmp_path / "plain") == "network"


@pytest.mark.parametrize("how", ["empty", "half", "junk", "folder", "middle", "list", "deep", "latin"])
def test_a_damaged_policy_is_named(folder, how):
    path = folder / "policy.json"
    content = path.read_bytes()
    changed = {
        "empty": b"", "half": content[: len(content) // 2], "junk": b"\x80\x04K\x01.", "list": b"[]",
        "middle": content.replace(b'"first": true', b'"first": false', 1), "deep": b"[" * 100_000,
        "latin": content.decode().encode("utf-16"),
    }  # fmt: skip
    path.unlink()
    if how == "folder":
        path.mkdir()
    else:
        path.write_bytes(changed[how])
    assert str(path) in refused(folder)
    with pytest.raises(ModelFileError):
        policy_folder.who_answers(folder)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes are POSIX's")
def test_a_pipe_is_not_waited_for(folder):
    (folder / "policy.json").unlink()
    os.mkfifo(folder / "policy.json")
    assert "policy.json cannot be read: it is no regular file" in refused(folder)


NAN, HUGE = float("nan"), 10**400
VALUES = [
    ("format", 2), ("format", ...), ("answers", "nobody"), ("answers", None), ("answers", ...), ("answers", ["x"]),
    ("threshold", -0.1), ("threshold", 1.5), ("threshold", NAN), ("threshold", "0.5"), ("threshold", ...),
    ("threshold", True), ("threshold", float("inf")), ("threshold", HUGE),
    ("min_accuracy", 2), ("min_accuracy", NAN), ("min_confidence", "high"), ("min_confidence", -1), ("bar", 1.1),
    ("bar", None),
    ("borne_out", 1), ("borne_out", None), ("rules", None), ("rules", {}), ("rules", [7]), ("rules", [{}]),
    ("rules", "x"),
    ("rules/0/id", 5), ("rules/0/id", "turned-blame"), ("rules/0/id", "os.system"), ("rules/0/label", "모름"),
    ("rules/0/label", None), ("rules/0/decided", -1), ("rules/0/decided", 1.5), ("rules/0/decided", True),
    ("rules/0/right", 10**9), ("rules/0/right", HUGE), ("rules/0/ahead", -3), ("rules/0/ahead", 10**6),
    ("rules/0/behind", 10**6), ("rules/0/low", 2.0), ("rules/0/low", NAN), ("rules/0/first", "yes"),
    ("rules/0/first", ...),
    ("trial", None), ("trial", {}), ("trial/texts", -1), ("trial/texts", "300"), ("trial/decided", 10**9),
    ("trial/right", 10**9), ("trial/by_rules", -1), ("trial/rules_right", 10**9), ("trial/network_right", 10**9),
    ("model", ...), ("model", "0" * 64), ("model", None), ("ruleset", ...), ("ruleset", None), ("ruleset", ["x"]),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value"), VALUES, ids=[f"{path}-{k}" for k, (path, _) in enumerate(VALUES)])
def test_a_hostile_policy_is_refused(folder, path, value):
    forge(folder, put(path, value))
    assert str(folder / "policy.json") in refused(folder)


def test_what_else_is_in_it_is_left_out(folder, together):
    forge(folder, put("more", "import os"))
    assert Together.load(folder).policy == together.policy
