"""What each primitive means, in NumPy: the oracle of every faster way, and the eager mode itself."""

from saegim.reference.evaluate import OWN, Schedule, evaluate, owned
from saegim.reference.finite import NonFinite, first_non_finite
from saegim.reference.meaning import MEANING, meaning

__all__ = ["MEANING", "OWN", "NonFinite", "Schedule", "evaluate", "first_non_finite", "meaning", "owned"]
