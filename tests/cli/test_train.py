"""`saegim train`: the folder it makes, what it refuses, what an interrupt leaves."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time

import pytest
import yaml

from saegim.training import TextClassifier

QUICK = ("--model", "wide", "--epochs", "1", "--quiet")


def test_a_run_from_labelled_texts_to_a_folder(trained, table, rule_file):
    run, folder = trained
    assert run.code == 0, run.err
    found = json.loads(run.out)
    assert found["model"] == str(folder)
    assert found["kind"] == "bag"
    assert (found["train_rows"], found["valid_rows"]) == (180, 20)
    assert found["accuracy"] > 0.9
    assert 0 < found["macro_f1"] <= 1
    assert found["rules"]["texts"] == 20
    assert [one["name"] for one in found["comparison"]["contenders"]] == [
        "majority class",
        "rules",
        "network (bag)",
        "rules + network",
    ]
    assert "rules" in found["verdict"]
    assert (folder / "rules.yaml").read_bytes() == rule_file.read_bytes()
    assert (folder / "README.md").exists()
    described = yaml.safe_load((folder / "run.yaml").read_text(encoding="utf-8"))
    assert (described["file"], described["text"], described["label"]) == (str(table), "review", "stars")
    assert (described["model"], described["epochs"], described["seed"]) == ("bag", 3, 0)
    assert described["sha256"] == hashlib.sha256(table.read_bytes()).hexdigest()


def test_what_is_printed_for_people(saegim, table, rule_file, tmp_path):
    run = saegim("train", table, "--out", tmp_path / "m", "--model", "wide", "--epochs", "1", "--rules", rule_file)
    assert run.code == 0, run.err
    assert "on 20 texts held out from training: accuracy" in run.out
    assert "accuracy where decided" in run.out
    assert f"the model (wide) is in {tmp_path / 'm'}" in run.out
    assert "texts were taken from column 'review'" in run.err
    assert "labels were taken from column 'stars'" in run.err


def test_korean_words_for_the_verdict(saegim, table, rule_file, tmp_path):
    run = saegim("train", table, "--out", tmp_path / "m", *QUICK, "--rules", rule_file, "--language", "ko")
    assert (run.code, run.err) == (0, "")
    assert "판정 비율" in run.out


def test_the_same_seed_gives_the_same_model(saegim, table, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert saegim("train", table, "--out", tmp_path / name, *QUICK, "--seed", str(seed)).code == 0
    weights = {name: (tmp_path / name / "model.safetensors").read_bytes() for name in "abc"}
    assert weights["a"] == weights["b"] != weights["c"]


def test_validation_texts_of_their_own(saegim, table, tmp_path):
    lines = ["정말 재미있다 그렇다\tgood", "정말 지루하다 그렇다\tbad", "그냥 그렇다\tneither"]
    shared = table.read_text(encoding="utf-8").splitlines()[1]
    valid = tmp_path / "valid.tsv"
    valid.write_text("\n".join(["review\tstars", *lines, shared]) + "\n", encoding="utf-8")
    arguments = (
        "train",
        table,
        "--out",
        tmp_path / "m",
        "--valid",
        valid,
        "--model",
        "wide",
        "--epochs",
        "2",
        "--json",
    )
    run = saegim(*arguments)
    assert run.code == 0, run.err
    found = json.loads(run.out)
    assert (found["train_rows"], found["valid_rows"]) == (200, 3)
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert {each["code"] for each in found["findings"]} >= {"shared-texts", "unknown-labels"}
    assert "1 text of" in run.err
    assert "dropped, 3 are left" in run.err


def test_too_few_texts_to_measure(saegim, tmp_path):
    data = tmp_path / "d.tsv"
    data.write_text("text\tlabel\na b\tx\nc d\ty\ne a\tx\nd f\ty\n", encoding="utf-8")
    run = saegim("train", data, "--out", tmp_path / "m", *QUICK)
    assert run.code == 0, run.err
    assert "not measured: there were too few texts" in run.out
    found = json.loads(saegim("train", data, "--out", tmp_path / "n", *QUICK, "--json").out)
    assert (found["accuracy"], found["valid_rows"], found["train_rows"]) == (None, 0, 4)


def test_bad_rows(saegim, tmp_path):
    data = tmp_path / "d.tsv"
    data.write_text("text\tlabel\na b\tx\nc d\ty\n\tx\nd f\ty\n", encoding="utf-8")
    run = saegim("train", data, "--out", tmp_path / "m", *QUICK)
    assert (run.code, run.out) == (2, "")
    assert "line 4: the text is empty" in run.err
    assert "--skip-bad-rows" in run.err
    run = saegim("train", data, "--out", tmp_path / "m", "--model", "wide", "--epochs", "1", "--skip-bad-rows")
    assert run.code == 0
    assert "1 bad row was skipped" in run.err


BAD_TABLES = {
    "empty": (b"", "is empty"),
    "header only": (b"text\tlabel\n", "holds no rows"),
    "one class": (b"text\tlabel\na\tx\nb\tx\n", "have the label 'x'"),
    "one column": (b"text\na\nb\n", "only one column"),
    "binary": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "PNG image"),
    "not text": (b"text\tlabel\n\xff\xfe\xfd\tx\n", "not valid UTF-8"),
}


@pytest.mark.parametrize("kind", BAD_TABLES)
def test_tables_that_cannot_be_learned_from(saegim, tmp_path, kind):
    content, message = BAD_TABLES[kind]
    data = tmp_path / "d.tsv"
    data.write_bytes(content)
    run = saegim("train", data, "--out", tmp_path / "m", *QUICK)
    assert (run.code, run.out) == (2, "")
    assert message in run.err
    assert run.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("none.tsv", "--out", "m"), "none.tsv does not exist"),
        ((".", "--out", "m"), "is a folder where a table was expected"),
        (("TABLE", "--out", "m", "--text", "nope"), "has no column 'nope' for the text"),
        (("TABLE", "--out", "m", "--text", "review", "--label", "review"), "both the texts and the labels"),
        (("TABLE", "--out", "m", "--valid", "none.tsv"), "none.tsv does not exist"),
        (("TABLE", "--out", "m", "--rules", "none.yaml"), "none.yaml: cannot read the rule file"),
        (("TABLE", "--out", "TABLE"), "is a file where a folder was expected"),
        (("TABLE", "--out", "TABLE/m"), "cannot be used: Not a directory"),
        (("TABLE", "--out", "mine"), "holds other files, which could be overwritten"),
    ],
)
def test_what_is_refused_before_training(saegim, table, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "README.md").write_text("my own", encoding="utf-8")
    run = saegim("train", *(each.replace("TABLE", str(table)) for each in arguments))
    assert (run.code, run.out) == (2, "")
    assert message in run.err
    assert run.err.count("\n") <= 3  # announcements may precede it
    assert (tmp_path / "mine" / "README.md").read_text(encoding="utf-8") == "my own"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(saegim, table, tmp_path):
    tmp_path.chmod(0o500)
    run = saegim("train", table, "--out", tmp_path / "m", *QUICK)
    tmp_path.chmod(0o700)
    assert run.code == 2
    assert "cannot be used: Permission denied" in run.err


def test_training_again_into_the_same_folder(saegim, table, rule_file, tmp_path):
    folder = tmp_path / "m"
    assert saegim("train", table, "--out", folder, *QUICK, "--rules", rule_file).code == 0
    run = saegim("train", table, "--out", folder, "--model", "wide", "--epochs", "2", "--seed", "5")
    assert run.code == 0
    assert "rules.yaml is from an earlier run; it is kept" in run.err
    assert yaml.safe_load((folder / "run.yaml").read_text(encoding="utf-8"))["seed"] == 5
    assert TextClassifier.load(folder).seed == 5


def test_a_time_budget_returns_a_model(saegim, table, tmp_path):
    arguments = ("--model", "bag", "--epochs", "100000", "--time-budget", "1s")
    run = saegim("train", table, "--out", tmp_path / "m", *arguments)
    assert run.code == 0, run.err
    assert list(TextClassifier.load(tmp_path / "m").classes_) == ["bad", "good"]


LONGER = ("--model", "bag", "--epochs", "50")


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory, write_reviews):
    """A training that was interrupted after its first epoch: its table and folder, and how the process ended."""
    place = tmp_path_factory.mktemp("interrupted")
    table, folder = write_reviews(place / "reviews.tsv", 4000), place / "run"
    command = [sys.executable, "-m", "saegim", "train", str(table), "--out", str(folder), *LONGER]
    keywords = {"env": os.environ | {"OMP_NUM_THREADS": "1"}, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **keywords) as process:
        while not (folder / "log.jsonl").exists() and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
    return table, folder, process.returncode, out.decode(), err.decode()


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
def test_an_interrupt_saves_a_checkpoint(saegim, interrupted):
    _table, folder, code, out, err = interrupted
    assert (code, out) == (130, "")
    assert err.splitlines()[-1] == (
        f"error: interrupted; {folder / 'checkpoint.safetensors'} holds what was learned:"
        " the same command with --resume goes on"
    )
    assert "Traceback" not in err
    run = saegim("predict", folder, "재미있다")
    assert run.code == 2
    assert "holds no config.json, so no finished model" in run.err


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
def test_a_resumed_run_ends_like_an_undisturbed_one(saegim, interrupted, tmp_path):
    table, folder, *_ = interrupted
    described = (folder / "run.yaml").read_bytes()
    run = saegim("train", table, "--out", folder, *LONGER, "--resume", "--seed", "7")
    assert run.code == 2
    assert "belongs to a run with other data, settings or version" in run.err
    assert (folder / "run.yaml").read_bytes() == described
    run = saegim("train", table, "--out", folder, *LONGER, "--resume")
    assert run.code == 0, run.err
    assert "resumed in epoch 2" in run.err
    assert saegim("train", table, "--out", tmp_path / "m", *LONGER, "--quiet").code == 0
    name = "model.safetensors"
    assert (folder / name).read_bytes() == (tmp_path / "m" / name).read_bytes()


def test_an_interrupt_before_training_says_that_nothing_is_saved(saegim, table, tmp_path, monkeypatch):
    def fit(*arguments, **keywords):
        raise KeyboardInterrupt

    monkeypatch.setattr(TextClassifier, "fit", fit)
    run = saegim("train", table, "--out", tmp_path / "m", "--quiet")
    assert (run.code, run.out, run.err) == (130, "", "error: interrupted before there was anything to save\n")


def test_a_damaged_checkpoint(saegim, table, tmp_path):
    folder = tmp_path / "m"
    folder.mkdir()
    (folder / "checkpoint.safetensors").write_bytes(b"\x00" * 100)
    run = saegim("train", table, "--out", folder, *QUICK, "--resume")
    assert run.code == 2
    assert "is not a whole safetensors file" in run.err


def test_resuming_nothing_starts_from_the_beginning(saegim, table, tmp_path):
    run = saegim("train", table, "--out", tmp_path / "m", "--model", "wide", "--epochs", "1", "--resume")
    assert run.code == 0
    assert "there is no checkpoint yet" in run.err


# --- a policy ---


def test_rules_bring_a_policy_that_does_not_answer_yet(trained):
    run, folder = trained
    policy = json.loads(run.out)["policy"]
    assert policy["answers"] == "network" and policy["threshold"] == 0
    stored = json.loads((folder / "policy.json").read_text(encoding="utf-8"))
    assert {name: stored[name] for name in ("rules", "trial", "bar")} == {
        name: policy[name] for name in ("rules", "trial", "bar")
    }
    assert policy["statement"].endswith("The network answers, however sure it is.")
    assert "## Who answers" in (folder / "README.md").read_text(encoding="utf-8")
    described = yaml.safe_load((folder / "run.yaml").read_text(encoding="utf-8"))
    assert (described["policy"], described["min_accuracy"], described["min_confidence"]) == ("network", None, None)


def test_a_policy_that_answers(saegim, table, rule_file, tmp_path):
    folder = tmp_path / "m"
    run = saegim("train", table, "--out", folder, *QUICK, "--rules", rule_file, "--policy", "together")
    assert (run.code, run.err) == (0, "")
    assert "No rule goes first" in run.out and "rules + network" in run.out
    assert json.loads((folder / "policy.json").read_text(encoding="utf-8"))["answers"] == "together"
    # A finished run is taken as it is, and the policy is fitted anew.
    run = saegim("train", table, "--out", folder, *QUICK, "--rules", rule_file, "--resume", "--language", "ko")
    assert (run.code, run.err) == (0, "")
    assert "먼저 따르는 규칙은 없습니다." in run.out
    assert yaml.safe_load((folder / "run.yaml").read_text(encoding="utf-8"))["policy"] == "network"
    assert json.loads((folder / "policy.json").read_text(encoding="utf-8"))["answers"] == "network"


def test_a_threshold_is_meant_to_be_used(saegim, table, tmp_path):
    run = saegim("train", table, "--out", tmp_path / "m", *QUICK, "--min-confidence", "0.7", "--json")
    policy = json.loads(run.out)["policy"]
    assert (policy["answers"], policy["threshold"], policy["rules"]) == ("together", 0.7, [])
    assert "rules + network" not in run.out
    arguments = ("--min-confidence", "0.7", "--policy", "network", "--resume", "--json")
    policy = json.loads(saegim("train", table, "--out", tmp_path / "m", *QUICK, *arguments).out)["policy"]
    assert (policy["answers"], policy["threshold"]) == ("network", 0.7)
    described = yaml.safe_load((tmp_path / "m" / "run.yaml").read_text(encoding="utf-8"))
    assert (described["policy"], described["min_confidence"], described["min_accuracy"]) == ("network", 0.7, None)


def test_an_accuracy_out_of_reach_is_said(saegim, table, tmp_path):
    run = saegim("train", table, "--out", tmp_path / "m", "--model", "wide", "--epochs", "1", "--min-accuracy", "0.999")
    assert run.code == 0
    assert "warning: no probability is known to be enough for an accuracy of 0.999" in run.err
    assert "Nothing is answered" in run.out
    assert saegim("predict", tmp_path / "m", "재미있다").out == "\n"


def test_training_again_leaves_no_old_policy(saegim, table, rule_file, tmp_path):
    folder = tmp_path / "m"
    assert saegim("train", table, "--out", folder, *QUICK, "--rules", rule_file, "--policy", "together").code == 0
    assert saegim("train", table, "--out", folder, *QUICK).code == 0
    assert not (folder / "policy.json").exists()
    assert saegim("predict", folder, "재미있다").out in ("good\n", "bad\n")


def test_too_few_texts_for_a_policy(saegim, rule_file, tmp_path):
    data = tmp_path / "d.tsv"
    data.write_text("text\tlabel\na b\tgood\nc d\tbad\ne a\tgood\nd f\tbad\n", encoding="utf-8")
    arguments = ("train", data, "--out", tmp_path / "m", "--model", "wide", "--epochs", "1")
    run = saegim(*arguments, "--rules", rule_file)
    assert run.code == 0 and "no policy for rules and network together: there were too few texts" in run.err
    assert not (tmp_path / "m" / "policy.json").exists()
    for asked in (("--min-accuracy", "0.9"), ("--rules", rule_file, "--policy", "together")):
        run = saegim(*arguments, *asked, "--quiet")
        assert run.code == 2
        assert "too few texts to hold some out to fit a policy to" in run.err
        assert saegim("predict", tmp_path / "m", "a b", "--quiet").code == 0


def test_texts_with_labels_that_training_does_not_know(saegim, table, rule_file, tmp_path):
    """They are no part of what the policy is fitted to, but they are measured like the others."""
    rows = [
        (f"정말 {word} {k}", label)
        for k in range(30)
        for word, label in (("최고", "good"), ("최악", "bad"), ("음", "meh"))
    ]
    valid = tmp_path / "valid.tsv"
    valid.write_text("review\tstars\n" + "".join(f"{text}\t{label}\n" for text, label in rows), encoding="utf-8")
    run = saegim("train", table, "--out", tmp_path / "m", *QUICK, "--valid", valid, "--rules", rule_file, "--json")
    assert run.code == 0, run.err
    found = json.loads(run.out)
    assert found["policy"]["trial"]["texts"] == 60
    both = next(one for one in found["comparison"]["contenders"] if one["name"] == "rules + network")
    assert both["n"] == 90
    assert both["accuracy"] == pytest.approx(found["policy"]["trial"]["right"] / 90)
