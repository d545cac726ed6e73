"""`saegim train-draw` and `saegim draw`: the folder, the figures, the picture, and what is refused."""

from __future__ import annotations

import io
import json
import shutil

import numpy as np
import pytest
import yaml
from PIL import Image

from saegim.data import read_images
from saegim.evaluation import measure_generator
from saegim.training import ImageGenerator


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """A folder of 60 images of each of two categories: one half is bright, left or right."""
    folder, rng = tmp_path_factory.mktemp("pictures") / "pictures", np.random.default_rng(0)
    for name, half in (("left", np.s_[:, :2]), ("right", np.s_[:, 2:])):
        (folder / name).mkdir(parents=True)
        for number in range(60):
            image = rng.integers(0, 60, (4, 4)).astype(np.uint8)
            image[half] = rng.integers(150, 256, (4, 2))
            Image.fromarray(image).save(folder / name / f"{number}.png")
    return folder


@pytest.fixture(scope="session")
def drawn_folder(process, pictures, tmp_path_factory):
    """A run of `saegim train-draw`, and the folder it made."""
    folder = tmp_path_factory.mktemp("artists") / "artist"
    return process("train-draw", pictures, "--out", folder, "--epochs", "2", "--threads", "1", "--json"), folder


@pytest.fixture
def artist(drawn_folder, tmp_path):
    """A copy of the model folder."""
    run, folder = drawn_folder
    assert run.code == 0, run.err
    return shutil.copytree(folder, tmp_path / "artist")


def test_a_run_from_images_to_a_folder(drawn_folder, pictures):
    run, folder = drawn_folder
    assert run.code == 0, run.err
    found = json.loads(run.out)
    assert (found["kind"], found["shape"], found["categories"]) == ("flow", [4, 4, 1], ["left", "right"])
    assert (found["images"], found["epochs"], found["health"]) == (120, 2, [])
    drawings = found["drawings"]
    assert (drawings["count"], drawings["train_count"], drawings["unseen_count"]) == (200, 96, 24)
    assert drawings["named"] > 0.9
    assert json.loads((folder / "metrics.json").read_text())["drawings"] == drawings
    described = yaml.safe_load((folder / "run.yaml").read_text(encoding="utf-8"))
    images = read_images(pictures)
    assert (described["command"], described["file"], described["epochs"]) == ("train-draw", str(pictures), 2)
    assert described["sha256"] == images.digest()
    quality = measure_generator(ImageGenerator.load(folder), images.pixels, images.labels)
    assert quality.to_dict() == drawings


def test_what_is_printed_for_people(saegim, pictures, tmp_path):
    run = saegim("train-draw", pictures, "--out", tmp_path / "a", "--epochs", "1", "--language", "ko")
    assert run.code == 0, run.err
    assert "바라던 범주로 알아본 비율" in run.out and f"4 x 4 픽셀 이미지)은 {tmp_path / 'a'}에 있습니다" in run.out


def test_a_finished_run_is_taken_as_it_is(saegim, pictures, artist):
    before = {name: (artist / name).read_bytes() for name in ("config.json", "model.safetensors", "metrics.json")}
    run = saegim("train-draw", pictures, "--out", artist, "--epochs", "2", "--threads", "1", "--resume")
    assert (run.code, "the run is finished already" in run.err) == (0, True)
    assert before == {name: (artist / name).read_bytes() for name in before}


def test_too_few_images_to_measure(saegim, pictures, tmp_path):
    for name in ("left", "right"):
        (tmp_path / "few" / name).mkdir(parents=True)
        for number in range(3):
            shutil.copy(pictures / name / f"{number}.png", tmp_path / "few" / name)
    run = saegim("train-draw", tmp_path / "few", "--out", tmp_path / "out", "--epochs", "1", "--quiet")
    assert (run.code, run.err) == (0, "")
    assert "the drawings were not measured: unseen images of at least two categories are needed" in run.out


def seen(path):
    with Image.open(io.BytesIO(path.read_bytes())) as image:
        return np.asarray(image)


def test_drawings_of_a_category(saegim, artist, tmp_path):
    out = tmp_path / "grid.png"
    run = saegim("draw", artist, "--category", "left", "--count", "10", "--out", out)
    assert (run.code, run.err) == (0, "")
    assert run.out == f"10 drawings (left) are in {out}\n"
    picture = seen(out)
    drawn = ImageGenerator.load(artist).draw("left", 10)
    assert picture.shape == (2 * 68 + 4, 8 * 68 + 4)
    np.testing.assert_array_equal(picture[4:68:16, 4:68:16], drawn[0, ..., 0])
    np.testing.assert_array_equal(picture[72:136:16, 72:136:16], drawn[9, ..., 0])
    assert (picture[72:, 2 * 68 + 4 :] == 127).all()
    first = out.read_bytes()
    assert saegim("draw", artist, "--category", "left", "--count", "10", "--out", out).code == 0
    assert out.read_bytes() == first
    assert saegim("draw", artist, "--category", "left", "--count", "10", "--out", out, "--seed", "1").code == 0
    assert out.read_bytes() != first


def test_all_categories_if_none_is_named(saegim, artist, tmp_path):
    out = tmp_path / "deep" / "grid.png"
    run = saegim("draw", artist, "--count", "3", "--out", out, "--guidance", "2", "--steps", "5", "--json")
    found = json.loads(run.out)
    assert (run.code, found["categories"], found["count"]) == (0, ["left", "right"], 3)
    assert (found["out"], found["guidance"], found["steps"], found["seed"]) == (str(out), 2.0, 5, 0)
    assert seen(out).shape == (2 * 68 + 4, 3 * 68 + 4)


def test_drawings_are_measured(saegim, artist, pictures):
    run = saegim("draw", artist, "--measure", pictures, "--json")
    assert run.code == 0, run.err
    assert json.loads(run.out)["drawings"] == json.loads((artist / "metrics.json").read_text())["drawings"]
    other = saegim("draw", artist, "--measure", "digits")
    assert other.code == 2
    assert "these are not the images that the model was trained on" in other.err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--out", "x.png", "--category", "up"), "category 'up' is none that the model was trained on; choose one of"),
        (("--out", "x.png", "--count", "0"), "--count"),
        (("--out", "x.png", "--count", "seven"), "--count"),
        (("--out", "x.png", "--steps", "0"), "--steps"),
        (("--out", "x.png", "--guidance", "nan"), "guidance: a number of at least 0"),
        (("--out", "x.png", "--guidance", "-1"), "guidance: a number of at least 0"),
        (("--out", "x.jpg"), "--out x.jpg does not end in .png"),
        (("--out", "a.png"), "--out a.png is a folder where a file was expected"),
        (("--out", "file/x.png"), "--out file/x.png cannot be written"),
        ((), "--out FILE expected"),
    ],
)
def test_what_cannot_be_drawn(saegim, artist, tmp_path, monkeypatch, options, says):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.png").mkdir()
    (tmp_path / "file").write_text("")
    run = saegim("draw", "artist", *options)
    assert (run.code, run.out) == (2, "")
    assert says in run.err
    assert not (tmp_path / "x.png").exists()
