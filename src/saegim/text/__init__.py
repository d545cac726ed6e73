"""From texts to numbers: normalising, Hangul letters, hashed n-grams, tokens."""

from __future__ import annotations

from saegim.text.buckets import (
    Bag,
    bag_of_ngrams,
    choose_buckets,
    choose_buckets_for,
    choose_buckets_of,
    count_distinct,
    count_features,
    to_buckets,
)
from saegim.text.ngrams import Features, Ngrams, hash_chunks, hash_ngrams, locate_ngrams
from saegim.text.normalize import Normalizer
from saegim.text.origins import Traced
from saegim.text.tokenizer import Encoded, Token, Tokenizer

__all__ = [
    "Bag",
    "Encoded",
    "Features",
    "Ngrams",
    "Normalizer",
    "Token",
    "Tokenizer",
    "Traced",
    "bag_of_ngrams",
    "choose_buckets",
    "choose_buckets_for",
    "choose_buckets_of",
    "count_distinct",
    "count_features",
    "hash_chunks",
    "hash_ngrams",
    "locate_ngrams",
    "to_buckets",
]
