"""What a tensor holds: an array that is known, or a node of a computation being recorded; and how it is read."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim import dtypes
from saegim.dtypes import DType
from saegim.errors import TraceError
from saegim.ir import Node, Shape, Spec
from saegim.ir.where import where_am_i

Scalar = bool | int | float
Device = str


class Value:
    """An array or a node, with everything that needs no operation: what it is, and reading it where it is known."""

    __slots__ = ("_value",)

    def __init__(self, value: npt.NDArray[Any] | Node) -> None:
        self._value = value

    # --- what it is ---

    @property
    def shape(self) -> Shape:
        """The sizes of its axes, () for a scalar."""
        return self._value.shape

    @property
    def dtype(self) -> DType:
        """What kind of numbers it holds."""
        return self._value.dtype

    @property
    def spec(self) -> Spec:
        """Shape and dtype together; prints as float32[2,3]."""
        return Spec(self._value.shape, self._value.dtype)

    @property
    def ndim(self) -> int:
        """How many axes it has."""
        return len(self._value.shape)

    @property
    def size(self) -> int:
        """How many elements it has."""
        return int(self._value.size)

    @property
    def device(self) -> Device:
        """Always "cpu"."""
        return "cpu"

    @property
    def is_traced(self) -> bool:
        """Whether this is a node of a recorded computation, whose value is not known yet."""
        return isinstance(self._value, Node)

    # --- its value, where it is known ---

    def numpy(self) -> npt.NDArray[Any]:
        """The value as a NumPy array that cannot be written to. Raises TraceError when it is not known yet."""
        array = self._known("its value").view()
        array.flags.writeable = False
        return array

    def _known(self, wanted: str) -> npt.NDArray[Any]:
        if isinstance(self._value, Node):
            raise TraceError(
                f"{where_am_i()} asks a traced tensor {self.spec} for {wanted}, which is known only when the program "
                "runs; use sg.where instead of a branch, or take this line out of grad and compile"
            )
        return self._value

    def _one(self, wanted: str) -> Any:
        value = self._known(wanted)
        if value.size != 1 or value.ndim:
            raise TypeError(f"{wanted} of a tensor needs a scalar, shape {self.shape} given")
        return value[()]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        array = np.array(self._known("its value"), dtype=dtype, copy=copy)
        if array.base is not None or array is self._value:
            array = array.view()
            array.flags.writeable = False
        return array

    def __bool__(self) -> bool:
        return bool(self._one("its truth value"))

    def __int__(self) -> int:
        return int(self._one("its integer value"))

    def __float__(self) -> float:
        return float(self._one("its value"))

    def __complex__(self) -> complex:
        return complex(self._one("its value"))

    def __index__(self) -> int:
        if not dtypes.is_integer(self.dtype):
            raise TypeError(f"an index must be an integer, a tensor {self.spec} given")
        return operator.index(self._one("its integer value"))

    def item(self) -> Scalar:
        """The one element as a Python number."""
        result: Scalar = self._known("its value").item()
        return result

    def tolist(self) -> Any:
        """The elements as Python numbers in nested lists; a scalar as one number."""
        return self._known("its values").tolist()

    def __dlpack__(
        self,
        /,
        *,
        stream: Any = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[Any, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        if stream is not None:
            raise ValueError("a tensor on the CPU has no stream; None expected")
        # What is handed out can be written to, a tensor's own memory must not: a copy, whatever `copy` says.
        own = np.array(self._known("its memory"))
        return own.__dlpack__(max_version=max_version, dl_device=dl_device, copy=copy)

    def __dlpack_device__(self, /) -> tuple[int, int]:
        return np.empty(0).__dlpack_device__()

    def __repr__(self) -> str:
        if isinstance(self._value, Node):
            return f"Tensor(traced {self.spec})"
        return f"Tensor({np.array2string(self._value, separator=', ', prefix='Tensor(')}, dtype={self.dtype.name})"
