"""The model folder: what it holds, and that nothing damaged, altered or hostile in it is used."""

from __future__ import annotations

import json
import os
import shutil
import sys

import numpy as np
import pytest
from safetensors.numpy import save_file
from scipy.special import softmax

from saegim.errors import ModelFileError
from saegim.models import WISHES
from saegim.training import TextClassifier
from saegim.training import folder as folder_module
from saegim.training.files import digest, read_arrays, write_arrays
from saegim.training.folder import finished_run

FILES = ("config.json", "model.safetensors", "tokenizer.json", "metrics.json")
KINDS = [each for each in WISHES if each != "auto"]


@pytest.fixture(scope="module")
def models(data, tmp_path_factory):
    """A model folder of each kind."""
    made = {}
    for kind in KINDS:
        folder = tmp_path_factory.mktemp(kind)
        TextClassifier(kind, epochs=1, batch_size=64).fit(data[0][:60], data[1][:60], folder=folder).save(folder)
        made[kind] = folder
    return made


@pytest.fixture
def folder(models, tmp_path):
    """A copy of the folder of a model that reads tokens, to be harmed."""
    return shutil.copytree(models["cnn"], tmp_path / "model")


def refused(folder):
    """The sentence that loading raises."""
    with pytest.raises(ModelFileError) as raised:
        TextClassifier.load(folder)
    sentence = str(raised.value)
    assert "\n" not in sentence and len(sentence) < 1000
    return sentence


# --- what is kept ---


@pytest.mark.parametrize("kind", KINDS)
def test_a_loaded_model_predicts_the_same_bits(models, unseen, kind, data):
    made = TextClassifier(kind, epochs=1, batch_size=64).fit(data[0][:60], data[1][:60])
    loaded = TextClassifier.load(models[kind])
    for text in (unseen[0], [""], []):
        assert np.array_equal(loaded.decision_function(text), made.decision_function(text))
    assert np.array_equal(loaded.predict(unseen[0]), made.predict(unseen[0]))
    assert loaded.get_params() == made.get_params() and loaded.kind_ == kind
    assert loaded.notes_ == made.notes_ and loaded.best_epoch_ == made.best_epoch_
    for record, other in zip(loaded.history_, made.history_, strict=True):
        assert record | {"seconds": 0} == other | {"seconds": 0}
    assert (
        loaded.calibration_ == made.calibration_ is not None
        and loaded.validation_ is None
        and str(loaded.summary()) == str(made.summary())
    )
    assert loaded.size_bytes() == made.size_bytes()


def test_the_files_of_a_model(models):
    plain = {"README.md", "config.json", "log.jsonl", "metrics.json", "model.safetensors"}
    assert {each.name for each in models["wide"].iterdir()} == plain
    assert {each.name for each in models["cnn"].iterdir()} == plain | {"tokenizer.json"}
    modes = {each.name: each.stat().st_mode for each in models["cnn"].iterdir()}
    assert len(set(modes.values())) == 1, "some files are for other eyes than the rest"


def test_the_same_training_gives_the_same_files(models, data, tmp_path):
    TextClassifier("cnn", epochs=1, batch_size=64).fit(data[0][:60], data[1][:60]).save(tmp_path)
    for name in ("model.safetensors", "tokenizer.json"):
        assert (tmp_path / name).read_bytes() == (models["cnn"] / name).read_bytes()


def test_a_loaded_model_is_saved_again(models, tmp_path):
    TextClassifier.load(models["bag"]).save(tmp_path)
    for name in ("config.json", "metrics.json", "model.safetensors", "README.md"):
        assert (tmp_path / name).read_bytes() == (models["bag"] / name).read_bytes()


def test_saving_over_a_model_of_another_kind(models, folder, unseen):
    (folder / "checkpoint.safetensors").write_bytes(b"of a run that is finished now")
    wide = TextClassifier.load(models["wide"])
    wide.save(folder)
    assert not (folder / "tokenizer.json").exists() and not (folder / "checkpoint.safetensors").exists()
    assert np.array_equal(TextClassifier.load(folder).predict(unseen[0]), wide.predict(unseen[0]))


def test_a_save_that_fails_leaves_the_old_model(models, folder, monkeypatch):
    before = {each.name: each.read_bytes() for each in folder.iterdir()}
    monkeypatch.setattr(folder_module, "_digest", lambda config: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        TextClassifier.load(models["wide"]).save(folder)
    assert {each.name: each.read_bytes() for each in folder.iterdir()} == before


def test_the_card_is_for_people(folder, unseen):
    card = (folder / "README.md").read_text()
    assert "`긍정`, `부정`" in card and "| accuracy | " in card and "the texts are Korean" in card
    (folder / "README.md").write_text("I know this model well.")
    TextClassifier.load(folder).predict(unseen[0])
    (folder / "README.md").unlink()
    TextClassifier.load(folder)


def test_odd_names_stay_on_their_line(tmp_path):
    names = ["a\n# b", "`c`", "d\x1b[31m", "e" * 500, "\ud800"]
    TextClassifier("wide", epochs=1).fit(["v", "w", "x", "y", "z"], names).save(tmp_path)
    card = (tmp_path / "README.md").read_text()
    assert "`a # b`" in card and "`’c’`" in card and "\n# b" not in card
    assert sorted(TextClassifier.load(tmp_path).classes_) == sorted(names)


def test_a_card_of_a_model_without_validation(tmp_path):
    TextClassifier("wide", epochs=1).fit([f"t{k}" for k in range(39)], [f"c{k:02}" for k in range(39)]).save(tmp_path)
    card = (tmp_path / "README.md").read_text()
    assert "It was not measured: no texts were held out" in card and "`c29` and 9 more." in card
    assert "- nothing out of the ordinary" in card


def test_which_run_it_is_of(models, folder, tmp_path):
    assert finished_run(folder) == finished_run(models["cnn"]) != finished_run(models["lstm"])
    (folder / "checkpoint.safetensors").touch()
    assert finished_run(folder) is None and finished_run(tmp_path) is None
    (folder / "checkpoint.safetensors").unlink()
    (folder / "config.json").write_text("{}")
    assert finished_run(folder) is None


def test_what_a_model_is_for(folder):
    assert folder_module.task_of(folder) == "text"
    forge(folder, put("task", "draw"))
    assert folder_module.task_of(folder) == "draw"
    assert "is of a generator of images where a text classifier was expected; give another folder" in refused(folder)


# --- damage ---


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    "how", ["empty", "half", "last", "first", "middle", "end", "missing", "folder", "junk", "other"]
)
def test_a_damaged_file_is_named(models, folder, name, how):
    path = folder / name
    content = path.read_bytes()
    middle = len(content) // 2
    other = models["transformer"] / name
    changed = {
        "empty": b"",
        "half": content[:middle],
        "last": content[:-1],
        "first": bytes([content[0] ^ 1]) + content[1:],
        "middle": content[:middle] + bytes([content[middle] ^ 4]) + content[middle + 1 :],
        "end": content[:-2] + bytes([content[-2] ^ 16]) + content[-1:],
        "junk": content + b"junk",
        "other": other.read_bytes() if name != "tokenizer.json" else content.replace(b"</w>", b"<w/>") + b" ",
    }
    path.unlink()
    if how == "folder":
        path.mkdir()
    elif how != "missing":
        path.write_bytes(changed[how])
    if how == "other" and name == "config.json":
        assert "model.safetensors is not the file that was saved" in refused(folder)
    elif how == "last" and name == "config.json":
        assert json.loads(path.read_text())  # it was the end of the last line
        TextClassifier.load(folder)
    else:
        assert str(path) in refused(folder) or (name, how) == ("config.json", "missing")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes are POSIX's")
@pytest.mark.parametrize("name", FILES)
def test_a_pipe_is_not_waited_for(folder, name):
    (folder / name).unlink()
    os.mkfifo(folder / name)
    assert f"{folder / name} cannot be read: it is no regular file" in refused(folder)


@pytest.mark.parametrize("make", ["nothing", "file", "empty"])
def test_no_model_folder(tmp_path, make):
    place = tmp_path / "model"
    if make == "file":
        place.write_text("")
    elif make == "empty":
        place.mkdir()
    assert ("holds no config.json, so no finished model" if make == "empty" else "is not a folder") in refused(place)


# --- hostile: well-formed files, digests that are right ---


def forge(folder, change=None, arrays=None, figures=None):
    """Changes the config, the arrays or the figures, and makes the digests fit."""
    config = json.loads((folder / "config.json").read_text())
    if arrays is not None:
        content, about = read_arrays(folder / "model.safetensors")
        arrays(content)
        write_arrays(folder / "model.safetensors", content, about)
    if figures is not None:
        content = json.loads((folder / "metrics.json").read_text())
        (folder / "metrics.json").write_text(json.dumps(figures(content)))
    for name in list(config["files"]):
        config["files"][name] = digest(folder / name)
    if change is not None:
        change(config)
    config["digest"] = folder_module._digest(config)
    (folder / "config.json").write_text(json.dumps(config))


def put(path, value):
    """A change of one place in the config."""

    def change(config):
        *above, last = path.split("/")
        for name in above:
            config = config[name]
        if value is ...:
            del config[last]
        else:
            config[last] = value

    return change


def test_a_model_of_an_earlier_version_has_no_calibration(folder, unseen):
    forge(folder, put("calibration", ...))
    loaded = TextClassifier.load(folder)
    assert loaded.calibration_ is None
    np.testing.assert_allclose(
        loaded.predict_proba(unseen[0]), softmax(loaded.decision_function(unseen[0]).astype(float), axis=1), rtol=1e-12
    )


def test_a_forged_config_that_says_the_same_is_fine(folder, unseen):
    forge(folder)
    TextClassifier.load(folder).predict(unseen[0])


NAN, HUGE = float("nan"), 10**12
DEEP = json.loads("[" * 300 + "]" * 300)
CONFIGS = [
    ("format", 2), ("format", ...), ("format", None), ("files", ...), ("files", []), ("files", {}),
    ("files", {"../model.safetensors": "0"}), ("files", {"/etc/passwd": "0"}), ("files/extra.py", "0"),
    ("files", {"model.safetensors": "", "metrics.json": "", "tokenizer.json": "", "..": ""}),
    ("files/model.safetensors", 3), ("files/model.safetensors", None), ("files/tokenizer.json", ...),
    ("kind", ...), ("kind", 3), ("kind", None), ("classes", ...), ("classes", []), ("classes", None),
    ("classes/type", "object"), ("classes/type", ["string"]), ("classes/values", None), ("classes/values", "ab"),
    ("classes/values", []), ("classes/values", ["a"]), ("classes/values", ["a", "a"]), ("classes/values", ["a", 1]),
    ("classes/values", ["a", ["b"]]), ("classes/values", ["a", "b", "c"]), ("classes/values", DEEP),
    ("classes", {"type": "integer", "values": [1, 1 << 70]}), ("classes", {"type": "integer", "values": [1.5, 2.5]}),
    ("classes", {"type": "integer", "values": [True, False]}), ("classes", {"type": "number", "values": [NAN, 1.0]}),
    ("classes", {"type": "boolean", "values": [0, 1]}),
    ("calibration", 1.0), ("calibration", {}), ("calibration/temperature", 0), ("calibration/temperature", NAN),
    ("calibration/temperature", HUGE), ("calibration/temperature", None), ("calibration/more", 1),
    ("calibration/examples", True), ("calibration/bins_after", [[]]), ("calibration/bins_before", DEEP),
    ("parameters", ...), ("parameters", []), ("parameters", {"unknown": 1}), ("parameters", {"self": 1}),
    ("parameters", 7), ("task", "images"), ("task", "songs"), ("task", None), ("task", []),
    ("run", ...), ("run", None), ("run", {"identity": 1, "share": 1.0}),
    ("run", {"identity": "", "share": NAN}), ("run", {"identity": "", "share": 2.0}), ("run/more", 1),
    ("encoder", ...), ("encoder", None), ("encoder", []), ("encoder", "x"), ("encoder", DEEP),
    ("encoder/more", 1), ("encoder/buckets", ...), ("encoder/buckets", 0), ("encoder/buckets", -8),
    ("encoder/buckets", HUGE), ("encoder/buckets", 1 << 30), ("encoder/buckets", 1.5), ("encoder/buckets", "8"),
    ("encoder/buckets", NAN), ("encoder/buckets", 2), ("encoder/normalizer", None), ("encoder/normalizer", {}),
    ("encoder/normalizer/form", "X"), ("encoder/normalizer/form", ["NFC"]), ("encoder/normalizer/shell", "rm"),
    ("encoder/ngrams", None),
    ("encoder/ngrams", {}), ("encoder/ngrams/chars", [1, HUGE]), ("encoder/ngrams/chars", [1, 2, 3]),
    ("encoder/ngrams/chars", "ab"), ("encoder/ngrams/chars", [NAN, 2]), ("encoder/ngrams/chars", {"a": 1}),
    ("encoder/ngrams/edges", "2"), ("encoder/ngrams/edges", -1), ("encoder/ngrams/edges", HUGE),
    ("encoder/weighting", None), ("encoder/weighting/prior", "3"), ("encoder/weighting/min_texts", NAN),
    ("encoder/most_buckets", HUGE), ("encoder/most_buckets", None), ("encoder/tokenizer", "shell"),
    ("encoder/tokenizer", 3), ("encoder/tokenizer", None), ("encoder/vocabulary", "x"), ("encoder/max_tokens", 0),
    ("encoder/max_tokens", "128"), ("encoder/max_tokens", 4096), ("encoder/max_characters", NAN),
    ("encoder/max_characters", -5), ("network", ...), ("network", None), ("network", []), ("network", DEEP),
    ("network/more", 1), ("network/columns", HUGE), ("network/columns", -1), ("network/columns", "5"),
    ("network/columns", 3), ("network/classes", 3), ("network/classes", HUGE), ("network/classes", 2.0),
    ("network/vocabulary", HUGE), ("network/vocabulary", 1), ("network/wide_scale", NAN),
    ("network/wide_scale", "5"), ("network/wide_dropout", 2), ("network/reader", None), ("network/reader", []),
    ("network/reader", {}), ("network/reader/kind", "os.system"), ("network/reader/kind", ["cnn"]),
    ("network/reader/kind", "lstm"), ("network/reader/width", HUGE), ("network/reader/width", 1 << 30),
    ("network/reader/width", 0), ("network/reader/width", -128), ("network/reader/width", True),
    ("network/reader/width", 127), ("network/reader/filters", 1 << 30), ("network/reader/filters", "1"),
    ("network/reader/filter_sizes", []), ("network/reader/filter_sizes", [1 << 30]),
    ("network/reader/filter_sizes", "2345"), ("network/reader/filter_sizes", 3), ("network/reader/filter_sizes", [[2]]),
    ("network/reader/filter_sizes", [2, 3, 4, 4]), ("network/reader/filter_sizes", [5, 4, 3, 2]),
    ("network/reader/dropout", NAN), ("network/reader/dropout", 1.0), ("network/reader/token_dropout", None),
    ("network/reader/layers", 1 << 31), ("network/reader/heads", 0), ("network/reader/max_tokens", 1),
    ("network/reader/scale", NAN), ("network/reader/more", "import os"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value"), CONFIGS, ids=[f"{path}-{k}" for k, (path, _) in enumerate(CONFIGS)])
def test_a_hostile_config_is_refused(folder, path, value):
    forge(folder, put(path, value))
    assert refused(folder).split(f"{folder}/")[1].startswith(FILES)


@pytest.mark.parametrize("text", ["", "null", "[]", "3", '"x"', "{", '{"format": 1}', "[" * 100_000, '{"a":' * 100_000,
                                  "\ud800".encode("utf-8", "surrogatepass"), b"\xff\xfe", "1" * 5000,
                                  '{"format": 1, "digest": "' + "0" * 64 + '"}'])  # fmt: skip
def test_a_config_of_another_form_is_refused(folder, text):
    (folder / "config.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    assert str(folder / "config.json") in refused(folder)


@pytest.mark.parametrize(("kind", "path", "value"), [
    ("lstm", "network/reader/hidden", 1 << 30), ("lstm", "network/reader/layers", 1 << 30),
    ("transformer", "network/reader/layers", 1 << 30), ("transformer", "network/reader/heads", 5),
    ("transformer", "network/reader/max_tokens", 1 << 30), ("bag", "network/reader/width", 1 << 30),
    ("wide", "network/reader", {"kind": "cnn"}), ("wide", "encoder/tokenizer", "bpe"),
    ("bag", "network/reader/kind", "cnn"),
])  # fmt: skip
def test_hostile_sizes_of_other_kinds(models, tmp_path, kind, path, value):
    folder = shutil.copytree(models[kind], tmp_path / "model")
    forge(folder, put(path, value))
    assert str(folder) in refused(folder)


def change_array(name, change):
    def changed(arrays):
        arrays[name] = change(arrays[name])

    return changed


def rename(old, new):
    return lambda arrays: arrays.update({new: arrays.pop(old)})


W, K = "network.wide.weight", "encoder.kept"
ARRAYS = [
    lambda arrays: arrays.clear(), lambda arrays: arrays.pop(W), lambda arrays: arrays.pop(K),
    lambda arrays: arrays.update({"network.more": np.zeros(3, np.float32)}),
    lambda arrays: arrays.update({"network.__class__": np.zeros(1, np.float32)}),
    rename(W, "network.wide.weights"), rename(K, "encoder.keep"),
    change_array(W, lambda a: a.T.copy()), change_array(W, lambda a: a.reshape(-1)), change_array(W, lambda a: a[:-1]),
    change_array(W, lambda a: a.astype(np.float64)), change_array(W, lambda a: a.astype(np.float16)),
    change_array(W, lambda a: a.astype(np.int32)), change_array(W, lambda a: a.astype(bool)),
    change_array(W, lambda a: a.astype(np.complex64)), change_array(W, lambda a: a * np.nan),
    change_array(W, lambda a: a + np.inf), change_array("network.wide.bias", lambda a: a[0].reshape(())),
    change_array(K, lambda a: a.astype(np.int64)), change_array(K, lambda a: a.astype(np.float32)),
    change_array(K, lambda a: a[::-1].copy()), change_array(K, lambda a: a * 0), change_array(K, lambda a: -a),
    change_array(K, lambda a: a[:5]), change_array(K, lambda a: a.reshape(1, -1)), change_array(K, lambda a: a[:0]),
    change_array("encoder.weights", lambda a: a * np.nan), change_array("encoder.weights", lambda a: a[:-1]),
]  # fmt: skip


@pytest.mark.parametrize("change", ARRAYS, ids=range(len(ARRAYS)))
def test_hostile_arrays_are_refused(folder, change):
    forge(folder, arrays=change)
    assert str(folder) in refused(folder)


@pytest.mark.parametrize(
    "header",
    [b"\xff" * 8, (1 << 62).to_bytes(8, "little") + b"{}", (100).to_bytes(8, "little") + b"{}",
     (2).to_bytes(8, "little") + b"{}", (8).to_bytes(8, "little") + b'{"a":{}}', b"\x08" + b"\0" * 7 + b"[[[[[[[["],
)  # fmt: skip
def test_hostile_headers_are_refused(folder, header):
    (folder / "model.safetensors").write_bytes(header)
    forge(folder)
    assert f"{folder / 'model.safetensors'} is not a whole safetensors file" in refused(folder)


@pytest.mark.parametrize("shape", [[1 << 60], [1 << 31, 1 << 31], [-1], [3.5], ["a"]])
@pytest.mark.parametrize("dtype", ["F32", "BF16", "F8_E4M3", "NONE"])
def test_hostile_shapes_are_refused(folder, dtype, shape):
    header = json.dumps({"a": {"dtype": dtype, "shape": shape, "data_offsets": [0, 4]}}).encode()
    (folder / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + b"\0" * 4)
    forge(folder)
    assert f"{folder / 'model.safetensors'} is not a whole safetensors file" in refused(folder)


def test_a_foreign_safetensors_file_is_refused(folder):
    save_file({"a": np.zeros(3)}, folder / "model.safetensors")
    forge(folder)
    assert f"{folder / 'model.safetensors'} is not a whole safetensors file" in refused(folder)


FIGURES = [
    lambda f: None, lambda f: [], lambda f: {}, lambda f: f | {"epochs": None}, lambda f: f | {"epochs": [3]},
    lambda f: f | {"epochs": []}, lambda f: f | {"best_epoch": 99}, lambda f: f | {"best_epoch": -99},
    lambda f: f | {"best_epoch": "1"}, lambda f: f | {"notes": "abc"}, lambda f: f | {"notes": [{}]},
    lambda f: f | {"seconds": "1"}, lambda f: f | {"epochs": [{"epoch": 1, "accuracy": "high"}]},
    lambda f: f | {"epochs": [{"epoch": 1, "accuracy": NAN}]}, lambda f: f | {"epochs": [{"accuracy": [1]}]},
]  # fmt: skip


@pytest.mark.parametrize("change", FIGURES, ids=range(len(FIGURES)))
def test_hostile_figures_are_refused(folder, change):
    forge(folder, figures=change)
    assert str(folder) in refused(folder)


@pytest.mark.parametrize("text", [b"", b"{", b"[" * 100_000, b"\xff", b"NaN"])
def test_figures_that_are_no_json(folder, text):
    (folder / "metrics.json").write_bytes(text)
    forge(folder)
    assert str(folder) in refused(folder)


@pytest.mark.parametrize(
    "change", [{"model": {"type": "BPE"}}, {"normalizer": None}, {"version": 3}, {"added_tokens": 1}]
)
def test_a_hostile_tokenizer_is_refused(folder, change):
    path = folder / "tokenizer.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    forge(folder)
    assert str(path) in refused(folder)


def test_endless_names_of_classes_are_refused(folder):
    """NumPy keeps every name as long as the longest: a megabyte of names would be terabytes."""
    forge(folder, put("classes/values", [str(k) for k in range(100_000)] + ["x" * 1_000_000]))
    assert "endless names" in refused(folder)


def test_loading_runs_no_code(folder, monkeypatch):
    """Nothing in the folder names a thing that is imported or called."""
    events = []
    sys.addaudithook(lambda event, args: events.append((event, args)) if watching else None)
    watching = True
    TextClassifier.load(folder)
    watching = False
    names = {event for event, _args in events}
    assert "open" in names
    assert not names & {"exec", "compile", "subprocess.Popen", "os.system", "pickle.find_class", "socket.connect"}
