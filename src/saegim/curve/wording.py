"""What a language must be able to say about a learning curve, and how figures look in it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from saegim.curve.result import Crossing, Curve, Gain, Measured, Skipped
from saegim.evaluation.wording import two_digits

__all__ = ["NAMED", "Wording", "gain_points", "size"]

NAMED = 4  # classes that a sentence names


class Wording(ABC):
    """One method per sentence; each is called only when it is true. `standing` is that with all labelled texts."""

    def __init__(self, curve: Curve) -> None:
        self.curve = curve
        self.labelled = f"{curve.labelled:,}"
        self.rows = f"{curve.test_rows:,}"
        self.level = f"{curve.level:.0%}"

    @property
    def one_network(self) -> bool:
        """Whether there is only one, so that it needs no name."""
        return len(self.curve.networks) == 1

    def largest(self, name: str) -> int:
        """The largest size that a contender was measured at."""
        return self.curve.contender(name).sizes[-1]

    def extrapolated(self, crossing: Crossing) -> bool:
        """Whether a crossing lies beyond what was measured."""
        return crossing.value is not None and crossing.value > self.largest(crossing.first)

    @staticmethod
    @abstractmethod
    def about(crossing: Crossing) -> str:
        """A crossing in a few words, for a table."""

    @abstractmethod
    def within(self, crossing: Crossing, standing: str) -> str:
        """The network passes the rules at a size that can be told; standing is "ahead", "behind" or "open"."""

    @abstractmethod
    def from_the_start(self, crossing: Crossing, standing: str) -> str:
        """The network is ahead at the smallest size already."""

    @abstractmethod
    def beyond(self, crossing: Crossing, standing: str) -> str:
        """The network does not pass the rules within the range in which its curve is trusted."""

    @abstractmethod
    def open(self, crossing: Crossing) -> str:
        """The interval reaches over both ends of the range."""

    @abstractmethod
    def not_told(self, crossing: Crossing) -> str:
        """Why nothing can be said: `crossing.reason`."""

    @abstractmethod
    def figures(self, crossing: Crossing) -> str:
        """What was measured at the largest size, and the gap there."""

    @abstractmethod
    def no_rules(self, network: Measured) -> str:
        """No rules were given: how good the network is with all texts."""

    @abstractmethod
    def no_network(self) -> str:
        """No network has any point."""

    @abstractmethod
    def gain(self, network: Measured, few: Gain, twice: Gain) -> str:
        """What a few more labels would bring, and twice as many."""

    @abstractmethod
    def where_rules_decide(self, rules: Measured, crossing: Crossing, standing: str) -> str:
        """The same question for the texts that the rules decide at all."""

    @abstractmethod
    def classes_passed(self, crossings: Sequence[Crossing]) -> str:
        """The classes on which the network is ahead, that which took most texts first."""

    @abstractmethod
    def classes_behind(self, crossings: Sequence[Crossing]) -> str:
        """The classes on which the rules are still ahead."""

    @abstractmethod
    def classes_without_rules(self, crossings: Sequence[Crossing]) -> str:
        """The classes that the rules never name."""

    @abstractmethod
    def classes_unsaid(self, crossings: Sequence[Crossing]) -> str:
        """The classes on which nothing can be said."""

    @abstractmethod
    def classical(self, against: Crossing, passes: Crossing | None) -> str:
        """The network beside the classical baseline, and where that passes the rules."""

    @abstractmethod
    def few_texts(self) -> str:
        """A caution: few test texts."""

    @abstractmethod
    def out_of_time(self, points: int) -> str:
        """So many points did not fit into the time budget."""

    @abstractmethod
    def failed(self, skipped: Sequence[Skipped]) -> str:
        """Points that a learner failed at."""


def size(value: float | None) -> str:
    """A number of texts that is an estimate: two digits, no more."""
    assert value is not None, "a size that can be told"
    return two_digits(round(value))


def gain_points(change: float) -> str:
    """A small change of accuracy in percentage points: 0.00123 -> '0.12', 0.0123 -> '1.2'."""
    value = 100 * change
    return f"{value:.1f}" if abs(value) >= 1 else f"{value:.2f}"
