"""Everything in one go, without any file or download: `run` learns to tell about 100 languages apart beside rules."""

from __future__ import annotations

from saegim.demo.demonstration import run

__all__ = ["run"]
