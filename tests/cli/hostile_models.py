"""Hostile model folders: files that are missing, cut, altered or exchanged, also by one who redid the digests.

*Altered* means as a disk or a transfer would do it; *forged* that all digests in config.json fit the altered files.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from cli.hostile_case import BAD_INPUT, MODEL, Case
from saegim.training.files import Arrays, read_arrays, write_arrays

CONFIG, WEIGHTS, METRICS, TOKENIZER = "config.json", "model.safetensors", "metrics.json", "tokenizer.json"
PREDICT = ("predict", MODEL, "재미있다", "--quiet")


def seal(folder: Path, config: dict[str, Any]) -> None:
    """Writes config.json so that every digest in it fits."""
    for name in config["files"] if isinstance(config.get("files"), dict) else ():
        if (folder / name).is_file():
            config["files"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    config.pop("digest", None)
    config["digest"] = hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()
    (folder / CONFIG).write_text(json.dumps(config), encoding="utf-8")


def config_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / CONFIG).read_text(encoding="utf-8"))


def altered(name: str, file: str, change: Callable[[bytes], bytes], *, process: bool = False) -> Case:
    """One file has other bytes."""

    def prepare(place: Path) -> None:
        path = place / MODEL / file
        path.write_bytes(change(path.read_bytes()))

    return Case(f"altered {file}: {name}", PREDICT, f"{MODEL}/{file}", prepare=prepare, process=process)


def missing(file: str) -> Case:
    return Case(f"missing {file}", PREDICT, file, prepare=lambda place: (place / MODEL / file).unlink())


def forged(name: str, file: str, change: Callable[[bytes], bytes], says: str = MODEL) -> Case:
    """One file has other bytes, and config.json was made to fit."""

    def prepare(place: Path) -> None:
        path = place / MODEL / file
        path.write_bytes(change(path.read_bytes()))
        seal(place / MODEL, config_of(place / MODEL))

    return Case(f"forged {file}: {name}", PREDICT, says, prepare=prepare)


def forged_json(file: str, where: str, value: object) -> Case:
    """One value in a file of JSON is another."""

    def change(content: bytes) -> bytes:
        return json.dumps(replaced(json.loads(content), where, value)).encode()

    return forged(f"{where} = {shown(value)}", file, change, f"{MODEL}/{file}")


def config(where: str, value: object, *, code: int = BAD_INPUT, says: str = CONFIG) -> Case:
    """One value in config.json is another; its digest fits."""

    def prepare(place: Path) -> None:
        seal(place / MODEL, replaced(config_of(place / MODEL), where, value))

    return Case(f"config: {where} = {shown(value)}", PREDICT, says, prepare=prepare, code=code)


def forged_arrays(name: str, change: Callable[[Arrays], object]) -> Case:
    """The arrays are others; checksum and digests fit."""

    def prepare(place: Path) -> None:
        arrays, about = read_arrays(place / MODEL / WEIGHTS)
        change(arrays)
        write_arrays(place / MODEL / WEIGHTS, arrays, about)
        seal(place / MODEL, config_of(place / MODEL))

    return Case(f"forged arrays: {name}", PREDICT, f"{MODEL}/", prepare=prepare)


def shown(value: object) -> str:
    return "left out" if value is ... else json.dumps(value)[:30]


def replaced(tree: Any, where: str, value: object) -> Any:
    """The tree with another value at `a.b.c`; `...` leaves the place out."""
    *above, last = where.split(".")
    inner = tree
    for key in above:
        inner = inner[key]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return tree


def header(change: Callable[[dict[str, Any]], object]) -> Callable[[bytes], bytes]:
    """A change to what a safetensors file says about its arrays, which follow as they were."""

    def changed(content: bytes) -> bytes:
        size = int.from_bytes(content[:8], "little")
        about = json.loads(content[8 : 8 + size])
        change(about)
        text = json.dumps(about).encode()
        return len(text).to_bytes(8, "little") + text + content[8 + size :]

    return changed


def first(about: dict[str, Any]) -> dict[str, Any]:
    """What is said about the first array."""
    return next(each for name, each in about.items() if name != "__metadata__")


def overlap(about: dict[str, Any]) -> None:
    for name, each in about.items():
        if name != "__metadata__":
            each["data_offsets"] = [0, each["data_offsets"][1] - each["data_offsets"][0]]


def flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def half(content: bytes) -> bytes:
    return content[: len(content) // 2]


def as_folder(place: Path) -> None:
    (place / MODEL / WEIGHTS).unlink()
    (place / MODEL / WEIGHTS).mkdir()


def as_link(place: Path) -> None:
    (place / MODEL / CONFIG).unlink()
    (place / MODEL / CONFIG).symlink_to(CONFIG)


def other_digest(place: Path) -> None:
    path = place / MODEL / CONFIG
    path.write_text(json.dumps(config_of(place / MODEL) | {"digest": "0" * 64}), encoding="utf-8")


def poisoned(value: float) -> Callable[[Arrays], None]:
    def change(arrays: Arrays) -> None:
        name = next(name for name in arrays if name.startswith("network."))
        arrays[name] = np.full_like(arrays[name], value)

    return change


def retyped(arrays: Arrays) -> None:
    arrays.update({name: each.astype(np.float64) for name, each in arrays.items() if each.dtype == np.float32})


def disordered(arrays: Arrays) -> None:
    arrays["encoder.kept"] = arrays["encoder.kept"][::-1].copy()


def moved(distance: int) -> Callable[[Arrays], None]:
    def change(arrays: Arrays) -> None:
        arrays["encoder.kept"] += np.int32(distance)

    return change


def turned(arrays: Arrays) -> None:
    name = next(name for name, each in arrays.items() if each.ndim == 2 and each.shape[0] != each.shape[1])
    arrays[name] = np.ascontiguousarray(arrays[name].T)


def pickled(_content: bytes) -> bytes:
    return b"\x80\x04\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x05touch\x85R."


def forget_texts(place: Path) -> None:
    (place / MODEL / "run.yaml").write_text("file: gone.csv\nsha256: x\n", encoding="utf-8")


# A policy as `saegim.together.folder` writes it: the network answers where it is half sure.
POLICY: dict[str, Any] = {
    "format": 1, "saegim": "0.1.0", "answers": "together", "min_accuracy": None, "min_confidence": 0.5, "bar": 0.5,
    "borne_out": True, "rules": [], "threshold": 0.5, "ruleset": None,
    "trial": {"texts": 4, "decided": 4, "right": 3, "by_rules": 0, "rules_right": 0, "network_right": 3},
}  # fmt: skip
GOOD_RULE = {
    "id": "good", "label": "good", "decided": 3, "right": 3, "ahead": 1, "behind": 0, "low": 0.6, "first": True,
}  # fmt: skip


def with_policy(place: Path, change: Callable[[dict[str, Any]], object] = lambda _policy: None) -> None:
    """Writes a policy that fits the model, changed; its digest fits too."""
    digest = hashlib.sha256((place / MODEL / CONFIG).read_bytes()).hexdigest()
    policy = copy.deepcopy(POLICY) | {"model": digest}
    change(policy)
    policy["digest"] = hashlib.sha256(json.dumps(policy, sort_keys=True).encode()).hexdigest()
    (place / MODEL / "policy.json").write_text(json.dumps(policy), encoding="utf-8")


def policy(where: str, value: object, *, says: str = f"{MODEL}/policy.json", code: int = BAD_INPUT) -> Case:
    """One value of the policy is another; its digest fits."""

    def prepare(place: Path) -> None:
        with_policy(place, lambda found: replaced(found, where, value))

    return Case(f"policy: {where} = {shown(value)}", PREDICT, says, prepare=prepare, code=code)


def policy_of_another_model(place: Path) -> None:
    with_policy(place, lambda found: found.update(model="0" * 64))


def policy_of_other_rules(place: Path) -> None:
    with_policy(place, lambda found: found.update(rules=[GOOD_RULE], ruleset="0" * 64))
    (place / MODEL / "rules.yaml").write_text("rules: []", encoding="utf-8")


def policy_of_no_rules(place: Path) -> None:
    with_policy(place, lambda found: found.update(rules=[GOOD_RULE], ruleset="0" * 64))


def policy_of_rules_that_differ(place: Path) -> None:
    """The digests fit, but the rule that is to go first gives another label."""
    rules = "facts: {f: {words: [a]}}\nrules: [{id: good, if: [f], then: {label: bad}}]\n"
    digest = hashlib.sha256(rules.encode()).hexdigest()
    with_policy(place, lambda found: found.update(rules=[GOOD_RULE], ruleset=digest))
    (place / MODEL / "rules.yaml").write_text(rules, encoding="utf-8")


DEEP = b"[" * 100_000
FILES = (CONFIG, WEIGHTS, METRICS, TOKENIZER)

ACCIDENTS = [
    *map(missing, FILES),
    *(altered("one bit", file, flipped, process=file == WEIGHTS) for file in FILES),
    *(altered("cut in half", file, half) for file in FILES),
    *(altered("cut to nothing", file, lambda _: b"") for file in FILES),
    *(altered("one byte more", file, lambda content: content + b" ") for file in (WEIGHTS, METRICS, TOKENIZER)),
    *(altered("a pickle", file, pickled) for file in FILES),
    altered("nested without end", CONFIG, lambda _: DEEP),
    altered("UTF-16", CONFIG, lambda content: content.decode().encode("utf-16")),
    altered("a list", CONFIG, lambda _: b"[]"),
    altered("an empty object", CONFIG, lambda _: b"{}"),
    Case("another digest", PREDICT, "config.json was altered", prepare=other_digest),
    Case("weights are a folder", PREDICT, f"{MODEL}/{WEIGHTS}", prepare=as_folder),
    Case("config is a link to itself", PREDICT, MODEL, prepare=as_link),
    Case("no folder", ("predict", "gone", "x"), "gone is not a folder", process=True),
    Case("a file", ("predict", "m.bin", "x"), "m.bin is not a folder", {"m.bin": "x"}),
    Case("an empty folder", ("summary", "m"), "m holds no config.json", prepare=lambda place: (place / "m").mkdir()),
    Case("a folder of pictures", ("evaluate", "m", "d.csv"), "m holds no config.json", {"m/a.png": "x", "d.csv": "x"}),
    Case("summary of a cut model", ("summary", MODEL), "metrics.json", prepare=missing(METRICS).prepare),
    Case("evaluate a cut model", ("evaluate", MODEL, "d.csv"), WEIGHTS, prepare=missing(WEIGHTS).prepare),
    Case("errors of a cut model", ("errors", MODEL, "d.csv"), WEIGHTS, prepare=missing(WEIGHTS).prepare),
    Case(
        "errors by an altered run.yaml",
        ("errors", MODEL, "d.csv"),
        "run.yaml",
        {"d.csv": "text,label\nx,good\n", f"{MODEL}/run.yaml": "- x"},
    ),
    Case("explain by a cut model", ("explain", MODEL, "x"), TOKENIZER, prepare=missing(TOKENIZER).prepare),
    Case("log lost", PREDICT, "good", prepare=lambda place: (place / MODEL / "log.jsonl").unlink(), code=0),
    Case("card lost", PREDICT, "good", prepare=lambda place: (place / MODEL / "README.md").unlink(), code=0),
    Case("one file more", PREDICT, "good", {f"{MODEL}/sitecustomize.py": "raise SystemExit"}, 0),
]

VALUES: list[tuple[str, object]] = [
    ("format", 2), ("format", "1"), ("format", ...), ("kind", 7), ("kind", ...),
    ("classes", []), ("classes", ...), ("classes.type", "object"), ("classes.values", []),
    ("classes.values", ["good", "good"]), ("classes.values", ["a"]), ("classes.values", [1, 2]),
    ("classes.values", ["a", None]), ("classes.values", {"a": 1}),
    ("encoder", None), ("encoder", []), ("encoder.buckets", 0), ("encoder.buckets", 2**62),
    ("encoder.buckets", -5), ("encoder.buckets", 1.5), ("encoder.buckets", True), ("encoder.most_buckets", 2**40),
    ("encoder.vocabulary", -1), ("encoder.max_tokens", 0), ("encoder.max_tokens", 10**9),
    ("encoder.max_characters", float("nan")), ("encoder.max_characters", None), ("encoder.tokenizer", "../../x"),
    ("encoder.tokenizer", None), ("encoder.ngrams", None), ("encoder.ngrams.words", [5, 1]),
    ("encoder.ngrams.chars", [1, 10**6]), ("encoder.ngrams.chars", "ab"), ("encoder.ngrams.edges", -1),
    ("encoder.ngrams.hook", "os.system"), ("encoder.normalizer.form", "NFX"), ("encoder.normalizer", "__import__"),
    ("encoder.weighting.floor", float("inf")), ("encoder.weighting.min_texts", 0),
    ("network", None), ("network.columns", 10**9), ("network.columns", -1), ("network.classes", 1),
    ("network.classes", 10**9), ("network.vocabulary", 10**9), ("network.wide_scale", float("nan")),
    ("network.wide_dropout", 1), ("network.reader", None), ("network.reader", "cnn"),
    ("network.reader.kind", "transformer"), ("network.reader.kind", "eval"), ("network.reader.width", 10**9),
    ("network.reader.width", -128), ("network.reader.width", "128"), ("network.reader.filters", 10**9),
    ("network.reader.filter_sizes", []), ("network.reader.filter_sizes", [10**9]),
    ("network.reader.filter_sizes", "2345"), ("network.reader.dropout", float("-inf")), ("network.reader.extra", 1),
    ("calibration", []), ("calibration", "hot"), ("calibration.temperature", 0), ("calibration.temperature", -1.5),
    ("calibration.temperature", float("nan")), ("calibration.temperature", 1e300), ("calibration.temperature", "1"),
    ("calibration.temperature", ...), ("calibration.examples", -1), ("calibration.error_after", 2),
    ("calibration.bins_before", []), ("calibration.bins_after", [{"confidence": 1}]),
    ("run", None), ("run.identity", 5), ("run.share", 0.0), ("parameters", None),
    ("parameters.__class__", "x"), ("files", {}), ("files", [WEIGHTS]), ("files./etc/passwd", "0" * 64),
    ("files.~/x", "0"),
]  # fmt: skip


def rule_with(**changed: object) -> dict[str, object]:
    """The record of a rule, changed; what was changed stands first."""
    return changed | {name: each for name, each in GOOD_RULE.items() if name not in changed}


POLICY_VALUES: list[tuple[str, object]] = [
    ("format", 2), ("answers", "nobody"), ("answers", ...), ("threshold", 2), ("threshold", float("nan")),
    ("threshold", "0.5"), ("threshold", ...), ("bar", -1), ("min_accuracy", 95), ("borne_out", "yes"), ("rules", {}),
    ("rules", [{"id": "x"}]), ("rules", [rule_with(decided=-1)]), ("rules", [rule_with(id=7)]),
    ("rules", [GOOD_RULE, GOOD_RULE]), ("rules", [rule_with(low=float("inf"))]), ("trial", []),
    ("trial.texts", -4), ("trial.right", 10**30), ("model", 7),
]  # fmt: skip

METRIC_VALUES: list[tuple[str, object]] = [
    ("epochs", 5), ("epochs", [5]), ("epochs", [{"epoch": "one"}]), ("epochs", [{"loss": float("nan")}]),
    ("best_epoch", 99), ("best_epoch", -3), ("best_epoch", "1"), ("seconds", "1"), ("notes", "x"), ("notes", [1]),
]  # fmt: skip

TOKENIZER_VALUES: list[tuple[str, object]] = [
    ("model", None), ("model.vocab", {}), ("model.vocab", []), ("model.type", "WordLevel"), ("model.merges", [["x"]]),
    ("normalizer", None), ("pre_tokenizer", {"type": "Split", "pattern": {"Regex": "(a*)*b"}}), ("post_processor", 1),
    ("added_tokens", [{"id": 0}]), ("version", "9"),
]  # fmt: skip

FORGERIES = [
    *(config(where, value) for where, value in VALUES),
    config("parameters.model", "gpt", code=0, says="good"),  # of another training; prediction needs none
    config("saegim", "99.9", code=0, says="good"),
    config("calibration", ..., code=0, says="good"),  # as in a model of an earlier version
    *(forged_json(METRICS, where, value) for where, value in METRIC_VALUES),
    *(forged_json(TOKENIZER, where, value) for where, value in TOKENIZER_VALUES),
    forged("a list", METRICS, lambda _: b"[]", METRICS),
    forged("nested without end", METRICS, lambda _: DEEP, METRICS),
    forged("nested without end", TOKENIZER, lambda _: DEEP, TOKENIZER),
    forged("a text", TOKENIZER, lambda _: b'"x"', TOKENIZER),
]

POLICIES = [
    Case("a policy that fits", PREDICT, "good", prepare=with_policy, code=0),
    policy("threshold", None, says="", code=0),
    policy("more", "__import__('os')", says="good", code=0),
    *(policy(where, value) for where, value in POLICY_VALUES),
    Case("policy of another model", PREDICT, "fitted with another config.json", prepare=policy_of_another_model),
    Case("policy of other rules", PREDICT, "fitted with another rules.yaml", prepare=policy_of_other_rules),
    Case("policy without its rules", PREDICT, f"{MODEL}/rules.yaml", prepare=policy_of_no_rules),
    Case("policy of rules that differ", PREDICT, "is not among the rules", prepare=policy_of_rules_that_differ),
    Case("policy is a pickle", PREDICT, "policy.json", {f"{MODEL}/policy.json": pickled(b"")}),
    Case("policy is empty", PREDICT, "policy.json", {f"{MODEL}/policy.json": ""}, process=True),
    Case("policy nested without end", PREDICT, "policy.json", {f"{MODEL}/policy.json": DEEP}),
    Case("policy left aside", (*PREDICT, "--policy", "network"), "good", {f"{MODEL}/policy.json": "{"}, 0),
    Case("no policy to answer by", (*PREDICT, "--policy", "together"), "holds no policy.json"),
    Case(
        "evaluate by a policy that is cut", ("evaluate", MODEL, "d.csv"), "policy.json", {f"{MODEL}/policy.json": "{"}
    ),
    Case("summary of a policy that is cut", ("summary", MODEL), "policy.json", {f"{MODEL}/policy.json": "{"}),
]

WEIGHT_FORGERIES = [
    forged("random bytes", WEIGHTS, lambda _: bytes(range(256)) * 9, WEIGHTS),
    forged("a pickle", WEIGHTS, pickled, WEIGHTS),
    forged("a header of exabytes", WEIGHTS, lambda content: b"\xff" * 8 + content[8:], WEIGHTS),
    forged("a header past the end", WEIGHTS, lambda content: (10**7).to_bytes(8, "little") + content[8:], WEIGHTS),
    forged("a header of nothing", WEIGHTS, lambda content: bytes(8) + content[8:], WEIGHTS),
    forged("a header nested without end", WEIGHTS, lambda _: len(DEEP).to_bytes(8, "little") + DEEP, WEIGHTS),
    forged("bytes too many", WEIGHTS, lambda content: content + bytes(64), WEIGHTS),
    forged("bytes too few", WEIGHTS, lambda content: content[:-64], WEIGHTS),
    forged("arrays that overlap", WEIGHTS, header(overlap), WEIGHTS),
    forged("an array without end", WEIGHTS, header(lambda about: first(about).update(shape=[2**62])), WEIGHTS),
    forged("sizes that overflow", WEIGHTS, header(lambda about: first(about).update(shape=[2**33, 2**33])), WEIGHTS),
    forged("a size below 0", WEIGHTS, header(lambda about: first(about).update(shape=[-1])), WEIGHTS),
    forged("offsets backwards", WEIGHTS, header(lambda about: first(about).update(data_offsets=[8, 0])), WEIGHTS),
    forged("an unknown dtype", WEIGHTS, header(lambda about: first(about).update(dtype="OBJECT")), WEIGHTS),
    forged("another dtype", WEIGHTS, header(lambda about: first(about).update(dtype="U32")), WEIGHTS),
    forged("no checksum", WEIGHTS, header(lambda about: about.pop("__metadata__")), WEIGHTS),
    forged("an empty checksum", WEIGHTS, header(lambda about: about.update(__metadata__={"about": ""})), WEIGHTS),
    forged_arrays("NaN", poisoned(float("nan"))),
    forged_arrays("infinity", poisoned(float("inf"))),
    forged_arrays("double precision", retyped),
    forged_arrays("turned", turned),
    forged_arrays("one array lost", lambda arrays: arrays.popitem()),
    forged_arrays("no arrays", lambda arrays: arrays.clear()),
    forged_arrays("one array more", lambda arrays: arrays.update({"network.extra": np.zeros(3, np.float32)})),
    forged_arrays("another name", lambda arrays: arrays.update({"network.x": arrays.pop("network.wide.bias")})),
    forged_arrays("buckets beyond the last", moved(10**6)),
    forged_arrays("buckets below 0", moved(-(10**6))),
    forged_arrays("buckets in disorder", disordered),
    forged_arrays("weights NaN", lambda arrays: arrays["encoder.weights"].fill(np.nan)),
]

REPORT = ("report", MODEL, "--quiet")


def reported(name: str, says: str, file: str, content: bytes) -> Case:
    """A report on a folder in which one file holds something else."""
    return Case(f"report: {name}", REPORT, says, {f"{MODEL}/{file}": content})


REPORTS = [
    Case("report of nothing", ("report", "gone"), "gone is not a folder", process=True),
    Case("report of a file", ("report", "m.bin"), "m.bin is not a folder", {"m.bin": "x"}),
    Case("report of a folder of pictures", ("report", "m"), "m holds no config.json", {"m/a.png": "x"}),
    Case("report of a cut model", REPORT, WEIGHTS, prepare=missing(WEIGHTS).prepare),
    Case("report where a page is a folder", REPORT, "report.html cannot be written", {f"{MODEL}/report.html/x": "x"}),
    Case("report called after a table", ("report", MODEL, "--out", "d.csv"), "--out d.csv is no name", {"d.csv": "x"}),
    Case("report on no texts", ("report", MODEL, "--data", "gone.csv"), "gone.csv does not exist"),
    reported("a cut comparison", "comparison.json is no comparison", "comparison.json", b'{"contenders": ['),
    reported("a comparison of nothing", "comparison.json is no comparison", "comparison.json", b"{}"),
    reported("a comparison without end", "comparison.json is no comparison", "comparison.json", DEEP),
    reported("a comparison that is a pickle", "comparison.json is no comparison", "comparison.json", pickled(b"")),
    reported("a run that is a pickle", "run.yaml is no list of options", "run.yaml", pickled(b"")),
    reported("a run that runs", "run.yaml is no list", "run.yaml", b"!!python/object/apply:os.system [touch x]"),
    reported("a run without end", "run.yaml is no list", "run.yaml", b"a: &a [*a, *a]\n"),
    reported("rules that are none", "rules.yaml", "rules.yaml", b"]"),
    Case("report whose texts are gone", ("report", MODEL), "is not there any more", prepare=forget_texts, code=0),
]

CASES = [*ACCIDENTS, *FORGERIES, *POLICIES, *WEIGHT_FORGERIES, *REPORTS]
