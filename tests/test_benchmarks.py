"""The benchmarks run, without their peers and with hardly any work; what they compare is the same for everybody."""

from __future__ import annotations

import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
RUNS = {
    "steps.py": ["--rows", "mlp,bag,image,d256-forward-1", "--repeats", "1"],
    "steps.py --scaling": ["--rows", "mlp", "--repeats", "1"],
    "compile_time.py": ["--repeats", "1"],
    "memory.py": ["--steps", "1"],
    "bag.py": ["--repeats", "1"],
    "digits.py": ["--seeds", "1"],
    "predict.py": ["--rows", "bag,cnn", "--repeats", "1"],
    "label_errors.py": ["--folds", "2"],
    "draw.py": [],
}


@pytest.fixture
def module(monkeypatch):
    """Imports a module of the benchmarks by name."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    yield import_module
    for name in [
        name for name, each in sys.modules.items() if str(BENCHMARKS) in (getattr(each, "__file__", "") or "")
    ]:
        del sys.modules[name]


@pytest.mark.parametrize("script", RUNS)
def test_it_runs_and_ends_with_a_line_for_the_log(script, tmp_path, monkeypatch):
    monkeypatch.setenv("SAEGIM_CACHE", str(tmp_path))
    name, *options = script.split()
    command = [
        sys.executable,
        BENCHMARKS / name,
        *options,
        *RUNS[script],
        "--tiny",
        "--peers",
        "none",
        "--threads",
        "1",
    ]
    log = (BENCHMARKS / "LOG.md").read_text(encoding="utf-8")
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"`python benchmarks/{name} --threads 1{' --scaling' * ('--scaling' in script)}`: " in done.stdout
    assert (BENCHMARKS / "LOG.md").read_text(encoding="utf-8") == log  # not without --log


def test_the_experiments_with_crossings_run_and_end_with_a_line_for_the_log(tmp_path):
    command = [sys.executable, BENCHMARKS / "crossing.py", "--tiny", "--experiments", "1"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "`python benchmarks/crossing.py --experiments 1`: accuracy: true crossing" in done.stdout
    assert "of 1, median" in done.stdout


def test_a_row_or_a_peer_that_does_not_exist_is_an_error():
    for option in (["--rows", "mpl"], ["--peers", "tensorflow"]):
        done = subprocess.run([sys.executable, BENCHMARKS / "steps.py", *option], capture_output=True, text=True)
        assert done.returncode == 1
        assert option[1] in done.stderr


def test_every_network_has_the_parameters_of_its_workload(module):
    ours = module("with_saegim")
    for work in module("workloads").WORKLOADS.values():
        small = work.smaller()
        found = {name: each.shape for name, each in ours.NETWORKS[small.kind](small).named_parameters()}
        assert found == small.parameters()
        assert {name: each.shape for name, each in small.state().items()} == small.parameters()


def test_operations_are_counted(module):
    works = module("workloads").WORKLOADS
    # The first layer has no gradient for its input: two products instead of three.
    assert works["mlp"].flops() == 2 * 64 * (2 * 784 * 256 + 3 * 256 * 256 + 3 * 256 * 10)
    assert works["d256"].flops() == 3 * works["d256-forward-32"].flops()
    assert works["d256-forward-32"].flops() == 32 * works["d256-forward-1"].flops()
    assert works["d256"].flops() == pytest.approx(40e9, rel=0.01)
    # Two blocks: 8 x 8 pixels with 32 channels, 4 x 4 with 64; the stem's input has no gradient.
    inner = 2 * 64 * 9 * 32 * 32 + 16 * (9 * 32 + 9 * 64 + 32) * 64 + 64 * 10
    assert works["digits"].flops() == 2 * 64 * (2 * 64 * 9 * 32 + 3 * inner)


class Wrong:
    """Gives other losses than it should."""

    def prepare(self, batch):
        return batch

    def step(self, batch):
        return 0.5


def test_a_contender_that_computes_something_else_ends_the_program(module):
    contenders, work = module("contenders"), module("workloads").WORKLOADS["mlp"].smaller()
    both = {"saegim": module("with_saegim").Saegim(work, work.state(), 1)}
    contenders.agree(both, work)
    with pytest.raises(SystemExit, match="mlp: wrong computes something else"):
        contenders.agree({**both, "wrong": Wrong()}, work)


def test_contenders_take_turns(module):
    calls = []
    runs = {name: lambda name=name: (calls.append(name), time.sleep(0.06)) for name in "ab"}
    times = module("measure").alternate(runs, repeats=2, limit=60)
    assert calls == ["a", "a", "b", "b", "a", "b", "a", "b"]  # two trials each, then turns
    assert {name: len(each) for name, each in times.items()} == {"a": 2, "b": 2}


def test_peak_memory_is_the_process_s_own_and_grows_with_what_is_held():
    code = "import measure, numpy as np; a = measure.peak_memory(); np.ones(8 << 20); print(a, measure.peak_memory())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=BENCHMARKS, check=True)
    before, after = map(float, done.stdout.split())
    assert 5 < before < 500
    assert 60 < after - before < 70  # 64 MB
