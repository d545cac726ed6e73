"""From a text to what a model reads: normalised, hashed to weighted n-grams, and cut into tokens where needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy.typing as npt

from saegim.data.ragged import Ragged
from saegim.errors import SettingError
from saegim.models.batch import EncodedTexts
from saegim.models.features import NgramVectorizer, Weighting
from saegim.models.limits import check_whole
from saegim.text import Ngrams, Normalizer, Tokenizer, Traced
from saegim.text.buckets import MOST_BUCKETS
from saegim.text.tokenizer import KINDS
from saegim.text.tokenizer import Kind as TokenKind

Array = npt.NDArray[Any]
Say = Callable[[str], None]


@dataclass(frozen=True)
class EncoderConfig:
    """How texts are read.

    tokenizer: the kind of tokens, None when the model reads n-grams alone; vocabulary: how many different ones
    max_tokens: longer texts are cut; max_characters: n-grams are taken from that many characters at most
    """

    normalizer: Normalizer = field(default_factory=Normalizer)
    ngrams: Ngrams = field(default_factory=lambda: Ngrams(words=(1, 1), chars=(1, 4)))
    weighting: Weighting = field(default_factory=Weighting)
    most_buckets: int = MOST_BUCKETS
    tokenizer: TokenKind | None = None
    vocabulary: int = 8000
    max_tokens: int = 128
    max_characters: int = 10_000

    def __post_init__(self) -> None:
        for name in ("most_buckets", "vocabulary", "max_tokens", "max_characters"):
            check_whole(name, getattr(self, name))
        if self.tokenizer is not None and self.tokenizer not in KINDS:
            raise SettingError(f"{self.tokenizer!r} is no kind of tokenizer; choose one of {', '.join(KINDS)}")


class TextEncoder:
    """Encodes texts for a model. `fit` learns the n-grams' weights and the tokenizer from the training texts."""

    def __init__(self, config: EncoderConfig) -> None:
        self.config = config
        self.vectorizer = NgramVectorizer(config.ngrams, config.weighting, most_buckets=config.most_buckets)
        self.tokenizer: Tokenizer | None = None

    @property
    def vocabulary(self) -> int:
        """How many different tokens there are; 0 without a tokenizer."""
        return 0 if self.tokenizer is None else self.tokenizer.vocab_size

    def fit(self, texts: Sequence[str], labels: Array, classes: int, say: Say) -> EncodedTexts:
        """Learns from training texts (n) and labels (n,) below `classes`; gives the encoded texts."""
        ready = self._ready(texts, say)
        ngrams = self.vectorizer.fit_transform(ready, labels, classes)
        if self.config.tokenizer is None:
            return EncodedTexts(ngrams, self.vectorizer.columns, None)
        self.tokenizer = Tokenizer.train(
            ready, kind=self.config.tokenizer, vocab_size=self.config.vocabulary, normalizer=self.config.normalizer
        )
        return EncodedTexts(ngrams, self.vectorizer.columns, self._tokens(self.tokenizer, ready, say))

    def encode(self, texts: Sequence[str], say: Say = lambda _sentence: None) -> EncodedTexts:
        """Encoded texts, with what was learned from the training texts."""
        ready = self._ready(texts, say)
        tokens = None if self.tokenizer is None else self._tokens(self.tokenizer, ready, say)
        return EncodedTexts(self.vectorizer.transform(ready), self.vectorizer.columns, tokens)

    def traced(self, text: str) -> Traced:
        """The text as it is read, with where in `text` each character came from."""
        return self.config.normalizer.traced(text).cut(self.config.max_characters)

    def token_places(self, text: str) -> list[tuple[int, int]]:
        """The characters [start, end) of each token that is read of a normalised text."""
        if self.tokenizer is None:
            return []
        return [(token.start, token.end) for token in self.tokenizer.tokens(text)][: self.config.max_tokens]

    def _ready(self, texts: Sequence[str], say: Say) -> list[str]:
        most = self.config.max_characters
        ready = self.config.normalizer.many(texts)
        cut = sum(len(text) > most for text in ready)
        if cut:
            say(f"{cut} of {len(ready)} texts are longer than {most} characters; the rest of each was left out")
            ready = [text[:most] for text in ready]
        return ready

    def _tokens(self, tokenizer: Tokenizer, ready: Sequence[str], say: Say) -> Ragged:
        encoded = tokenizer.encode(ready, max_tokens=self.config.max_tokens)
        if encoded.truncated:
            say(
                f"{encoded.truncated} of {len(ready)} texts are longer than {self.config.max_tokens} tokens; "
                "the rest of each was left out"
            )
        return encoded
