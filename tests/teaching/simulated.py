"""Votes whose makers are known, and what NumPy makes of them: an oracle of the label model's likelihood."""

from __future__ import annotations

import numpy as np
from scipy.special import expit, logsumexp


def classes_of(rng, texts, balance):
    return rng.choice(len(balance), texts, p=balance)


def rules_votes(rng, truth, labels, rates, spread=0.0):
    """Votes (n, m) of voters that give one label each: rates (m, C) how likely they vote in texts of each class.

    spread: how much the log odds of all votes of a text move together.
    """
    odds = np.log(rates / (1 - rates))[:, truth].T + spread * rng.standard_normal(len(truth))[:, None]
    return np.where(rng.random(odds.shape) < expit(odds), np.asarray(labels)[None, :], -1)


def copied(rng, votes, voter, times, faith):
    """The votes with copies of a voter behind them; each does as it does with chance `faith`, or abstains."""
    copies = [np.where(rng.random(len(votes)) < faith, votes[:, voter], -1) for _ in range(times)]
    return np.column_stack([votes, *copies])


def precision(rates, labels, balance):
    """(m,): how likely a vote is right."""
    own = rates[np.arange(len(labels)), labels] * np.asarray(balance)[labels]
    return own / (rates @ balance)


def log_likelihoods(votes, rates, balance):
    """(n,) log P(votes) of voters that are independent given the class."""
    fired = (votes >= 0).astype(float)
    each = fired @ np.log(rates) + (1 - fired) @ np.log1p(-rates) + np.log(balance)
    return logsumexp(each, axis=1)


def em(votes, labels, balance, rounds=3000):
    """Rates (m, C) and balance (C,) of highest likelihood, by expectation and maximisation (Dawid and Skene, 1979)."""
    rows, counts = np.unique(votes, axis=0, return_counts=True)
    fired = (rows >= 0).astype(float)
    own = np.arange(2) == np.asarray(labels)[:, None]
    rates = np.clip(fired.mean(0), 0.01, 0.8)[:, None] * np.where(own, 1.2, 0.5)
    balance = np.array(balance, float)
    for _round in range(rounds):
        joint = fired @ np.log(rates) + (1 - fired) @ np.log1p(-rates) + np.log(balance)
        chance = np.exp(joint - logsumexp(joint, axis=1, keepdims=True)) * counts[:, None]
        rates = np.clip((fired.T @ chance) / chance.sum(0), 1e-9, 1 - 1e-9)
        balance = chance.sum(0) / counts.sum()
    return rates, balance


def deviations(votes, rates, labels, balance):
    """(m,) standard deviations of the estimated precisions: by the Fisher information of the votes, and the delta rule.

    The information is the mean product of scores, which are differences of the log likelihood.
    """
    rows, counts = np.unique(votes, axis=0, return_counts=True)
    start = np.log(rates / (1 - rates)).reshape(-1)

    def moved(function, step=1e-5):
        """The derivatives of a vector function of the log odds: (parameters, ...)."""
        steps = step * np.eye(len(start))
        return np.stack([(function(start + one) - function(start - one)) / (2 * step) for one in steps])

    scores = moved(lambda odds: log_likelihoods(rows, expit(odds.reshape(rates.shape)), balance))
    covariance = np.linalg.inv((scores * counts) @ scores.T)
    slopes = moved(lambda odds: precision(expit(odds.reshape(rates.shape)), labels, balance))
    return np.sqrt(np.einsum("pm,pq,qm->m", slopes, covariance, slopes))
