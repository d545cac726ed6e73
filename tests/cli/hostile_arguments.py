"""Hostile arguments: what no command has, values that cannot be, and places that are taken."""

from __future__ import annotations

from pathlib import Path

from cli.hostile_case import MODEL, Case

TABLE = "text,label\n" + "".join(
    f"{'재미있다' if k % 2 else '지루하다'} {k},{'good' if k % 2 else 'bad'}\n" for k in range(8)
)
DATA = {"data.csv": TABLE}
TRAIN = ("train", "data.csv", "--quiet")
INTO = (*TRAIN, "--out", "out")
RULES = {"rules.yaml": "facts: {a: {words: x}}\nrules: [{id: r, if: a, then: {label: b}}]\n"}


def trained(name: str, says: str, *options: str, process: bool = False) -> Case:
    """Training on a good table with these options."""
    return Case(name, (*INTO, *options), says, DATA, process=process)


def taken(name: str, says: str, *files: str) -> Case:
    """Training into a folder that holds these files."""
    return Case(name, INTO, says, DATA | {f"out/{each}": "mine" for each in files})


def forbidden(folder: Path) -> None:
    (folder / "out").symlink_to("/proc/1/nowhere")


COMMANDS = [
    Case("an unknown command", ("frobnicate",), "saegim has no command 'frobnicate'", process=True),
    Case("a command mistyped", ("trian", "data.csv"), "did you mean 'train'?"),
    Case("a command in capitals", ("TRAIN",), "has no command 'TRAIN'"),
    Case("a command of control characters", ("\x1b[2J\n",), "has no command"),
    Case("a command of ten thousand letters", ("x" * 10_000,), "has no command"),
    Case("an empty command", ("",), "has no command"),
    Case("rules without one", ("rules", "frobnicate"), "saegim rules has no command 'frobnicate'"),
    Case("rules mistyped", ("rules", "chekc", "rules.yaml"), "did you mean 'check'?"),
    Case("an unknown option", (*INTO, "--frobnicate"), "saegim train has no option --frobnicate", DATA, process=True),
    Case("an option mistyped", (*INTO, "--epoch", "3"), "did you mean --epochs", DATA),
    Case("an option with one dash", (*INTO, "-epochs", "3"), "saegim train has no option", DATA),
    Case("an option of another command", ("summary", MODEL, "--epochs", "3"), "saegim summary has no option --epochs"),
    Case("no arguments", ("train",), "saegim train needs"),
    Case("no folder to write to", TRAIN, "needs the option '--out'", DATA),
    Case("no text to explain", ("explain", MODEL), "saegim explain needs 'TEXT'"),
    Case("one argument too many", (*INTO, "more.csv"), "takes no further arguments, but got (more.csv)", DATA),
    Case("an option without its value", (*TRAIN, "--out"), "needs a value after '--out'", DATA),
    Case("a flag with a value", (*INTO, "--resume=yes"), "--resume", DATA),
    Case("a text like an option", ("predict", MODEL, "-1점"), "texts that begin with a dash go after --"),
]

NUMBERS = [
    trained("epochs below 0", "--epochs", "--epochs", "-1"),
    trained("epochs 0", "--epochs", "--epochs", "0"),
    trained("epochs in words", "--epochs", "--epochs", "many", process=True),
    trained("half an epoch", "--epochs", "--epochs", "1.5"),
    trained("epochs NaN", "--epochs", "--epochs", "nan"),
    trained("epochs of a hundred digits", "--epochs", "--epochs", "9" * 100),
    trained("epochs of ten thousand digits", "--epochs", "--epochs", "9" * 10_000),
    trained("epochs left empty", "--epochs", "--epochs", ""),
    trained("threads 0", "--threads", "--threads", "0"),
    trained("threads without end", "--threads", "--threads", "1000000"),
    trained("a seed below 0", "--seed", "--seed", "-5"),
    trained("a seed of 33 bits", "--seed", "--seed", str(2**32)),
    trained("a seed in hexadecimal", "--seed", "--seed", "0xff"),
    trained("a budget in days", "--time-budget is '2d'", "--time-budget", "2d"),
    trained("a budget below 0", "--time-budget is '-5'", "--time-budget=-5"),
    trained("a budget of 0", "--time-budget is '0s'", "--time-budget", "0s"),
    trained("an empty budget", "--time-budget is ''", "--time-budget", ""),
    trained("an infinite budget", "--time-budget is 'inf'", "--time-budget", "inf"),
    trained("a budget in Arabic digits", "--time-budget is", "--time-budget", "\u0665m"),
    trained("a budget with its units exchanged", "--time-budget is '5s2m'", "--time-budget", "5s2m"),
    trained("a budget of a thousand digits", "--time-budget is", "--time-budget", "9" * 1000),
    trained("an unknown model", "--model", "--model", "gpt"),
    trained("an empty model", "--model", "--model", ""),
    trained("an unknown language", "--language", "--language", "fr"),
    Case("one fold", ("errors", MODEL, "data.csv", "--folds", "1"), "--folds", DATA),
    Case("folds in words", ("errors", MODEL, "data.csv", "--folds", "many"), "--folds", DATA),
    Case("none of the errors", ("errors", MODEL, "data.csv", "--top", "0"), "--top", DATA),
    Case("a budget for comparing", ("compare", "data.csv", "--time-budget", "soon"), "--time-budget is 'soon'", DATA),
]

TEACHERS = {
    "rules.yaml": """facts: {a: {pattern: 재미}, b: {pattern: 지루}}
rules: [{id: r, if: a, then: {label: good}}, {id: s, if: b, then: {label: bad}}]
"""
}
TEACHING = (*INTO, "--rules", "rules.yaml", "--unlabelled", "more.txt")


def teaching(name: str, says: str, more: bytes | str, *options: str, rules: str = "", **changes) -> Case:
    """Rules teach from a file of texts."""
    files = DATA | TEACHERS | {"more.txt": more} | ({"rules.yaml": rules} if rules else {})
    return Case(name, (*TEACHING, *options), says, files, **changes)


ONE_LABEL = "facts: {a: {pattern: 재미}}\nrules: [{id: r, if: a, then: {label: good}}]\n"
CONTRARY = (
    "facts: {a: {pattern: 재미}}\nrules: [{id: r, if: a, then: {label: good}}, {id: s, if: a, then: {label: bad}}]\n"
)

UNLABELLED = [
    trained("texts for rules without rules", "--unlabelled needs --rules FILE", "--unlabelled", "data.csv"),
    trained("texts to judge teaching without it", "--test needs --unlabelled", "--test", "data.csv"),
    trained("learning labelled texts as always", "--learn-labelled needs --unlabelled", "--learn-labelled"),
    teaching("no texts to label", "more.txt is empty", ""),
    teaching("texts to label of white space", "more.txt is empty", " \n\n"),
    teaching("texts to label that are random bytes", "more.txt", bytes(range(128, 256)) * 40, process=True),
    teaching(
        "texts to label that are all known", "every text of more.txt is also in data.csv", "재미있다 1\n지루하다 0\n"
    ),
    teaching("no rule fires", "no rule for a label fires on any of the 2 unlabelled texts", "가나\n다라\n"),
    teaching("rules that want one label", "want the label 'good'", "재미\n지루\n", rules=ONE_LABEL),
    teaching("rules that contradict each other", "the rules contradict each other", "재미\n재미있\n", rules=CONTRARY),
    teaching(
        "rules without labels",
        "no rule for a label fires",
        "재미\n",
        rules="facts: {a: {words: x}}\nrules: [{id: r, if: a, then: {fact: b}}]",
    ),
    teaching("texts to label that are not there", "gone.txt does not exist", "재미\n", "--unlabelled", "gone.txt"),
    teaching("texts to judge by that are not there", "gone.csv does not exist", "재미\n", "--test", "gone.csv"),
    teaching(
        "texts to judge by that are those to choose by",
        "every text of data.csv is also in",
        "재미\n",
        "--test",
        "data.csv",
    ),
]

PLACES = [
    Case("out is a file", (*TRAIN, "--out", "data.csv"), "--out data.csv is a file", DATA, process=True),
    Case("out is below a file", (*TRAIN, "--out", "data.csv/out"), "--out data.csv/out cannot be used", DATA),
    taken("out is someone's folder", "--out out holds other files", "thesis.doc", "photo.jpg"),
    taken("out holds a hidden file", "--out out holds other files", ".profile"),
    taken("out holds a model of something else", "--out out holds other files", "model.safetensors"),
    Case("out is this folder", (*TRAIN, "--out", "."), "--out . holds other files", DATA),
    Case("out is empty", (*TRAIN, "--out", ""), "--out . holds other files", DATA),
    Case("out cannot be made", INTO, "--out out", DATA, prepare=forbidden),
    Case("out has an endless name", (*TRAIN, "--out", "x" * 300), "cannot be used: File name too long", DATA),
    Case("out holds a NUL", (*TRAIN, "--out", "o\0ut"), "embedded null", DATA),
    Case(
        "resuming what is no checkpoint",
        (*INTO, "--resume"),
        "checkpoint.safetensors",
        DATA | {"out/checkpoint.safetensors": "x" * 99},
    ),
    Case(
        "training on a broken checkpoint",
        (*INTO, "--resume"),
        "checkpoint.safetensors",
        DATA | {"out/checkpoint.safetensors": ""},
    ),
    Case("rules are a folder", (*INTO, "--rules", "."), "cannot read the rule file", DATA),
    Case("errors into a folder", ("errors", MODEL, "data.csv", "--out", MODEL), f"--out {MODEL} is a folder", DATA),
    Case("errors over the data", ("errors", MODEL, "data.csv", "--out", "data.csv"), "overwrite the data", DATA),
    Case("an accuracy above 1", (*INTO, "--min-accuracy", "95"), "a wanted accuracy between 0 and 1 expected", DATA),
    Case(
        "an accuracy that is no number", (*INTO, "--min-accuracy", "nan"), "between 0 and 1 expected, nan given", DATA
    ),
    Case("a confidence below 0", (*INTO, "--min-confidence", "-1"), "a wanted confidence between 0 and 1", DATA),
    Case("two thresholds", (*INTO, "--min-accuracy", "0.9", "--min-confidence", "0.9"), "give one", DATA),
    Case("a policy that there is not", (*INTO, "--policy", "none"), "--policy", DATA),
    Case("output is a folder", ("predict", MODEL, "x", "--output", MODEL), f"--output {MODEL} is a folder"),
    Case("output is below a file", ("predict", MODEL, "x", "--output", "data.csv/x"), "data.csv is no folder", DATA),
    Case("output has an endless name", ("predict", MODEL, "x", "--output", "y" * 300), "File name too long"),
]

TEXTS = [
    Case(
        "texts and a file", ("predict", MODEL, "x", "--input", "data.csv"), "both texts and --input", DATA, process=True
    ),
    Case("neither texts nor a file", ("predict", MODEL), "neither texts nor --input"),
    Case("a file that is not there", ("predict", MODEL, "--input", "gone.txt"), "--input gone.txt cannot be read"),
    Case("a file without a name", ("predict", MODEL, "--input", ""), "--input"),
    Case("a text that is not UTF-8", ("predict", MODEL, "a\udcff"), "is not UTF-8"),
    Case("explain what is not UTF-8", ("explain", MODEL, "a\udcff"), "is not UTF-8"),
    Case("an unknown label", ("explain", MODEL, "x", "--label", "gooood"), "gooood"),
    Case("an empty label", ("explain", MODEL, "x", "--label", ""), "label"),
    Case("a label of control characters", ("explain", MODEL, "x", "--label", "\x1b[2J"), "label"),
    Case("a label of ten thousand letters", ("explain", MODEL, "x", "--label", "y" * 10_000), "label"),
    Case("the anatomy of what is not UTF-8", ("anatomy", MODEL, "a\udcff", "--label", "good"), "is not UTF-8"),
    Case("a label to learn that there is not", ("anatomy", MODEL, "x", "--label", "\x1b[2J"), "label"),
    Case("an infinite learning rate", ("anatomy", MODEL, "x", "--label", "good", "--lr", "inf"), "lr of at least 0"),
    Case("the anatomy of no model", ("anatomy", "gone", "x", "--label", "good"), "gone"),
    Case("the anatomy of no text", ("anatomy", MODEL, " \u3000\n", "--label", "good"), "loss", code=0),
    Case("explain without a model", ("explain", "gone", "x"), "gone"),
    Case("an empty text", ("predict", MODEL, ""), "o", code=0),
    Case("a text of white space", ("explain", MODEL, " \u3000\n"), "score", code=0),
    Case("a text of control characters", ("explain", MODEL, "\x1b[31m\x07재미있다\u202e"), "score", code=0),
    Case("an empty text by rules", ("explain", "rules.yaml", ""), "no rule", RULES, 0),
    Case("a very long text", ("predict", MODEL, "재미있다 " * 200_000), "good", code=0),
    Case("a very long word", ("explain", MODEL, "가" * 100_000), "score", code=0),
    Case("a thousand accents on a letter", ("explain", MODEL, "e" + "\u0301" * 1000), "score", code=0),
    Case("a text like the padding", ("predict", MODEL, "<pad><unk></s>", "--json"), '"n": 1', code=0),
]

CURVE = ("curve", "data.csv", "--quiet")
KEPT = (*CURVE, "--out", "out", "--resume")


def kept(name: str, says: str, content: bytes | str) -> Case:
    """Going on with what is no curve."""
    return Case(name, KEPT, says, DATA | {"out/curve.json": content})


CURVES = [
    Case("a curve that goes on from nowhere", (*CURVE, "--resume"), "add --out DIR", DATA, process=True),
    Case("a curve of no samples", (*CURVE, "--samples", "0"), "--samples", DATA),
    Case("a curve of endless samples", (*CURVE, "--samples", "1000000"), "--samples", DATA),
    Case("a curve of an unknown network", (*CURVE, "--model", "wide", "--model", "gpt"), "--model", DATA),
    Case("a curve in no time", (*CURVE, "--time-budget", "0"), "--time-budget is '0'", DATA),
    Case("a curve of no data", ("curve", "gone.csv"), "gone.csv does not exist"),
    Case("a curve of one class", ("curve", "d.csv"), "have the label 'x'", {"d.csv": "text,label\na,x\nb,x\n"}),
    Case("a curve beside broken rules", (*CURVE, "--rules", "data.csv"), "data.csv", DATA),
    Case("a curve measured on nothing", (*CURVE, "--test", "data.csv"), "is also in", DATA),
    Case("a curve into someone's folder", (*CURVE, "--out", "out"), "holds other files", DATA | {"out/mine": "x"}),
    kept("a curve that is empty", "curve.json is no whole JSON file", ""),
    kept("a curve that is a list", "curve.json is not of the form", "[]"),
    kept("a curve nested without end", "curve.json is no whole JSON file", "[" * 200_000),
    kept("a curve of bytes", "curve.json is no whole JSON file", bytes(range(256))),
    kept("a curve of another form", "curve.json is not of the form", '{"format": 2}'),
    kept("a curve of other data", "other data, settings or version", '{"format": 1, "digest": "x", "points": []}'),
]

CASES = [*CURVES, *COMMANDS, *NUMBERS, *UNLABELLED, *PLACES, *TEXTS]
