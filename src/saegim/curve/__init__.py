"""From how much data on does learning win? Learning curves, and where they pass the rules.

`measure` trains on growing samples and gives a `Curve`; `verdict` says in words what it shows.
"""

from __future__ import annotations

from saegim.curve.learners import classical, network
from saegim.curve.measure import Learner, Task, measure
from saegim.curve.result import Crossing, Curve, Fit, Gain, Measured, Point, Skipped
from saegim.curve.store import read_curve

__all__ = [
    "Crossing",
    "Curve",
    "Fit",
    "Gain",
    "Learner",
    "Measured",
    "Point",
    "Skipped",
    "Task",
    "classical",
    "measure",
    "network",
    "read_curve",
]
