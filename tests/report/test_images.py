"""Reports on runs that read or draw images: what they show is what was held out, or what the model draws."""

from __future__ import annotations

import base64
import io
import json
import re
import shutil

import numpy as np
import pytest
import yaml
from PIL import Image

from cli.hostile_models import config_of, seal
from saegim.data import read_images, read_table
from saegim.errors import ModelFileError, SettingError
from saegim.evaluation import measure_generator
from saegim.report import write_report
from saegim.report.evidence import Missing, held_out_images
from saegim.report.run import read_run
from saegim.training import ImageClassifier, ImageGenerator


def written(folder, run, images, **options):
    """The folder of a run as `saegim train-images` and `train-draw` write it."""
    run.save(folder, **options)
    made_from = {"saegim": "0", "command": "train-images", "file": str(images.source), "side": 8, "seed": 0}
    described = yaml.safe_dump({**made_from, "sha256": images.digest()})
    (folder / "run.yaml").write_text(described, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A folder of tiny images in three classes that are easily confused."""
    folder, rng = tmp_path_factory.mktemp("pictures") / "set", np.random.default_rng(0)
    for name, level in (("dark <b>", 100), ("grey", 110), ("bright", 120)):
        (folder / name).mkdir(parents=True)
        for number in range(40):
            pixels = np.clip(rng.normal(level, 40, (8, 8)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number:02}.png")
    return folder


@pytest.fixture(scope="module")
def classified(pictures, tmp_path_factory):
    images = read_images(pictures, side=8)
    classifier = ImageClassifier(epochs=1, validation_share=0.5, seed=0).fit(images.pixels, images.labels)
    return written(tmp_path_factory.mktemp("classified"), classifier, images), classifier


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    images = read_images("digits")
    few = np.flatnonzero(np.isin(images.labels, ["0", "1"]))[:200]
    pixels, labels = images.pixels[few], [images.labels[row] for row in few]
    generator = ImageGenerator(epochs=1, batch_size=16, size=32, blocks=1, seed=0).fit(pixels, labels)
    quality = measure_generator(generator, pixels, labels, count=4, steps=2)
    return written(tmp_path_factory.mktemp("drawn"), generator, images, quality=quality), generator


def shown(html):
    """Every image in the page, as pixels."""
    found = re.findall(r'<img src="data:image/png;base64,([^"]+)"', html)
    assert html.count("<img ") == len(found)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(each)))) for each in found]


def test_the_part_held_out_is_told_again(classified):
    folder, classifier = classified
    run = read_run(folder)
    evidence = held_out_images(run.model, run.made_from)
    pixels, labels = classifier.validation_
    assert evidence.held_out
    assert np.array_equal(evidence.pixels, pixels)
    assert evidence.true == [str(each) for each in labels]


def test_nothing_is_held_out_of_few_images(classified):
    pixels, labels = classified[1].validation_
    assert classified[1].held_out(pixels[::3], labels[::3]) is None


def test_the_worst_errors_are_shown(classified, tmp_path):
    folder, classifier = classified
    report = write_report(folder, tmp_path / "r.html")
    assert report.sections == [
        "verdict", "training", "confusion", "calibration", "flow", "image_errors", "model", "repeat",
    ]  # fmt: skip
    html = report.path.read_text(encoding="utf-8")
    pixels, labels = classifier.validation_
    chances = classifier.predict_proba(pixels)
    wrong = np.flatnonzero(classifier.classes_[chances.argmax(1)] != labels)
    worst = wrong[np.argsort(-chances[wrong].max(1), kind="stable")][:48]
    assert len(worst) > 3
    for found, row in zip(shown(html), worst, strict=True):
        assert np.array_equal(found, pixels[row, :, :, 0])
    assert f"{len(wrong)} of {len(labels)} images are wrong" in html
    assert "dark &lt;b&gt;" in html
    assert "dark <b>" not in html
    assert "saegim train-images" in html


@pytest.mark.parametrize("language, word", [("en", "left out"), ("ko", "뺐습니다")])
def test_images_that_are_gone_or_changed(classified, pictures, tmp_path, language, word):
    folder = shutil.copytree(classified[0], tmp_path / "run")
    kept = shutil.copytree(pictures, tmp_path / "set")
    path = folder / "run.yaml"
    described = yaml.safe_load(path.read_text(encoding="utf-8")) | {"file": str(kept)}
    path.write_text(yaml.safe_dump(described), encoding="utf-8")
    assert write_report(folder, language=language).missing is None
    (kept / "bright" / "00.png").unlink()
    report = write_report(folder, language=language)
    assert word in report.missing
    assert "image_errors" not in report.sections
    run = read_run(folder)
    assert held_out_images(run.model, run.made_from) == Missing("changed", str(kept))
    shutil.rmtree(kept)
    assert held_out_images(run.model, run.made_from) == Missing("gone", str(kept))


def test_texts_are_nothing_to_measure_images_on(classified, drawn, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("text,label\na,bright\nb,dark\n", encoding="utf-8")
    for folder, _model in (classified, drawn):
        with pytest.raises(SettingError, match=r"t\.csv holds texts, but the model in .* reads images; leave it out"):
            write_report(folder, data=read_table(path))


@pytest.mark.parametrize("language", ["en", "ko"])
def test_what_a_generator_draws(drawn, tmp_path, language):
    folder, generator = drawn
    report = write_report(folder, tmp_path / "r.html", language=language)
    assert report.sections == ["drawings", "training", "flow", "model", "repeat"]
    assert report.missing is None
    html = report.path.read_text(encoding="utf-8")
    first, second = shown(html)
    one = generator.pictures("1", 8, seed=1)[3, 5, 2, 0]
    factor = first.shape[0] // 8
    assert second[5 * factor + factor // 2 + 2, 3 * (8 * factor + 2) + 2 * factor + factor // 2 + 2] == one
    assert first.shape == second.shape
    stored = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["drawings"]
    assert f"{100 * stored['named']:.1f}%" in html
    assert f"{100 * stored['near_copies']:.1f}%" in html
    assert write_report(folder, tmp_path / "again.html", language=language).path.read_text(encoding="utf-8") == html


def test_drawings_that_were_not_measured(drawn, tmp_path):
    _folder, generator = drawn
    generator.save(tmp_path)
    html = write_report(tmp_path).path.read_text(encoding="utf-8")
    assert "Drawings, not measured yet" in html
    assert len(shown(html)) == 2


@pytest.mark.parametrize(
    "key, value", [("named", "1"), ("variety", {}), ("variety", {"0": None}), ("to_unseen", {"drawn": 1.0}), ("x", 1)]
)
def test_figures_of_drawings_that_are_none(drawn, tmp_path, key, value):
    folder = shutil.copytree(drawn[0], tmp_path / "run")
    figures = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    figures["drawings"][key] = value
    (folder / "metrics.json").write_text(json.dumps(figures), encoding="utf-8")
    seal(folder, config_of(folder))
    with pytest.raises(ModelFileError, match=r"metrics\.json does not describe a model of this version"):
        write_report(folder)


@pytest.mark.parametrize("which", ["classified", "drawn"])
def test_in_a_browser(visit, request, tmp_path, which):
    folder, _model = request.getfixturevalue(which)
    found = visit(write_report(folder, tmp_path / "r.html").path, viewport={"width": 390, "height": 844})
    page = found.page
    assert found.messages == []
    assert [url for url in found.requests if not url.startswith("data:")] == [(tmp_path / "r.html").as_uri()]
    assert page.evaluate("[...document.images].every(each => each.complete && each.naturalWidth >= 8)")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    if which == "classified":
        cards = page.locator(".pictures > li:visible")
        whole = cards.count()
        label = cards.first.get_attribute("data-true")
        page.locator("[name=true]").select_option(label)
        assert 0 < cards.count() < whole
        assert {each.get_attribute("data-true") for each in cards.all()} == {label}
