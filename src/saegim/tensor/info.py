"""What this namespace offers, in the standard's terms."""

from __future__ import annotations

from typing import Any

from saegim import dtypes
from saegim.dtypes import DType
from saegim.tensor.core import Device
from saegim.tensor.creation import check_device
from saegim.tensor.dtype_functions import isdtype

__all__ = ["__array_namespace_info__"]


class NamespaceInfo:
    """Answers questions about devices, dtypes and capabilities."""

    def capabilities(self) -> dict[str, Any]:
        """Boolean indexing and data-dependent shapes work on known tensors; axes are limited by NumPy."""
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64}

    def default_device(self) -> Device:
        """Where new tensors are."""
        return "cpu"

    def devices(self) -> list[Device]:
        """Where tensors can be."""
        return ["cpu"]

    def default_dtypes(self, *, device: Device | None = None) -> dict[str, DType]:
        """Without a complex one: there are no complex numbers."""
        check_device(device)
        return {
            "real floating": dtypes.DEFAULT_FLOAT,
            "integral": dtypes.DEFAULT_INT,
            "indexing": dtypes.DEFAULT_INT,
        }

    def dtypes(self, *, device: Device | None = None, kind: str | tuple[str, ...] | None = None) -> dict[str, DType]:
        """The dtypes of a kind (see isdtype) by name; all of them without one."""
        check_device(device)
        return {name: each for name, each in dtypes.BY_NAME.items() if kind is None or isdtype(each, kind)}


def __array_namespace_info__() -> NamespaceInfo:  # noqa: N807 - the standard's name
    """What this namespace offers: devices, dtypes, capabilities."""
    return NamespaceInfo()
