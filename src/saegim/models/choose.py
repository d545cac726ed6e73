"""What a model of a kind is made of, chosen from the data; and which kind `auto` takes, with the reason."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from saegim.errors import SettingError
from saegim.models.encoder import EncoderConfig
from saegim.models.readers import ReaderConfig
from saegim.text import Ngrams
from saegim.text.hangul import is_syllable

Wish = Literal["auto", "wide", "bag", "cnn", "lstm", "transformer"]
WISHES: tuple[Wish, ...] = get_args(Wish)

_EPOCHS = ((100_000, 3), (5_000, 5), (0, 10))  # from so many texts on, so many passes
_SMALL = 20_000  # fewer texts are learned from in smaller batches
_KOREAN = 0.2  # from that share of Hangul on, syllables are also cut where stems and endings meet
_SAMPLE_TEXTS, _SAMPLE_CHARACTERS = 1000, 1000  # that the share is counted on: so many of each text


@dataclass(frozen=True)
class Choice:
    """The parts of a model and how it is trained, as far as they follow from the data; `reasons` says why.

    rate: learning rate of the dense deep parts
    """

    kind: str
    encoder: EncoderConfig
    reader: ReaderConfig | None
    epochs: int
    batch_size: int
    rate: float
    reasons: tuple[str, ...]


def check_wish(wish: object) -> None:
    """Raises SettingError unless `wish` is a kind of model, or "auto"."""
    if wish not in WISHES:
        raise SettingError(f"{wish!r} is no kind of model; choose one of {', '.join(WISHES)}")


def choose(wish: str, texts: Sequence[str]) -> Choice:
    """The parts for `wish` (a kind, or "auto") on these training texts. Raises SettingError for an unknown kind."""
    check_wish(wish)
    reasons = []
    kind = wish
    if wish == "auto":
        kind = "wide"
        reasons.append(
            "auto chose the model 'wide' (weighted n-grams, one layer): trained from scratch it was the best or "
            "among the best on every set we measured, and it trains in seconds; try --model cnn for texts whose "
            "meaning hangs on word order"
        )
    korean = _share_of_hangul(texts) > _KOREAN
    if korean:
        reasons.append("the texts are Korean: n-grams are also taken from parts of syllables")
    encoder = EncoderConfig(ngrams=Ngrams(words=(1, 1), chars=(1, 4), edges=2 if korean else 0))
    reader = _reader(kind)
    if reader is not None and reader.reads_tokens:
        encoder = replace(encoder, tokenizer="bpe", max_tokens=reader.max_tokens)
    epochs = next(epochs for least, epochs in _EPOCHS if len(texts) >= least)
    batch_size = 64 if len(texts) < _SMALL else 256
    rate = 5e-4 if kind == "bag" else 2e-3
    return Choice(kind, encoder, reader, epochs, batch_size, rate, tuple(reasons))


def _reader(kind: str) -> ReaderConfig | None:
    """The deep part of a kind of model."""
    if kind == "wide":
        return None
    if kind == "bag":
        return ReaderConfig("bag", width=16, token_dropout=0.5)
    return ReaderConfig(kind)  # type: ignore[arg-type]  # the other kinds are readers' names


def _share_of_hangul(texts: Sequence[str]) -> float:
    """The share of Hangul syllables among all letters of the first thousand texts."""
    start = (text[:_SAMPLE_CHARACTERS] for text in texts[:_SAMPLE_TEXTS])
    sample = unicodedata.normalize("NFC", "".join(start))  # some systems write syllables letter by letter
    letters = sum(map(str.isalpha, sample))
    return sum(map(is_syllable, sample)) / max(letters, 1)
