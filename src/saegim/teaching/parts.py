"""Which labelled texts are used for what: no text that a figure is measured on has decided anything before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from saegim.data import Finding, Table, check_examples, stratified_split
from saegim.errors import DataError

__all__ = ["Parts", "divide", "parts_of"]

Array = npt.NDArray[Any]
Use = Literal["learned", "choosing", "final"]

_FOR: dict[Use, str] = {"learned": "to learn from", "choosing": "to choose by", "final": "to judge by"}
_TOLD = ("shared-texts", "no-validation")


@dataclass(frozen=True)
class Parts:
    """Texts by what they are used for, no text in two of them, and what was found on the way.

    choosing: chooses epochs and networks; final: judges; learned: is learned with its labels; unlabelled: is taught
    findings: texts that were dropped, each kept where it is needed first: learned, choosing, final, unlabelled
    """

    choosing: Table
    final: Table
    learned: Table | None
    unlabelled: Table | None
    findings: tuple[Finding, ...]


def parts_of(
    table: Table,
    *,
    valid: Table | None = None,
    test: Table | None = None,
    unlabelled: Table | None = None,
    learn_labelled: bool = False,
    seed: int = 0,
) -> Parts:
    """Divides labelled texts evenly, each class in proportion, among what no other table is given for.

    valid: to choose by; test: to judge by; learn_labelled: whether a part is learned, as all of it is if it is needed
    for nothing else. Raises DataError where there are too few texts for that, or none is left of a part.
    """
    uses: list[Use] = [*(("choosing",) if valid is None else ()), *(("final",) if test is None else ())]
    if learn_labelled or not uses:
        uses.append("learned")
    rows = divide(table.labels or [], len(uses), seed)
    parts: dict[str, Table | None] = {"choosing": valid, "final": test, "unlabelled": unlabelled}
    for use, part in zip(uses, rows, strict=True):
        parts[use] = replace(table.take(part.tolist()), source=f"{table.source} ({_FOR[use]})")
    return _apart(parts)


def divide(labels: Sequence[str], parts: int, seed: int) -> list[Array]:
    """The rows of so many parts of about the same size, each class in proportion, ascending.

    The same labels and seed give the same parts. Raises DataError where there are too few labels for that.
    """
    rows = np.arange(len(labels))
    found: list[Array] = []
    for left in range(parts, 1, -1):
        rest, held = stratified_split([labels[int(row)] for row in rows], 1 / left, seed)
        found.append(rows[held])
        rows = rows[rest]
    return [*found, rows]


def _apart(parts: dict[str, Table | None]) -> Parts:
    """The parts without texts that an earlier one has."""
    kept: dict[str, Table | None] = dict.fromkeys(parts)
    findings: list[Finding] = []
    for use in ("learned", "choosing", "final", "unlabelled"):
        left = parts.get(use)
        for earlier in kept.values():
            if left is not None and earlier is not None:
                found = check_examples(earlier, left)
                left = found.valid
                findings += [each for each in found.findings if each.code in _TOLD]
        kept[use] = left
    for finding in findings:
        if finding.level == "error":
            raise DataError(finding.message)
    choosing, final = kept["choosing"], kept["final"]
    assert choosing is not None, "it is given, or a part of the labelled texts"
    assert final is not None, "it is given, or a part of the labelled texts"
    return Parts(choosing, final, kept.get("learned"), kept["unlabelled"], tuple(findings))
