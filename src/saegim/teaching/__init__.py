"""Rules as teachers: they label texts that nobody has labelled, and a network learns from that to do better.

votes(rules, texts)                              what every rule says of every text
label_model.fit(votes, classes)                  how good the rules are and how they hang together, without labels
teach(rules, unlabelled, choosing, final)        a network for each way to make labels of votes; the best is kept
"""

from __future__ import annotations

from saegim.teaching.label_model import Correlation, LabelModel
from saegim.teaching.lesson import teach
from saegim.teaching.parts import Parts, divide, parts_of
from saegim.teaching.taught import Lesson, Taught
from saegim.teaching.teachers import TEACHERS, Opinion, Teacher, teacher
from saegim.teaching.voting import ABSTAIN, agreement, voters, votes

__all__ = [
    "ABSTAIN",
    "TEACHERS",
    "Correlation",
    "LabelModel",
    "Lesson",
    "Opinion",
    "Parts",
    "Taught",
    "Teacher",
    "agreement",
    "divide",
    "parts_of",
    "teach",
    "teacher",
    "voters",
    "votes",
]
