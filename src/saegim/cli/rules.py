"""`saegim rules check`: what is wrong or odd about a rule file, and how good its rules are on labelled texts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from saegim.cli.console import Console, one_line
from saegim.cli.options import AsJson, Debug, LabelColumn, Quiet, SkipBadRows, TextColumn
from saegim.cli.reading import labelled_texts
from saegim.errors import RuleError, SettingError
from saegim.late import late

if TYPE_CHECKING:
    from saegim import rules
    from saegim.evaluation import tables
else:
    rules, tables = late("saegim.rules"), late("saegim.evaluation.tables")


def check(
    file: Annotated[Path, typer.Argument(metavar="RULES", help="A rule file (YAML).")],
    data: Annotated[Path | None, typer.Option("--data", metavar="FILE", help="Labelled texts to measure on.")] = None,
    text: TextColumn = None,
    label: LabelColumn = None,
    skip_bad_rows: SkipBadRows = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    _debug: Debug = False,
) -> None:
    """Check a rule file; with labelled texts, measure each of its rules.

    Tells unknown names, rules that can never fire or never decide, and facts that nobody needs. With data also, for
    every rule, on how many texts it fires, how often it is right, and how often others fire too or disagree. The exit
    code is 2 if the file has errors.
    """
    console = Console(as_json=as_json, quiet=quiet)
    if data is None and (text is not None or label is not None):
        raise SettingError("--text and --label name columns of --data, which is not given; add --data FILE")
    findings = rules.check_rules(file)
    errors = [each for each in findings if each.level == "error"]
    measure = None
    if data is not None and not errors:
        table = labelled_texts(console, data, text, label, skip_bad_rows=skip_bad_rows)
        measure = rules.measure_rules(rules.load_rules(file), table.texts, table.labels or [])
    console.result(
        {
            "file": file,
            "ok": not errors,
            "findings": [each.to_dict() for each in findings],
            "measure": None if measure is None else measure.to_dict(),
        },
        _in_words(file, findings, measure),
    )
    if errors:
        more = f" (the first of {len(errors)} errors)" if len(errors) > 1 else ""
        raise RuleError(f"{errors[0].message}{more}")


def _in_words(file: Path, findings: list[rules.Finding], measure: rules.RuleSetMeasure | None) -> str:
    if len(findings) == 1 and findings[0].level == "error":
        return ""  # the error message says it
    found = "\n".join(_finding(each) for each in findings) or f"{file}: nothing is wrong or odd"
    return found if measure is None else f"{found}\n\n{_measured(measure)}"


def _finding(finding: rules.Finding) -> str:
    line = "" if finding.line is None or finding.level == "error" else f"line {finding.line}: "
    return one_line(f"{finding.level}: {line}{finding.message}")


def _measured(measure: rules.RuleSetMeasure) -> str:
    headers = ("rule", "label", "strength", "fired", "accuracy", "overlaps", "conflicts", "won", "beaten")
    rows = tuple(tuple(one_line(cell) for cell in _row(one)) for one in measure.rules)
    return "\n".join([tables.PlainTable(headers, rows).text(), "", *_summary(measure)])


def _row(one: rules.RuleMeasure) -> tuple[str, ...]:
    votes = (one.overlaps, one.conflicts, one.won, one.beaten)
    counts = ("-" if one.label is None else f"{each:,}" for each in votes)
    return (one.id, one.label or "-", f"{one.strength:g}", f"{one.fired:,}", _share(one.accuracy), *counts)


def _summary(measure: rules.RuleSetMeasure) -> list[str]:
    by_rules = measure.decided - measure.by_default
    lines = [
        f"{measure.texts:,} texts: the rules decided {by_rules:,}"
        f" ({_share(by_rules / measure.texts)}), of these right {_share(measure.accuracy_by_rules)};"
        f" equally strong rules disagreed on {measure.conflicts:,}"
    ]
    if measure.by_default:
        lines.append(
            f"the default decided {measure.by_default:,} more; right among all decided {_share(measure.accuracy)}"
        )
    for labels, where, other in (
        (measure.labels_only_in_rules, "rules", "data"),
        (measure.labels_only_in_data, "data", "rules"),
    ):
        if labels:
            lines.append(one_line(f"labels that only the {where} have, not the {other}: {', '.join(labels)}"))
    return lines


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
