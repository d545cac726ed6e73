"""The tensor: an array that is either known (eager) or a node of a computation being recorded (traced).

Eager means NumPy, now: an operation on known tensors calls the primitive's meaning at once, so that errors appear
where they are made and a debugger works. Traced means a node: inside `grad` and `compile` the inputs are symbolic,
and the same operations build a graph.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from types import ModuleType
from typing import Any, TypeGuard

import numpy as np

from saegim import dtypes
from saegim.dtypes import DType
from saegim.errors import DTypeError, ShapeError, TraceError
from saegim.ir import Node, Shape, Spec, constant, infer, make
from saegim.ir.where import where_am_i
from saegim.reference import meaning
from saegim.tensor.indexing import plan_index, position_of
from saegim.tensor.value import Device, Scalar, Value

__all__ = [
    "Device",
    "Scalar",
    "Tensor",
    "apply",
    "asarray_like",
    "binary",
    "broadcast_shapes",
    "broadcast_to",
    "broadcast_together",
    "cast",
    "elementwise",
    "from_start",
    "is_number",
    "matmul",
    "node_of",
    "operate",
    "promoted",
    "reshape_to",
]


class Tensor(Value):
    """An n-dimensional array of one dtype. Its value never changes; `x[key] = v` and `x += v` rebind it to a new one.

    Follows the Python array API standard 2024.12 (without complex numbers); functions are in the package's own
    namespace: `saegim.matmul(x, y)`.
    """

    __slots__ = ()
    __array_priority__ = 1000.0  # NumPy's operators give way to this class's

    def __array_namespace__(self, /, *, api_version: str | None = None) -> ModuleType:
        import saegim

        if api_version not in (None, "2021.12", "2022.12", "2023.12", "2024.12"):
            raise ValueError(f"array API version {api_version!r} is not supported; 2024.12 is the newest")
        return saegim

    def to_device(self, device: Device, /, *, stream: Any = None) -> Tensor:
        """Itself, for the one device there is. Raises ValueError for another."""
        if device != "cpu" or stream is not None:
            raise ValueError(f"device 'cpu' without a stream expected, {device!r} and {stream!r} given")
        return self

    @property
    def T(self) -> Tensor:  # noqa: N802 - the standard's name
        """The transpose of a matrix. Raises ShapeError for anything else."""
        if self.ndim != 2:
            raise ShapeError(f"T: a matrix expected, shape {self.shape} given; use mT or permute_dims")
        return apply("permute", self, axes=(1, 0))

    @property
    def mT(self) -> Tensor:  # noqa: N802 - the standard's name
        """x with its last two axes exchanged: every matrix of a stack transposed."""
        if self.ndim < 2:
            raise ShapeError(f"mT: at least two axes expected, shape {self.shape} given")
        last = self.ndim - 1
        return apply("permute", self, axes=(*range(last - 1), last, last - 1))

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("a scalar tensor has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        return (self[position] for position in range(len(self)))

    # --- parts ---

    def __getitem__(self, key: Any, /) -> Tensor:
        keys = [_as_key(each) for each in _several(key)]
        result = Tensor(self._value)
        for op, extra, attrs in plan_index(self.shape, keys, _flat_position):
            result = apply(op, result, *map(asarray_like, extra), **attrs)
        return result

    def __setitem__(self, key: Any, value: Any, /) -> None:
        if isinstance(self._value, Node) or isinstance(getattr(value, "_value", None), Node):
            raise TraceError(
                f"{where_am_i()} assigns to elements of a traced tensor, which never changes; "
                "build a new one with sg.where"
            )
        new = _scalar(value, self.dtype, "assignment") if is_number(value) else asarray_like(value)
        if new.dtype != self.dtype and dtypes.promote(self.dtype, new.dtype) != self.dtype:
            raise DTypeError(f"values of {new.dtype.name} do not fit into a tensor of {self.dtype.name}; cast them")
        keys = tuple(np.asarray(each) if isinstance(each, Tensor) else each for each in _several(key))
        changed = np.array(self._value)
        changed[keys] = new.numpy()
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
        return matmul(self, asarray_like(other)) if isinstance(other, Tensor | np.ndarray) else NotImplemented

    def __rmatmul__(self, other: Any, /) -> Tensor:
        return matmul(asarray_like(other), self) if isinstance(other, Tensor | np.ndarray) else NotImplemented

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
    return _evaluate(op, infer(op, [each.spec for each in inputs], attrs), inputs, attrs)


def _evaluate(op: str, spec: Spec, inputs: Sequence[Tensor], attrs: Mapping[str, Any]) -> Tensor:
    known: list[Any] = [each._value for each in inputs]
    with np.errstate(all="ignore"):
        value = meaning(op, *known, **attrs)
    assert value.shape == spec.shape, f"{op}: the meaning gave {value.shape}, the shape rule {spec}"
    return Tensor(value if value.dtype == spec.dtype else value.astype(spec.dtype))


def node_of(tensor: Tensor) -> Node:
    """The tensor as a node; a known one becomes a constant."""
    return tensor._value if isinstance(tensor._value, Node) else constant(tensor._value)


def operate(op: str, first: Any, second: Any) -> Tensor:
    """A binary operator with promotion and broadcasting; NotImplemented for operands it does not know."""
    for each in (first, second):
        if not isinstance(each, Tensor | bool | int | float | np.number | np.bool_ | np.ndarray):
            return NotImplemented  # type: ignore[no-any-return] # Python's own way to say so
    return binary(op, first, second)


def binary(op: str, first: Any, second: Any) -> Tensor:
    """Elementwise `op` of two operands, at least one a tensor, promoted and broadcast to each other."""
    return elementwise(op, *promoted(op, first, second))


def elementwise(op: str, *inputs: Tensor) -> Tensor:
    """Elementwise `op` of operands broadcast to each other. Known ones are broadcast by NumPy on the way."""
    shape = broadcast_shapes(op, *(each.shape for each in inputs))
    if any(isinstance(each._value, Node) for each in inputs):
        # As nodes first: a constant and its broadcast are made faster than an array that NumPy has repeated.
        return Tensor(make(op, *(node_of(broadcast_to(Tensor(node_of(each)), shape)) for each in inputs)))
    return _evaluate(op, infer(op, [Spec(shape, each.dtype) for each in inputs], {}), inputs, {})


def promoted(op: str, *operands: Any) -> list[Tensor]:
    """The operands as tensors of one dtype. Python numbers take the dtype of the tensors."""
    tensors = [asarray_like(each) for each in operands if not is_number(each)]
    if not tensors:
        raise DTypeError(f"{op}: at least one tensor expected, only Python numbers given; wrap one in asarray")
    dtype = tensors[0].dtype
    for tensor in tensors[1:]:
        try:
            dtype = dtypes.promote(dtype, tensor.dtype)
        except DTypeError as error:
            raise DTypeError(f"{op}: {error}") from None
    return [_scalar(each, dtype, op) if is_number(each) else cast(asarray_like(each), dtype) for each in operands]


def is_number(value: Any) -> TypeGuard[Scalar]:
    """Whether this is a Python number. NumPy's scalars have a dtype of their own, even those that are also floats."""
    return isinstance(value, bool | int | float) and not isinstance(value, np.generic)


def _scalar(value: Scalar, dtype: DType, op: str) -> Tensor:
    """A Python number as a scalar of a tensor's dtype (standard, "Mixing arrays with Python scalars")."""
    fits = (
        isinstance(value, bool)
        if dtypes.is_bool(dtype)
        else not isinstance(value, bool) and (dtypes.is_floating(dtype) or isinstance(value, int))
    )
    if not fits:
        kind = type(value).__name__
        raise DTypeError(f"{op}: a Python {kind} does not combine with a tensor of {dtype.name}; cast it with astype")
    try:
        # Beyond float32 a number is infinite; the context costs more than everything else here.
        with np.errstate(over="ignore") if abs(value) > 1e38 else nullcontext():
            return Tensor(np.asarray(value, dtype))
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
    if all(shape == shapes[0] for shape in shapes):
        return shapes[0] if shapes else ()
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


# --- indices ----------------------------------------------------------------------------------------------------


def _several(key: Any) -> tuple[Any, ...]:
    return key if isinstance(key, tuple) else (key,)


def _as_key(key: Any) -> Any:
    """A part of an index in few kinds: arrays and truth values as tensors, known integer scalars as numbers."""
    if isinstance(key, list | np.ndarray | np.bool_ | bool):
        key = Tensor(np.asarray(key))
    if isinstance(key, Tensor) and not key.is_traced and not key.ndim and dtypes.is_integer(key.dtype):
        return key.item()
    return key


def from_start(op: str, indices: Tensor, size: int) -> Tensor:
    """Indices counted from the start: negative ones gain `size`. Known ones are checked."""
    if not dtypes.is_integer(indices.dtype):
        raise DTypeError(f"{op}: integer indices expected, {indices.dtype.name} given; cast them with astype")
    if indices.is_traced:
        return indices if indices.dtype.kind == "u" else _from_start_traced(cast(indices, dtypes.int64), size)
    known = indices.numpy()
    if not known.size:
        return indices
    low, high = int(known.min()), int(known.max())
    if not -size <= low <= high < size:
        raise IndexError(f"{op}: indices between {-size} and {size - 1} expected, {low} to {high} given")
    return indices if low >= 0 else Tensor(np.where(known < 0, known.astype(np.int64) + size, known))


def _from_start_traced(indices: Tensor, size: int) -> Tensor:
    return apply("select", indices < 0, indices + size, indices)


def _flat_position(keys: Sequence[Any], sizes: Sequence[int]) -> Tensor:
    """One row-major position from an integer or integer tensor per axis."""
    flat = Tensor(np.zeros((), np.int64))
    for axis, (key, size) in enumerate(zip(keys, sizes, strict=True)):
        if isinstance(key, Tensor):
            position = cast(from_start("index", key, size), dtypes.int64)
        else:
            position = Tensor(np.asarray(position_of(key, size, axis)))
        combined = binary("add", flat * size, position)
        if position.is_traced and len(keys) > 1:
            # Outside of its own axis it may still be inside of all of them together: -1 is outside of both.
            outside = broadcast_to((position < 0) | (position >= size), combined.shape)
            combined = apply("select", outside, broadcast_to(Tensor(np.asarray(-1)), combined.shape), combined)
        flat = combined
    return flat


# --- matrix products --------------------------------------------------------------------------------------------


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
