"""Pages that people look at: a run as one HTML file that opens offline."""

from __future__ import annotations

from saegim.report.report import Report, write_report

__all__ = ["Report", "write_report"]
