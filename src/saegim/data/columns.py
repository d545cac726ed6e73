"""Which column holds the texts and which the labels: as told, by name, or by what stands in them."""

from __future__ import annotations

from dataclasses import dataclass

from saegim.data.records import Records, shown
from saegim.errors import DataError


def _words(text: str) -> list[str]:
    return text.split()


_TEXT_NAMES = _words(
    "text texts document documents sentence review reviews comment content body message utterance question"
    " query tweet 텍스트 문장 본문 내용 리뷰 댓글 글 발화 질문"
)
_LABEL_NAMES = _words(
    "label labels class category target sentiment intent intention topic polarity emotion y"
    " 라벨 레이블 분류 범주 카테고리 감정 감성 의도 주제"
)
_OTHER_NAMES = _words("id idx index no number date rating score title name url user 번호 제목 날짜 이름 평점")
_KNOWN_NAMES = frozenset(_TEXT_NAMES + _LABEL_NAMES + _OTHER_NAMES)


@dataclass(frozen=True)
class Columns:
    """Where the texts and labels stand (from 0), whether the first row holds names, and what to announce."""

    text: int
    label: int | None
    has_header: bool
    notes: list[str]


def find_columns(records: Records, source: str, *, text: str | None, label: str | None, require_label: bool) -> Columns:
    """The columns asked for (by name, or by number from 1), or those that are clear without asking.

    A column is clear if it is the only one with a name that texts (or labels) usually have, or one of two
    columns whose other one is known. Two columns without known names are told apart by their contents:
    labels repeat. Raises DataError, with the names of the columns, where nothing is clear.
    """
    names = records.names
    has_header = True if _names_columns(records, text, label) else records.has_header
    text_at = None if text is None else _given(names, text, source, "text")
    label_at = None if label is None else _given(names, label, source, "label")
    want_label = require_label or label is not None
    if text_at is None:
        text_at = _by_name(names, _TEXT_NAMES, besides=label_at)
    if want_label and label_at is None:
        label_at = _by_name(names, _LABEL_NAMES, besides=text_at)
    if text_at is None or (want_label and label_at is None):
        text_at, label_at = _by_content(records, text_at, label_at, want_label, source)
    if text_at == label_at:
        raise DataError(f"{source}: column {_name(names, text_at)} cannot hold both the texts and the labels; name two")
    if has_header is None:
        has_header = _first_label_is_unique(records, label_at)
    return Columns(text_at, label_at, has_header, _announce(records, text_at, label_at, has_header, text, label))


def known_names(names: list[str]) -> int:
    """How many of these are usual names of columns."""
    return sum(name.strip().casefold() in _KNOWN_NAMES for name in names)


def _names_columns(records: Records, *given: str | None) -> bool:
    """Whether the first row holds names: one asked for, two usual ones, or a usual one that never recurs."""
    if records.has_header or any(name in given for name in records.names):
        return True
    known = [k for k, name in enumerate(records.names) if name.casefold() in _KNOWN_NAMES]
    return len(known) > 1 or any(records.names[k] not in records.column(k)[1:] for k in known)


def _given(names: list[str], name: str, source: str, role: str) -> int:
    found = [index for index, other in enumerate(names) if other == name]
    if len(found) == 1:
        return found[0]
    if found:
        raise DataError(f"{source} has {len(found)} columns named {shown(name)}; name the {role} column by its number")
    if name.isascii() and name.isdigit() and 1 <= int(name[:9]) <= len(names):
        return int(name) - 1
    raise DataError(f"{source} has no column {shown(name)} for the {role}; its columns are {_listed(names)}")


def _by_name(names: list[str], known: list[str], besides: int | None) -> int | None:
    found = [index for index, name in enumerate(names) if name.casefold() in known and index != besides]
    return found[0] if len(found) == 1 else None


def _by_content(
    records: Records, text_at: int | None, label_at: int | None, want_label: bool, source: str
) -> tuple[int, int | None]:
    width = len(records.names)
    if width == 1 and want_label:
        raise DataError(f"{source} has only one column where a text and a label column were expected")
    if width == 1:
        return 0, None
    known = text_at if text_at is not None else label_at
    if width == 2 and known is not None:
        return (known, 1 - known) if text_at is not None else (1 - known, known)
    guess = _label_of_two(records) if width == 2 else None
    if guess is None:
        role = "text" if text_at is None else "label"
        raise DataError(
            f"{source}: it is not clear which column holds the {role}s; pass its name with --{role}"
            f" ({role}=...): the columns are {_listed(records.names)}"
        )
    return 1 - guess, guess if want_label else None


def _label_of_two(records: Records) -> int | None:
    """The column whose values repeat, if the other one has more than twice as many different ones."""
    distinct = [len({str(value) for value in records.column(index)[1:]}) for index in (0, 1)]
    label = int(distinct[1] < distinct[0])
    return label if 0 < 2 * distinct[label] < distinct[1 - label] else None


def _first_label_is_unique(records: Records, label_at: int | None) -> bool:
    """Whether the first row has a label that no other row has: more likely the column's name."""
    if label_at is None:
        return False
    first, *others = records.column(label_at)
    return len(others) > 1 and first not in others


def _announce(
    records: Records,
    text_at: int,
    label_at: int | None,
    has_header: bool,
    text: str | None,
    label: str | None,
) -> list[str]:
    if records.fixed:
        return []
    notes = []
    names = records.names if has_header else [str(k + 1) for k in range(len(records.names))]
    if text is None and len(names) > 1:
        notes.append(f"texts were taken from column {_name(names, text_at)}")
    if label is None and label_at is not None:
        notes.append(f"labels were taken from column {_name(names, label_at)}")
    if records.has_header is None and not has_header:
        notes.append("the first line was read as an example, not as column names")
    return notes


def _name(names: list[str], index: int) -> str:
    return shown(names[index])


def _listed(names: list[str]) -> str:
    listed = ", ".join(shown(name) for name in names[:20])
    return listed + (f" and {len(names) - 20} more" if len(names) > 20 else "")
