"""The tensor: an array that is either known (eager) or a node of a computation being recorded (traced).

Eager means NumPy, now: an operation on known tensors calls the primitive's meaning at once, so that errors appear
where they are made and a debugger works. Traced means a node: inside `grad` and `compile` the inputs are symbolic,
and the same operations build a graph.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim import dtypes
from saegim.dtypes import DType
from saegim.errors import DTypeError, ShapeError, TraceError
from saegim.ir import Node, Shape, Spec, constant, infer, make
from saegim.ir.where import where_am_i
from saegim.reference import meaning
from saegim.tensor.indexing import plan_index

Scalar = bool | int | float
Device = str


class Tensor:
    """An n-dimensional array of one dtype. Its value never changes; `x[key] = v` and `x += v` rebind it to a new one.

    Follows the Python array API standard 2024.12 (without complex numbers); functions are in the package's own
    namespace: `saegim.matmul(x, y)`.
    """

    __slots__ = ("_value",)
    __array_priority__ = 1000.0  # NumPy's operators give way to this class's

    def __init__(self, value: npt.NDArray[Any] | Node) -> None:
        self._value = value

    # --- what it is ---

    @property
    def shape(self) -> Shape:
        return self._value.shape

    @property
    def dtype(self) -> DType:
        return self._value.dtype

    @property
    def spec(self) -> Spec:
        return Spec(self._value.shape, self._value.dtype)

    @property
    def ndim(self) -> int:
        return len(self._value.shape)

    @property
    def size(self) -> int:
        return int(self._value.size)

    @property
    def device(self) -> Device:
        return "cpu"

    @property
    def is_traced(self) -> bool:
        """Whether this is a node of a recorded computation, whose value is not known yet."""
        return isinstance(self._value, Node)

    @property
    def T(self) -> Tensor:  # noqa: N802 - the standard's name
        if self.ndim != 2:
            raise ShapeError(f"T: a matrix expected, shape {self.shape} given; use mT or permute_dims")
        return apply("permute", self, axes=(1, 0))

    @property
    def mT(self) -> Tensor:  # noqa: N802 - the standard's name
        if self.ndim < 2:
            raise ShapeError(f"mT: at least two axes expected, shape {self.shape} given")
        last = self.ndim - 1
        return apply("permute", self, axes=(*range(last - 1), last, last - 1))

    def __array_namespace__(self, /, *, api_version: str | None = None) -> ModuleType:
        import saegim

        if api_version not in (None, "2021.12", "2022.12", "2023.12", "2024.12"):
            raise ValueError(f"array API version {api_version!r} is not supported; 2024.12 is the newest")
        return saegim

    def to_device(self, device: Device, /, *, stream: Any = None) -> Tensor:
        if device != "cpu" or stream is not None:
            raise ValueError(f"device 'cpu' without a stream expected, {device!r} and {stream!r} given")
        return self

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
        return self._known("its values").tolist()

    def __dlpack__(self, *, stream: Any = None, **options: Any) -> Any:
        if stream is not None:
            raise ValueError("a tensor on the CPU has no stream; None expected")
        return self._known("its memory").copy().__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return np.empty(0).__dlpack_device__()

    def __repr__(self) -> str:
        if isinstance(self._value, Node):
            return f"Tensor(traced {self.spec})"
        return f"Tensor({np.array2string(self._value, separator=', ', prefix='Tensor(')}, dtype={self.dtype.name})"

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("a scalar tensor has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        return (self[position] for position in range(len(self)))

    # --- parts ---

    def __getitem__(self, key: Any, /) -> Tensor:
        result = self
        for op, extra, attrs in plan_index(self.shape, key, Tensor):
            result = apply(op, result, *(asarray_like(each) for each in extra), **attrs)
        return result

    def __setitem__(self, key: Any, value: Any, /) -> None:
        if isinstance(self._value, Node) or isinstance(getattr(value, "_value", None), Node):
            raise TraceError(
                f"{where_am_i()} assigns to elements of a traced tensor, which never changes; build a new one with sg.where"
            )
        if isinstance(value, Tensor) and dtypes.promote(self.dtype, value.dtype) != self.dtype:
            raise DTypeError(f"values of {value.dtype.name} do not fit into a tensor of {self.dtype.name}; cast them")
        if isinstance(value, bool | int | float):
            _scalar(value, self.dtype)
        if isinstance(key, tuple):
            key = tuple(np.asarray(each) if isinstance(each, Tensor) else each for each in key)
        changed = self._value.copy()
        changed[np.asarray(key) if isinstance(key, Tensor) else key] = np.asarray(value)
        self._value = changed

    # --- operators ---

    def __pos__(self) -> Tensor:
        if not dtypes.is_numeric(self.dtype):
            raise DTypeError("+: a numeric tensor expected, bool given; cast it with astype")
        return Tensor(self._value)

    def __neg__(self) -> Tensor:
        return apply("negative", self)

    def __abs__(self) -> Tensor:
        return apply("abs", self)

    def __invert__(self) -> Tensor:
        return apply("invert", self)

    def __add__(self, other: Any, /) -> Tensor:
        return operate("add", self, other)

    def __radd__(self, other: Any, /) -> Tensor:
        return operate("add", other, self)

    def __sub__(self, other: Any, /) -> Tensor:
        return operate("subtract", self, other)

    def __rsub__(self, other: Any, /) -> Tensor:
        return operate("subtract", other, self)

    def __mul__(self, other: Any, /) -> Tensor:
        return operate("multiply", self, other)

    def __rmul__(self, other: Any, /) -> Tensor:
        return operate("multiply", other, self)

    def __truediv__(self, other: Any, /) -> Tensor:
        return operate("divide", self, other)

    def __rtruediv__(self, other: Any, /) -> Tensor:
        return operate("divide", other, self)

    def __floordiv__(self, other: Any, /) -> Tensor:
        return operate("floor_divide", self, other)

    def __rfloordiv__(self, other: Any, /) -> Tensor:
        return operate("floor_divide", other, self)

    def __mod__(self, other: Any, /) -> Tensor:
        return operate("remainder", self, other)

    def __rmod__(self, other: Any, /) -> Tensor:
        return operate("remainder", other, self)

    def __pow__(self, other: Any, /) -> Tensor:
        return operate("power", self, other)

    def __rpow__(self, other: Any, /) -> Tensor:
        return operate("power", other, self)

    def __and__(self, other: Any, /) -> Tensor:
        return operate("bitwise_and", self, other)

    def __rand__(self, other: Any, /) -> Tensor:
        return operate("bitwise_and", other, self)

    def __or__(self, other: Any, /) -> Tensor:
        return operate("bitwise_or", self, other)

    def __ror__(self, other: Any, /) -> Tensor:
        return operate("bitwise_or", other, self)

    def __xor__(self, other: Any, /) -> Tensor:
        return operate("bitwise_xor", self, other)

    def __rxor__(self, other: Any, /) -> Tensor:
        return operate("bitwise_xor", other, self)

    def __lshift__(self, other: Any, /) -> Tensor:
        return operate("shift_left", self, other)

    def __rlshift__(self, other: Any, /) -> Tensor:
        return operate("shift_left", other, self)

    def __rshift__(self, other: Any, /) -> Tensor:
        return operate("shift_right", self, other)

    def __rrshift__(self, other: Any, /) -> Tensor:
        return operate("shift_right", other, self)

    def __matmul__(self, other: Any, /) -> Tensor:
        return matmul(self, other) if isinstance(other, Tensor) else NotImplemented

    def __lt__(self, other: Any, /) -> Tensor:
        return operate("less", self, other)

    def __le__(self, other: Any, /) -> Tensor:
        return operate("less_equal", self, other)

    def __gt__(self, other: Any, /) -> Tensor:
        return operate("less", other, self)

    def __ge__(self, other: Any, /) -> Tensor:
        return operate("less_equal", other, self)

    def __eq__(self, other: Any, /) -> Tensor:  # type: ignore[override]
        return operate("equal", self, other)

    def __ne__(self, other: Any, /) -> Tensor:  # type: ignore[override]
        return operate("not_equal", self, other)

    __hash__ = None  # type: ignore[assignment]


# --- applying primitives ----------------------------------------------------------------------------------------


def apply(op: str, *inputs: Tensor, **attrs: Any) -> Tensor:
    """Primitive `op`: its meaning at once when all inputs are known, a node when one is not."""
    if any(isinstance(each._value, Node) for each in inputs):
        return Tensor(make(op, *map(node_of, inputs), **attrs))
    spec = infer(op, [each.spec for each in inputs], attrs)
    with np.errstate(all="ignore"):
        value = meaning(op, *(each._value for each in inputs), **attrs)
    assert value.shape == spec.shape, f"{op}: the meaning gave {value.shape}, the shape rule {spec}"
    return Tensor(value if value.dtype == spec.dtype else value.astype(spec.dtype))


def node_of(tensor: Tensor) -> Node:
    """The tensor as a node; a known one becomes a constant."""
    return tensor._value if isinstance(tensor._value, Node) else constant(tensor._value)


def operate(op: str, first: Any, second: Any) -> Any:
    """A binary operator with promotion and broadcasting; NotImplemented for operands it does not know."""
    for each in (first, second):
        if not isinstance(each, Tensor | bool | int | float | np.number | np.bool_ | np.ndarray):
            return NotImplemented
    return binary(op, first, second)


def binary(op: str, first: Any, second: Any) -> Tensor:
    """Elementwise `op` of two operands, at least one a tensor, promoted and broadcast to each other."""
    left, right = promoted(op, first, second)
    return apply(op, *broadcast_together(op, left, right))


def promoted(op: str, *operands: Any) -> list[Tensor]:
    """The operands as tensors of one dtype. Python numbers take the dtype of the tensors."""
    tensors = [asarray_like(each) for each in operands if not isinstance(each, bool | int | float)]
    if not tensors:
        raise DTypeError(f"{op}: at least one tensor expected, only Python numbers given; wrap one in asarray")
    dtype = tensors[0].dtype
    for tensor in tensors[1:]:
        try:
            dtype = dtypes.promote(dtype, tensor.dtype)
        except DTypeError as error:
            raise DTypeError(f"{op}: {error}") from None
    return [
        Tensor(_scalar(each, dtype, op)) if isinstance(each, bool | int | float) else cast(asarray_like(each), dtype)
        for each in operands
    ]


def _scalar(value: Scalar, dtype: DType, op: str = "asarray") -> npt.NDArray[Any]:
    """A Python number as a scalar array of a tensor's dtype (standard, "Mixing arrays with Python scalars")."""
    fits = (
        isinstance(value, bool)
        if dtypes.is_bool(dtype)
        else not isinstance(value, bool) and (dtypes.is_floating(dtype) or isinstance(value, int))
    )
    if not fits:
        kind = type(value).__name__
        raise DTypeError(f"{op}: a Python {kind} does not combine with a tensor of {dtype.name}; cast it with astype")
    try:
        return np.asarray(value, dtype)
    except OverflowError:
        raise OverflowError(f"{op}: {value} does not fit into {dtype.name}") from None


def asarray_like(value: Any) -> Tensor:
    """A tensor as it is; a NumPy array or scalar as a tensor of its own dtype."""
    if isinstance(value, Tensor):
        return value
    if isinstance(value, np.ndarray | np.generic):
        array = np.asarray(value)
        return Tensor(array.astype(dtypes.as_dtype(array.dtype), copy=False))
    raise TypeError(f"a tensor or NumPy array expected, {type(value).__name__} given; use saegim.asarray")


def cast(x: Tensor, dtype: DType) -> Tensor:
    return x if x.dtype == dtype else apply("cast", x, dtype=dtype)


def broadcast_shapes(op: str, *shapes: Shape) -> Shape:
    """The shape that all of `shapes` can be repeated to."""
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        listed = " and ".join(map(str, shapes))
        raise ShapeError(
            f"{op}: shapes {listed} do not fit each other; counted from the last, sizes must be equal or 1"
        ) from None


def broadcast_together(op: str, *tensors: Tensor) -> list[Tensor]:
    shape = broadcast_shapes(op, *(each.shape for each in tensors))
    return [broadcast_to(each, shape) for each in tensors]


def broadcast_to(x: Tensor, shape: Sequence[int]) -> Tensor:
    """x repeated to `shape`."""
    return x if x.shape == tuple(shape) else apply("broadcast", x, shape=tuple(shape))


def reshape_to(x: Tensor, shape: Sequence[int]) -> Tensor:
    return x if x.shape == tuple(shape) else apply("reshape", x, shape=tuple(shape))


def matmul(x1: Tensor, x2: Tensor, /) -> Tensor:
    """The matrix product: (..., M, K) @ (..., K, N) -> (..., M, N); vectors are taken as one row or one column."""
    left, right = promoted("matmul", x1, x2)
    if not left.ndim or not right.ndim:
        raise ShapeError(f"matmul: arrays with axes expected, {left.shape} @ {right.shape} given; use multiply")
    row, column = left.ndim == 1, right.ndim == 1
    left = reshape_to(left, (1, *left.shape)) if row else left
    right = reshape_to(right, (*right.shape, 1)) if column else right
    if left.shape[-1] != right.shape[-2]:
        raise ShapeError(
            f"matmul: inner sizes differ: {x1.shape} @ {x2.shape} ({left.shape[-1]} != {right.shape[-2]}); "
            "transpose an operand?"
        )
    result = _matrix_product(left, right)
    if row:
        result = reshape_to(result, (*result.shape[:-2], result.shape[-1]))
    return reshape_to(result, result.shape[:-1]) if column else result


def _matrix_product(left: Tensor, right: Tensor) -> Tensor:
    """The product after promotion. Many rows against one matrix are one large product, not a batch of small ones."""
    if right.ndim == 2:
        rows = reshape_to(left, (int(np.prod(left.shape[:-1], dtype=np.int64)), left.shape[-1]))
        return reshape_to(apply("dot", rows, right), (*left.shape[:-1], right.shape[-1]))
    batch = broadcast_shapes("matmul", left.shape[:-2], right.shape[:-2])
    left, right = (broadcast_to(each, (*batch, *each.shape[-2:])) for each in (left, right))
    return apply("dot", left, right)
