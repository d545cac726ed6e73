"""saegim (새김): learns from text on the machine you have."""

from __future__ import annotations

from saegim.__about__ import __version__

__all__ = ["__version__"]
