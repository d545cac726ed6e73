"""`saegim train-images`, and what the other commands do with a model of images."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import yaml
from PIL import Image

from saegim.data import read_images
from saegim.training import ImageClassifier


def write_bars(folder, count, seed=0):
    """Images of a bright bar, across or down, in two folders."""
    rng = np.random.default_rng(seed)
    for number in range(count):
        image = rng.integers(0, 80, (8, 8)).astype(np.uint8)
        place, kind = rng.integers(1, 7), ("across", "down")[number % 2]
        image[(place, slice(None)) if kind == "across" else (slice(None), place)] = 255
        (folder / kind).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / kind / f"{number:03}.png")
    return folder


@pytest.fixture(scope="module")
def bars(tmp_path_factory):
    return write_bars(tmp_path_factory.mktemp("bars"), 120)


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    return write_bars(tmp_path_factory.mktemp("others"), 40, seed=1)


@pytest.fixture(scope="module")
def trained(process, bars, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "model"
    return process("train-images", bars, "--out", folder, "--epochs", "15", "--json"), folder


@pytest.fixture(scope="module")
def model(trained):
    run, folder = trained
    assert run.code == 0, run.err
    return folder


def test_a_run_from_a_folder_of_images_to_a_model(trained, bars):
    run, folder = trained
    assert run.code == 0, run.err
    found = json.loads(run.out)
    assert (found["model"], found["kind"], found["shape"]) == (str(folder), "residual", [8, 8, 1])
    assert (found["train_rows"], found["valid_rows"]) == (108, 12)
    assert found["accuracy"] > 0.9 and 0 < found["macro_f1"] <= 1 and found["epochs"] <= 15
    names = {"README.md", "config.json", "log.jsonl", "metrics.json", "model.safetensors", "run.yaml"}
    assert {each.name for each in folder.iterdir()} == names
    described = yaml.safe_load((folder / "run.yaml").read_text(encoding="utf-8"))
    assert (described["command"], described["file"], described["epochs"]) == ("train-images", str(bars), 15)
    assert described["sha256"] == read_images(bars).digest()
    records = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    assert records == json.loads((folder / "metrics.json").read_text())["epochs"] and "flow" in records[0]


def test_the_digits_in_words(saegim, tmp_path):
    run = saegim("train-images", "digits", "--out", tmp_path / "m", "--epochs", "1", "--quiet")
    assert (run.code, run.err) == (0, "")
    assert run.out.startswith("on 180 images held out from training: accuracy 0.")
    assert run.out.endswith(f"the model (residual, images of 8 x 8 pixels) is in {tmp_path / 'm'}\n")


def test_in_korean_with_options(saegim, bars, tmp_path):
    options = ("--epochs", "1", "--side", "5", "--flip", "--seed", "3", "--quiet", "--language", "ko")
    run = saegim("train-images", bars, "--out", tmp_path / "m", *options)
    assert (run.code, run.err) == (0, "")
    assert "훈련에 쓰지 않은 이미지 12장에서: 정확도" in run.out
    model = ImageClassifier.load(tmp_path / "m")
    assert model.shape == (5, 5, 1) and model.flip is True and model.seed == 3


def test_few_images_are_not_measured(saegim, tmp_path):
    write_bars(tmp_path / "few", 10)
    run = saegim("train-images", tmp_path / "few", "--out", tmp_path / "m", "--epochs", "1", "--json")
    found = json.loads(run.out)
    assert (found["valid_rows"], found["accuracy"], found["train_rows"]) == (0, None, 10)
    run = saegim("train-images", tmp_path / "few", "--out", tmp_path / "m", "--epochs", "1")
    assert "not measured: there were too few images" in run.out


def test_predict(saegim, model, others):
    paths = [str(others / "across/000.png"), str(others / "down/001.png")]
    run = saegim("predict", model, *paths)
    assert (run.code, run.out, run.err) == (0, "across\ndown\n", "")
    found = json.loads(saegim("predict", model, *paths, "--json", "--proba").out)
    assert [each["image"] for each in found["predictions"]] == paths and found["n"] == 2
    chances = ImageClassifier.load(model).predict_proba(read_images(others).pixels[:1])[0]
    assert list(found["predictions"][0]["proba"].values()) == pytest.approx(chances.tolist())


def test_predict_from_a_list_of_files(saegim, model, others, tmp_path):
    paths = sorted(others.rglob("*.png"))
    (tmp_path / "list.txt").write_text("".join(f"{path}\n" for path in paths))
    run = saegim("predict", model, "--input", tmp_path / "list.txt", "--proba", "--output", tmp_path / "labels.txt")
    assert run.code == 0, run.err
    labels = [line.split("\t")[0] for line in (tmp_path / "labels.txt").read_text().splitlines()]
    assert np.mean([label == path.parent.name for label, path in zip(labels, paths, strict=True)]) > 0.9


def test_evaluate(saegim, model, others):
    run = saegim("evaluate", model, others)
    assert run.code == 0 and run.out.startswith("40 images: accuracy ") and "images per second" in run.out
    found = json.loads(saegim("evaluate", model, others, "--json").out)
    assert found["accuracy"] == ImageClassifier.load(model).score(
        read_images(others).pixels, read_images(others).labels
    )
    assert set(found["per_class"]) == {"across", "down"}


def test_evaluate_on_images_of_other_classes_and_sizes(saegim, model):
    run = saegim("evaluate", model, "digits", "--json")
    assert run.code == 0 and json.loads(run.out)["accuracy"] == 0
    assert "warning: 1,797 images have labels that the model never gives: 0, 1, 2, 3, 4" in run.err


def test_summary(saegim, model):
    run = saegim("summary", model)
    assert run.code == 0 and run.out.startswith("an image classifier (residual) of 2 classes: across, down\n")
    assert json.loads(saegim("summary", model, "--json").out)["parameters"] == 76_930


def test_what_is_odd_about_the_files_is_said(saegim, bars, tmp_path, model):
    folder = tmp_path / "images"
    write_bars(folder, 8)
    (folder / "across/bad.png").write_text("no image")
    (folder / "none").mkdir()
    run = saegim("train-images", folder, "--out", tmp_path / "m", "--epochs", "1", "--skip-bad-files")
    assert run.code == 0
    assert "1 bad file was skipped" in run.err and "holds no images, so there is no such class" in run.err
    run = saegim("evaluate", model, folder, "--skip-bad-files")
    assert run.code == 0 and run.out.startswith("8 images") and "1 bad file was skipped" in run.err


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
def test_an_interrupt_and_resume_give_the_same_model(process, bars, tmp_path):
    arguments = ("train-images", bars, "--epochs", "12", "--seed", "5")
    assert process(*arguments, "--out", tmp_path / "whole").code == 0
    command = [sys.executable, "-m", "saegim", *map(str, arguments), "--out", str(tmp_path / "m")]
    child = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        while child.poll() is None and not (tmp_path / "m/log.jsonl").exists():
            time.sleep(0.005)
        child.send_signal(signal.SIGINT)
        _out, err = child.communicate(timeout=120)
    finally:
        child.kill()
    assert child.returncode == 130, err
    assert "the same command with --resume goes on" in err
    run = process(*arguments, "--out", tmp_path / "m", "--resume")
    assert run.code == 0 and "resumed in epoch" in run.err
    for name in ("model.safetensors",):
        assert (tmp_path / "m" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
