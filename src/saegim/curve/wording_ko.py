"""The sentences about a learning curve in Korean."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from saegim.curve.result import Crossing, Gain, Measured, Skipped
from saegim.curve.wording import NAMED, Wording, gain_points, size
from saegim.evaluation.bootstrap import Interval
from saegim.evaluation.wording import percent, points
from saegim.evaluation.wording_ko import with_particle

__all__ = ["Korean"]

HARDLY = 0.0005  # of accuracy: half of a text in a thousand
SHORT_REASONS = {
    "few test texts": "시험용 글 부족",
    "few sizes": "표본 크기 부족",
    "one sample": "표본이 하나뿐",
    "no prediction": "규칙이 답하지 않음",
    "failed": "재지 못함",
}


class Korean(Wording):
    """One method per sentence."""

    @staticmethod
    def about(crossing: Crossing) -> str:
        if crossing.reason is not None:
            return SHORT_REASONS[crossing.reason]
        if crossing.answer == "open":
            return "알 수 없음"
        if crossing.answer == "start":
            return "처음부터" if crossing.high is None else f"처음부터(~{size(crossing.high)})"
        if crossing.answer == "beyond":
            surely = "" if crossing.low is None else f"({size(crossing.low)} 이상)"
            return f"{crossing.furthest:,} 너머{surely}"
        return f"{size(crossing.value)} ({_ends(crossing)})"

    def _name(self, name: str) -> str:
        if self.curve.contender(name).kind == "learned" and self.one_network:
            return "신경망"
        return name

    def _with(self, name: str, particle: str) -> str:
        return with_particle(self._name(name), particle)

    def within(self, crossing: Crossing, standing: str) -> str:
        about, ends = size(crossing.value), f"{self.level} 구간 {_ends(crossing)}"
        name = self._name(crossing.first)
        if crossing.value is not None and crossing.value > self.curve.labelled:
            surely = "앞섭니다" if standing == "behind" else "앞서는 듯합니다"
            said = f"정답 달린 글이 {self.labelled}개 있습니다. 약 {about}개까지는 규칙이 {name}보다 {surely}({ends})."
        else:
            enough = "넉넉합니다" if standing == "ahead" else "신경망이 앞서는 듯합니다"
            said = (
                f"{with_particle(name, '은')} 정답 달린 글 약 {about}개부터 규칙을 앞지릅니다({ends}). "
                f"지금 {self.labelled}개가 있으니 {enough}."
            )
        if self.extrapolated(crossing):
            largest = self.largest(crossing.first)
            said += f" {about}개는 맞춘 곡선을 늘여 읽은 것이고, 실제로 잰 것은 글 {largest:,}개까지입니다."
        return said

    def from_the_start(self, crossing: Crossing, standing: str) -> str:
        smallest = f"가장 작은 표본(글 {crossing.smallest:,}개)"
        said = f"{self._with(crossing.first, '은')} {smallest}에서 이미 규칙보다 앞섭니다"
        if standing == "open":
            return f"{said}. 다만 우연일 수 있어서, 가지고 있는 {self.labelled}개보다 많은 글이 필요할지도 모릅니다."
        if crossing.high is None:
            return f"{said}."
        return f"{said}. 늦어도 약 {size(crossing.high)}개부터는 앞섭니다({self.level} 구간의 끝)."

    def beyond(self, crossing: Crossing, standing: str) -> str:
        said = (
            f"정답 달린 글이 {self.labelled}개 있으며, 내다볼 수 있는 데까지는 규칙이 "
            f"{self._name(crossing.first)}보다 앞섭니다. "
            f"맞춘 곡선은 잰 것의 열 배인 글 {crossing.furthest:,}개까지 규칙에 미치지 못하고, "
            "그 너머는 말할 수 없습니다."
        )
        if crossing.low is None:
            return said
        if standing == "open":
            return f"{said} 다만 우연일 수 있어서, 약 {size(crossing.low)}개부터 앞지를지도 모릅니다."
        return f"{said} 약 {size(crossing.low)}개가 되기 전에 앞지를 가능성은 {self._tail()}쯤입니다."

    def _tail(self) -> str:
        return f"{(1 - self.curve.level) / 2:.0%}"

    def open(self, crossing: Crossing) -> str:
        return (
            f"글이 몇 개부터 {self._with(crossing.first, '이')} 규칙을 앞지르는지 이 자료로는 알 수 없습니다. "
            f"{crossing.smallest:,}개 아래에서 {crossing.furthest:,}개 너머까지 모두 가능합니다. {self._remedy()}"
        )

    def _remedy(self) -> str:
        if self.curve.test_rows < 1000:
            return f"정답 달린 글이 더 있으면 좁혀집니다. 특히 시험용 글이 더 필요합니다(지금 {self.rows}개)."
        return "정답 달린 글이 더 있으면 좁혀집니다."

    def not_told(self, crossing: Crossing) -> str:
        name, sizes = self._name(crossing.first), len(self.curve.contender(crossing.first).sizes)
        because = {
            "few test texts": f"시험용 글이 {self.rows}개뿐입니다. 적어도 50개, 쓸모 있는 답에는 수백 개가 필요합니다",
            "few sizes": f"{with_particle(name, '을')} {sizes}가지 크기의 표본에서만 쟀는데, 곡선을 그리려면 4가지가 "
            "필요합니다",
            "one sample": f"{with_particle(name, '을')} 크기마다 표본 하나로만 재어 얼마나 우연인지 알 수 없습니다. "
            "표본을 적어도 둘로 하십시오",
            "no prediction": "규칙이 시험용 글을 하나도 판정하지 않습니다",
            "failed": f"{name} 또는 규칙을 재지 못했습니다",
        }[crossing.reason or "failed"]
        return f"글이 몇 개부터 {with_particle(name, '이')} 규칙을 앞지르는지 말할 수 없습니다. {because}."

    def figures(self, crossing: Crossing) -> str:
        gap, of = crossing.gap, self.curve.contender(crossing.first)
        assert gap is not None and of.final is not None, "there is something to compare"
        found = [point.accuracy for point in of.at(crossing.gap_size)]
        other = self.curve.contender(crossing.second).final
        assert other is not None, "rules are measured"
        return (
            f"글 {crossing.gap_size:,}개로 배우면 시험용 글 {self.rows}개 중 {percent(sum(found) / len(found))}를 "
            f"맞히고, 규칙은 {percent(other.value)}를 맞힙니다. "
            f"{self._with(crossing.first, '이')} {_lead(gap)}."
        )

    def no_rules(self, network: Measured) -> str:
        assert network.final is not None, "a network that was measured"
        return (
            f"{self._with(network.name, '은')} 글 {network.sizes[-1]:,}개로 배워 시험용 글 {self.rows}개 중 "
            f"{percent(network.final.value)}를 맞힙니다({self.level} 구간 {percent(network.final.low)}~"
            f"{percent(network.final.high)}). --rules FILE을 주면 규칙과 나란히 견줍니다."
        )

    def no_network(self) -> str:
        return "신경망을 하나도 재지 못하여, 언제 학습이 이기는지 말할 수 없습니다."

    def gain(self, network: Measured, few: Gain, twice: Gain) -> str:
        return (
            f"정답 달린 글이 지금의 {few.size:,}개보다 {few.more}개 늘면 {self._name(network.name)}의 정확도는 "
            f"{_brought(few.change, '오르고')}, 두 배로 늘면 {_brought(twice.change, '오릅니다')}."
        )

    def where_rules_decide(self, rules: Measured, crossing: Crossing, standing: str) -> str:
        gap = crossing.gap
        assert gap is not None, "there is something to compare"
        start = (
            f"다만 규칙은 글의 {percent(rules.decided)}만 판정하고, 나머지는 틀린 것으로 셌습니다. 규칙이 판정하는 "
            f"글에서는 {self._with(crossing.first, '이')} 글 {crossing.gap_size:,}개로 배웠을 때 {_lead(gap)}"
        )
        if crossing.reason is not None or crossing.answer == "open":
            return f"{start}."
        if standing == "ahead":
            return f"{start}. 여기서는 {self._passes(crossing)} 앞지릅니다."
        if crossing.answer == "start":
            where = "여기서도 처음부터 앞서지만, 우연일 수 있습니다"
        elif crossing.answer == "beyond":
            where = f"여기서는 글 {crossing.furthest:,}개까지 앞지르지 못합니다"
        else:
            where = f"여기서는 {self._passes(crossing)}야 앞지릅니다"
        advice = " 그러니 규칙을 먼저 따르고 나머지를 신경망에 맡기십시오." if gap.high < 0 else ""
        return f"{start}. {where}.{advice}"

    def _passes(self, crossing: Crossing) -> str:
        if crossing.answer == "start":
            return "처음부터"
        return f"약 {size(crossing.value)}개({_ends(crossing)})부터"

    def classes_passed(self, crossings: Sequence[Crossing]) -> str:
        return f"분류별(F1)로 보면, 규칙을 앞지르는 데 글이 가장 많이 든 것은 {_listed(crossings, self._from)}입니다."

    def _from(self, crossing: Crossing) -> str:
        return f"{crossing.label}(약 {size(crossing.value)}개부터)"

    def classes_behind(self, crossings: Sequence[Crossing]) -> str:
        return f"규칙이 아직 앞서는 분류는 {_listed(crossings, self._until)}입니다."

    def _until(self, crossing: Crossing) -> str:
        if crossing.value is None:
            return f"{crossing.label}({crossing.furthest:,}개 너머까지)"
        return f"{crossing.label}(약 {size(crossing.value)}개까지)"

    def classes_without_rules(self, crossings: Sequence[Crossing]) -> str:
        return f"규칙이 한 번도 답하지 않는 분류는 {_listed(crossings, lambda one: str(one.label))}입니다."

    def classes_unsaid(self, crossings: Sequence[Crossing]) -> str:
        return f"다음 분류에 대해서는 말할 수 없습니다: {_listed(crossings, _unsaid)}."

    def classical(self, against: Crossing, passes: Crossing | None) -> str:
        gap = against.gap
        assert gap is not None, "there is something to compare"
        start = ""
        if passes is not None and passes.answer == "within" and passes.reason is None:
            where = f"글 약 {size(passes.value)}개({_ends(passes)})부터"
            start = f"{with_particle(against.second, '은')} {where} 규칙을 앞지릅니다. "
        trained = f"글 {against.gap_size:,}개로 배운 {self._with(against.first, '은')}"
        beside = f"{trained} {against.second}에 견주어 {_lead(gap)}"
        if gap.low > 0 and against.answer == "within":
            beside += f". 약 {size(against.value)}개부터 앞지릅니다"
        return f"{start}{beside}{'' if gap.excludes_zero else '. 이 차이는 우연일 수 있습니다'}."

    def few_texts(self) -> str:
        return f"이 모두는 시험용 글 {self.rows}개로만 잰 것입니다. 시험용 글이 늘면 모든 구간이 좁아집니다."

    def out_of_time(self, points: int) -> str:
        return f"{points:,}개 점은 시간이 모자라 재지 못했습니다. --out에 남긴 것에 --resume으로 이어서 잴 수 있습니다."

    def failed(self, skipped: Sequence[Skipped]) -> str:
        first = skipped[0]
        more = f" (그 밖에 {len(skipped) - 1}건)" if len(skipped) > 1 else ""
        return f"{with_particle(first.name, '을')} 글 {first.size:,}개로 재지 못했습니다: {first.why}{more}."


def _brought(change: Interval, rises: str) -> str:
    if change.high < HARDLY:
        stays = {"오르고": "오르지 않고", "오릅니다": "오르지 않습니다"}[rises]
        return f"거의 {stays}(많아야 {gain_points(max(change.high, HARDLY / 10))}%포인트)"
    ends = f"{gain_points(change.low)}~{gain_points(change.high)}"
    return f"약 {gain_points(max(change.value, 0.0))}%포인트 {rises}({ends})"


def _ends(crossing: Crossing) -> str:
    if crossing.low is None:
        return f"{size(crossing.high)} 이하"
    if crossing.high is None:
        return f"{size(crossing.low)} 이상"
    return f"{size(crossing.low)}~{size(crossing.high)}"


def _lead(gap: Interval) -> str:
    """Ahead or behind, in points of accuracy."""
    where = "앞섭니다" if gap.value >= 0 else "뒤집니다"
    low, high = (gap.low, gap.high) if gap.value >= 0 else (-gap.high, -gap.low)
    return f"{points(abs(gap.value))}%포인트({points(low)}~{points(high)}) {where}"


def _unsaid(crossing: Crossing) -> str:
    return f"{crossing.label}({Korean.about(crossing)})"


def _listed(crossings: Sequence[Crossing], describe: Callable[[Crossing], str]) -> str:
    named = ", ".join(describe(one) for one in crossings[:NAMED])
    return named if len(crossings) <= NAMED else f"{named} 외 {len(crossings) - NAMED}개"
