"""The verdict's sentences in Korean."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from saegim.evaluation.bootstrap import Interval
from saegim.evaluation.comparison import Result
from saegim.evaluation.judgement import ClassEdges, Edge, Firing, Rivalry
from saegim.evaluation.tables import human_bytes, human_seconds
from saegim.evaluation.wording import Wording, f1_pair, first_few, negated, percent, points, two_digits

__all__ = ["Korean", "with_particle"]

PARTICLES = {"은": "는", "이": "가", "을": "를", "과": "와"}  # after a final consonant -> after a vowel
FIRST_SYLLABLE, LAST_SYLLABLE, FINALS = ord("가"), ord("힣"), 28
DIGITS_WITH_FINAL = "013678"  # 영 일 삼 육 칠 팔
CAPITALS_WITH_FINAL = "LMNR"  # 엘 엠 엔 알


class Korean(Wording):
    """One method per sentence."""

    def clear(self) -> str:
        runner_up = self.runner_up()
        assert runner_up is not None, "a clear leader leads somebody"
        start = f"{with_particle(self.leader.name, '을')} 믿으십시오. {self._right(self.leader)}"
        if runner_up.standing == "worse by macro F1":
            return (
                f"{start}. {runner_up.other}도 정확도는 비슷할 수 있지만(차이 {self._points(runner_up.accuracy)}, "
                f"우연일 수 있음), 모든 분류를 똑같이 세는 매크로 F1은 {self.leader.name} 쪽이 "
                f"{self._points(runner_up.macro_f1)} 높습니다."
            )
        return (
            f"{start}. 다음으로 나은 {runner_up.other}보다 {self._points(runner_up.accuracy)} 높고, "
            "우연으로 보기 어려운 차이입니다."
        )

    def tie(self) -> str:
        tied = [self.judgement.rivalry(name) for name in self.judgement.tied]
        together = [self.leader, *(self.comparison.result(one.other) for one in tied)]
        figures = ", ".join(percent(self.accuracy(one).value) for one in together)
        names = ", ".join(one.name for one in together)
        last = tied[-1]
        which = "그 차이" if len(tied) == 1 else "가장 큰 차이도"
        tell = ""
        if len(tied) == 1 and last.rows_to_tell is not None:
            tell = f" 둘을 가리려면 시험용 글이 약 {two_digits(last.rows_to_tell)}개 필요합니다."
        return (
            f"시험용 글 {self.rows:,}개로는 {names} 사이의 우열을 가릴 수 없습니다. "
            f"맞힌 비율은 차례로 {figures}이고, "
            f"{which} {self._points(last.accuracy)}는 우연일 수 있습니다.{tell} {self._choice()}"
        )

    def too_few_rows(self) -> str:
        accuracy = self.accuracy(self.leader)
        tied = ", ".join(self._mention(name) for name in self.judgement.tied)
        return (
            f"시험용 글이 {self.rows:,}개뿐이라 무엇을 믿을지 말할 수 없습니다. "
            f"{with_particle(self.leader.name, '은')} "
            f"{percent(accuracy.value)}를 맞혔지만 {accuracy.level:.0%} 구간이 {percent(accuracy.low)}에서 "
            f"{percent(accuracy.high)}까지이고, {tied}보다 높은 것도 우연일 수 있습니다. "
            "정하기 전에 정답이 달린 시험용 글을 더 마련하십시오."
        )

    def nothing_beats_the_majority(self) -> str:
        assert self.majority is not None, "the outcome is about the majority class"
        against = self.judgement.rivalry(self.majority.name)
        constant = percent(self.accuracy(self.majority).value)
        if against.standing == "better":
            verdict = f"{constant}를 맞혀 분명히 더 낫습니다(차이 {self._points(negated(against.accuracy))})."
        elif against.accuracy.value == 0:
            verdict = "똑같이 맞힙니다."
        else:
            verdict = f"{constant}를 맞히며, 차이 {self._points(against.accuracy)}는 우연일 수 있습니다."
        return (
            f"지금으로서는 어느 것도 믿지 마십시오. 가장 나은 {self.leader.name}의 결과는 이렇습니다: "
            f"{self._right(self.leader)}. 가장 흔한 정답만 늘 답해도 {verdict}"
        )

    def alone(self) -> str:
        return f"결과가 있는 것은 {self.leader.name}뿐이어서 견줄 데가 없습니다. {self._right(self.leader)}."

    def constant_answer(self, majority: Result) -> str:
        return f"가장 흔한 정답만 늘 답하면 {percent(self.accuracy(majority).value)}를 맞힙니다."

    def few_rows(self) -> str:
        return f"다만 시험용 글이 {self.rows:,}개뿐이니 차이의 크기는 가볍게 보십시오."

    def better_by_macro_f1(self, rivalry: Rivalry) -> str:
        return (
            f"모든 분류를 똑같이 세는 매크로 F1은 {rivalry.other} 쪽이 {self._points(negated(rivalry.macro_f1))} "
            f"높으니, 드문 분류도 흔한 분류만큼 중요하다면 {with_particle(rivalry.other, '을')} 쓰십시오."
        )

    def also_behind(self, rivalry: Rivalry) -> str:
        if rivalry.standing == "worse by macro F1":
            return (
                f"{with_particle(rivalry.other, '은')} 정확도는 비슷할 수 있지만 매크로 F1이 "
                f"{self._points(rivalry.macro_f1)} 낮습니다."
            )
        behind = self._points(rivalry.accuracy)
        return f"{with_particle(rivalry.other, '은')} {self.leader.name}보다 {behind} 낮습니다."

    def where_rules_fire(self, firing: Firing) -> str:
        end = {
            "rules": f"여기서는 {firing.rules} 쪽이 분명히 낫습니다",
            "other": f"여기서도 {firing.other} 쪽이 분명히 낫습니다",
            None: "이 차이는 우연일 수 있습니다",
        }[firing.ahead]
        if firing.rules_right == firing.other_right:
            end = "둘이 같습니다"
        return (
            f"{with_particle(firing.rules, '은')} 글의 {percent(firing.coverage)}만 판정하고 그중 "
            f"{percent(firing.rules_right)}를 맞힙니다. 같은 글에서 {with_particle(firing.other, '은')} "
            f"{percent(firing.other_right)}를 맞히며, {end}."
        )

    def rules_first(self, firing: Firing) -> str:
        return (
            f"그러니 {firing.rules}의 판정을 먼저 따르고 나머지를 {firing.other}에 맡기십시오. 둘을 합치면 전체의 "
            f"{percent(firing.together)}를 맞힙니다."
        )

    def rule_labels(self, firing: Firing, *, better: bool) -> str:
        word = "자주" if better else "드물게"
        edges = firing.better if better else firing.worse
        details = _few(edges, lambda e: f"{e.label}({e.rows:,}개 중 {percent(e.first)}, 상대는 {percent(e.second)})")
        return (
            f"{with_particle(firing.rules, '이')} 다음처럼 답한 글에서는 {firing.other}보다 분명히 더 {word} "
            f"맞습니다: {details}."
        )

    def classes(self, edges: ClassEdges) -> str:
        def listed(some: Sequence[Edge]) -> str:
            return _few(some, lambda e: "{}(F1 {}, 상대는 {})".format(e.label, *f1_pair(e.second, e.first)))

        parts = []
        if edges.better:
            parts.append(f"{listed(edges.better)}에서 분명히 낫{'고' if edges.worse else '습니다'}")
        if edges.worse:
            parts.append(f"{listed(edges.worse)}에서 분명히 뒤떨어집니다")
        return f"분류별로 보면 {with_particle(edges.other, '은')} {self.judgement.trusted}보다 {' '.join(parts)}."

    def costs(self) -> Iterator[str]:
        built = [f"{_sized(one)} {human_seconds(one.measurement.build_seconds)}" for one in self.timed()]
        if built:
            yield f"만드는 데 걸린 시간은 {', '.join(built)}입니다."
        kinds = {one.kind for one in self.comparison.finished()}
        if "rules" in kinds and kinds & {"learned", "classical"}:
            why = "신경망의 까닭은 어림할 수 있을 뿐입니다" if "learned" in kinds else "근거를 증명하지 않습니다"
            yield (
                "규칙은 정답 없이도 쓸 수 있고 판정마다 증명을 보이지만, "
                f"학습한 모델에는 정답 달린 글 {self.comparison.train_rows:,}개가 들었고 {why}."
            )

    def failed(self) -> str:
        failed = [self.comparison.result(name) for name in self.judgement.failed]
        return " ".join(
            f"{with_particle(one.name, '은')} 실패하여 결과가 없습니다: {one.measurement.error}." for one in failed
        )

    def _right(self, result: Result) -> str:
        accuracy = self.accuracy(result)
        text = (
            f"시험용 글 {self.rows:,}개 중 {percent(accuracy.value)}를 맞혔습니다"
            f"({accuracy.level:.0%} 구간 {percent(accuracy.low)}~{percent(accuracy.high)}"
        )
        scores = result.scores
        if scores is not None and scores.coverage < 1 and scores.accuracy_decided is not None:
            text += f"; {percent(scores.coverage)}를 판정하여 그중 {percent(scores.accuracy_decided)}가 맞음"
        return f"{text})"

    def _points(self, difference: Interval) -> str:
        return f"{points(difference.value)}%포인트(구간 {points(difference.low)}~{points(difference.high)})"

    def _mention(self, name: str) -> str:
        return "가장 흔한 정답만 늘 답하기" if self.kind(name) == "majority" else name

    def _choice(self) -> str:
        if self.trusted.kind == "rules":
            take = f"{with_particle(self.trusted.name, '을')} 쓰십시오."
            return f"{take} 규칙은 정답 없이도 쓸 수 있고 판정마다 증명을 보입니다."
        slower = self.slower_tied()
        if slower is None:
            return (
                f"드는 시간으로도 갈리지 않으니 {with_particle(self.trusted.name, '을')} 쓰되, "
                "더 나으리라 기대하지는 마십시오."
            )
        return (
            f"{with_particle(self.trusted.name, '을')} 쓰십시오. 만드는 데 "
            f"{human_seconds(self.trusted.measurement.build_seconds)} 걸립니다"
            f"({with_particle(slower.name, '은')} {human_seconds(slower.measurement.build_seconds)})."
        )


def with_particle(word: str, particle: str) -> str:
    """The word with the form of the particle that its last sound asks for; `particle` is 은, 이, 을 or 과.

    Hangul is exact; digits and capitals are read one by one as Korean does; of Latin words only those on l,
    m, n and ng are taken to end in a consonant, which is right for most loan words.
    """
    last = word.rstrip(")]'\"”’ ")[-1:]
    return word + (particle if _ends_in_consonant(last) else PARTICLES[particle])


def _ends_in_consonant(last: str) -> bool:
    if last and FIRST_SYLLABLE <= ord(last) <= LAST_SYLLABLE:
        return (ord(last) - FIRST_SYLLABLE) % FINALS != 0
    return last in {*DIGITS_WITH_FINAL, *CAPITALS_WITH_FINAL, "l", "m", "n"}


def _sized(result: Result) -> str:
    size = result.measurement.size_bytes
    return result.name if size is None else f"{result.name}({human_bytes(size)})"


def _few(edges: Sequence[Edge], describe: Callable[[Edge], str]) -> str:
    named, more = first_few(edges)
    return ", ".join(map(describe, named)) + (f" 외 {more}개" if more else "")
