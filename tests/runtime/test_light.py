"""What is imported when: the compiler's machinery costs a tenth of a second that not every command needs."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = "import sys; print([name for name in ('llvmlite', 'threadpoolctl') if name in sys.modules])"


@pytest.mark.parametrize(
    "code",
    [
        "import saegim",
        "import saegim.runtime; saegim.runtime.threads()",
        "import contextlib, io; from saegim.cli.main import main\n"
        "with contextlib.redirect_stdout(io.StringIO()): assert main(['--help']) == 0",
    ],
)
def test_llvm_stays_out_until_it_is_needed(code: str) -> None:
    done = subprocess.run([sys.executable, "-c", f"{code}\n{HEAVY}"], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")
