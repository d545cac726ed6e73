"""Wrong arguments: exit code 2, one sentence on stderr with the way out, nothing on stdout."""

from __future__ import annotations

import pytest

WRONG = {
    "tarin x.csv": "error: saegim has no command 'tarin'; did you mean 'train'?",
    "frobnicate": "error: saegim has no command 'frobnicate'; saegim --help",
    "--verson": "error: saegim has no option --verson; did you mean --version?",
    "rules chek": "error: saegim rules has no command 'chek'; did you mean 'check'?",
    "rules check": "error: saegim rules check needs 'RULES'; saegim rules check --help",
    "rules check a b": "error: saegim rules check takes no further arguments, but got (b); saegim rules check --help",
    "train x.csv": "error: saegim train needs",
    "train x.csv --out": "needs a value after '--out'",
    "explain m x --lable y": "error: saegim explain has no option --lable; did you mean --label?",
    "train x.csv --out m --lable y": "error: saegim train has no option --lable; did you mean --label or",
    "train x.csv --out m --epochs 0": "error: saegim train cannot use the value of '--epochs'",
    "train x.csv --out m --epochs two": "error: saegim train cannot use the value of '--epochs'",
    "train x.csv --out m --epochs 99999999999999999999999": "error: saegim train cannot use the value of '--epochs'",
    "train x.csv --out m --seed -1": "error: saegim train cannot use the value of '--seed'",
    "train x.csv --out m --threads 0": "error: saegim train cannot use the value of '--threads'",
    "train x.csv --out m --model gpt": "'gpt' is not one of 'auto', 'bag', 'cnn', 'lstm', 'transformer', 'wide'",
    "train x.csv --out m --time-budget soon": "error: --time-budget is 'soon', but a duration above 0 was expected",
    "train x.csv --out m --time-budget 0s": "error: --time-budget is '0s', but a duration above 0 was expected",
    "compare x.csv --time-budget -1": "error: --time-budget is '-1', but a duration above 0 was expected",
    "compare": "error: saegim compare needs 'DATA'",
    "evaluate m": "error: saegim evaluate needs 'FILE'",
    "predict m -1": "has no option -1 (texts that begin with a dash go after --); saegim predict --help",
    "predict m --json=yes x": "option '--json' does not take a value",
    "explain m": "error: saegim explain needs 'TEXT'",
    "explain m x --language fr": "'fr' is not one of 'en', 'ko'",
    "anatomy m x": "error: saegim anatomy needs the option '--label'",
    "anatomy m x --label a --optimizer lion": "'lion' is not one of 'sgd', 'adagrad', 'adam', 'adamw'",
    "anatomy m x --label a --lr fast": "error: saegim anatomy cannot use the value of '--lr'",
    "summary": "error: saegim summary needs 'DIR'",
    "demo x": "error: saegim demo takes no further arguments, but got (x)",
    "rules check r.yaml --text a": "error: --text and --label name columns of --data, which is not given",
}


@pytest.mark.parametrize("command", WRONG)
def test_wrong_arguments(saegim, command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = saegim(*command.split())
    assert (run.code, run.out) == (2, "")
    assert WRONG[command] in run.err
    assert run.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_arguments_cannot_steer_the_terminal(saegim):
    run = saegim("predict", "m", "--\x1b[31mred\n")
    assert run.code == 2
    assert "\x1b" not in run.err
    assert run.err.count("\n") == 1


def test_endless_arguments_are_quoted_in_part(saegim):
    run = saegim("summary", "x" * 100_000)
    assert run.code == 2
    assert len(run.err) < 2000
