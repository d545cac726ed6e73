"""Reading tables: formats, encodings, columns, rows that cannot be used, files made to hurt."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saegim.data import read_table
from saegim.errors import DataError

DATA = Path(__file__).parents[2] / "../shared/data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the shared data sets are not here")

ROWS = [("정말 재밌다", "pos"), ('그는 "굿", 이라고', "neg"), ("두 줄\n짜리", "pos"), ("it's fine", "neg")]


def _write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def _csv(rows: list[tuple[str, ...]], delimiter: str = ",", end: str = "\n") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=end).writerows(rows)
    return out.getvalue()


def _pairs(table) -> list[tuple[str, str]]:
    return list(zip(table.texts, table.labels, strict=True))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(("delimiter", "suffix"), [(",", "csv"), (";", "csv"), ("\t", "csv"), ("\t", "tsv")])
def test_what_the_csv_module_wrote_comes_back(tmp_path, delimiter, suffix, end):
    path = _write(tmp_path, f"a.{suffix}", _csv([("text", "label"), *ROWS], delimiter, end))
    table = read_table(path)
    assert _pairs(table) == ROWS
    assert table.lines == [2, 3, 4, 6]
    assert (table.text_column, table.label_column) == ("text", "label")


FIELD = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), min_size=1).filter(
    lambda text: text.strip() == text
)


@settings(deadline=None)
@given(st.lists(st.tuples(FIELD, FIELD), min_size=1, max_size=8))
def test_any_rows_written_as_csv_come_back(tmp_path_factory, rows):
    content = io.StringIO(newline="")
    csv.writer(content, quoting=csv.QUOTE_ALL).writerows([("text", "label"), *rows])
    path = _write(tmp_path_factory.mktemp("csv"), "a.csv", content.getvalue())
    table = read_table(path)
    assert _pairs(table) == rows
    # The oracle for lines: the csv module's own count.
    reader = csv.reader(io.StringIO(content.getvalue(), newline="\n"))
    ends = [reader.line_num for _ in reader]
    assert table.lines == [end + 1 for end in ends[:-1]]


@settings(deadline=None)
@given(st.lists(st.tuples(FIELD, FIELD), min_size=1, max_size=8))
def test_any_rows_written_as_jsonl_or_parquet_come_back(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("rows")
    lines = "\n".join(json.dumps({"text": text, "label": label}, ensure_ascii=False) for text, label in rows)
    pl.DataFrame({"text": [t for t, _ in rows], "label": [c for _, c in rows]}).write_parquet(folder / "a.parquet")
    assert _pairs(read_table(_write(folder, "a.jsonl", lines))) == rows
    assert _pairs(read_table(folder / "a.parquet")) == rows


def test_tsv_with_lone_quote_marks_has_no_quoting(tmp_path):
    path = _write(
        tmp_path, "a.tsv", 'id\tdocument\tlabel\n1\t"굿 영화\t1\n2\t그는 "최고" 라고\t0\n3\t"\t1\n4\t보통\t0\n'
    )
    table = read_table(path)
    assert table.texts == ['"굿 영화', '그는 "최고" 라고', '"', "보통"]
    assert table.lines == [2, 3, 4, 5]
    assert any("ordinary characters" in note for note in table.notes)


def test_tsv_as_pandas_writes_it_is_unquoted(tmp_path):
    path = _write(tmp_path, "a.tsv", 'text\tlabel\n"그는 ""굿"" 이라고"\t1\n"탭\t안"\t0\n보통\t0\n')
    assert read_table(path).texts == ['그는 "굿" 이라고', "탭\t안", "보통"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "euc-kr", "utf-16"])
def test_encodings(tmp_path, encoding):
    content = "text,label\n재미있는 영화였다,긍정\n다시는 안 본다,부정\n"
    table = read_table(_write(tmp_path, "a.csv", content.encode(encoding)))
    assert _pairs(table) == [("재미있는 영화였다", "긍정"), ("다시는 안 본다", "부정")]
    announced = [note for note in table.notes if "read as" in note]
    assert bool(announced) == (not encoding.startswith("utf-8"))


def test_cp949_beyond_euc_kr_is_korean_too(tmp_path):
    table = read_table(
        _write(tmp_path, "a.csv", "text,label\n똠방각하 펲시콜라 뷁,가\n정말 좋아요,나\n".encode("cp949"))
    )
    assert table.texts[0] == "똠방각하 펲시콜라 뷁"


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("latin-1", "déjà été, où ça"),
        ("gbk", "这部电影真的很好看"),
        ("euc-jp", "とても面白い映画"),
        ("shift-jis", "とても面白い"),
    ],
)
def test_other_encodings_are_not_taken_for_korean(tmp_path, encoding, text):
    path = _write(tmp_path, "a.csv", f'text,label\n"{text}",a\n"{text} 2",b\n'.encode(encoding))
    with pytest.raises(DataError, match=r"line 2: .*not valid UTF-8"):
        read_table(path)


def test_a_broken_line_does_not_make_a_file_cp949(tmp_path):
    good = [f"좋은 영화 {k},p\n".encode() for k in range(5)]
    path = _write(tmp_path, "a.csv", b"text,label\n" + b"".join(good) + "나쁜,n\n".encode("cp949"))
    with pytest.raises(DataError, match=r"a\.csv, line 7: the text is not valid UTF-8; .*--skip-bad-rows"):
        read_table(path)
    table = read_table(path, skip_bad_rows=True)
    assert (len(table), [row.line for row in table.bad_rows]) == (5, [7])
    assert any(note.startswith("1 bad row was skipped") for note in table.notes)


BAD_LINES = {
    "too few fields": ("a.csv", "text,label\n좋다,p\n나쁘다\n보통,n\n", 3, "1 field where the first row has 2"),
    "too many fields": ("a.csv", "text,label\n좋다,p\n나,쁘,다\n보통,n\n", 3, "3 fields where the first row has 2"),
    "missing label": ("a.csv", "text,label\n좋다,p\n나쁘다, \n보통,n\n", 3, "the label is missing"),
    "empty text": ("a.tsv", "text\tlabel\n좋다\tp\n \tn\n보통\tn\n", 3, "the text is empty"),
    "broken utf-8": ("a.tsv", b"text\tlabel\nok\tp\n\xff\xfe\xed\tn\nok\tn\n", 3, "not valid UTF-8"),
    "broken label": ("a.tsv", b"text\tlabel\nok\tp\nok\t\xff\nok\tn\n", 3, "the label is not valid UTF-8"),
    "NUL": ("a.csv", "text,label\n좋다,p\n나\0쁘다,n\n" + "보통,n\n" * 200, 3, "NUL"),
    "quote in the middle": ("a.csv", 'text,label\n좋다,p\n"나" 쁘다,n\n보통,n\n', 3, "expected after a closing quote"),
    "carriage return": ("a.csv", "text,label\n좋다,p\n나\r쁘다,n\n보통,n\n", 3, "carriage return"),
    "unclosed quote": ("a.csv", 'text,label\n좋다,p\n"나쁘다,n\n보통,n\n좋다,p\n', 3, "never closed"),
    "not json": ("a.jsonl", '{"text":"a","label":"p"}\n\n{"text":}\n{"text":"b","label":"n"}\n', 3, "not JSON"),
    "array row": ("a.jsonl", '{"text":"a","label":"p"}\n\n[1]\n{"text":"b","label":"n"}\n', 3, "a JSON object"),
    "deep json": (
        "a.jsonl",
        '{"text":"a","label":"p"}\n\n' + "[" * 200_000 + '\n{"text":"b","label":"n"}\n',
        3,
        "nested too deeply",
    ),
    "long number": (
        "a.jsonl",
        '{"text":"a","label":"p"}\n\n{"text":"c","label":' + "1" * 9000 + '}\n{"text":"b","label":"n"}\n',
        3,
        "not JSON",
    ),
    "no text key": ("a.jsonl", '{"text":"a","label":"p"}\n\n{"label":"p"}\n{"text":"b","label":"n"}\n', 3, "missing"),
    "number as text": ("a.jsonl", '{"text":"a","label":1}\n\n{"text":5,"label":2}\n{"text":"b","label":2}\n', 3, "5"),
    "list as label": (
        "a.jsonl",
        '{"text":"a","label":1}\n\n{"text":"x","label":[]}\n{"text":"b","label":2}\n',
        3,
        "\\[\\]",
    ),
    "NaN as label": (
        "a.jsonl",
        '{"text":"a","label":1}\n\n{"text":"x","label":NaN}\n{"text":"b","label":2}\n',
        3,
        "missing",
    ),
    "lone surrogate": (
        "a.jsonl",
        '{"text":"a","label":1}\n\n{"text":"\\ud800","label":1}\n{"text":"b","label":2}\n',
        3,
        "not valid UTF-8",
    ),
    "no fasttext label": ("a.txt", "__label__a 좋다\n\n라벨이 없다\n__label__b 나쁘다\n", 3, "the label is missing"),
    "two labels": ("a.txt", "__label__a 좋다\n\n__label__a __label__b 둘\n__label__b 나쁘다\n", 3, "2 labels"),
    "label only": ("a.txt", "__label__a 좋다\n\n__label__a\n__label__b 나쁘다\n", 3, "the text is empty"),
}


@pytest.mark.parametrize("case", BAD_LINES)
def test_a_bad_row_is_named_or_skipped(tmp_path, case):
    name, content, line, reason = BAD_LINES[case]
    path = _write(tmp_path, name, content)
    with pytest.raises(DataError, match=rf"line {line}: .*({reason}).*; .*--skip-bad-rows") as raised:
        read_table(path)
    assert "\n" not in str(raised.value)
    table = read_table(path, skip_bad_rows=True)
    assert [row.line for row in table.bad_rows] == [line]
    assert len(table) >= 2


def test_the_first_of_several_bad_rows_is_named_with_their_number(tmp_path):
    path = _write(tmp_path, "a.csv", "text,label\na,x\n,y\nb\nc,\nd,y\n")
    with pytest.raises(DataError, match=r"line 3: the text is empty \(the first of 3 bad rows\)"):
        read_table(path)


def test_a_file_of_unclosed_quotes_takes_linear_time(tmp_path):
    path = _write(tmp_path, "a.csv", "text,label\n" + 'a",,"\n' * 20_000)
    with pytest.raises(DataError, match=r"a\.csv"):
        read_table(path, skip_bad_rows=True)


HOSTILE = {
    "empty.csv": b"",
    "blank.csv": b"\n\n  \n",
    "bom.csv": b"\xef\xbb\xbf",
    "header.csv": b"text,label\n",
    "header.tsv": b"text\tlabel\n",
    "onecolumn.csv": b"text\nhello\nworld\n",
    "unclear.csv": b"a,b,c\n1,2,3\n4,5,6\n",
    "two_texts.csv": b"review,comment,label\na,b,c\nd,e,f\n",
    "two_equal.csv": b"text,text,label\na,b,c\nd,e,f\n",
    "allbad.csv": b"text,label\n,\n,\n",
    "nul.csv": b"\0" * 500,
    "utf16.csv": "text,label\nhello,a\n".encode("utf-16-le"),
    "utf16odd.csv": b"\xff\xfea",
    "utf32.csv": "text,label\nhello,a\n".encode("utf-32"),
    "binary.csv": bytes(range(256)) * 40,
    "zip.csv": b"PK\x03\x04" + bytes(100),
    "book.xlsx": b"PK\x03\x04" + bytes(100),
    "gzip.csv": b"\x1f\x8b\x08" + bytes(100),
    "xz.tsv": b"\xfd7zXZ\x00" + bytes(100),
    "picture.txt": b"\x89PNG\r\n\x1a\n" + bytes(100),
    "paper.txt": b"%PDF-1.7\n",
    "old.xls": b"\xd0\xcf\x11\xe0" + bytes(100),
    "base.csv": b"SQLite format 3\x00",
    "frame.arrow": b"ARROW1\0\0" + bytes(100),
    "array.json": b'[{"text": "a", "label": "b"}]',
    "scalar.jsonl": b"1\n2\n3\n",
    "broken.jsonl": b"{{{{\n",
    "deep.jsonl": b'{"a":' * 100_000,
    "keys.jsonl": b'{"a": 1, "b": 2, "c": 3}\n',
    "empty.jsonl": b"{}\n{}\n",
    "short.parquet": b"PAR1",
    "noise.parquet": b"PAR1" + bytes(range(256)) * 4 + b"PAR1",
    "text.parquet": b"text,label\na,b\n",
    "footer.parquet": b"PAR1" + b"\xff\xff\xff\x7f" + b"PAR1",
    "plain.txt": "라벨이 없는 줄\n또 한 줄\n".encode(),
    "onlylabels.txt": b"__label__a\n__label__b\n",
    "prefix.txt": b"__label__",
    "quotes.csv": b'"' * 1001,
    "quote.csv": b'text,label\n"',
    "escape.csv": b"text,label\n\x1b[31mred,\n",
    "delimiters.csv": b",,,,,,\n,,,,,,\n",
    "huge_header.csv": b"x" * 3_000_000 + b"\n",
    "noise": bytes((k * 7919) % 251 for k in range(5000)),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("skip", [False, True])
def test_hostile_files_end_in_one_sentence(tmp_path, name, skip):
    path = _write(tmp_path, name, HOSTILE[name])
    with pytest.raises(DataError) as raised:
        read_table(path, skip_bad_rows=skip)
    message = str(raised.value)
    assert name in message
    assert "\n" not in message and "\x1b" not in message
    assert len(message) < 500 + len(str(path))


def test_paths_that_are_no_files(tmp_path):
    for path in (tmp_path, tmp_path / "absent.csv", "a\0b.csv", tmp_path / ("x" * 300), "/dev/zero"):
        with pytest.raises(DataError):
            read_table(path)


def test_every_cut_of_a_parquet_file_is_refused(tmp_path):
    path = tmp_path / "a.parquet"
    pl.DataFrame({"text": ["a", "b"], "label": [0, 1]}).write_parquet(path)
    whole = path.read_bytes()
    for length in range(4, len(whole), 37):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError):
            read_table(path)


def test_altered_parquet_files_are_read_or_refused(tmp_path):
    path = tmp_path / "a.parquet"
    pl.DataFrame({"text": ["가나다", "b"], "label": [0, 1]}).write_parquet(path)
    whole = path.read_bytes()
    for at in range(4, len(whole), 23):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        with contextlib.suppress(DataError):
            assert len(read_table(path)) <= 2


def test_parquet_dtypes(tmp_path):
    frame = pl.DataFrame(
        {"text": ["a", "b", "c"], "kind": pl.Series(["x", "y", "x"], dtype=pl.Categorical), "flag": [True, False, True]}
    ).with_columns(score=pl.Series([1.0, 2.0, 1.5]))
    frame.write_parquet(tmp_path / "a.parquet")
    labels = {name: read_table(tmp_path / "a.parquet", label=name).labels for name in ("kind", "flag", "score")}
    assert labels == {"kind": ["x", "y", "x"], "flag": ["true", "false", "true"], "score": ["1", "2", "1.5"]}
    with pytest.raises(DataError, match=r"row 1: the text is True"):
        read_table(tmp_path / "a.parquet", text="flag", label="kind")


def test_columns_by_name_number_and_content(tmp_path):
    path = _write(tmp_path, "a.csv", "a,b,c\n1,좋다,p\n2,싫다,n\n3,좋아,p\n")
    assert _pairs(read_table(path, text="b", label="c")) == [("좋다", "p"), ("싫다", "n"), ("좋아", "p")]
    assert read_table(path, text="2", label="3").labels == ["p", "n", "p"]
    with pytest.raises(DataError, match=r"no column 'd' for the label; its columns are 'a', 'b', 'c'"):
        read_table(path, text="b", label="d")
    with pytest.raises(DataError, match="cannot hold both"):
        read_table(path, text="b", label="b")


def test_columns_named_twice_or_known_by_the_other(tmp_path):
    path = _write(tmp_path, "a.csv", "text,text,label\na,b,p\nc,d,n\n")
    with pytest.raises(DataError, match="2 columns named 'text'; name the text column by its number"):
        read_table(path, text="text", label="label")
    assert read_table(path, text="2").texts == ["b", "d"]
    path = _write(tmp_path, "b.csv", "words,mood\na,p\nc,n\n")
    assert _pairs(read_table(path, label="mood")) == _pairs(read_table(path, text="words")) == [("a", "p"), ("c", "n")]
    assert read_table(path, text="1", require_label=False).texts == ["words", "a", "c"]
    path = _write(tmp_path, "c.csv", "hello\nworld\n")
    assert read_table(path, require_label=False).texts == ["hello", "world"]


def test_lines_that_end_with_carriage_returns_only(tmp_path):
    table = read_table(_write(tmp_path, "a.csv", "text,label\r좋다,p\r싫다,n\r"))
    assert (_pairs(table), table.lines) == ([("좋다", "p"), ("싫다", "n")], [2, 3])


def test_formats_that_say_what_is_what_need_no_announcement(tmp_path):
    assert read_table(_write(tmp_path, "a.ft", "__label__p 좋다\n__label__n 싫다\n")).notes == []


def test_two_columns_without_names_are_told_apart_by_what_repeats(tmp_path):
    rows = [(f"문장 {k}", "y" if k % 2 else "no") for k in range(10)]
    table = read_table(_write(tmp_path, "a.csv", _csv(rows)))
    assert _pairs(table) == rows
    assert (table.text_column, table.label_column) == ("1", "2")
    assert "the first line was read as an example, not as column names" in table.notes
    reversed_rows = [("mood", "words"), *((label, text) for text, label in rows)]
    table = read_table(_write(tmp_path, "b.csv", _csv(reversed_rows)))
    assert _pairs(table) == rows
    assert (table.text_column, table.label_column) == ("words", "mood")


def test_found_columns_are_announced(tmp_path):
    table = read_table(_write(tmp_path, "a.csv", "id,문장,감정\n1,좋다,p\n2,싫다,n\n"))
    assert table.notes == ["texts were taken from column '문장'", "labels were taken from column '감정'"]


def test_without_labels(tmp_path):
    lines = _write(tmp_path, "a.txt", "첫째 줄, 쉼표\n\n둘째 줄\n")
    assert read_table(lines, require_label=False).lines == [1, 3]
    table = read_table(_write(tmp_path, "a.csv", "text,label\n좋다,\n"), require_label=False)
    assert (table.texts, table.labels, table.label_column) == (["좋다"], None, None)
    with pytest.raises(DataError, match="only one column"):
        read_table(lines)


def test_txt_is_read_by_its_content(tmp_path):
    wanted = [("좋다", "p"), ("싫다", "n")]
    contents = [
        "__label__p 좋다\n__label__n\t싫다\n",
        "text\tlabel\n좋다\tp\n싫다\tn\n",
        "text,label\n좋다,p\n싫다,n\n",
    ]
    contents.append('{"text": "좋다", "label": "p"}\n{"text": "싫다", "label": "n"}\n')
    for content in contents:
        assert _pairs(read_table(_write(tmp_path, "a.txt", content))) == wanted


def test_take_keeps_lines(tmp_path):
    table = read_table(_write(tmp_path, "a.csv", _csv([("text", "label"), *ROWS])))
    assert table.take([3, 0]).lines == [6, 2]
    assert table.take([3, 0]).labels == ["neg", "pos"]


def test_a_field_longer_than_the_csv_module_allows(tmp_path):
    book = "가" * 300_000
    assert read_table(_write(tmp_path, "a.csv", f"text,label\n{book},a\nb,c\n")).texts[0] == book
    assert csv.field_size_limit() == 131_072


@needs_data
def test_real_files():
    train = read_table(DATA / "nsmc/train.tsv")
    assert len(train) == 140_000 and train.lines[-1] == 140_001 and set(train.labels) == {"0", "1"}
    raw = (DATA / "nsmc/train.tsv").read_text(encoding="utf-8").split("\n")
    assert all(train.texts[k] == raw[k + 1].split("\t")[1] for k in range(0, 140_000, 997))
    assert len(read_table(DATA / "ko-3i4k/train.tsv")) == 55_134
