"""Hostile input: one clear sentence and the right exit code, whatever is given; nothing that was there is harmed."""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path

import pytest

from cli import hostile_arguments, hostile_data, hostile_draw, hostile_images, hostile_models, hostile_rules
from cli.hostile_case import BAD_INPUT, DRAW_MODEL, IMAGE_MODEL, MODEL

TABLES = (hostile_data, hostile_rules, hostile_models, hostile_arguments, hostile_images, hostile_draw)
CASES = [(table.__name__.removeprefix("cli.hostile_"), case) for table in TABLES for case in table.CASES]
IDS = [f"{family}: {case.name}" for family, case in CASES]

MODELS = {MODEL: "small_model", IMAGE_MODEL: "small_image_model", DRAW_MODEL: "small_draw_model"}

# What a sentence ends with: what was expected, or what to do.
WAY_OUT = re.compile(r"; |expected|did you mean|needs |must stand")


@pytest.fixture(scope="session")
def small_model(tmp_path_factory, write_reviews):
    """A tiny model with every file that a model folder can have, not to be changed."""
    from saegim.cli.main import main

    folder = tmp_path_factory.mktemp("hostile")
    table = write_reviews(folder / "reviews.tsv", 40)
    options = ("--text", "review", "--label", "stars", "--model", "cnn", "--epochs", "1", "--quiet")
    assert main(["train", str(table), "--out", str(folder / MODEL), *options]) == 0
    return folder / MODEL


@pytest.fixture(scope="session")
def small_image_model(tmp_path_factory):
    """A tiny model of images, not to be changed."""
    from saegim.cli.main import main

    folder = tmp_path_factory.mktemp("hostile") / IMAGE_MODEL
    assert main(["train-images", "digits", "--out", str(folder), "--epochs", "1", "--quiet"]) == 0
    return folder


@pytest.fixture(scope="session")
def small_draw_model(tmp_path_factory):
    """A tiny generator of images, not to be changed."""
    import numpy as np

    from saegim.training import ImageGenerator

    folder = tmp_path_factory.mktemp("hostile") / DRAW_MODEL
    images = np.arange(160, dtype=np.uint8).reshape(10, 4, 4)
    ImageGenerator(epochs=1, size=8, blocks=1).fit(images, ["a", "b"] * 5).save(folder)
    return folder


@pytest.fixture
def place(tmp_path, monkeypatch, request):
    """Makes a case's folder and goes there."""

    def make(case):
        for name, fixture in MODELS.items():
            if name in case.arguments:
                shutil.copytree(request.getfixturevalue(fixture), tmp_path / name)
        case.make(tmp_path)
        monkeypatch.chdir(tmp_path)
        return tmp_path

    return make


@pytest.fixture(scope="session")
def seen():
    """What was asked so far, and of which folders: name of a case by everything that makes it."""
    return {}


def contents(folder: Path) -> dict[str, str]:
    """What is there: every file's digest, every link's target, every folder."""
    found = {}
    for path in folder.rglob("*"):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        else:
            found[name] = "folder" if path.is_dir() else hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def check(case, run, before, after):
    told = f"{case.arguments}\n{run.err}"
    assert run.code == case.code, told
    assert {path: after.get(path) for path in before} == before
    assert "Traceback" not in run.err
    assert "something unexpected" not in run.err, told
    if case.code == 0:
        assert case.says in run.out + run.err, told
        assert "error" not in run.err
        return
    assert case.code == BAD_INPUT
    assert run.out == ""
    errors = [line for line in run.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, told
    assert run.err.endswith(f"{errors[0]}\n"), told
    assert errors[0].isprintable(), told
    assert len(errors[0]) < 1100
    assert case.says in errors[0], told
    assert WAY_OUT.search(errors[0]), told


@pytest.mark.parametrize("case", [case for _family, case in CASES], ids=IDS)
def test_in_this_process(saegim, place, seen, case):
    folder = place(case)
    before = contents(folder)
    same = seen.setdefault((case.arguments, *sorted(before.items())), case.name)
    assert same == case.name, f"the same case as {same!r}"
    run = saegim(*case.arguments)
    check(case, run, before, contents(folder))


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=name) for (_, case), name in zip(CASES, IDS, strict=True) if case.process]
)
def test_as_a_process(process, place, case):
    folder = place(case)
    before = contents(folder)
    run = process(*case.arguments)
    check(case, run, before, contents(folder))


def test_there_are_two_hundred_cases():
    assert len(CASES) >= 200
    assert len(set(IDS)) == len(IDS)
