"""Everything that is needed to repeat the run."""

from __future__ import annotations

import shlex
from typing import Any

from saegim.report.section import Language, Section, Table

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "title": "To repeat this run",
        "intro": (
            "The same version, data, options and seed give the same model, bit for bit, on the same kind of processor."
        ),
        "caption": "What the run was made from",
        "option": "option",
        "value": "value",
        "default": "as it comes",
        "copy": "Copy",
        "copied": "Copied",
        "none": "The folder holds no run.yaml, so how the model was made is not known. saegim train writes one.",
    },
    "ko": {
        "title": "이 실행을 다시 하려면",
        "intro": "같은 판, 같은 데이터, 같은 설정과 시드는 같은 종류의 프로세서에서 비트까지 같은 모델을 만듭니다.",
        "caption": "이 실행을 이룬 것",
        "option": "설정",
        "value": "값",
        "default": "기본값",
        "copy": "복사",
        "copied": "복사했습니다",
        "none": "폴더에 run.yaml이 없어 모델을 어떻게 만들었는지 알 수 없습니다. saegim train이 그 파일을 씁니다.",
    },
}


def section(made_from: dict[str, Any] | None, language: Language) -> Section:
    """made_from: the options in run.yaml."""
    say = WORDS[language]
    if made_from is None:
        return Section("repeat", say["title"], {"intro": say["none"]})
    rows = [[name, say["default"] if value is None else _shown(value)] for name, value in made_from.items()]
    return Section(
        "repeat",
        say["title"],
        {
            "intro": say["intro"],
            "command": command(made_from),
            "copy": say["copy"],
            "copied": say["copied"],
            "table": Table(say["caption"], [say["option"], say["value"]], rows),
        },
    )


def command(made_from: dict[str, Any]) -> str:
    """The command that makes the same run in a folder called `again`."""
    words = ["saegim", str(made_from.get("command", "train")), str(made_from.get("file", "FILE"))]
    for name, value in made_from.items():
        option = f"--{name.replace('_', '-')}"
        if name.endswith("sha256") or name in ("saegim", "command", "file") or value is None or value is False:
            continue
        words += [option] if value is True else [option, _seconds(name, value)]
    return shlex.join([*words, "--out", "again"])


def _seconds(name: str, value: Any) -> str:
    return f"{value:g}s" if name == "time_budget" and isinstance(value, float | int) else _shown(value)


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
