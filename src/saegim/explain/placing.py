"""Amounts laid on the characters of a text as it was given, and added up by words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import re2

from saegim.data.ragged import offsets_of
from saegim.explain.explanation import Span

if TYPE_CHECKING:
    from saegim.text import Traced

Array = npt.NDArray[Any]

# Words between spaces; of scripts that are written without spaces single characters, each with its marks.
_ALONE = r"\p{Han}\p{Hiragana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}"
_PIECE = re2.compile(rf"[{_ALONE}]\p{{M}}*|[^ {_ALONE}]+")


class Amounts:
    """What each character of a text contributed: laid on the normalised text, read on the given one."""

    def __init__(self, given: str, traced: Traced) -> None:
        self._given, self._traced = given, traced
        self._amounts = np.zeros(len(traced))
        self._is_space = np.array([character == " " for character in traced.text], bool)

    def add(self, starts: Array, ends: Array, amounts: Array) -> None:
        """Shares each amount out evenly over the characters from start to end of the normalised text.

        Spaces get a share only where there is nothing else.
        """
        letters = offsets_of(~self._is_space)
        found = letters[ends] - letters[starts]
        has_letters = found > 0
        for chosen, sizes, takes in (
            (has_letters, found, ~self._is_space),
            (~has_letters, ends - starts, self._is_space),
        ):
            shares = amounts[chosen] / sizes[chosen]
            self._amounts += takes * _sums(starts[chosen], ends[chosen], shares, len(self._traced))

    def total(self) -> float:
        return float(self._amounts.sum())

    def characters(self) -> tuple[float, ...]:
        """By how much each character of the given text contributed: an even share of what was made of it."""
        starts, ends = self._traced.starts, self._traced.ends
        return tuple(_sums(starts, ends, self._amounts / np.maximum(ends - starts, 1), len(self._given)).tolist())

    def spans(self) -> tuple[Span, ...]:
        """The words, as they were given; half of what the space between two contributed goes to each of them."""
        pieces = [match.span() for match in _PIECE.finditer(self._traced.text)]
        amounts = [float(self._amounts[start:end].sum()) for start, end in pieces]
        edges = [0, *(edge for piece in pieces for edge in piece), len(self._traced)]
        between = [float(self._amounts[end:start].sum()) for end, start in zip(edges[::2], edges[1::2], strict=True)]
        for number in range(len(pieces)):
            before, after = between[number], between[number + 1]
            amounts[number] += before / (1 if number == 0 else 2) + after / (1 if number == len(pieces) - 1 else 2)
        return self._placed(pieces, amounts)

    def _placed(self, pieces: list[tuple[int, int]], amounts: list[float]) -> tuple[Span, ...]:
        """Pieces of the normalised text in the given one; those that one character became stay together."""
        spans: list[Span] = []
        for (first, last), amount in zip(pieces, amounts, strict=True):
            start, end = self._traced.span(first, last)
            if spans and start < spans[-1].end:
                before = spans.pop()
                start, amount = before.start, amount + before.amount
            spans.append(Span(start, end, self._given[start:end], amount))
        return tuple(spans)


def _sums(starts: Array, ends: Array, amounts: Array, size: int) -> Array:
    """(size,) for every place the sum of the amounts whose stretch covers it; time grows with places, not overlaps."""
    covered = np.cumsum(np.bincount(starts, minlength=size + 1) - np.bincount(ends, minlength=size + 1))
    sums = np.cumsum(np.bincount(starts, amounts, size + 1) - np.bincount(ends, amounts, size + 1))
    return np.where(covered > 0, sums, 0.0)[:size]  # not what rounding has left
