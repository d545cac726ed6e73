"""The one door through which scikit-learn and SciPy come in: late, because importing them takes seconds."""

from __future__ import annotations

import importlib
from typing import Any


def late(module: str) -> Any:
    """The module of that name, imported when it is first needed. Typed Any: neither library ships types."""
    return importlib.import_module(module)
