"""The house stands: imports go down, none hides in a function, names that are exported are listed, files are small."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "src" / "saegim"

# The ground floor first. A file imports from its own floor or from lower ones.
FLOORS = [
    {"__about__", "errors", "dtypes", "late"},
    {"ir"},
    {"reference"},
    {"autodiff"},
    {"compiler", "runtime"},
    {"tensor"},
    {"nn", "losses", "optim", "schedules"},
    {"data"},
    {"text"},
    {"rules"},
    {"models"},
    {"evaluation.metrics"},  # of two lists of labels alone, so the trainer can measure itself
    {"training"},
    {"evaluation"},
    {"teaching"},
    {"curve"},
    {"together"},
    {"explain"},
    {"report"},
    {"demo"},
    {"cli"},
    {"__main__"},
]
FLOOR = {name: number for number, floor in enumerate(FLOORS) for name in floor}

# The package's own namespace stands beside the tensors: floors above them may use it.
NAMESPACE = FLOOR["tensor"]

# Imports inside of functions: only of what is heavy and may never be needed.
LATE = {
    "babel",
    "joblib",
    "kiwipiepy",
    "numpy",
    "onnx",
    "pandas",
    "polars",
    "rich",
    "scipy",
    "sklearn",
    "tensorboardX",
    "torch",
}
LONGEST = 500


def files() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> Iterator[tuple[str, ast.stmt, bool]]:
    """Every imported module with its statement, and whether it runs when the file is imported."""

    def visit(node: ast.AST, at_once: bool) -> Iterator[tuple[str, ast.stmt, bool]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                yield from ((alias.name, child, at_once) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                assert child.level == 0, f"{path}:{child.lineno}: an absolute import expected"
                assert child.module is not None
                # `from saegim.tensor import tree` may name a module or something in one.
                for alias in child.names:
                    whole = f"{child.module}.{alias.name}"
                    yield (whole if is_module(whole) else child.module), child, at_once
            elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
                continue  # read by type checkers only
            else:
                inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
                yield from visit(child, at_once and not inside)

    yield from visit(tree_of(path), True)


@cache
def is_module(name: str) -> bool:
    path = ROOT.parent.joinpath(*name.split("."))
    return name.split(".")[0] == "saegim" and (path.with_suffix(".py").exists() or (path / "__init__.py").exists())


def floor_of(module: str) -> int:
    parts = module.split(".")[1:]
    return FLOOR[".".join(parts[:2])] if ".".join(parts[:2]) in FLOOR else FLOOR[parts[0]] if parts else NAMESPACE


def test_every_file_has_a_floor() -> None:
    found = {path.relative_to(ROOT).parts[0].removesuffix(".py") for path in files()} - {"__init__"}
    assert found <= FLOOR.keys(), f"floors for {found - FLOOR.keys()} are missing"


@pytest.mark.parametrize("path", files(), ids=module_name)
def test_imports_go_down(path: Path) -> None:
    here = floor_of(module_name(path))
    for module, statement, _at_once in imports(path):
        if module.split(".")[0] == "saegim":
            assert floor_of(module) <= here, f"{path}:{statement.lineno} imports {module} from a floor above"


@pytest.mark.parametrize("path", files(), ids=module_name)
def test_no_import_hides_in_a_function(path: Path) -> None:
    allowed = LATE | ({"saegim"} if floor_of(module_name(path)) == FLOOR["cli"] else set())
    for module, statement, at_once in imports(path):
        if not at_once and (path.name, module) not in {("core.py", "saegim")}:  # __array_namespace__ names the package
            assert module.split(".")[0] in allowed, f"{path}:{statement.lineno} imports {module} inside of a function"


def test_there_are_no_import_cycles() -> None:
    edges = {
        module_name(path): {
            module for module, _statement, at_once in imports(path) if at_once and module.split(".")[0] == "saegim"
        }
        for path in files()
    }
    done: set[str] = set()

    def visit(module: str, above: tuple[str, ...]) -> None:
        assert module not in above, f"an import cycle: {' -> '.join((*above[above.index(module) :], module))}"
        if module in done:
            return
        for each in sorted(edges.get(module, ())):
            # A package's own files are imported by its __init__, whose name stands for all of them.
            if each != module:
                visit(each, (*above, module))
        done.add(module)

    for module in edges:
        visit(module, ())


def exported(path: Path) -> list[str] | None:
    for node in tree_of(path).body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            found = ast.literal_eval(node.value)
            assert isinstance(found, list)
            return found
    return None


WITH_ALL = [path for path in files() if exported(path) is not None]


@pytest.mark.parametrize("path", WITH_ALL, ids=module_name)
def test_what_is_exported_exists_and_is_listed_once(path: Path) -> None:
    names = exported(path)
    assert names is not None
    assert len(names) == len(set(names))
    module = importlib.import_module(module_name(path))
    assert not [name for name in names if not hasattr(module, name)]


@pytest.mark.parametrize("path", [path for path in files() if path.name == "__init__.py"], ids=module_name)
def test_a_package_exports_exactly_what_its_first_file_imports(path: Path) -> None:
    names = exported(path)
    body = tree_of(path).body
    # What a package imports at first use, it names for type checkers.
    at_first_use = [inner for node in body if isinstance(node, ast.If) for inner in node.body]
    bound = [
        alias.asname or alias.name
        for node in (*body, *at_first_use)
        if isinstance(node, ast.ImportFrom) and f"{node.module}.".startswith(f"{module_name(path)}.")
        for alias in node.names
    ]
    public = {name for name in bound if not name.startswith("_")}
    if path.parent == ROOT or (not public and names is None):
        return  # the package itself imports at first use; its namespace has tests of its own
    assert names is not None, f"{path} has no __all__"
    assert public <= set(names), f"{path} imports {public - set(names)} without exporting it"
    assert set(names) <= {*bound, *_defined(path)}


def _defined(path: Path) -> set[str]:
    body = tree_of(path).body
    functions = {node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    assigned = {t.id for node in body if isinstance(node, ast.Assign) for t in node.targets if isinstance(t, ast.Name)}
    return functions | assigned


@pytest.mark.parametrize("path", files(), ids=module_name)
def test_files_are_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


@pytest.mark.parametrize("path", files(), ids=module_name)
def test_every_file_says_what_it_is(path: Path) -> None:
    assert path.stat().st_size == 0 or ast.get_docstring(tree_of(path)) or path.name == "__about__.py"
