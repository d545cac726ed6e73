"""How voters hang together: columns, pairs, and groups of voters whose joint votes can all be listed.

A column is a voter with one of the labels that it gives: a rule has one. Voters that pairs connect, directly or over
others, are a group; given the class, groups are independent of each other, and within one every combination of votes
is listed, so probabilities are exact. Letters: m voters, K columns, E pairs, R combinations of all groups together.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["MOST_COMBINATIONS", "Layout", "Pair", "columns_of"]

Array = npt.NDArray[Any]
Pair = tuple[int, int]

MOST_COMBINATIONS = 256  # of a group: eight rules


def columns_of(votes: Array) -> tuple[Array, Array]:
    """(K,) voter and (K,) label of each column: what was voted at least once, by voter, then by label."""
    found = [(voter, int(label)) for voter in range(votes.shape[1]) for label in np.unique(votes[:, voter])]
    kept = [(voter, label) for voter, label in found if label >= 0]
    return np.array([voter for voter, _ in kept], np.int64), np.array([label for _, label in kept], np.int64)


@dataclass(frozen=True, eq=False)
class Layout:
    """The columns, the pairs of voters that depend on each other, and all combinations of votes.

    voter, label: (K,) of each column; pairs: E of them; groups: the voters of each group
    combinations: (R, K) float64, 1 for a vote; together: (R, E) which pairs vote together in it
    blocks: (groups, combinations of each) that follow each other in the R rows
    """

    voter: Array
    label: Array
    pairs: tuple[Pair, ...]
    groups: tuple[tuple[int, ...], ...]
    combinations: Array
    together: Array
    blocks: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, voter: Array, label: Array, pairs: Sequence[Pair] = ()) -> Layout:
        """The layout of these columns and pairs."""
        by_size: dict[int, list[tuple[tuple[int, ...], Array]]] = {}
        for group in connected(np.unique(voter).tolist(), pairs):
            listed = _combinations(group, voter)
            by_size.setdefault(len(listed), []).append((group, listed))
        ordered = [each for size in sorted(by_size) for each in by_size[size]]
        rows = np.concatenate([listed for _group, listed in ordered]) if ordered else np.empty((0, len(voter)))
        made = cls(
            voter, label, tuple(pairs), tuple(group for group, _listed in ordered), rows,
            np.empty((len(rows), 0)), tuple((len(by_size[size]), size) for size in sorted(by_size)),
        )  # fmt: skip
        return replace(made, together=made.pair_votes(rows))

    def with_pairs(self, pairs: Sequence[Pair]) -> Layout:
        """The same columns with these pairs."""
        return Layout.of(self.voter, self.label, pairs)

    def indicators(self, votes: Array) -> Array:
        """Votes (n, m) -> (n, K) float64, 1 where the column's voter gives its label."""
        found: Array = votes[:, self.voter] == self.label
        return found.astype(np.float64)

    def pair_votes(self, rows: Array) -> Array:
        """(n, E) float64 from rows (n, K): whether both of a pair vote, and alike if they can."""
        found = [self._pair_vote(rows, first, second) for first, second in self.pairs]
        return np.stack(found, axis=1) if found else np.empty((len(rows), 0))

    def _pair_vote(self, rows: Array, first: int, second: int) -> Array:
        one, other = np.flatnonzero(self.voter == first), np.flatnonzero(self.voter == second)
        products = rows[:, one][:, :, None] * rows[:, other][:, None, :]
        return np.asarray(products[:, self.alike(one, other)].sum(1))

    def alike(self, one: Array, other: Array) -> Array:
        """Which columns of a voter and columns of another count as voting together: those of one label, if any."""
        same: Array = self.label[one][:, None] == self.label[other][None, :]
        return same if same.any() else np.ones_like(same)

    def fits(self, pairs: Sequence[Pair]) -> bool:
        """Whether with these pairs every group is small enough to be listed."""
        size = {each: 1 + int((self.voter == each).sum()) for each in np.unique(self.voter).tolist()}
        return all(
            np.prod([float(size[each]) for each in group]) <= MOST_COMBINATIONS for group in connected(size, pairs)
        )


def connected(voters: Sequence[int] | dict[int, int], pairs: Sequence[Pair]) -> list[tuple[int, ...]]:
    """The groups of voters that pairs connect, each ascending, by their first voters."""
    home = {each: each for each in voters}

    def root(each: int) -> int:
        while home[each] != each:
            each = home[each]
        return each

    for first, second in pairs:
        low, high = sorted((root(first), root(second)))
        home[high] = low
    groups: dict[int, list[int]] = {}
    for each in voters:
        groups.setdefault(root(each), []).append(each)
    return [tuple(sorted(group)) for group in groups.values()]


def _combinations(group: Sequence[int], voter: Array) -> Array:
    """(r, K): every combination of votes of a group; each voter abstains or gives one of its labels."""
    choices = [(None, *np.flatnonzero(voter == each).tolist()) for each in group]
    listed = list(itertools.product(*choices))
    rows = np.zeros((len(listed), len(voter)))
    for row, columns in enumerate(listed):
        rows[row, [column for column in columns if column is not None]] = 1
    return rows
