"""What a fitted likelihood expects: how often each column is voted, and how often voters vote together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.teaching.layout import Layout
from saegim.teaching.likelihood import Likelihood, nodes_of

__all__ = ["Moments", "moments_of"]

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Moments:
    """balance (C,); columns (K, C): chance of each vote in texts of each class; together (m, m): chance that two
    voters vote together, alike if they can (above the diagonal)."""

    balance: Array
    columns: Array
    together: Array


def moments_of(likelihood: Likelihood) -> Moments:
    """The expectations of a likelihood with its present parameters."""
    layout, voters = likelihood.layout, likelihood.vote.shape[0]
    balance = np.exp(np.asarray(likelihood.log_balance))
    _values, log_weights = nodes_of(likelihood.talkative)
    chances = _chances(np.asarray(likelihood.combination_scores()), layout)
    marginal = np.einsum("rk,rcz->kcz", layout.combinations, chances)
    weight = balance[:, None] * np.exp(log_weights)  # (C, Z)
    columns = marginal @ np.exp(log_weights)
    products = np.einsum("kcz,lcz,cz->kl", marginal, marginal, weight)  # right where groups differ
    mixed = np.einsum("rcz,cz->r", chances, weight)
    within = (layout.combinations * mixed[:, None]).T @ layout.combinations
    home = {voter: number for number, group in enumerate(layout.groups) for voter in group}
    group = np.array([home[voter] for voter in layout.voter.tolist()])
    both = np.where(group[:, None] == group[None, :], within, products)
    return Moments(balance, columns, together(both, layout, voters))


def together(both: Array, layout: Layout, voters: int) -> Array:
    """(m, m): from chances that two columns are voted (K, K) to those that two voters vote together."""
    found = np.zeros((voters, voters))
    columns = {voter: np.flatnonzero(layout.voter == voter) for voter in np.unique(layout.voter).tolist()}
    for first, one in columns.items():
        for second, other in columns.items():
            if first < second:
                found[first, second] = both[np.ix_(one, other)][layout.alike(one, other)].sum()
    return found


def _chances(scores: Array, layout: Layout) -> Array:
    """(R, C, Z): the chance of each combination among those of its group."""
    result = np.empty_like(scores)
    at = 0
    for groups, size in layout.blocks:
        rows = scores[at : at + groups * size].reshape(groups, size, *scores.shape[1:])
        powers = np.exp(rows - rows.max(1, keepdims=True))
        result[at : at + groups * size] = (powers / powers.sum(1, keepdims=True)).reshape(-1, *scores.shape[1:])
        at += groups * size
    return result
