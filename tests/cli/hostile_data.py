"""Hostile tables: files that are no text, break their format, or hold nothing that can be learned from."""

from __future__ import annotations

import io
import json
from pathlib import Path

import polars as pl

from cli.hostile_case import BAD_INPUT, MODEL, Case

ROWS = "영화 재미있다,good\n배우 지루하다,bad\n정말 최고,good\n그냥 최악,bad\n"
TABLE = f"text,label\n{ROWS}"
NUL, BOM = b"\0", b"\xef\xbb\xbf"


def refused(name: str, content: bytes | str, says: str, *options: str, file: str = "data.csv", **more) -> Case:
    """Nothing can be trained on this file."""
    return Case(name, ("train", file, "--out", "out", "--quiet", *options), says, {file: content}, BAD_INPUT, **more)


def usable(name: str, content: bytes | str, says: str, *options: str, file: str = "data.csv") -> Case:
    """An odd file that a model can be measured on; what is odd is announced where it matters."""
    return Case(name, ("evaluate", MODEL, file, *options), says, {file: content}, 0)


def parquet(**columns) -> bytes:
    """The bytes of a Parquet file."""
    buffer = io.BytesIO()
    pl.DataFrame(columns).write_parquet(buffer)
    return buffer.getvalue()


def jsonl(*rows: object) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def looped(folder: Path) -> None:
    (folder / "data.csv").symlink_to("data.csv")


def linked_to_nothing(folder: Path) -> None:
    (folder / "data.csv").symlink_to("gone.csv")


PARQUET = parquet(text=["재미있다", "지루하다", "최고", "최악"], label=["good", "bad", "good", "bad"])
PAIR = jsonl({"text": "재미있다", "label": "good"}, {"text": "지루하다", "label": "bad"})
TRAIN = ("train", "data.csv", "--out", "out", "--quiet")

NOT_TEXT = [
    refused("random bytes", bytes(range(128, 256)) * 40, "data.csv", process=True),
    refused("only NULs", NUL * 1000, "data.csv is full of NUL bytes"),
    refused("NUL in every character", TABLE.encode("utf-16-le"), "UTF-16 without a mark"),
    refused("UTF-16, big end first, no mark", TABLE.encode("utf-16-be"), "UTF-16 without a mark"),
    refused("UTF-16 with half a character", TABLE.encode("utf-16")[:-1], "starts like UTF-16 but breaks"),
    refused("UTF-32", TABLE.encode("utf-32"), "data.csv is UTF-32"),
    refused("zip", b"PK\x03\x04" + bytes(50), "zip archive or an Excel workbook"),
    refused("Excel named CSV", b"\xd0\xcf\x11\xe0" + bytes(50), "old Office document"),
    refused("gzip", b"\x1f\x8b\x08" + bytes(50), "compressed with gzip"),
    refused("bzip2", b"BZh91AY" + bytes(50), "compressed with bzip2"),
    refused("xz", b"\xfd7zXZ\x00" + bytes(50), "compressed with xz"),
    refused("zstd", b"\x28\xb5\x2f\xfd" + bytes(50), "compressed with zstd"),
    refused("PDF", b"%PDF-1.7\n%\xe2\xe3", "a PDF document"),
    refused("PNG", b"\x89PNG\r\n\x1a\n", "a PNG image"),
    refused("JPEG", b"\xff\xd8\xff\xe0" + bytes(20), "a JPEG image"),
    refused("SQLite", b"SQLite format 3\x00" + bytes(20), "an SQLite database"),
    refused("Arrow", b"ARROW1\0\0" + bytes(20), "an Arrow file"),
    refused("pickle", b"\x80\x04cos\nsystem\n(S'touch owned'\ntR.", "data.csv"),
    refused("a single NUL in a text", TABLE.replace("최고", "최\0고") + ROWS * 20, "line 4: the text holds a NUL"),
    refused("a NUL in a label", TABLE.replace("good", "go\0od", 1) + ROWS * 20, "line 2: the label holds a NUL"),
]

ENCODING = [
    refused("UTF-8 cut inside a character", TABLE.encode()[:-4] + "악".encode()[:2], "data.csv, line 5"),
    refused("one byte of Latin-1", TABLE.encode() + b"caf\xe9,good\n", "line 6: the text is not valid UTF-8"),
    refused("a broken label", TABLE.encode() + b"abc,b\xff\n", "line 6: the label is not valid UTF-8"),
    refused("one line of CP949", TABLE.encode() + "한글,good\n".encode("cp949"), "line 6: the text is not valid UTF-8"),
    refused("CP949 with one line of UTF-8", TABLE.encode("cp949") + "é,bad\n".encode("latin-1"), "line 6"),
    refused("surrogates in UTF-8", TABLE.encode() + b"\xed\xa0\x80,bad\n", "line 6: the text is not valid UTF-8"),
    refused("overlong UTF-8", TABLE.encode() + b"\xc0\xaf,bad\n", "line 6: the text is not valid UTF-8"),
    usable("CP949 throughout", TABLE.encode("cp949"), "read as CP949"),
    usable("UTF-16 with a mark", TABLE.encode("utf-16"), "read as UTF-16"),
    usable("a mark before UTF-8", BOM + TABLE.encode(), "4 texts: accuracy"),
    usable("old Macintosh line ends", TABLE.replace("\n", "\r"), "4 texts: accuracy"),
    usable("CRLF", TABLE.replace("\n", "\r\n"), "4 texts: accuracy"),
    usable("no last line end", TABLE.rstrip(), "4 texts: accuracy"),
]

EMPTY = [
    refused("empty", "", "data.csv is empty"),
    refused("white space", " \n\t\n\r\n", "data.csv is empty"),
    refused("only a mark", BOM, "data.csv"),
    refused("only names", "text,label\n", "data.csv"),
    refused("only commas", ",,,\n,,,\n", "data.csv"),
    refused("only quote marks", '""""\n"""', "data.csv"),
    refused("one row", "text,label\n재미있다,good\n", "all 1 example"),
    refused("one class", "text,label\na b,x\nc d,x\n", "learning needs at least 2 different labels"),
    refused("no labels", "text,label\na,\nb,\n", "line 2: the label is missing"),
    refused("one label missing", TABLE + "abc,\n", "line 6: the label is missing"),
    refused("one text missing", TABLE + ",good\n", "line 6: the text is empty"),
    refused("only bad rows, skipped", "text,label\n,a\nb,\n", "holds no rows", "--skip-bad-rows"),
    refused("one class after skipping", "text,label\na,x\nb,x\nc,\n", "at least 2 different labels", "--skip-bad-rows"),
    usable("bad rows, skipped", TABLE + "abc,\n,good\n", "2 bad rows were skipped", "--skip-bad-rows"),
    usable("labels the model never gives", "text,label\na,new\nb,new\n", "labels that the model never gives"),
]

COLUMNS = [
    refused("a name that is not there", TABLE, "no column 'body'", "--text", "body"),
    refused("a label that is not there", TABLE, "no column 'stars'", "--label", "stars"),
    refused("one column for both", TABLE, "cannot hold both", "--text", "text", "--label", "text"),
    refused("column 0", TABLE, "no column '0'", "--text", "0"),
    refused("column 3 of 2", TABLE, "no column '3'", "--label", "3"),
    refused("column -1", TABLE, "no column '-1'", "--label", "-1"),
    refused("a number of a hundred digits", TABLE, "data.csv has no column", "--text", "9" * 100),
    refused("an empty name", TABLE, "no column ''", "--text", ""),
    refused("a name with control characters", TABLE, "data.csv has no column", "--text", "\x1b[31mtext\n"),
    refused("a name of ten thousand letters", TABLE, "data.csv has no column", "--text", "x" * 10_000),
    refused("Arabic digits as a number", TABLE, "data.csv has no column", "--text", "\u0661"),
    refused("one name twice", f"text,text,label\n{'a,b,c' * 2}\n", "2 columns named 'text'", "--text", "text"),
    refused("two text columns", "text,review,label\na,b,x\nc,d,y\n", "which column holds the texts"),
    refused("unclear columns", "p,q,r\na,b,c\nd,e,f\n", "which column holds the texts"),
    refused("only one column", "text\na\nb\n", "only one column"),
    refused("more columns than a message shows", ",".join(f"c{k}" for k in range(500)) + "\n", "data.csv"),
    refused("fields missing", TABLE + "abc\n", "line 6: 1 field where the first row has 2"),
    refused("too many fields", TABLE + "a,b,c\n", "line 6: 3 fields where the first row has 2"),
    refused("a quote never closed", TABLE + '"abc,good\n', "line 6: a quote mark is opened and never closed"),
    refused("text after a quote", TABLE + '"abc"d,good\n', "line 6: ',' was expected after a closing quote"),
    refused("a megabyte without a comma", "x" * 1_000_000, "only one column"),
    refused("a field of a megabyte as label", f"text,label\na,{'y' * 1_000_000}\nb,\n", "line 3: the label is missing"),
    usable("a text of a megabyte", TABLE + "가" * 300_000 + ",good\n", "5 texts: accuracy"),
    usable("semicolons", TABLE.replace(",", ";"), "separated by ';'"),
    usable("an embedded line end", TABLE + '"두\n줄",good\n', "5 texts: accuracy"),
    usable("a formula", TABLE + "=cmd|' /C calc'!A0,bad\n", "5 texts: accuracy"),
    usable("names in capitals", TABLE.replace("text,label", "TEXT,LABEL"), "4 texts: accuracy"),
]

JSONL = [
    refused("an array of objects", json.dumps([{"text": "a", "label": "b"}]), "one JSON array", file="data.jsonl"),
    refused("an array per line", "[1]\n[2]\n", "data.jsonl", file="data.jsonl"),
    refused("a number per line", "1\n2\n", "a JSON object was expected", file="data.jsonl"),
    refused("half an object", PAIR + '{"text": "a', "line 3: not JSON", file="data.jsonl"),
    refused("nested deeply", PAIR + "[" * 100_000, "line 3: the JSON is nested too deeply", file="data.jsonl"),
    refused("nested objects", PAIR + '{"a":' * 100_000, "line 3: the JSON is nested too", file="data.jsonl"),
    refused("an endless number", PAIR + '{"text": "a", "label": ' + "9" * 10_000 + "}", "line 3", file="data.jsonl"),
    refused("text is a list", jsonl({"text": ["a"], "label": "b"}), "line 1: the text is ['a']", file="data.jsonl"),
    refused("text is a number", jsonl({"text": 1, "label": "b"}), "line 1: the text is 1", file="data.jsonl"),
    refused("label is an object", jsonl({"text": "a", "label": {}}), "line 1: the label is {}", file="data.jsonl"),
    refused("label is null", PAIR + jsonl({"text": "a", "label": None}), "line 3: the label", file="data.jsonl"),
    refused("label is NaN", PAIR + '{"text": "a", "label": NaN}\n', "line 3: the label is miss", file="data.jsonl"),
    refused("label is left out", PAIR + jsonl({"text": "a"}), "line 3: the label is missing", file="data.jsonl"),
    refused("half a pair", PAIR + '{"text": "\\ud800", "label": "b"}\n', "line 3: the text", file="data.jsonl"),
    refused("no objects", "{}\n{}\n", "data.jsonl: the objects are empty", file="data.jsonl"),
    refused("two objects on a line", PAIR.replace("}\n", "} "), "line 1: not JSON", file="data.jsonl"),
    usable("infinity as a label", PAIR + '{"text": "a", "label": Infinity}\n', "3 texts: accuracy", file="data.jsonl"),
    usable("a key twice", PAIR + '{"text": "a", "text": "b", "label": "bad"}', "3 texts: accuracy", file="data.jsonl"),
    usable("objects in a file named JSON", PAIR, "2 texts: accuracy", file="data.json"),
]

OTHER_FORMATS = [
    refused("Parquet that is noise", b"PAR1" + bytes(range(256)) * 4, "as Parquet", file="data.parquet", process=True),
    refused("Parquet cut in half", PARQUET[: len(PARQUET) // 2], "as Parquet", file="data.parquet"),
    refused("Parquet without its start", PARQUET[4:], "as Parquet", file="data.parquet"),
    refused("text named Parquet", TABLE, "as Parquet", file="data.parquet"),
    refused("empty Parquet", b"", "data.parquet", file="data.parquet"),
    refused("Parquet without rows", parquet(text=[], label=[]), "holds no rows", file="data.parquet"),
    refused("Parquet of lists", parquet(text=[["a"], ["b"]], label=["x", "y"]), "row 1", file="data.parquet"),
    refused("Parquet with nulls", parquet(text=["a", None], label=["x", "y"]), "row 2: the text", file="data.parquet"),
    refused("Parquet of bytes", parquet(text=[b"a", b"b"], label=["x", "y"]), "row 1", file="data.parquet"),
    refused("fastText without labels", "abc\n", "data.ft", file="data.ft"),
    refused("fastText without texts", "__label__a\n__label__b\n", "line 1: the text", file="data.ft"),
    refused("fastText, an empty label", "__label__ abc\n", "line 1", file="data.ft"),
    usable("Parquet named CSV", PARQUET, "4 texts: accuracy"),
    usable(
        "fastText named text", "__label__good 재미있다\n__label__bad 지루하다\n", "2 texts: accuracy", file="data.txt"
    ),
    usable("TSV with lone quote marks", 'text\tlabel\n5" a\tgood\n"b\tbad\n', "ordinary characters", file="data.tsv"),
]

PLACES = [
    Case("missing", TRAIN, "data.csv does not exist", process=True),
    Case("a folder", TRAIN, "data.csv is a folder", prepare=lambda folder: (folder / "data.csv").mkdir()),
    Case("a link to itself", TRAIN, "data.csv", prepare=looped),
    Case("a link to nothing", TRAIN, "data.csv does not exist", prepare=linked_to_nothing),
    Case("a device", ("train", "/dev/null", "--out", "out", "--quiet"), "/dev/null is no regular file"),
    Case("a file as a folder", ("train", "data.csv/x.csv", "--out", "out", "--quiet"), "x.csv", {"data.csv": TABLE}),
    Case("an empty path", ("train", "", "--out", "out", "--quiet"), "is a folder"),
    Case("a NUL in a path", ("train", "da\0ta.csv", "--out", "out", "--quiet"), "embedded null"),
    Case("an endless path", ("train", "x" * 5000, "--out", "out", "--quiet"), "cannot be read"),
    Case("control characters in a path", ("train", "\x1b[2J\n.csv", "--out", "out", "--quiet"), "\\x1b[2J\\n.csv"),
    refused("an empty file with a strange name", "", "'\"$(x) .csv is empty", file="'\"$(x) .csv"),
    refused("a name in Korean", "", "자료 모음.csv is empty", file="자료 모음.csv"),
    refused("a name like a pattern", PARQUET[:60], "as Parquet", file="[a]*.parquet"),
    usable("a name like an option", TABLE, "4 texts: accuracy", file="./--help.csv"),
    Case("validation file missing", (*TRAIN, "--valid", "v.csv"), "v.csv does not exist", {"data.csv": TABLE}),
    Case("validation is the training", (*TRAIN, "--valid", "data.csv"), "every text of data.csv", {"data.csv": TABLE}),
    Case("validation empty", (*TRAIN, "--valid", "v.csv"), "v.csv is empty", {"data.csv": TABLE, "v.csv": ""}),
    Case("compare without a file", ("compare", "data.csv", "--quiet"), "data.csv does not exist"),
    Case(
        "compare, one class",
        ("compare", "data.csv", "--quiet"),
        "2 different labels",
        {"data.csv": "text,label\na,x\n"},
    ),
    Case(
        "compare with an empty test",
        ("compare", "data.csv", "--test", "t.csv"),
        "t.csv is empty",
        {"data.csv": TABLE, "t.csv": " "},
    ),
    Case("evaluate without a file", ("evaluate", MODEL, "data.csv"), "data.csv does not exist"),
    Case(
        "predict from lines that break",
        ("predict", MODEL, "--input", "in.txt", "--output", "out.txt"),
        "in.txt, line 2",
        {"in.txt": b"a\n\xff\n"},
    ),
    Case(
        "predict from UTF-16",
        ("predict", MODEL, "--input", "in.txt"),
        "in.txt is UTF-16",
        {"in.txt": "가나".encode("utf-16")},
    ),
    Case("predict from NULs", ("predict", MODEL, "--input", "in.txt"), "in.txt is full of NUL", {"in.txt": NUL * 100}),
    Case(
        "predict from a zip",
        ("predict", MODEL, "--input", "in.txt"),
        "a zip archive",
        {"in.txt": b"PK\x03\x04" + bytes(9)},
    ),
    Case("predict from a folder", ("predict", MODEL, "--input", "."), "--input . cannot be read"),
    Case("predict from nothing", ("predict", MODEL, "--input", "in.txt", "--json"), '"n": 0', {"in.txt": ""}, 0),
]

CASES = [*NOT_TEXT, *ENCODING, *EMPTY, *COLUMNS, *JSONL, *OTHER_FORMATS, *PLACES]
