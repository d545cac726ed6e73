"""Settings of the whole test suite."""

from __future__ import annotations

from hypothesis import settings

# No test depends on how fast the machine is.
settings.register_profile("saegim", deadline=None)
settings.load_profile("saegim")
