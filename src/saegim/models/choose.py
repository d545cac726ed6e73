"""What a model of a kind is made of, chosen from the data; and which kind `auto` takes, with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast, get_args

from saegim.errors import SettingError
from saegim.models.encoder import EncoderConfig
from saegim.models.readers import ReaderConfig
from saegim.text import Ngrams

Wish = Literal["auto", "wide", "bag", "cnn", "lstm", "transformer"]
WISHES: tuple[Wish, ...] = get_args(Wish)

Kind = Literal["wide", "bag", "cnn", "lstm", "transformer"]
_EPOCHS = ((100_000, 3), (20_000, 5), (5_000, 10), (0, 20))  # from so many texts on, so many passes


@dataclass(frozen=True)
class Choice:
    """The parts of a model and how it is trained, as far as they follow from the data; `reasons` says why."""

    kind: Kind
    encoder: EncoderConfig
    reader: ReaderConfig | None
    epochs: int
    batch_size: int
    reasons: tuple[str, ...]


def choose(wish: str, texts: Sequence[str], classes: int) -> Choice:
    """The parts for `wish` (a kind, or "auto") on these training texts with that many classes."""
    if wish not in WISHES:
        raise SettingError(f"{wish!r} is no kind of model; choose one of {', '.join(WISHES)}")
    kind, reasons = (cast(Kind, wish), ()) if wish != "auto" else _automatic(texts)
    hangul = _share_of_hangul(texts)
    ngrams = Ngrams(words=(1, 1), chars=(1, 4), edges=2 if hangul > 0.2 else 0)
    encoder = EncoderConfig(ngrams=ngrams)
    reader = None
    if kind != "wide":
        reader = ReaderConfig(kind=kind)
        if reader.reads_tokens:
            encoder = replace(encoder, tokenizer="bpe", max_tokens=reader.max_tokens)
    epochs = next(epochs for least, epochs in _EPOCHS if len(texts) >= least)
    return Choice(kind, encoder, reader, epochs, 256 if len(texts) >= 20_000 else 64, reasons)


def _automatic(texts: Sequence[str]) -> tuple[Kind, tuple[str, ...]]:
    """Which kind `auto` takes, and why."""
    return "bag", ()


def _share_of_hangul(texts: Sequence[str]) -> float:
    """The share of Hangul syllables among all letters of the first thousand texts."""
    sample = "".join(texts[:1000])
    letters = sum(map(str.isalpha, sample))
    return sum("가" <= character <= "힣" for character in sample) / max(letters, 1)
