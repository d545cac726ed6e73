"""What a generator draws: some images of every category, and how good they are in numbers."""

from __future__ import annotations

import numpy as np

from saegim.data.grids import grid
from saegim.evaluation import DrawingQuality, quality_table
from saegim.report.pictures import data_uri
from saegim.report.section import Language, Section, Table, percent
from saegim.training import ImageGenerator

EACH = 8  # images of a category
MOST_CATEGORIES = 20

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "title": "What it draws",
        "headline": "{share} show what was asked",
        "lead": (
            "Of {count} drawn images a classifier that never saw the generator names so many as was asked; of real "
            "images it names {real}."
        ),
        "copies": (
            "{copies} of them are nearer to a training image than 99% of the real images that were held out are: "
            "copies would be."
        ),
        "variety": "Within a category they differ from each other {variety} times as much as real images do.",
        "unmeasured": "Drawings, not measured yet",
        "unmeasured_why": "There were too few images held out to measure the drawings beside.",
        "named": "named as asked",
        "of_real": "{share} of real images",
        "near": "near copies",
        "of_near": "1% of real images",
        "varied": "variety",
        "of_varied": "real images: 1",
        "categories": "categories",
        "of_categories": "{shown} shown",
        "rows": "Drawn images, {each} of each category",
        "alt": "{each} drawn images of {name}",
        "table": "Drawn images beside real ones",
    },
    "ko": {
        "title": "무엇을 그리나",
        "headline": "{share}가 바라던 것을 보입니다",
        "lead": (
            "그린 그림 {count}장 가운데, 생성기를 본 적 없는 분류기가 바라던 범주로 알아본 비율입니다. 진짜 그림은 "
            "{real}를 알아봅니다."
        ),
        "copies": (
            "그 가운데 {copies}는, 따로 둔 진짜 그림의 99%보다 학습 그림에 더 가깝습니다. 베낀 그림이라면 그럴 "
            "것입니다."
        ),
        "variety": "한 범주 안에서 서로 다른 정도는 진짜 그림의 {variety}배입니다.",
        "unmeasured": "아직 재지 않은 그림",
        "unmeasured_why": "따로 둔 그림이 모자라, 그린 그림을 견주어 잴 수 없었습니다.",
        "named": "바라던 대로 알아봄",
        "of_real": "진짜 그림은 {share}",
        "near": "베낀 듯한 그림",
        "of_near": "진짜 그림은 1%",
        "varied": "다양함",
        "of_varied": "진짜 그림은 1",
        "categories": "범주",
        "of_categories": "{shown}개 보임",
        "rows": "그린 그림, 범주마다 {each}장",
        "alt": "그린 그림 {each}장: {name}",
        "table": "진짜 그림과 나란히 놓은 그린 그림",
    },
}


def section(generator: ImageGenerator, quality: DrawingQuality | None, language: Language) -> Section:
    say = WORDS[language]
    names = [str(each) for each in generator.classes_.tolist()]
    shown = names[:MOST_CATEGORIES]
    headline, sentences, tiles, table = say["unmeasured"], [say["unmeasured_why"]], [], None
    if quality is not None:
        figures = {
            "count": f"{quality.count:,}",
            "real": percent(quality.named_real),
            "copies": percent(quality.near_copies),
            "variety": f"{quality.mean_variety:.2f}",
        }
        headline = say["headline"].format(share=percent(quality.named))
        sentences = [say[key].format(**figures) for key in ("lead", "copies", "variety")]
        tiles = _tiles(quality, say)
        found = quality_table(quality, language)
        table = (Table(say["table"], found.headers, found.rows), found.footnotes)
    tiles.append((f"{len(names):,}", say["categories"], say["of_categories"].format(shown=len(shown))))
    return Section(
        "drawings",
        say["title"],
        {
            "headline": headline,
            "sentences": sentences,
            "tiles": tiles,
            "rows_title": say["rows"].format(each=EACH),
            "rows": [_row(generator, name, place, say) for place, name in enumerate(shown)],
            "table": table,
        },
    )


def _tiles(quality: DrawingQuality, say: dict[str, str]) -> list[tuple[str, str, str]]:
    return [
        (percent(quality.named), say["named"], say["of_real"].format(share=percent(quality.named_real))),
        (percent(quality.near_copies), say["near"], say["of_near"]),
        (f"{quality.mean_variety:.2f}", say["varied"], say["of_varied"]),
    ]


def _row(generator: ImageGenerator, name: str, place: int, say: dict[str, str]) -> dict[str, str]:
    """One picture of some images of a category; each category has noise of its own."""
    images = np.asarray(generator.pictures(name, EACH, seed=place))
    return {"name": name, "picture": data_uri(grid([images], EACH)), "alt": say["alt"].format(each=EACH, name=name)}
