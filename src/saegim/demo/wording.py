"""What the demo says, in English and Korean."""

from __future__ import annotations

from typing import Literal

__all__ = ["SAYINGS", "Language"]

Language = Literal["en", "ko"]

SAYINGS: dict[Language, dict[str, str]] = {
    "en": {
        "collecting": (
            "collecting names of countries, languages, currencies, units and months from Unicode CLDR {cldr} "
            "(nothing is downloaded)"
        ),
        "collected": "{texts:,} short texts in {languages} languages: {train:,} to learn from, {test:,} to measure on",
        "rules": "{rules} rules about scripts and letters: {path}",
        "building": "building: {name}",
        "proof": "A decision of the rules, proved:",
        "attribution": "A decision of the network, taken apart (the rules abstain on this text):",
        "meaning": "{label} is {name}.",
        "where": "All is in {out}: train.tsv and test.tsv (texts and languages), rules.yaml, model (the network).",
        "next": "What to try next:",
        "page": "All of this and more on one page, for a browser: {page}",
        "failed": "the network could not be trained ({error}), and without it there is nothing to show",
        "unwritable": "{out} cannot be written to ({reason}); give another folder with --out",
    },
    "ko": {
        "collecting": "유니코드 CLDR {cldr}에서 나라, 언어, 통화, 단위, 달의 이름을 모읍니다 (내려받는 것은 없습니다)",
        "collected": "{languages}개 언어의 짧은 글 {texts:,}개: {train:,}개로 배우고 {test:,}개로 잽니다",
        "rules": "문자와 글자에 대한 규칙 {rules}개: {path}",
        "building": "만드는 중: {name}",
        "proof": "규칙의 판단 하나와 그 증명:",
        "attribution": "신경망의 판단 하나를 풀어 보기 (규칙은 이 글에서 판단을 보류합니다):",
        "meaning": "{label}: {name}",
        "where": "모두 {out}에 있습니다: train.tsv와 test.tsv(글과 언어), rules.yaml, model(신경망).",
        "next": "다음에 해 볼 것:",
        "page": "이 모두와 더 많은 것을 브라우저에서 한 페이지로: {page}",
        "failed": "신경망을 훈련하지 못해 ({error}) 보여 줄 것이 없습니다",
        "unwritable": "{out}에 쓸 수 없습니다 ({reason}); --out으로 다른 폴더를 주세요",
    },
}
