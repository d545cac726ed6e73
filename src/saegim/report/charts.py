"""Charts: Vega-Lite specifications as plain dicts, made into SVG when the page is built.

The page needs no JavaScript to show them, and nothing is fetched. Colours are CSS variables of the page, so that one
chart is right on light and on dark ground. Each chart is drawn twice, for wide and for narrow screens: an SVG that is
scaled down cannot be read on a telephone. Nothing from a run stands in a specification but as inline data, under
field names of ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from saegim.late import late

if TYPE_CHECKING:
    import vl_convert
else:
    vl_convert = late("vl_convert")

Spec = dict[str, Any]

WIDE, NARROW = 640, 300  # pixels of a whole chart, without what stands beside it
VERSION = "6.1"

GROUND, INK, MUTED, LINE = "var(--bg)", "var(--ink)", "var(--muted)", "var(--line)"
KINDS = {  # of contenders
    "learned": "var(--learned)",
    "rules": "var(--rules)",
    "together": "var(--fourth)",
    "classical": "var(--classical)",
    "majority": "var(--majority)",
}
SERIES = ["var(--learned)", "var(--rules)", "var(--classical)", "var(--fourth)", "var(--fifth)", "var(--majority)"]

_LABELS = {"labelColor": MUTED, "labelFontSize": 12, "titleColor": MUTED, "titleFontSize": 12}
_CONFIG = {
    "background": None,
    "font": "sans-serif",
    "padding": 6,
    "view": {"stroke": None},
    "axis": {
        **_LABELS,
        "titleFontWeight": "normal",
        "titlePadding": 10,
        "labelPadding": 6,
        "domain": False,
        "ticks": False,
        "gridColor": LINE,
    },
    "axisX": {"grid": False, "domain": True, "domainColor": "var(--axis)", "labelFlush": False},
    "header": {**_LABELS, "labelFontWeight": 600, "labelColor": INK},
    "legend": {
        **_LABELS,
        "labelColor": INK,
        "orient": "top",
        "title": None,
        "symbolStrokeWidth": 3,
        "columnPadding": 18,
    },
    "line": {"strokeWidth": 2.25, "strokeCap": "round", "strokeJoin": "round"},
    "text": {"fill": MUTED, "fontSize": 12},
}
_ID = re.compile(r'(\bid="|url\(#|href="#)')


@dataclass(frozen=True)
class Chart:
    """One chart as two SVG texts, for wide and for narrow screens."""

    wide: str
    narrow: str


def chart(name: str, label: str, draw: Callable[[int], Spec]) -> Chart:
    """The chart that `draw` specifies for a width in pixels.

    name: unlike those of all other charts of the page; label: what it shows, for those who do not see it
    """
    return Chart(_svg(f"{name}-wide", label, draw(WIDE)), _svg(f"{name}-narrow", label, draw(NARROW)))


def _svg(name: str, label: str, spec: Spec) -> str:
    whole = {"$schema": "https://vega.github.io/schema/vega-lite/v6.json", "config": _CONFIG, **spec}
    svg = vl_convert.vegalite_to_svg(whole, vl_version=VERSION, allowed_base_urls=[])
    svg = _ID.sub(rf"\g<1>{name}-", svg)  # several charts share the page
    return svg.replace("<svg ", f'<svg role="img" aria-label="{escape(label)}" ', 1)


def values(rows: list[dict[str, Any]]) -> Spec:
    """Rows as the data of a specification."""
    return {"values": rows}


def field(name: str, kind: str = "quantitative", **more: Any) -> Spec:
    """An encoding of a field; axes have no title unless one is given."""
    return {"field": name, "type": kind, "title": None, **more}


def palette(names: list[str], colours: list[str]) -> Spec:
    """The scale that gives each name its colour."""
    return {"domain": names, "range": [colours[place % len(colours)] for place in range(len(names))]}
