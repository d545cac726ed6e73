"""The verdict's sentences in English."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from saegim.evaluation.bootstrap import Interval
from saegim.evaluation.comparison import Result
from saegim.evaluation.judgement import ClassEdges, Edge, Firing, Rivalry
from saegim.evaluation.tables import human_bytes, human_seconds
from saegim.evaluation.wording import Wording, f1_pair, first_few, negated, percent, points, two_digits

__all__ = ["English"]


class English(Wording):
    """One method per sentence."""

    def clear(self) -> str:
        runner_up = self.runner_up()
        assert runner_up is not None, "a clear leader leads somebody"
        start = f"Trust {self.leader.name}: {_gets(self.leader)} {self._right(self.leader)}"
        if runner_up.standing == "worse by macro F1":
            return (
                f"{start}. {runner_up.other} may be as accurate (the difference of "
                f"{self._points(runner_up.accuracy)} may be chance), but the macro F1 of {self.leader.name}, where "
                f"every class counts the same, is {self._points(runner_up.macro_f1)} higher."
            )
        return (
            f"{start}, {self._points(runner_up.accuracy)} more than {runner_up.other}, the next best; "
            "that is more than chance would give."
        )

    def tie(self) -> str:
        tied = [self.judgement.rivalry(name) for name in self.judgement.tied]
        together = [self.leader, *(self.comparison.result(one.other) for one in tied)]
        figures = _listed([percent(self.accuracy(one).value) for one in together])
        last = tied[-1]
        which = "the difference" if len(tied) == 1 else "even the largest difference"
        tell = ""
        if len(tied) == 1 and last.rows_to_tell is not None:
            tell = f"; telling them apart would take about {two_digits(last.rows_to_tell)} test texts"
        return (
            f"{_listed([one.name for one in together])} cannot be told apart on {self.rows:,} test texts: they get "
            f"{figures} right, and {which} of {self._points(last.accuracy)} may be chance{tell}. {self._choice()}"
        )

    def too_few_rows(self) -> str:
        accuracy = self.accuracy(self.leader)
        tied = _listed([self._mention(name) for name in self.judgement.tied])
        return (
            f"With only {self.rows:,} test texts nobody can say which to trust: {self.leader.name} gets "
            f"{percent(accuracy.value)} right, but the {accuracy.level:.0%} interval runs from "
            f"{percent(accuracy.low)} to {percent(accuracy.high)}, and its lead over {tied} may be chance. "
            "Label and hold out more texts before you decide."
        )

    def nothing_beats_the_majority(self) -> str:
        assert self.majority is not None, "the outcome is about the majority class"
        against = self.judgement.rivalry(self.majority.name)
        constant = percent(self.accuracy(self.majority).value)
        if against.standing == "better":
            verdict = f"{constant}, which is clearly more ({self._interval(negated(against.accuracy))} points)"
        elif against.accuracy.value == 0:
            verdict = "just as many"
        else:
            verdict = f"{constant}; the difference of {self._points(against.accuracy)} may be chance"
        return (
            f"Trust none of them as it stands: the best, {self.leader.name}, gets {self._right(self.leader)}, and "
            f"always giving the most frequent label gets {verdict}."
        )

    def alone(self) -> str:
        return (
            f"Only {self.leader.name} has figures, so there is nothing to weigh it against: {_gets(self.leader)} "
            f"{self._right(self.leader)}."
        )

    def constant_answer(self, majority: Result) -> str:
        return f"Always giving the most frequent label would get {percent(self.accuracy(majority).value)}."

    def few_rows(self) -> str:
        return f"This rests on {self.rows:,} test texts only, so take the size of every difference lightly."

    def better_by_macro_f1(self, rivalry: Rivalry) -> str:
        return (
            f"By macro F1, where every class counts the same, {rivalry.other} is ahead by "
            f"{self._points(negated(rivalry.macro_f1))}: prefer it if rare classes matter as much as common ones."
        )

    def also_behind(self, rivalry: Rivalry) -> str:
        if rivalry.standing == "worse by macro F1":
            return f"{rivalry.other} may be as accurate, but its macro F1 is {self._points(rivalry.macro_f1)} lower."
        return f"Behind {self.leader.name} by {self._points(rivalry.accuracy)} is {rivalry.other}."

    def where_rules_fire(self, firing: Firing) -> str:
        end = {
            "rules": "; there the rules are clearly better",
            "other": f"; even there {firing.other} is clearly better",
            None: ", a difference that may be chance",
        }[firing.ahead]
        if firing.rules_right == firing.other_right:
            end = ", just as many"
        return (
            f"{self._rules(firing)} decide {percent(firing.coverage)} of the texts and get "
            f"{percent(firing.rules_right)} of those right, where {firing.other} gets "
            f"{percent(firing.other_right)}{end}."
        )

    def rules_first(self, firing: Firing) -> str:
        return (
            f"So let the rules speak first and {firing.other} answer the rest: together they get "
            f"{percent(firing.together)} of all texts right."
        )

    def rule_labels(self, firing: Firing, *, better: bool) -> str:
        word = "more" if better else "less"
        edges = firing.better if better else firing.worse
        details = _few(edges, lambda e: f"{e.label} ({percent(e.first)} of {e.rows:,}, not {percent(e.second)})")
        rules = self._rules(firing).replace("The", "the", 1)
        return f"Where {rules} answer {details}, they are clearly {word} often right than {firing.other}."

    def classes(self, edges: ClassEdges) -> str:
        def listed(some: Sequence[Edge]) -> str:
            return _few(some, lambda e: "{} (F1 {}, not {})".format(e.label, *f1_pair(e.second, e.first)))

        parts = []
        if edges.better:
            parts.append(f"clearly better on {listed(edges.better)}")
        if edges.worse:
            parts.append(f"clearly worse on {listed(edges.worse)}")
        return f"Class by class, {edges.other} is {' and '.join(parts)} than {self.judgement.trusted}."

    def costs(self) -> Iterator[str]:
        built = [f"{human_seconds(one.measurement.build_seconds)} for {_sized(one)}" for one in self.timed()]
        if built:
            yield f"Building took {_listed(built)}."
        kinds = {one.kind for one in self.comparison.finished()}
        if "rules" in kinds and kinds & {"learned", "classical"}:
            why = "and a network's reasons can only be estimated" if "learned" in kinds else "and gives no proof"
            yield (
                "Rules need no labels and prove every decision; "
                f"what was learned needed {self.comparison.train_rows:,} labelled texts, {why}."
            )

    def failed(self) -> str:
        failed = [self.comparison.result(name) for name in self.judgement.failed]
        return " ".join(f"{one.name} failed and has no figures: {one.measurement.error}." for one in failed)

    def _right(self, result: Result) -> str:
        accuracy = self.accuracy(result)
        text = (
            f"{percent(accuracy.value)} of {self.rows:,} test texts right ({accuracy.level:.0%} interval "
            f"{percent(accuracy.low)} to {percent(accuracy.high)})"
        )
        scores = result.scores
        if scores is not None and scores.coverage < 1 and scores.accuracy_decided is not None:
            decided = percent(scores.accuracy_decided)
            text += f", deciding {percent(scores.coverage)} of them, {decided} rightly"
        return text

    def _points(self, difference: Interval) -> str:
        return f"{points(difference.value)} points ({self._interval(difference)})"

    def _rules(self, firing: Firing) -> str:
        several = sum(one.kind == "rules" for one in self.comparison.finished()) > 1
        return f"The rules of {firing.rules}" if several else "The rules"

    @staticmethod
    def _interval(difference: Interval) -> str:
        return f"interval {points(difference.low)} to {points(difference.high)}"

    def _mention(self, name: str) -> str:
        return "always giving the most frequent label" if self.kind(name) == "majority" else name

    def _choice(self) -> str:
        if self.trusted.kind == "rules":
            return f"Take {self.trusted.name}: rules need no labels and show the proof of every decision."
        slower = self.slower_tied()
        if slower is None:
            return f"Their costs do not decide it either, so take {self.trusted.name}, but expect no more of it."
        return (
            f"Take {self.trusted.name}: it is built in {human_seconds(self.trusted.measurement.build_seconds)}, "
            f"{slower.name} in {human_seconds(slower.measurement.build_seconds)}."
        )


def _gets(result: Result) -> str:
    return "they get" if result.kind == "rules" else "it gets"


def _sized(result: Result) -> str:
    size = result.measurement.size_bytes
    return result.name if size is None else f"{result.name} ({human_bytes(size)})"


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _few(edges: Sequence[Edge], describe: Callable[[Edge], str]) -> str:
    named, more = first_few(edges)
    return _listed([*map(describe, named), *([f"{more} more"] if more else [])])
