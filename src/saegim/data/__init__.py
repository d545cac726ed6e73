"""From files, iterables and columns to checked examples, splits and batches."""

from __future__ import annotations

from saegim.data.batches import epoch_rng, length_buckets, shuffled, sorted_by_length
from saegim.data.checks import CheckedData, Finding, check_examples
from saegim.data.images import Images, images_from, read_image_files, read_images
from saegim.data.ragged import Ragged
from saegim.data.records import BadRow
from saegim.data.sources import labels_from, table_from_pairs, texts_from
from saegim.data.split import stratified_split
from saegim.data.table import Table, read_table

__all__ = [
    "BadRow",
    "CheckedData",
    "Finding",
    "Images",
    "Ragged",
    "Table",
    "check_examples",
    "epoch_rng",
    "images_from",
    "labels_from",
    "length_buckets",
    "read_image_files",
    "read_images",
    "read_table",
    "shuffled",
    "sorted_by_length",
    "stratified_split",
    "table_from_pairs",
    "texts_from",
]
