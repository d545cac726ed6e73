"""The namespace: its names and signatures, and that importing it is cheap."""

from __future__ import annotations

import inspect
import subprocess
import sys
from typing import Any

import array_api_strict
import pytest

import saegim as sg

STRICT_ONLY = {"complex64", "complex128", "fft", "linalg", "Device", "ArrayAPIStrictFlags"}
NEWER = {"broadcast_shapes", "isin"}  # array API 2025.12

STANDARD = sorted(
    name
    for name in array_api_strict.__all__
    if not name.startswith("__") and "strict" not in name and name not in STRICT_ONLY | NEWER
)
FUNCTIONS = [name for name in STANDARD if inspect.isfunction(getattr(array_api_strict, name))]


def test_every_name_of_the_standard_is_there() -> None:
    assert len(FUNCTIONS) > 130
    missing = [name for name in STANDARD if not hasattr(sg, name)]
    assert missing == []


def test_all_is_exact() -> None:
    assert len(set(sg.__all__)) == len(sg.__all__)
    for name in sg.__all__:
        assert getattr(sg, name) is not None or name == "newaxis"
        assert name in dir(sg)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = sg.nonsense  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_signature(name: str) -> None:
    wanted = inspect.signature(getattr(array_api_strict, name)).parameters
    found = inspect.signature(getattr(sg, name)).parameters
    assert list(found) == list(wanted)
    for key, parameter in wanted.items():
        if (name, key) == ("expand_dims", "axis"):
            continue  # a keyword with a default in the standard; we take it by position too
        assert found[key].kind == parameter.kind, key
        if "Undef" not in repr(parameter.default):
            assert found[key].default == parameter.default, key


def test_methods_of_the_array_object() -> None:
    methods = {name for name in dir(array_api_strict.asarray(0)) if not name.startswith("_") or name.endswith("__")}
    in_place = {name for name in methods if name.startswith("__i") and name.replace("__i", "__", 1) in methods}
    missing = methods - in_place - {"__annotations__", "__buffer__", "__weakref__"} - set(dir(sg.Tensor))
    assert missing == set()


@pytest.mark.parametrize(
    ("method", "keywords"),
    [
        ("__dlpack__", {"stream", "max_version", "dl_device", "copy"}),
        ("__array_namespace__", {"api_version"}),
        ("to_device", {"stream"}),
    ],
)
def test_keywords_of_methods(method: str, keywords: set[str]) -> None:
    parameters = inspect.signature(getattr(sg.ones(1), method)).parameters
    assert {name for name, each in parameters.items() if each.kind is each.KEYWORD_ONLY} == keywords


def test_a_tensor_knows_its_namespace() -> None:
    assert sg.ones(1).__array_namespace__() is sg
    assert sg.ones(1).__array_namespace__(api_version="2024.12") is sg
    assert sg.__array_api_version__ == "2024.12"
    with pytest.raises(ValueError, match=r"2025\.12"):
        sg.ones(1).__array_namespace__(api_version="2025.12")


def test_information() -> None:
    info = sg.__array_namespace_info__()
    assert info.default_device() in info.devices()
    assert info.capabilities().keys() == {"boolean indexing", "data-dependent shapes", "max dimensions"}
    assert info.default_dtypes(device="cpu") == {
        "real floating": sg.float32,
        "integral": sg.int64,
        "indexing": sg.int64,
    }
    assert info.dtypes(kind="real floating") == {"float32": sg.float32, "float64": sg.float64}
    assert set(info.dtypes(kind=("bool", "unsigned integer"))) == {"bool", "uint8", "uint16", "uint32", "uint64"}
    assert len(info.dtypes()) == 11
    with pytest.raises(ValueError, match="gpu"):
        info.dtypes(device="gpu")


def run(code: str) -> Any:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_importing_the_package_imports_nothing_heavy() -> None:
    loaded = run("import sys, saegim; print(*sys.modules)").split()
    assert "saegim" in loaded
    assert not {"numpy", "scipy", "optree", "saegim.tensor"} & set(loaded)


def test_names_come_at_first_use() -> None:
    assert run("import saegim as sg; print(sg.bool, sg.float32, sg.pi, sg.asarray([1]).dtype)").split() == [
        "bool",
        "float32",
        "3.141592653589793",
        "int64",
    ]
