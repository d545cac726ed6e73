"""The sentences about a learning curve in English."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from saegim.curve.result import Crossing, Gain, Measured, Skipped
from saegim.curve.wording import NAMED, Wording, gain_points, size
from saegim.evaluation.bootstrap import Interval
from saegim.evaluation.wording import percent, points

__all__ = ["English"]

HARDLY = 0.0005  # of accuracy: half of a text in a thousand
SHORT_REASONS = {
    "few test texts": "too few test texts",
    "few sizes": "too few sizes",
    "one sample": "one sample only",
    "no prediction": "rules never say it",
    "failed": "not measured",
}


class English(Wording):
    """One method per sentence."""

    @staticmethod
    def about(crossing: Crossing) -> str:
        if crossing.reason is not None:
            return SHORT_REASONS[crossing.reason]
        if crossing.answer == "open":
            return "cannot be told"
        if crossing.answer == "start":
            return "the start" if crossing.high is None else f"the start (to {size(crossing.high)})"
        if crossing.answer == "beyond":
            surely = "" if crossing.low is None else f" ({size(crossing.low)} or more)"
            return f"beyond {crossing.furthest:,}{surely}"
        return f"{size(crossing.value)} ({_ends(crossing)})"

    def _name(self, name: str, *, first: bool = False) -> str:
        """What a contender is called, also as the first word of a sentence."""
        if self.curve.contender(name).kind == "learned" and self.one_network:
            return "The network" if first else "the network"
        return name

    def within(self, crossing: Crossing, standing: str) -> str:
        about, ends = size(crossing.value), f"{self.level} interval {_ends(crossing)}"
        name, start = self._name(crossing.first), self._name(crossing.first, first=True)
        if crossing.value is not None and crossing.value > self.curve.labelled:
            surely = "" if standing == "behind" else "probably "
            said = (
                f"You have {self.labelled} labelled texts; the rules are {surely}ahead of {name} until about {about} "
                f"({ends})."
            )
        else:
            enough = "enough for that" if standing == "ahead" else "so it is probably ahead"
            said = (
                f"{start} passes the rules from about {about} labelled texts on ({ends}). You have {self.labelled}, "
                f"{enough}."
            )
        if self.extrapolated(crossing):
            said += (
                f" {about} is where the fitted curve leads; it was measured up to {self.largest(crossing.first):,} "
                "texts only."
            )
        return said

    def from_the_start(self, crossing: Crossing, standing: str) -> str:
        said = (
            f"{self._name(crossing.first, first=True)} is ahead of the rules from the smallest sample on, "
            f"{crossing.smallest:,} texts"
        )
        if standing == "open":
            return f"{said}, but that may be chance: it may also take more than the {self.labelled} that you have."
        if crossing.high is None:
            return f"{said}."
        return f"{said}, and at the latest from about {size(crossing.high)} ({self.level} sure)."

    def beyond(self, crossing: Crossing, standing: str) -> str:
        said = (
            f"You have {self.labelled} labelled texts, and the rules stay ahead of {self._name(crossing.first)} as far "
            f"as can be seen: its fitted curve does not reach them within {crossing.furthest:,} texts, ten times what "
            f"was measured, and further it says nothing."
        )
        if crossing.low is None:
            return said
        if standing == "open":
            return f"{said} But that may be chance: it may pass them from about {size(crossing.low)} on."
        return f"{said} Before about {size(crossing.low)} texts it hardly will (one chance in {self._one_in()})."

    def _one_in(self) -> int:
        return round(2 / (1 - self.curve.level))

    def open(self, crossing: Crossing) -> str:
        return (
            f"From how many texts on {self._name(crossing.first)} passes the rules cannot be told from these data: "
            f"anything from below {crossing.smallest:,} to beyond {crossing.furthest:,} is possible. {self._remedy()}"
        )

    def _remedy(self) -> str:
        if self.curve.test_rows < 1000:
            return f"More labelled texts would narrow it, above all more to measure on (there are {self.rows})."
        return "More labelled texts would narrow it."

    def not_told(self, crossing: Crossing) -> str:
        name, sizes = self._name(crossing.first), len(self.curve.contender(crossing.first).sizes)
        because = {
            "few test texts": f"there are only {self.rows} texts to measure on; at least 50 are needed, and several "
            "hundred for a useful answer",
            "few sizes": f"{name} was measured at {sizes} sizes of sample only, and a curve needs 4",
            "one sample": f"{name} was measured on one sample of each size only, so nobody can say how much of it is "
            "luck; allow at least two",
            "no prediction": "the rules decide none of the test texts",
            "failed": f"{name} or the rules could not be measured",
        }[crossing.reason or "failed"]
        return f"From how many texts on {name} passes the rules cannot be told: {because}."

    def figures(self, crossing: Crossing) -> str:
        gap, of = crossing.gap, self.curve.contender(crossing.first)
        assert gap is not None and of.final is not None, "there is something to compare"
        found = [point.accuracy for point in of.at(crossing.gap_size)]
        other = self.curve.contender(crossing.second).final
        assert other is not None, "rules are measured"
        return (
            f"Trained on {crossing.gap_size:,} texts it gets {percent(sum(found) / len(found))} of {self.rows} test "
            f"texts right, the rules get {percent(other.value)}: it is {_lead(gap)}."
        )

    def no_rules(self, network: Measured) -> str:
        assert network.final is not None, "a network that was measured"
        return (
            f"{self._name(network.name, first=True)}, trained on {network.sizes[-1]:,} texts, gets "
            f"{percent(network.final.value)} of {self.rows} test texts right ({self.level} interval "
            f"{percent(network.final.low)} to {percent(network.final.high)}); with --rules FILE it is set beside rules."
        )

    def no_network(self) -> str:
        return "No network could be measured, so nothing can be said about when learning wins."

    def gain(self, network: Measured, few: Gain, twice: Gain) -> str:
        return (
            f"{few.more} more labelled texts than your {few.size:,} would bring {self._name(network.name)} "
            f"{_brought(few.change)}, twice as many {_brought(twice.change)}."
        )

    def where_rules_decide(self, rules: Measured, crossing: Crossing, standing: str) -> str:
        gap = crossing.gap
        assert gap is not None, "there is something to compare"
        start = (
            f"But the rules decide {percent(rules.decided)} of the texts, and the others count as wrong. Where they do "
            f"decide, {self._name(crossing.first)} trained on {crossing.gap_size:,} texts is {_lead(gap)}"
        )
        if crossing.reason is not None or crossing.answer == "open":
            return f"{start}."
        if standing == "ahead":
            return f"{start}; there it passes them from {self._passes(crossing)} on."
        advice = ", so let the rules speak first, and the network answer the rest" if gap.high < 0 else ""
        if crossing.answer == "start":
            where = "there too it is ahead from the start, but that may be chance"
        elif crossing.answer == "beyond":
            where = f"there it does not pass them within {crossing.furthest:,} texts"
        else:
            where = f"there it passes them only from {self._passes(crossing)} on"
        return f"{start}; {where}{advice}."

    def _passes(self, crossing: Crossing) -> str:
        if crossing.answer == "start":
            return "the start"
        return f"about {size(crossing.value)} ({_ends(crossing)})"

    def classes_passed(self, crossings: Sequence[Crossing]) -> str:
        return f"By class (F1), it took most texts to pass the rules on {_listed(crossings, self._from)}."

    def _from(self, crossing: Crossing) -> str:
        return f"{crossing.label} (from about {size(crossing.value)})"

    def classes_behind(self, crossings: Sequence[Crossing]) -> str:
        return f"The rules are still ahead on {_listed(crossings, self._until)}."

    def _until(self, crossing: Crossing) -> str:
        if crossing.value is None:
            return f"{crossing.label} (beyond {crossing.furthest:,})"
        return f"{crossing.label} (until about {size(crossing.value)})"

    def classes_without_rules(self, crossings: Sequence[Crossing]) -> str:
        return f"The rules never say {_listed(crossings, lambda one: str(one.label), last='or')}."

    def classes_unsaid(self, crossings: Sequence[Crossing]) -> str:
        return f"Nothing can be said about {_listed(crossings, _unsaid)}."

    def classical(self, against: Crossing, passes: Crossing | None) -> str:
        gap = against.gap
        assert gap is not None, "there is something to compare"
        start = ""
        if passes is not None and passes.answer == "within" and passes.reason is None:
            start = f"{against.second} passes the rules from about {size(passes.value)} texts on ({_ends(passes)}). "
        beside = (
            f"Beside {against.second}, {self._name(against.first)} is {_lead(gap)} when both are trained on "
            f"{against.gap_size:,} texts"
        )
        if gap.low > 0 and against.answer == "within":
            beside += f"; it passes it from about {size(against.value)} on"
        return f"{start}{beside}{'' if gap.excludes_zero else ', which may be chance'}."

    def few_texts(self) -> str:
        return f"All this rests on {self.rows} test texts only; more of them would narrow every interval."

    def out_of_time(self, points: int) -> str:
        what = "1 point" if points == 1 else f"{points:,} points"
        return f"{what} did not fit into the time budget; --resume goes on with what is kept by --out."

    def failed(self, skipped: Sequence[Skipped]) -> str:
        first = skipped[0]
        more = f" ({len(skipped) - 1} more failures)" if len(skipped) > 1 else ""
        return f"{first.name} could not be measured with {first.size:,} texts: {first.why}{more}."


def _brought(change: Interval) -> str:
    if change.high < HARDLY:
        return f"hardly anything (at most {gain_points(max(change.high, HARDLY / 10))} points of accuracy)"
    ends = f"{gain_points(change.low)} to {gain_points(change.high)}"
    return f"about {gain_points(max(change.value, 0.0))} points of accuracy ({ends})"


def _ends(crossing: Crossing) -> str:
    if crossing.low is None:
        return f"up to {size(crossing.high)}"
    if crossing.high is None:
        return f"{size(crossing.low)} or more"
    return f"{size(crossing.low)} to {size(crossing.high)}"


def _lead(gap: Interval) -> str:
    """Ahead or behind, in points of accuracy."""
    where = "ahead" if gap.value >= 0 else "behind"
    low, high = (gap.low, gap.high) if gap.value >= 0 else (-gap.high, -gap.low)
    return f"{points(abs(gap.value))} points {where} ({points(low)} to {points(high)})"


def _unsaid(crossing: Crossing) -> str:
    return f"{crossing.label} ({English.about(crossing)})"


def _listed(crossings: Sequence[Crossing], describe: Callable[[Crossing], str], last: str = "and") -> str:
    named = [describe(one) for one in crossings[:NAMED]]
    if len(crossings) > NAMED:
        named.append(f"{len(crossings) - NAMED} more")
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} {last} {named[-1]}"
