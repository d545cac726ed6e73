"""Rules as teachers: they label texts that nobody has labelled, and a network learns from that to do better.

votes(rules, texts)                  what every rule says of every text
label_model.fit(votes, classes)      how good the rules are and how they hang together, without a single label
"""

from __future__ import annotations

from saegim.teaching.label_model import Correlation, LabelModel
from saegim.teaching.voting import ABSTAIN, agreement, voters, votes

__all__ = ["ABSTAIN", "Correlation", "LabelModel", "agreement", "voters", "votes"]
