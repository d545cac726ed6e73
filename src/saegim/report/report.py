"""From a run's folder to its report: what is there is read, what can be shown is shown, the rest is said."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from saegim.data import Table
from saegim.errors import SettingError
from saegim.report.contents import sections
from saegim.report.evidence import Evidence, Missing, held_out_images, held_out_texts, of_table
from saegim.report.page import page, write_page
from saegim.report.run import Run, read_run
from saegim.report.section import Language
from saegim.training import ImageClassifier, TextClassifier

__all__ = ["Report", "write_report"]

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "no description": (
            "The folder does not say what the model was trained on (it holds no run.yaml), so what needs examples is "
            "left out here. Labelled texts can be given with --data."
        ),
        "gone": (
            "{file} is not there any more, so what needs its examples is left out here. Put it back, or start the "
            "command from where training was started; labelled texts can be given with --data."
        ),
        "changed": (
            "{file} is not what the model was trained on any more (its digest is another), so what needs its examples "
            "is left out here. Put back what was there; labelled texts can be given with --data."
        ),
        "none held out": (
            "There were too few examples in {file} to hold some out, so what needs others is left out here. Labelled "
            "texts can be given with --data."
        ),
        "no model": "The folder holds a comparison and no model, so what needs one is left out here.",
        "held_out": (
            "What follows was measured on examples that training held out. The best epoch was chosen by them, which "
            "flatters the figures a little."
        ),
        "held_out_only": "What follows was measured on examples that training held out.",
    },
    "ko": {
        "no description": (
            "무엇으로 훈련했는지 폴더에 적혀 있지 않아(run.yaml이 없음) 예제가 있어야 하는 부분은 뺐습니다. 정답 달린 "
            "글은 --data로 줄 수 있습니다."
        ),
        "gone": (
            "{file}: 이제 없으므로 그 예제가 있어야 하는 부분은 뺐습니다. 되돌리거나, 훈련을 시작한 곳에서 명령을 "
            "내리십시오. 정답 달린 글은 --data로 줄 수 있습니다."
        ),
        "changed": (
            "{file}: 훈련에 쓴 것과 다르므로(다이제스트가 다름) 그 예제가 있어야 하는 부분은 뺐습니다. 예전 것을 "
            "되돌리십시오. 정답 달린 글은 --data로 줄 수 있습니다."
        ),
        "none held out": (
            "{file}: 예제가 적어 따로 둔 것이 없으므로, 다른 예제가 있어야 하는 부분은 뺐습니다. 정답 달린 글은 "
            "--data로 줄 수 있습니다."
        ),
        "no model": "폴더에 비교만 있고 모델이 없어, 모델이 있어야 하는 부분은 뺐습니다.",
        "held_out": (
            "아래는 훈련 때 따로 둔 예제로 잰 것입니다. 가장 나은 에폭도 이 예제로 골랐으므로 값이 조금 좋게 나옵니다."
        ),
        "held_out_only": "아래는 훈련 때 따로 둔 예제로 잰 것입니다.",
    },
}


@dataclass(frozen=True)
class Report:
    """Where the page was written, its bytes, the keys of its sections, and the sentence about what is missing."""

    path: Path
    bytes: int
    sections: list[str]
    missing: str | None


def write_report(
    folder: Path,
    path: Path | None = None,
    *,
    data: Table | None = None,
    curve_file: Path | None = None,
    name: str | None = None,
    language: Language = "en",
) -> Report:
    """Writes the report of a run's folder, report.html in it unless `path` names another file.

    data: labelled texts to measure on; without them those that training held out are, if the file they are from is
    still there. curve_file: a learning curve of these data, if the folder has none. name: what the run is called on the
    page, as its folder if left out. Raises ModelFileError, DataError or RuleError for a folder that is missing, damaged
    or altered, SettingError for texts where the model reads none, and DataError for a page that cannot be written.
    """
    run, say = read_run(folder, curve_file), WORDS[language]
    evidence = _evidence(run, data)
    missing = say[evidence.why].format(file=evidence.file) if isinstance(evidence, Missing) else None
    seen = evidence if isinstance(evidence, Evidence) else None
    found = sections(run, seen, language)
    found[0].context["missing"] = missing
    chose = getattr(run.model, "monitor", "last") != "last"  # whether the best epoch was chosen by them
    held_out = say["held_out" if chose else "held_out_only"]
    found[0].context["held_out"] = held_out if seen is not None and seen.held_out else None
    whole, path = page(name or run.folder.resolve().name, found, language), path or folder / "report.html"
    return Report(path, write_page(path, whole), whole.sections, missing)


def _evidence(run: Run, data: Table | None) -> Evidence | Missing | None:
    """What the model says about examples it was not trained on; None for a generator, which says nothing."""
    if isinstance(run.model, TextClassifier):
        return held_out_texts(run.model, run.made_from) if data is None else of_table(run.model, data)
    if data is not None and run.model is not None:
        raise SettingError(
            f"--data: {data.source} holds texts, but the model in {run.folder} reads images; leave it out"
        )
    if isinstance(run.model, ImageClassifier):
        return held_out_images(run.model, run.made_from)
    return Missing("no model") if run.model is None else None
