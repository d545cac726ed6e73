"""The label model: how good voters are and how they hang together, estimated without a single label.

    model = fit(votes, 2)
    model.predict(votes)          how likely each class is, (n, C)
    model.accuracies              of each voter, where it votes

What it rests on: voters that agree with many others that do not depend on them are good ones. The class is never
seen; that it is the class, and not something else that voters have in common, is an assumption: most voters are better
than chance. What else they have in common can be taken out: texts that say much make all rules fire, and rules that
look at the same words fire together. With `correlations` both are part of the model.

Fitted by maximum a posteriori: the log likelihood of the votes plus weak normal priors, by Adam on all distinct rows
of votes at once, in double precision. Letters: n texts, m voters, C classes, K columns, E pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.errors import DataError, SettingError
from saegim.optim import Adam
from saegim.schedules import Linear
from saegim.teaching.layout import MOST_COMBINATIONS, Layout, Pair, columns_of
from saegim.teaching.likelihood import Likelihood, Start
from saegim.teaching.moments import moments_of, together
from saegim.teaching.structure import near_copies, next_pairs
from saegim.teaching.voting import check_votes
from saegim.tensor import Tensor, logsumexp, sum
from saegim.training.step import TrainStep

__all__ = ["Correlation", "LabelModel", "fit"]

Array = npt.NDArray[Any]

_SKILL = float(np.log(4))  # expected: the odds of a vote are four times as high in texts of its class as in others
_DEVIATIONS = {"vote": 3.0, "skill": 1.0, "pair": 2.0, "spread": 1.0, "balance": 1.0}
_SPREAD = 0.3
_RATE, _STEPS = 0.1, 600
_STILL, _LEAST_STEPS = 1e-6, 20  # a gradient so short ends the fit, but Adam's first steps are long whatever it is
_COPY = 2.0  # the weight that pairs of near copies begin with
_ROUNDS = 6  # of looking for pairs
_WEAK = 0.3  # pairs whose weight is smaller are let go: later ones explained them


@dataclass(frozen=True)
class Correlation:
    """Two voters that depend on each other beyond what their accuracies say.

    weight: log of how many times as likely they are to vote together as they would be; below 0: they avoid each other
    """

    first: int
    second: int
    weight: float


@dataclass(frozen=True, eq=False)
class LabelModel:
    """What was estimated.

    balance: (C,) shares of the classes; accuracies: (m,) how likely a vote is right, nan for who never votes
    propensities: (m,) how likely each votes; rates: (m, C) the same in texts of each class
    correlations: of pairs; spread: how different texts are in how much they say, 0 without correlations
    log_likelihood: of the votes, per text; steps: of the optimiser, in the last fit
    """

    balance: Array
    accuracies: Array
    propensities: Array
    rates: Array
    correlations: tuple[Correlation, ...]
    spread: float
    log_likelihood: float
    steps: int
    likelihood: Likelihood

    def predict(self, votes: Any) -> Array:
        """(n, C) float64: how likely each class is, given the votes (n, m) on each text. Raises DataError."""
        joint = self.log_joint(votes)
        powers = np.exp(joint - joint.max(1, keepdims=True))
        chances: Array = powers / powers.sum(1, keepdims=True)
        return chances

    def log_joint(self, votes: Any) -> Array:
        """(n, C) float64: log P(votes, class). Votes that nobody gave where the model was fitted count as none."""
        found = check_votes(votes, len(self.balance))
        if found.shape[1] != len(self.accuracies):
            raise DataError(f"votes of {len(self.accuracies)} voters expected, {found.shape[1]} given")
        rows = _Rows.of(found, self.likelihood.layout)
        whole: Array = rows.joint(self.likelihood)[rows.place]
        return whole


def fit(
    votes: Any,
    classes: int,
    *,
    correlations: bool = True,
    balance: Sequence[float] | Array | None = None,
    pairs: Sequence[Pair] | None = None,
    shrink: float = 1.0,
    steps: int = _STEPS,
) -> LabelModel:
    """Fits the label model to votes (n, m): numbers of classes, -1 for none.

    correlations: whether voters may depend on each other, and on how much a text says
    balance: (C,) shares of the classes if they are known; estimated otherwise
    pairs: the voters that depend on each other, two numbers each; found in the votes if left out
    shrink: weight of what is expected before any vote is seen; 0 for plain maximum likelihood
    Raises DataError for votes that nothing can be estimated from, SettingError for other options.
    """
    found = check_votes(votes, classes)
    known = None if balance is None else _shares(balance, classes)
    if shrink < 0 or steps < 1:
        raise SettingError(f"shrink of at least 0 and steps of at least 1 expected, {shrink} and {steps} given")
    voter, label = columns_of(found)
    if len(np.unique(label)) < 2:
        raise DataError("the votes name fewer than two classes, so nothing can be told apart; add voters for others")
    layout = Layout.of(voter, label)
    if pairs is not None and correlations:
        layout = layout.with_pairs(_checked(pairs, layout))
    likelihood = Likelihood(layout, _start(found, layout, classes), known, talkative=correlations)
    rows = _Rows.of(found, layout)
    if correlations and pairs is None:
        likelihood, rows = _searched(likelihood, rows, shrink / len(found), -(-steps // 2))
    taken = _maximise(likelihood, rows, shrink / len(found), steps)
    return _model(likelihood, rows, taken)


def _searched(likelihood: Likelihood, rows: _Rows, shrink: float, steps: int) -> tuple[Likelihood, _Rows]:
    """With the near copies, and the pairs that the model explains worst without, until it explains all well enough."""
    copies = near_copies(*rows.faultless(likelihood), rows.texts, likelihood.layout)
    likelihood = _with_pairs(likelihood, dict.fromkeys(copies, _COPY))
    rows = rows.paired(likelihood.layout)
    for _round in range(_ROUNDS):
        _maximise(likelihood, rows, shrink, steps)
        layout, expected = likelihood.layout, moments_of(likelihood).together
        more = next_pairs(rows.observed(layout, len(expected)), expected, rows.texts, layout)
        if not more:
            break
        likelihood = _with_pairs(likelihood, _weights(likelihood) | dict.fromkeys(more, 0.0))
        rows = rows.paired(likelihood.layout)
    strong = {pair: weight for pair, weight in _weights(likelihood).items() if abs(weight) >= _WEAK}
    likelihood = _with_pairs(likelihood, strong)
    return likelihood, rows.paired(likelihood.layout)


def _weights(likelihood: Likelihood) -> dict[Pair, float]:
    """The weight of each pair."""
    pairs = likelihood.layout.pairs
    return dict(zip(pairs, likelihood.pair.numpy().tolist(), strict=True)) if pairs else {}


def _maximise(likelihood: Likelihood, rows: _Rows, shrink: float, steps: int) -> int:
    """Moves the parameters to where log likelihood per text - shrink * distance is highest; gives the steps taken."""
    share = Tensor(rows.counts / rows.texts)

    def loss(output: tuple[Tensor, Tensor], weights: Tensor) -> Tensor:
        joint, distance = output
        return shrink * distance - sum(logsumexp(joint, axis=1) * weights)

    step = TrainStep(likelihood, Adam(_RATE, betas=(0.9, 0.99), schedule=Linear(steps)), loss)
    votes, together_ = Tensor(rows.votes), Tensor(rows.together)
    for _step in range(steps):
        step(votes, together_, share)
        if step.steps >= _LEAST_STEPS and step.gradient_norm < _STILL:
            break
    return step.steps


def _model(likelihood: Likelihood, rows: _Rows, taken: int) -> LabelModel:
    layout, voters = likelihood.layout, likelihood.vote.shape[0]
    moments = moments_of(likelihood)
    owner = (layout.voter[None, :] == np.arange(voters)[:, None]).astype(np.float64)  # (m, K)
    rates = owner @ moments.columns
    right = owner @ (moments.columns[np.arange(len(layout.label)), layout.label] * moments.balance[layout.label])
    propensities = rates @ moments.balance
    votes = owner.sum(1) > 0
    joint = rows.joint(likelihood)
    peak = joint.max(1, keepdims=True)
    each = peak[:, 0] + np.log(np.exp(joint - peak).sum(1))
    return LabelModel(
        balance=moments.balance,
        accuracies=np.where(votes, right / np.where(votes, propensities, 1), np.nan),
        propensities=propensities,
        rates=rates,
        correlations=tuple(Correlation(*pair, weight) for pair, weight in _weights(likelihood).items()),
        spread=abs(float(likelihood.spread.numpy()[0])) if likelihood.talkative else 0.0,
        log_likelihood=float(each @ rows.counts / rows.texts),
        steps=taken,
        likelihood=likelihood,
    )


@dataclass(frozen=True, eq=False)
class _Rows:
    """The distinct rows of votes: votes (u, K), together (u, E), how many texts have each, and each text's row."""

    votes: Array
    together: Array
    counts: Array
    place: Array

    @classmethod
    def of(cls, votes: Array, layout: Layout) -> _Rows:
        whole = np.ascontiguousarray(votes, np.int16)
        keys = whole.view(np.dtype((np.void, whole.itemsize * whole.shape[1])))[:, 0]  # sorts faster than rows
        _keys, first, place, counts = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
        rows = layout.indicators(votes[first])
        return cls(rows, layout.pair_votes(rows), counts, place.reshape(-1))

    def paired(self, layout: Layout) -> _Rows:
        """The same rows for a layout with other pairs."""
        return replace(self, together=layout.pair_votes(self.votes))

    def joint(self, likelihood: Likelihood) -> Array:
        """(u, C): log P(votes, class)."""
        return np.asarray(likelihood.joint(Tensor(self.votes), Tensor(self.together)))

    @property
    def texts(self) -> int:
        return int(self.counts.sum())

    def observed(self, layout: Layout, voters: int) -> Array:
        """(m, m): the share of texts in which two voters vote together, above the diagonal."""
        both = (self.votes * (self.counts / self.texts)[:, None]).T @ self.votes
        return together(both, layout, voters)

    def faultless(self, likelihood: Likelihood) -> tuple[Array, Array, Array]:
        """(m, m) each, shares of the texts: in which two voters vote together; in which they would if both were
        always right, or no better than chance where they give different labels; in which the rarer one votes."""
        layout, voters = likelihood.layout, likelihood.vote.shape[0]
        share = self.counts @ self.votes / self.texts  # (K,)
        balance = np.exp(np.asarray(likelihood.log_balance))[layout.label]
        same = layout.label[:, None] == layout.label[None, :]
        most = np.outer(share, share) / np.where(same, balance[:, None], 1)
        own = np.bincount(layout.voter, share, minlength=voters)
        return self.observed(layout, voters), together(most, layout, voters), np.minimum.outer(own, own)


def _start(votes: Array, layout: Layout, classes: int) -> Start:
    """Every voter votes as often as it does, is as good as expected, and depends on nobody."""
    rate = ((votes >= 0).sum(0) + 0.5) / (len(votes) + 1)
    labels = np.maximum(np.bincount(layout.voter, minlength=votes.shape[1]), 1)
    return Start(
        vote=np.log(rate / (1 - rate) / labels) - _SKILL / 2,
        skill=np.full(votes.shape[1], _SKILL),
        pair=np.zeros(len(layout.pairs)),
        spread=np.full(1, _SPREAD),
        balance=np.zeros(classes),
        deviations=_DEVIATIONS,
    )


def _with_pairs(likelihood: Likelihood, weights: dict[Pair, float]) -> Likelihood:
    """The same likelihood with these pairs instead of its own."""
    layout, pair = likelihood.layout.with_pairs(list(weights)), np.array(list(weights.values()), np.float64)
    start = replace(likelihood.start, pair=np.zeros(len(weights)))
    made = Likelihood(layout, start, likelihood.known, talkative=likelihood.talkative)
    made.load_state_dict(
        {name: each for name, each in likelihood.state_dict().items() if name != "pair"}
        | ({"pair": pair} if weights else {})
    )
    return made


def _shares(balance: Any, classes: int) -> Array:
    """The shares of the classes. Raises SettingError for what are none."""
    found = np.asarray(balance)
    if (
        found.shape != (classes,)
        or found.dtype.kind not in "fiu"
        or not (found > 0).all()
        or not np.isfinite(found).all()
    ):
        raise SettingError(f"balance: {classes} shares above 0 expected, {balance} given")
    shares: Array = found / found.sum()
    return shares


def _checked(pairs: Sequence[Pair], layout: Layout) -> list[Pair]:
    """The pairs, each ascending. Raises SettingError for what are none, are given twice or make too large groups."""
    known = set(layout.voter.tolist())
    ordered = [(min(pair), max(pair)) for pair in pairs]
    if len(set(ordered)) < len(ordered) or any(one == two or not {one, two} <= known for one, two in ordered):
        raise SettingError(f"pairs: two different voters that vote expected, each pair once, {list(pairs)} given")
    if not layout.fits(ordered):
        raise SettingError(f"pairs: groups of at most {MOST_COMBINATIONS} combinations expected; give fewer pairs")
    return ordered
