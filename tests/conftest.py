"""Settings of the whole test suite."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# No test depends on how fast the machine is.
settings.register_profile("saegim", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("saegim")


@pytest.fixture(scope="session", autouse=True)
def cache_of_the_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Programs are compiled once for all workers and subprocesses of a session; the user's cache is left alone."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # each worker's own folder lies in the one of the session
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SAEGIM_CACHE", str(folder / "saegim-cache"))
        yield
