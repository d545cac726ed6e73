"""The probability of votes: a latent class, voters that depend on it, and pairs that depend on each other.

    P(votes, y, z) = P(y) P(z) prod over groups g of exp(score(votes of g | y, z)) / Z_g(y, z)
    score = sum over votes of (vote_j + skill_j [it is for y] + spread z) + sum over pairs that vote together of pair_jk

y is the text's class, z how much it says: a standard normal number, so that talkative texts make every rule fire more
often without being good or bad. Z_g adds up all combinations of votes of a group. This is the factor graph of data
programming (Ratner et al., 2016; Bach et al., 2017 for the pairs), with exact sums in place of sampling.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim import tensor as sg
from saegim.nn import Module, Parameter
from saegim.teaching.layout import Layout
from saegim.tensor import Tensor

__all__ = ["Likelihood", "Start", "nodes_of"]

Array = npt.NDArray[Any]

_NODES = 7


def nodes_of(talkative: bool) -> tuple[Array, Array]:
    """Values (Z,) of z and the logs of their weights, by Gauss-Hermite quadrature; only 0 where it does not count."""
    if not talkative:
        return np.zeros(1), np.zeros(1)
    values, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    return values, np.log(weights / weights.sum())


@dataclass(frozen=True, eq=False)
class Start:
    """Where the parameters begin, which is also what is expected of them, and how sure that is.

    vote, skill: (m,); pair: (E,); spread: (1,); balance: (C,) logits, or the known shares of the classes
    deviations: of each parameter from what is expected, a standard deviation
    """

    vote: Array
    skill: Array
    pair: Array
    spread: Array
    balance: Array
    deviations: Mapping[str, float]


class Likelihood(Module):
    """Votes -> log P(votes, y), (n, C), and the squared distance of the parameters from what is expected of them.

    vote, skill: (m,) log odds of a vote for another class against none, and how much higher they are for the text's
    own; pair: (E,) log odds of voting together; spread: (1,) how much talkative texts raise them, if `talkative`;
    balance: (C,) logits of the classes, unless `known` has their shares.
    """

    def __init__(self, layout: Layout, start: Start, known: Array | None, *, talkative: bool) -> None:
        self.layout, self.start, self.known, self.talkative = layout, start, known, talkative
        self.vote, self.skill = Parameter(start.vote), Parameter(start.skill)
        if layout.pairs:
            self.pair = Parameter(start.pair)
        if talkative:
            self.spread = Parameter(start.spread)
        if known is None:
            self.balance = Parameter(start.balance)

    @property
    def log_balance(self) -> Tensor:
        """(C,) log P(y)."""
        return sg.log_softmax(self.balance) if self.known is None else Tensor(np.log(self.known))

    def __call__(self, votes: Tensor, together: Tensor) -> tuple[Tensor, Tensor]:
        """votes (n, K) and together (n, E) -> log P(votes, y), (n, C), and the distance, a scalar."""
        return self.joint(votes, together), self.distance()

    def distance(self) -> Tensor:
        """Half the sum over parameters of ((it - expected) / deviation)^2: minus the log of a normal prior."""
        total = Tensor(np.zeros(()))
        for name, parameter in self.named_tensors():  # traced ones are no parameters
            off = (parameter - getattr(self.start, name)) / self.start.deviations[name]
            total = total + sg.sum(off * off) / 2
        return total

    def joint(self, votes: Tensor, together: Tensor) -> Tensor:
        """log P(votes, y), (n, C)."""
        scores = self._scores(votes, together)
        many = sg.expand_dims(sg.sum(votes, axis=1), axis=1)
        values, weights = nodes_of(self.talkative)
        normal = self.normalisers()  # (C, Z)
        if not self.talkative:
            return scores - sg.sum(normal, axis=1) + self.log_balance
        raised = sg.expand_dims(many * self.spread * values + weights, axis=1)  # (n, 1, Z)
        mixed = sg.logsumexp(raised - normal, axis=2)
        return scores + mixed + self.log_balance

    def _scores(self, votes: Tensor, together: Tensor) -> Tensor:
        """(r, C): the scores of votes, without z."""
        scores: Tensor = votes @ self._columns()
        if not self.layout.pairs:
            return scores
        added: Tensor = scores + together @ sg.expand_dims(self.pair, axis=1)
        return added

    def _columns(self) -> Tensor:
        """(K, C): what a vote of each column adds to the score of each class."""
        layout, classes = self.layout, self.classes
        owner = (layout.voter[:, None] == np.arange(self.vote.shape[0])).astype(np.float64)
        right = (layout.label[:, None] == np.arange(classes)).astype(np.float64)
        vote, skill = Tensor(owner) @ self.vote, Tensor(owner) @ self.skill
        columns: Tensor = sg.expand_dims(vote, axis=1) + sg.expand_dims(skill, axis=1) * right
        return columns

    @property
    def classes(self) -> int:
        """C."""
        return len(self.known) if self.known is not None else int(self.balance.shape[0])

    def combination_scores(self) -> Tensor:
        """(R, C, Z): the scores of all combinations of votes."""
        layout = self.layout
        values, _weights = nodes_of(self.talkative)
        scores = sg.expand_dims(self._scores(Tensor(layout.combinations), Tensor(layout.together)), axis=2)
        if not self.talkative:
            return scores
        many = layout.combinations.sum(1)[:, None, None] * values
        raised: Tensor = scores + self.spread * many
        return raised

    def normalisers(self) -> Tensor:
        """(C, Z): log Z(y, z), the sum over the groups."""
        scores = self.combination_scores()
        total, at = [], 0
        for groups, size in self.layout.blocks:
            rows = scores[at : at + groups * size, :, :]
            shaped = sg.reshape(rows, (groups, size, *scores.shape[1:]))
            total.append(sg.sum(sg.logsumexp(shaped, axis=1), axis=0))
            at += groups * size
        summed = total[0]
        for each in total[1:]:
            summed = summed + each
        return summed
