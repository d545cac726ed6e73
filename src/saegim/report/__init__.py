"""Pages that people look at: a run as one HTML file that opens offline."""

from __future__ import annotations

from saegim.report.evidence import Evidence, evidence_of
from saegim.report.report import Report, report_on, write_report

__all__ = ["Evidence", "Report", "evidence_of", "report_on", "write_report"]
