"""The worst errors of an image classifier: the images that it was most sure of, and wrong."""

from __future__ import annotations

from saegim.report.evidence import ImageEvidence
from saegim.report.pictures import data_uri
from saegim.report.section import Language, Section, percent

MOST, MOST_BYTES = 48, 1_000_000  # images, and what all of them may take

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "title": "The worst errors",
        "intro": "{wrong} of {all} images are wrong ({share}). Here are those it was most sure of.",
        "none": "None of the {all} images is wrong.",
        "alt": "An image of {true}, taken for {said}",
        "true": "true",
        "said": "said",
        "sure": "{share} sure",
        "all": "all",
        "count": "{n} shown",
    },
    "ko": {
        "title": "가장 나쁜 오류",
        "intro": "이미지 {all}장 가운데 {wrong}장이 틀렸습니다({share}). 그중 가장 확신한 것들입니다.",
        "none": "이미지 {all}장 가운데 틀린 것이 없습니다.",
        "alt": "정답은 {true}, 답은 {said}인 이미지",
        "true": "정답",
        "said": "답",
        "sure": "확신 {share}",
        "all": "모두",
        "count": "{n}장 보임",
    },
}


def section(evidence: ImageEvidence, language: Language) -> Section:
    say, wrong = WORDS[language], evidence.wrong
    counts = {"wrong": f"{len(wrong):,}", "all": f"{len(evidence.true):,}"}
    if not wrong:
        return Section("image_errors", say["title"], {"intro": say["none"].format(**counts), "cards": []})
    cards, size = [], 0
    for row in wrong[:MOST]:
        picture = data_uri(evidence.pixels[row])
        size += len(picture)
        if size > MOST_BYTES:
            break
        labels = {"true": evidence.true[row], "said": evidence.predicted[row]}
        sure = say["sure"].format(share=percent(evidence.confidence[row]))
        cards.append({**labels, "picture": picture, "alt": say["alt"].format(**labels), "sure": sure})
    return Section(
        "image_errors",
        say["title"],
        {
            "say": say,
            "intro": say["intro"].format(share=percent(len(wrong) / len(evidence.true)), **counts),
            "cards": cards,
            "trues": sorted({card["true"] for card in cards}),
            "saids": sorted({card["said"] for card in cards}),
        },
    )
