"""What is published: the wheel holds the package and nothing else, and works where it is unpacked."""

from __future__ import annotations

import ast
import email
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

import saegim

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    (path,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path_factory.mktemp("dist")), versions=["standard"])
    with zipfile.ZipFile(path) as archive:
        yield archive


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    info = f"saegim-{saegim.__version__}.dist-info"
    in_wheel = {name for name in wheel.namelist() if not name.startswith(info)}
    source = ROOT / "src"
    in_source = {path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file()}
    assert in_wheel == {name for name in in_source if "__pycache__" not in name}
    assert "saegim/py.typed" in in_wheel
    assert f"{info}/licenses/LICENSE" in wheel.namelist()


def test_the_wheel_says_what_it_is(wheel):
    metadata = email.message_from_bytes(wheel.read(f"saegim-{saegim.__version__}.dist-info/METADATA"))
    assert (metadata["Name"], metadata["Version"]) == ("saegim", saegim.__version__)
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata.get_payload(decode=True).decode() == (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_wheel_runs_where_it_is_unpacked(wheel, tmp_path):
    wheel.extractall(tmp_path)
    code = "import sys; sys.path.insert(0, sys.argv.pop(1)); from saegim.cli.main import main; sys.exit(main())"
    command = [sys.executable, "-c", code, str(tmp_path), "--version"]
    assert subprocess.check_output(command, cwd=tmp_path, text=True) == f"saegim {saegim.__version__}\n"


def imported_packages(path: Path) -> Iterator[str]:
    """The top-level names that a file imports, now or late."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "late":
            yield ast.literal_eval(node.args[0]).split(".")[0]


def test_every_imported_package_is_a_stated_dependency():
    distributions = {
        "PIL": "pillow",
        "sklearn": "scikit-learn",
        "yaml": "pyyaml",
        "re2": "google-re2",
        "vl_convert": "vl-convert-python",
    }
    asked_for = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["tensorboard"]]
    stated = {re.match(r"[\w-]+", each)[0] for each in asked_for}
    used = {name for path in (ROOT / "src").rglob("*.py") for name in imported_packages(path)}
    used -= sys.stdlib_module_names | {"saegim"}
    assert {distributions.get(name, name) for name in used} == stated
