"""What a model gets wrong, as text to read and as rows to go through and correct."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Literal

from saegim.evaluation.tables import PlainTable, clipped
from saegim.explain.mistakes import Confusion, Disagreement, Judged, Mistakes

__all__ = ["as_tsv", "in_words"]

Language = Literal["en", "ko"]

_TEXT = 70  # columns of a text in a table
_PER_LABEL = 3  # texts of each label that are shown of near duplicates

_SAYINGS = {
    "en": {
        "unseen": (
            "{judged:,} texts: {wrong:,} ({share:.1%}) are wrong. If the model was trained on some of them, it has "
            "learned their labels, wrong ones too; --folds 5 has each text judged by a model trained without it."
        ),
        "held out": (
            "The model was trained on this file. Judged are the {judged:,} of {texts:,} texts that training held out: "
            "{wrong:,} ({share:.1%}) are wrong. --folds 5 judges all of them, each by a model trained without it."
        ),
        "folds": (
            "{judged:,} texts, each judged by one of {folds} models trained without it: {wrong:,} ({share:.1%}) are "
            "wrong."
        ),
        "trained on": (
            "{judged:,} texts: {wrong:,} ({share:.1%}) are wrong. The model was trained on all of them and has learned "
            "their labels, wrong ones too, so this shows too few; --folds 5 has each text judged by a model trained "
            "without it."
        ),
        "confusions": "What is taken for what",
        "suspects": "Labels that are likely wrong (or the model is, and sure of it): {n:,}, {share:.1%} of the texts",
        "others": "Other mistakes: {n:,}, the surest first",
        "duplicates": "Groups of nearly the same texts with different labels: {n:,}",
        "rest": "and {n:,} more",
        "alike": "{counts}; {similarity:.0%} alike",
        "line": "line",
        "label": "label",
        "predicted": "predicted",
        "suggested": "suggested",
        "count": "texts",
        "share": "of the label",
        "probability": "probability",
        "text": "text",
        "example": "example",
    },
    "ko": {
        "unseen": (
            "글 {judged:,}개 중 {wrong:,}개({share:.1%})가 틀렸습니다. 모델이 이 가운데 일부로 학습했다면 "
            "잘못 달린 정답까지 외웠을 수 있습니다. --folds 5를 주면 글마다 그 글 없이 학습한 모델이 판단합니다."
        ),
        "held out": (
            "모델이 이 파일로 학습했으므로, 글 {texts:,}개 가운데 학습에서 빼 둔 {judged:,}개만 판단했습니다. "
            "{wrong:,}개({share:.1%})가 틀렸습니다. --folds 5를 주면 글을 모두, 저마다 그 글 없이 학습한 모델이 "
            "판단합니다."
        ),
        "folds": (
            "글 {judged:,}개를 저마다 그 글 없이 학습한 모델(모두 {folds}개)이 판단했습니다. "
            "{wrong:,}개({share:.1%})가 틀렸습니다."
        ),
        "trained on": (
            "글 {judged:,}개 중 {wrong:,}개({share:.1%})가 틀렸습니다. 모델이 이 글 모두로 학습해 "
            "잘못 달린 정답까지 외웠으므로 실제보다 적게 나옵니다. --folds 5를 주면 글마다 그 글 없이 학습한 "
            "모델이 판단합니다."
        ),
        "confusions": "무엇을 무엇으로 잘못 보는가",
        "suspects": "정답이 잘못 달린 듯한 글(아니면 모델이 확신하며 틀린 글): {n:,}개, 전체의 {share:.1%}",
        "others": "그 밖에 틀린 글: {n:,}개, 확신한 순서",
        "duplicates": "거의 같은데 정답이 다른 글: {n:,}묶음",
        "rest": "그 밖에 {n:,}개",
        "alike": "{counts}, {similarity:.0%} 같음",
        "line": "줄",
        "label": "정답",
        "predicted": "예측",
        "suggested": "제안",
        "count": "글 수",
        "share": "정답 중 비율",
        "probability": "확률",
        "text": "글",
        "example": "보기",
    },
}


def in_words(mistakes: Mistakes, language: Language = "en", *, most: int = 10) -> str:
    """The figures, and of each list the first `most`."""
    say = _SAYINGS[language]
    judged, wrong = max(mistakes.judged, 1), len(mistakes.surest)
    suspects, others, groups = mistakes.suspects, mistakes.others, mistakes.duplicates
    likely = say["suspects"].format(n=len(suspects), share=len(suspects) / judged)
    lists: list[tuple[str, Sequence[object], str]] = [
        (say["confusions"], mistakes.confusions, _confusions(mistakes.confusions[:most], say)),
        (likely, suspects, _judged(suspects[:most], say, say["suggested"])),
        (say["others"].format(n=len(others)), others, _judged(others[:most], say, say["predicted"])),
        (say["duplicates"].format(n=len(groups)), groups, "\n".join(_group(group, say) for group in groups[:most])),
    ]
    parts = [say[mistakes.basis].format(**vars(mistakes), wrong=wrong, share=wrong / judged)]
    for title, whole, body in lists:
        rest = [say["rest"].format(n=len(whole) - most)] if len(whole) > most else []
        parts += ["\n".join([title, body, *rest])] if whole else []
    return "\n\n".join(parts)


def _confusions(confusions: Sequence[Confusion], say: dict[str, str]) -> str:
    headers = tuple(say[name] for name in ("label", "predicted", "count", "share", "example"))
    rows = [
        (each.label, each.predicted, f"{each.count:,}", f"{each.share:.1%}", clipped(each.example.text, _TEXT))
        for each in confusions
    ]
    return _table(headers, rows)


def _judged(rows: Sequence[Judged], say: dict[str, str], column: str) -> str:
    headers = (say["label"], column, say["probability"], say["line"], say["text"])
    return _table(
        headers,
        [
            (each.label, each.predicted, f"{each.probability:.3f}", str(each.line), clipped(each.text, _TEXT))
            for each in rows
        ],
    )


def _table(headers: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    return PlainTable(headers, tuple(rows), left=(0, 1, len(headers) - 1)).text()


def _group(group: Disagreement, say: dict[str, str]) -> str:
    """How often each label was given, and some texts of each."""
    counts = ", ".join(f"{label}: {count:,}" for label, count in group.counts.items())
    lines = [say["alike"].format(counts=counts, similarity=group.similarity)]
    for label in group.counts:
        shown = [row for row in group.rows if row.label == label][:_PER_LABEL]
        lines += [f"  {label}  {clipped(row.text, _TEXT)} ({say['line']} {row.line})" for row in shown]
    return "\n".join(lines)


def as_tsv(mistakes: Mistakes) -> str:
    """All of it as a table, a row for each text in each list, for going through and correcting.

    kind: "wrong label", "mistake" or "near duplicate"; suggested: what the model says, or most of the near duplicates;
    group: counts the groups of near duplicates
    """
    out = io.StringIO()
    write = csv.writer(out, delimiter="\t", lineterminator="\n").writerow
    write(["kind", "group", "line", "label", "suggested", "probability", "probability_of_label", "text"])
    for kind, rows in (("wrong label", mistakes.suspects), ("mistake", mistakes.others)):
        for each in rows:
            chances = [f"{each.probability:.4f}", f"{each.of_label:.4f}"]
            write([kind, "", each.line, each.label, each.predicted, *chances, each.text])
    for number, group in enumerate(mistakes.duplicates, start=1):
        for row in group.rows:
            write(["near duplicate", number, row.line, row.label, _most_frequent(group), "", "", row.text])
    return out.getvalue()


def _most_frequent(group: Disagreement) -> str:
    """The label of most of the group; none if several have as many."""
    first, second, *_others = group.counts.items()
    return "" if first[1] == second[1] else first[0]
