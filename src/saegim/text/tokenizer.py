"""Texts as rows of token numbers, with a vocabulary learned from the user's own texts.

The pieces are found by the `tokenizers` library. Everything a tokenizer does is in one file, tokenizer.json, in
that library's format. A file is only read if its steps are exactly those that this module writes; only the
vocabulary may differ.
"""

from __future__ import annotations

import itertools
import json
import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from tokenizers import Regex, models, normalizers, pre_tokenizers
from tokenizers import Tokenizer as Engine

from saegim.data.ragged import Ragged, offsets_of
from saegim.errors import ModelFileError, SettingError
from saegim.text.normalize import INVISIBLE, SPACES, Normalizer, without_surrogates
from saegim.text.origins import Form
from saegim.text.vocabulary import BOS, EOS, LONGEST_WORD, PAD, UNK, learn

Kind = Literal["bpe", "unigram", "wordpiece", "char", "jamo", "word"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_BATCH = 4096  # texts that are encoded at once
_FORMS: tuple[Form, ...] = ("NFC", "NFKC")


@dataclass(frozen=True, eq=False)
class Encoded(Ragged):
    """Ragged of int32 token numbers, and how many texts lost tokens at their end."""

    truncated: int = 0


@dataclass(frozen=True)
class Token:
    """One token of a text: text[start:end], in the text as it was given."""

    id: int
    piece: str
    start: int
    end: int


class Tokenizer:
    """A vocabulary and the way from a text to its numbers. Made by `train` or `load`.

    Numbers: 0 `<pad>`, 1 `<unk>`, then `<s>` (2) and `</s>` (3) if asked for, then the pieces. Texts never
    contain these four: `<pad>` written in a text is read as ordinary characters.
    """

    def __init__(self, engine: Engine, kind: Kind, normalizer: Normalizer) -> None:
        self._engine = engine
        self.kind = kind
        self.normalizer = normalizer
        self.vocab_size: int = engine.get_vocab_size()
        self.marks_ends = engine.token_to_id(BOS) == 2 and engine.token_to_id(EOS) == 3

    @classmethod
    def train(
        cls,
        texts: Iterable[str],
        *,
        kind: Kind = "bpe",
        vocab_size: int = 8000,
        min_count: int | None = None,
        normalizer: Normalizer | None = None,
        bos_eos: bool = False,
    ) -> Tokenizer:
        """Learn a vocabulary of at most `vocab_size` numbers; the same texts give the same vocabulary.

        kind: "bpe" (merges of frequent neighbours), "unigram" (the likeliest pieces), "wordpiece" (longest
            pieces first), "char", "jamo" (Hangul letters), "word" (words and runs of punctuation)
        min_count: rarer characters and words become `<unk>`; without it 2 from 1,000 texts on, otherwise 1
        bos_eos: put `<s>` before and `</s>` behind every text
        """
        normalizer = normalizer or Normalizer()
        special = [PAD, UNK, BOS, EOS] if bos_eos else [PAD, UNK]
        if kind not in KINDS:
            raise SettingError(f"{kind!r} is no kind of tokenizer; choose one of {', '.join(KINDS)}")
        if vocab_size < len(special) + 1:
            raise SettingError(f"a vocabulary of {vocab_size} is too small; give {len(special) + 1} or more")
        whole = [without_surrogates(text) for text in texts]
        if min_count is None:
            min_count = 2 if len(whole) >= 1000 else 1
        blank = _engine(kind, normalizer, models.WordLevel({UNK: 0}, UNK))
        model = learn(whole, blank, kind, vocab_size, min_count, special)
        return cls(_engine(kind, normalizer, model), kind, normalizer)

    def encode(self, texts: Sequence[str], *, max_tokens: int | None = None) -> Encoded:
        """B texts -> Ragged of int32, B rows of at most `max_tokens` numbers (`<s>` and `</s>` included).

        A text may have no tokens; `.truncated` counts the texts that had more than `max_tokens`.
        """
        ends = 2 if self.marks_ends else 0
        if max_tokens is not None and max_tokens <= ends:
            raise SettingError(f"texts cannot be cut to {max_tokens} tokens; give {ends + 1} or more")
        ids, truncated = self._ids(texts), 0
        if max_tokens is not None:
            ids, truncated = ids.truncate(max_tokens - ends)
        if self.marks_ends:
            ids = _between(ids, 2, 3)
        return Encoded(ids.values, ids.offsets, truncated)

    def tokens(self, text: str) -> list[Token]:
        """The tokens of one text, without `<s>` and `</s>`, and the characters each of them stands for."""
        found = self._engine.encode(without_surrogates(text), add_special_tokens=False)
        return [
            Token(number, piece, *span)
            for number, piece, span in zip(found.ids, found.tokens, found.offsets, strict=True)
        ]

    def pieces(self) -> list[str]:
        """The vocabulary: the piece of every number."""
        vocab = self._engine.get_vocab()
        return sorted(vocab, key=vocab.__getitem__)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write tokenizer.json."""
        Path(path).write_text(self._engine.to_str(), encoding="utf-8")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Tokenizer:
        """Read tokenizer.json. Raises ModelFileError if it is missing, damaged or not written by `save`."""
        try:
            text = Path(path).read_text(encoding="utf-8")
            stored = json.loads(text)
        except OSError as error:
            raise ModelFileError(f"{str(path)!r} cannot be read: {error.strerror}; give a tokenizer.json") from None
        except (ValueError, RecursionError):
            raise ModelFileError(f"{path} is not JSON, so no tokenizer.json; restore or train it again") from None
        found = _recognised(stored)
        if found is None:
            raise ModelFileError(f"{path} is not a tokenizer that saegim wrote; restore or train it again")
        kind, normalizer = found
        return cls(_engine_from(text, str(path)), kind, normalizer)

    def _ids(self, texts: Sequence[str]) -> Ragged:
        parts, lengths = [np.empty(0, np.int32)], []
        for start in range(0, len(texts), _BATCH):
            batch = [without_surrogates(text) for text in texts[start : start + _BATCH]]
            rows = [found.ids for found in self._engine.encode_batch_fast(batch, add_special_tokens=False)]
            lengths += [len(row) for row in rows]
            parts.append(np.fromiter(itertools.chain.from_iterable(rows), np.int32))
        return Ragged(np.concatenate(parts), offsets_of(np.asarray(lengths, np.int64)))


def _between(ids: Ragged, first: int, last: int) -> Ragged:
    """Every row with one more number at both ends."""
    offsets = offsets_of(ids.lengths + 2)
    values = np.empty(offsets[-1], np.int32)
    inner = np.ones(len(values), bool)
    inner[offsets[:-1]] = inner[offsets[1:] - 1] = False
    values[inner] = ids.values
    values[offsets[:-1]], values[offsets[1:] - 1] = first, last
    return Ragged(values, offsets)


def _engine(kind: Kind, normalizer: Normalizer, model: Any) -> Engine:
    engine = Engine(model)
    engine.normalizer = _normalizer_steps(kind, normalizer)
    engine.pre_tokenizer = _splitter(kind)
    return engine


def _normalizer_steps(kind: Kind, normalizer: Normalizer) -> Any:
    """The steps of `Normalizer`, in the library that keeps track of where each character came from."""
    form = normalizers.NFC if normalizer.form == "NFC" else normalizers.NFKC
    steps: list[Any] = [normalizers.Replace(Regex(INVISIBLE), ""), form()]
    if normalizer.lowercase:
        steps += [normalizers.Lowercase(), form()]
    steps += [normalizers.Replace(Regex(SPACES), " "), normalizers.Strip()]
    if kind == "jamo":
        steps.append(normalizers.NFD())
    return normalizers.Sequence(steps)


def _splitter(kind: Kind) -> Any:
    punctuation = pre_tokenizers.Punctuation("contiguous")
    if kind in ("char", "jamo"):
        return pre_tokenizers.Split(Regex("."), "isolated")
    if kind == "word":
        return pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), punctuation])
    if kind == "wordpiece":
        limit = pre_tokenizers.Split(Regex(f".{{1,{LONGEST_WORD}}}"), "isolated")
        return pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), punctuation, limit])
    return pre_tokenizers.Sequence([pre_tokenizers.Metaspace(), punctuation])


def _recognised(stored: Any) -> tuple[Kind, Normalizer] | None:
    """Which tokenizer a parsed tokenizer.json is, if all of it but the vocabulary is as this module writes it."""
    if not isinstance(stored, dict) or not isinstance(stored.get("model"), dict):
        return None
    numbers = _numbers(stored["model"].get("vocab"))
    if numbers is None or numbers.get(PAD) != 0 or numbers.get(UNK) != 1:
        return None
    for kind, form, lowercase in itertools.product(KINDS, _FORMS, (False, True)):
        normalizer = Normalizer(form, lowercase)
        expected = json.loads(_engine(kind, normalizer, _empty_model(kind)).to_str())
        if _frame(stored) == _frame(expected):
            return kind, normalizer
    return None


def _empty_model(kind: Kind) -> Any:
    vocab = {PAD: 0, UNK: 1}
    if kind == "bpe":
        return models.BPE(vocab, [], unk_token=UNK)
    if kind == "unigram":
        return models.Unigram([(PAD, 0.0), (UNK, 0.0)], unk_id=1)
    if kind == "wordpiece":
        return models.WordPiece(vocab, unk_token=UNK, max_input_chars_per_word=LONGEST_WORD)
    return models.WordLevel(vocab, UNK)


def _numbers(vocab: Any) -> dict[str, int] | None:
    """The vocabulary as piece -> number, if the numbers are 0, 1, 2, ... and every piece is there once."""
    if isinstance(vocab, list):
        pairs = [pair for pair in vocab if isinstance(pair, list) and len(pair) == 2]
        sound = all(isinstance(p, str) and isinstance(s, float | int) and math.isfinite(s) for p, s in pairs)
        numbers = {pair[0]: k for k, pair in enumerate(pairs)} if sound else {}
        return numbers if len(numbers) == len(vocab) else None
    if not isinstance(vocab, dict) or not all(type(number) is int for number in vocab.values()):
        return None
    return vocab if sorted(vocab.values()) == list(range(len(vocab))) else None


def _frame(stored: dict[str, Any]) -> dict[str, Any]:
    """A tokenizer.json without its vocabulary."""
    model = {key: value for key, value in stored["model"].items() if key not in ("vocab", "merges")}
    return {**stored, "model": model}


def _engine_from(text: str, path: str) -> Engine:
    try:
        return Engine.from_str(text)
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise ModelFileError(f"{path} holds a damaged vocabulary; restore or train it again") from None
