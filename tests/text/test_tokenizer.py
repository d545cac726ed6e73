"""Tokenisers: numbers, places, files, and the same vocabulary in every process."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saegim.errors import ModelFileError, SettingError
from saegim.text import Normalizer, Tokenizer
from saegim.text.tokenizer import KINDS

TEXTS = [
    f"{who} {what} {how}!!"
    for who in ("나는", "너는", "우리는", "the cat", "아이가")
    for what in ("영화를", "책을", "노래를", "sings", "각")
    for how in ("좋아한다", "싫어했다", "봤다", "loudly", "ㅋㅋㅋ")
]
TRAINED = {kind: Tokenizer.train(TEXTS, kind=kind, vocab_size=200) for kind in KINDS}
kinds = pytest.mark.parametrize("kind", KINDS)
ANY = st.text(st.one_of(st.sampled_from("나는영화 !a\u1100\u1161\u11a8\u200b\t각<pad>"), st.characters()), max_size=30)


@kinds
def test_numbers_and_pieces(kind):
    tokenizer = TRAINED[kind]
    pieces = tokenizer.pieces()
    assert pieces[:2] == ["<pad>", "<unk>"]
    assert len(pieces) == tokenizer.vocab_size <= 200
    rows = tokenizer.encode(TEXTS)
    assert rows.values.dtype == np.int32 and len(rows) == len(TEXTS) and rows.truncated == 0
    assert rows.values.min() > 1  # no padding, and nothing unknown in its own texts
    for row, text in enumerate(TEXTS[:20]):
        tokens = tokenizer.tokens(text)
        assert rows[row].tolist() == [token.id for token in tokens]
        assert [pieces[token.id] for token in tokens] == [token.piece for token in tokens]


@settings(deadline=None)
@given(ANY, st.sampled_from(KINDS))
def test_places_lie_in_the_text_and_in_order(text, kind):
    tokens = TRAINED[kind].tokens(text)
    assert all(0 <= token.start <= token.end <= len(text) for token in tokens)
    assert all(a.start <= b.start and a.end <= b.end for a, b in pairwise(tokens))
    covered = {k for token in tokens for k in range(token.start, token.end)}
    assert {k for k, c in enumerate(text) if c.isalnum() and c.isascii()} <= covered


@settings(deadline=None)
@given(st.text(st.sampled_from("나는영화를 sings각!"), max_size=20))
def test_tokens_spell_the_normal_text(text):
    normal = Normalizer()(text)
    spelled = "".join(token.piece for token in TRAINED["bpe"].tokens(text)).replace("▁", " ")
    assert spelled.lstrip(" ") == normal
    assert "".join(token.piece for token in TRAINED["char"].tokens(text)) == normal


@settings(deadline=None)
@given(
    st.text(st.one_of(st.sampled_from("각\u1100\u1161\u11a8ＡＢ\u200b\t\x80\xa0"), st.characters(max_codepoint=0x31FF)))
)
def test_its_normalising_is_that_of_normalizer(text):
    """For characters old enough to be the same in the Unicode tables of both libraries."""
    for normalizer in (Normalizer(), Normalizer("NFKC", lowercase=True)):
        tokenizer = Tokenizer.train(["a"], kind="char", vocab_size=10, normalizer=normalizer)
        assert len(tokenizer.tokens(text)) == len(normalizer(text))


def test_jamo_point_to_their_syllable():
    tokens = TRAINED["jamo"].tokens("나 각")
    assert [(token.piece, token.start, token.end) for token in tokens] == [
        ("\u1102", 0, 1),
        ("\u1161", 0, 1),
        (" ", 1, 2),
        ("\u1100", 2, 3),
        ("\u1161", 2, 3),
        ("\u11a8", 2, 3),
    ]


@kinds
def test_special_tokens_cannot_be_written(kind):
    tokenizer = Tokenizer.train([*TEXTS, "<pad> <unk> <s> </s>"] * 2, kind=kind, vocab_size=300, bos_eos=True)
    assert tokenizer.pieces()[:4] == ["<pad>", "<unk>", "<s>", "</s>"]
    assert not {0, 2, 3} & set(tokenizer.encode(["<pad><s></s> <pad> <s>"])[0][1:-1].tolist())


def test_one_syllable_words_are_tokens():
    tokenizer = Tokenizer.train(["나 너 꼭 봐!!"] * 3, kind="word")
    assert [token.piece for token in tokenizer.tokens("꼭 봐!! 나")] == ["꼭", "봐", "!!", "나"]


@pytest.mark.parametrize("bos_eos", [False, True])
def test_truncation_is_counted(bos_eos):
    tokenizer = Tokenizer.train(TEXTS, kind="char", bos_eos=bos_eos)
    texts = ["나는", "", "나는 영화를", "나"]
    whole, short = tokenizer.encode(texts), tokenizer.encode(texts, max_tokens=4)
    ends = 2 * bos_eos
    assert whole.lengths.tolist() == [2 + ends, ends, 6 + ends, 1 + ends]
    assert short.lengths.tolist() == [min(4, length) for length in whole.lengths]
    assert short.truncated == 1 and whole.truncated == 0
    if bos_eos:
        assert all(row[0] == 2 and row[-1] == 3 for row in (short[k] for k in range(4)))
    with pytest.raises(SettingError, match=f"give {ends + 1} or more"):
        tokenizer.encode(texts, max_tokens=ends)


def test_rare_characters_are_unknown():
    tokenizer = Tokenizer.train(["가나다"] * 5 + ["라"], kind="bpe", min_count=2)
    assert [token.id == 1 for token in tokenizer.tokens("가 라")] == [False, False, True]


@kinds
@pytest.mark.parametrize("bos_eos", [False, True])
def test_what_is_saved_is_loaded(tmp_path, kind, bos_eos):
    normalizer = Normalizer("NFKC", lowercase=True)
    tokenizer = Tokenizer.train(TEXTS, kind=kind, vocab_size=150, normalizer=normalizer, bos_eos=bos_eos)
    tokenizer.save(tmp_path / "tokenizer.json")
    loaded = Tokenizer.load(tmp_path / "tokenizer.json")
    assert (loaded.kind, loaded.normalizer, loaded.marks_ends) == (kind, normalizer, bos_eos)
    texts = [*TEXTS, "새로운 말 ＡＢ", "", "x" * 500]
    assert np.array_equal(loaded.encode(texts).values, tokenizer.encode(texts).values)
    loaded.save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "tokenizer.json").read_bytes()


DIGEST = """
import hashlib, sys
from saegim.text import Tokenizer
texts = [f"{a}{b} {c}{a}" for a in "가나다라마바" for b in "사아자차" for c in "카타파하고노"]
for kind in ("bpe", "unigram", "wordpiece", "char", "jamo", "word"):
    Tokenizer.train(texts, kind=kind, vocab_size=60).save(sys.argv[1])
    print(kind, hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest())
"""


def test_every_process_learns_the_same(tmp_path):
    command = [sys.executable, "-c", DIGEST, str(tmp_path / "tokenizer.json")]
    runs = {subprocess.run(command, capture_output=True, check=True, text=True).stdout for _ in range(3)}
    assert len(runs) == 1


def test_unigrams_are_pruned_to_size():
    tokenizer = Tokenizer.train(TEXTS, kind="unigram", vocab_size=90)
    assert tokenizer.vocab_size == 90
    assert {c for text in TEXTS for c in text} - {" "} <= set(tokenizer.pieces())
    # Unused pieces go first: the cuts stay those of the larger vocabulary.
    pieces = [[token.piece for token in t.tokens(TEXTS[7])] for t in (tokenizer, TRAINED["unigram"])]
    assert pieces[0] == pieces[1]


@kinds
@pytest.mark.parametrize("size", [3, 4, 5, 9])
def test_the_smallest_vocabularies(kind, size):
    tokenizer = Tokenizer.train(TEXTS, kind=kind, vocab_size=size)
    assert tokenizer.vocab_size <= size
    assert tokenizer.encode(TEXTS[:3]).values.max() < size


def test_impossible_settings():
    for setting in ({"kind": "magic"}, {"vocab_size": 2}):
        with pytest.raises(SettingError):
            Tokenizer.train(TEXTS, **setting)


@kinds
def test_texts_without_characters_leave_an_empty_vocabulary(kind):
    tokenizer = Tokenizer.train(["", "  "], kind=kind)
    assert tokenizer.vocab_size == 2
    assert set(tokenizer.encode(["가 나"]).values.tolist()) <= {1}


def _altered(stored, change):
    copy = json.loads(json.dumps(stored))
    change(copy)
    return copy


HOSTILE = {
    "other normalizer": lambda s: s.update(normalizer=None),
    "slow pattern": lambda s: s["normalizer"]["normalizers"][0].update(pattern={"Regex": "(a+)+$"}),
    "other splitter": lambda s: s.update(pre_tokenizer={"type": "ByteLevel"}),
    "post-processor": lambda s: s.update(post_processor={"type": "ByteLevel"}),
    "truncation": lambda s: s.update(truncation={"max_length": 1}),
    "added token": lambda s: s["added_tokens"].append({"id": 0, "content": "영화"}),
    "dropout": lambda s: s["model"].update(dropout=0.5),
    "model type": lambda s: s["model"].update(type="Magic"),
    "no model": lambda s: s.pop("model"),
    "model is a list": lambda s: s.update(model=[]),
    "no vocabulary": lambda s: s["model"].pop("vocab"),
    "vocabulary is text": lambda s: s["model"].update(vocab="a"),
    "no padding": lambda s: s["model"]["vocab"].pop("<pad>"),
    "padding elsewhere": lambda s: s["model"]["vocab"].update({"<pad>": 1, "<unk>": 0}),
    "huge number": lambda s: s["model"]["vocab"].update({"나": 2**31}),
    "negative number": lambda s: s["model"]["vocab"].update({"나": -1}),
    "number twice": lambda s: s["model"]["vocab"].update({"나": 5}),
    "number as text": lambda s: s["model"]["vocab"].update({"나": "5"}),
    "truth value": lambda s: s["model"]["vocab"].update({"<unk>": True}),
    "foreign merge": lambda s: s["model"]["merges"].append(["Q", "Z"]),
    "merge of three": lambda s: s["model"]["merges"].append(["a", "b", "c"]),
    "merges are a number": lambda s: s["model"].update(merges=5),
    "version": lambda s: s.update(version="9.9"),
    "more keys": lambda s: s.update(code="import os"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_altered_files_are_refused(tmp_path, name):
    TRAINED["bpe"].save(tmp_path / "a.json")
    stored = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    (tmp_path / "a.json").write_text(json.dumps(_altered(stored, HOSTILE[name])), encoding="utf-8")
    with pytest.raises(ModelFileError, match=r"a\.json"):
        Tokenizer.load(tmp_path / "a.json")


@pytest.mark.parametrize("scores", [["나"], ["나", "x"], ["나", float("inf")], [5, -1.0], ["<pad>", -1.0], "나"])
def test_altered_unigrams_are_refused(tmp_path, scores):
    TRAINED["unigram"].save(tmp_path / "a.json")
    stored = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    stored["model"]["vocab"].append(scores)
    (tmp_path / "a.json").write_text(json.dumps(stored), encoding="utf-8")
    with pytest.raises(ModelFileError, match=r"a\.json"):
        Tokenizer.load(tmp_path / "a.json")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"model": {"vocab": {}}}']
)
def test_files_that_are_something_else(tmp_path, content):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(ModelFileError, match=r"a\.json"):
        Tokenizer.load(tmp_path / "a.json")


def test_every_cut_is_refused(tmp_path):
    path = tmp_path / "a.json"
    TRAINED["bpe"].save(path)
    whole = path.read_bytes()
    for length in range(0, len(whole), 97):
        path.write_bytes(whole[:length])
        with pytest.raises(ModelFileError):
            Tokenizer.load(path)


def test_missing_files(tmp_path):
    for path in (tmp_path, tmp_path / "absent.json", "a\0b"):
        with pytest.raises(ModelFileError, match="tokenizer"):
            Tokenizer.load(path)
