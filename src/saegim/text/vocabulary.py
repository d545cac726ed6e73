"""Learning the pieces of a vocabulary, so that the same texts always give the same pieces.

The trainers of `tokenizers` for WordPiece and Unigram depend on the order of hash tables, which differs from run
to run. BPE does not, given its alphabet; so WordPiece is trained with its alphabet spelled out beforehand, and
Unigram starts from the pieces of BPE.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np
from tokenizers import Tokenizer as Engine
from tokenizers import models, pre_tokenizers, trainers

PAD, UNK, BOS, EOS = "<pad>", "<unk>", "<s>", "</s>"

CONTINUES = "##"
"""What WordPiece puts before a piece that does not begin a word."""

LONGEST_WORD = 100
"""Characters of a word that WordPiece takes at once; longer ones are cut there."""

_SEED_FACTOR = 3  # Unigram chooses among this many times the pieces it keeps
_KEPT_PER_ROUND = 0.75
_LAST_ROUNDS = 2  # of estimating, once the vocabulary has its size
_DIGITS = 6  # of a score: more would not survive the library's reading of JSON
_FLOOR = 0.5  # the count a piece is taken to have where it was not used


def learn(texts: list[str], blank: Engine, kind: str, size: int, min_count: int, special: list[str]) -> Any:
    """The model of a tokenizer of this kind; `blank` has its normaliser and its splitter.

    At most `size` numbers, `special` first. Characters (for "word": words) rarer than `min_count` are left out.
    """
    words = _words(texts, blank)
    if kind in ("char", "jamo", "word"):
        kept = _most_frequent(words, size - len(special), min_count)
        return models.WordLevel({piece: k for k, piece in enumerate(special + kept)}, UNK)
    alphabet = _most_frequent(_characters(words), (size - len(special)) // 2, min_count)
    words = _within(words, set(alphabet))
    if kind == "bpe":
        vocab, merges = _byte_pairs(words, size, min_count, special)
        return models.BPE(vocab, merges, unk_token=UNK)
    if kind == "wordpiece":
        vocab = _word_pieces(words, size, min_count, special)
        return models.WordPiece(vocab, unk_token=UNK, max_input_chars_per_word=LONGEST_WORD)
    return models.Unigram(_unigrams(words, size, min_count, special), unk_id=special.index(UNK))


def _words(texts: list[str], blank: Engine) -> Counter[str]:
    """How often each stretch occurs that the splitter makes of the texts."""
    counts: Counter[str] = Counter()
    for text in texts:
        normal = blank.normalizer.normalize_str(text)
        counts.update(word for word, _ in blank.pre_tokenizer.pre_tokenize_str(normal))
    return counts


def _characters(words: Counter[str]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for word, count in words.items():
        for character in word:
            counts[character] += count
    return counts


def _most_frequent(counts: Counter[str], most: int, min_count: int) -> list[str]:
    """The most frequent first; equally frequent ones in the order of their characters."""
    kept = sorted((piece for piece in counts if counts[piece] >= min_count), key=lambda p: (-counts[p], p))
    return kept[:most]


def _within(words: Counter[str], alphabet: set[str]) -> Counter[str]:
    """The words of these characters alone; from others, the stretches between foreign characters."""
    kept: Counter[str] = Counter()
    for word, count in words.items():
        for part in "".join(c if c in alphabet else "\0" for c in word).split("\0"):
            if part:
                kept[part] += count
    return kept


def _byte_pairs(
    words: Counter[str], size: int, min_count: int, special: list[str], prefix: str | None = None
) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Train BPE on counted words: the numbers of its pieces, and its merges."""
    engine = Engine(models.BPE(unk_token=UNK))
    engine.pre_tokenizer = pre_tokenizers.Split("\n", "removed")
    options: dict[str, Any] = {"continuing_subword_prefix": prefix} if prefix else {}
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        min_frequency=max(2, min_count),
        special_tokens=special,
        show_progress=False,
        **options,
    )
    engine.train_from_iterator(_repeated(words), trainer, length=len(words))
    model = json.loads(engine.to_str())["model"]
    return model["vocab"], [(left, right) for left, right in model["merges"]]


def _repeated(words: Counter[str]) -> Iterable[str]:
    return ("\n".join([word] * count) for word, count in words.items())


def _word_pieces(words: Counter[str], size: int, min_count: int, special: list[str]) -> dict[str, int]:
    """BPE whose pieces inside words carry a prefix; their alphabet comes first, in the order of the characters."""
    inside = sorted({CONTINUES + character for word in words for character in word[1:]})
    return _byte_pairs(words, size, min_count, special + inside, CONTINUES)[0]


def _unigrams(words: Counter[str], size: int, min_count: int, special: list[str]) -> list[tuple[str, float]]:
    """Pieces with the logarithms of their probabilities, estimated from the likeliest cut of every word.

    Starts from the pieces of a larger BPE; every round counts how often each piece is used, drops the least
    used quarter (never a single character), and estimates again.
    """
    seeds, _ = _byte_pairs(words, _SEED_FACTOR * size, min_count, special)
    target = size - len(special)
    rounds_left = _LAST_ROUNDS
    scores = _estimate(dict.fromkeys(sorted(set(seeds) - set(special)), -1.0), words)
    while rounds_left:
        if len(scores) > target:
            scores = _prune(scores, max(target, int(_KEPT_PER_ROUND * len(scores))))
        else:
            rounds_left -= 1
        scores = _estimate(scores, words)
    ranked = sorted(scores.items(), key=lambda item: (-item[1], item[0]))
    return [(piece, 0.0) for piece in special] + ranked


def _prune(scores: dict[str, float], keep: int) -> dict[str, float]:
    ranked = sorted(scores, key=lambda piece: (len(piece) > 1, -scores[piece], piece))
    return {piece: scores[piece] for piece in ranked[:keep]}


def _estimate(scores: dict[str, float], words: Counter[str]) -> dict[str, float]:
    """New logarithms of probabilities, from the counts of the pieces in the likeliest cuts under the old ones."""
    pieces = list(scores)
    engine = Engine(models.Unigram([(UNK, 0.0), *scores.items()], unk_id=0))
    counts = np.zeros(len(pieces) + 1)
    for found, count in zip(engine.encode_batch_fast(list(words)), words.values(), strict=True):
        for number in found.ids:
            counts[number] += count
    counts = np.maximum(counts[1:], _FLOOR)
    return dict(zip(pieces, np.log(counts / counts.sum()).round(_DIGITS).tolist(), strict=True))
