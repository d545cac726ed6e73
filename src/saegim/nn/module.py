"""The module: a layer or a model is sizes, named arrays and one `__call__`.

A module is a tree of tensors: `grad` gives gradients in its own structure, and `compile` takes it as an argument.
Inside of them a module is a copy whose tensors are traced; what a layer sets there reaches the real module only
through a training step, which takes the copy's buffers back.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from saegim.dtypes import DType, as_dtype, is_floating
from saegim.errors import ModelFileError, SettingError, ShapeError, TraceError
from saegim.ir import layer
from saegim.nn.observing import tell
from saegim.tensor import tree
from saegim.tensor.core import Tensor, asarray_like
from saegim.tensor.rows import Rows

Seed = int | np.random.Generator | None

_BOOKKEEPING = ("_scope", "_children")


class Parameter(Tensor):
    """A tensor that is learned. Owns its memory: training may overwrite it.

    With `copy=False` it takes over the given array, which nobody else may use then: large tables exist only once.
    """

    __slots__ = ()
    is_buffer: ClassVar[bool] = False

    def __init__(self, value: npt.ArrayLike, *, copy: bool = True) -> None:
        super().__init__(np.array(value) if copy else np.asarray(value))


class Buffer(Tensor):
    """A tensor that belongs to a module without being learned: running statistics, the state of a generator.

    A buffer that is not `persistent` is left out of `state_dict`.
    """

    __slots__ = ("persistent",)
    is_buffer: ClassVar[bool] = True

    def __init__(self, value: npt.ArrayLike, persistent: bool = True) -> None:
        super().__init__(np.array(value))
        self.persistent = persistent


def is_bias(name: str) -> bool:
    """Whether a parameter of that (dotted) name is added to a layer's outputs, one number for each."""
    return "bias" in name.rsplit(".", 1)[-1]


def _named(call: Callable[..., Any]) -> Callable[..., Any]:
    """A module's `__call__` under the module's own name, so that errors can say which layer they happened in.

    NumPy arrays among the arguments become tensors.
    """

    @functools.wraps(call)
    def named_call(self: Module, *args: Any, **kwargs: Any) -> Any:
        args = tuple(map(_as_tensor, args))
        kwargs = {name: _as_tensor(each) for name, each in kwargs.items()}
        with layer(self._scope):
            output = call(self, *args, **kwargs)
            tell(self, (*args, *kwargs.values()), output)
        return output

    return named_call


def _as_tensor(argument: Any) -> Any:
    return asarray_like(argument) if isinstance(argument, np.ndarray) else argument


class Module:
    """The base of every layer and model. Subclasses set tensors and modules as attributes and define `__call__`.

    `training` says whether the module is being trained (dropout drops, batch norm uses the batch's statistics);
    `train()` and `eval()` set it for the module and everything in it.
    """

    training: bool = True
    _scope: str = ""
    _children: tuple[str, ...] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__call__" in cls.__dict__:
            cls.__call__ = _named(cls.__dict__["__call__"])  # type: ignore[method-assign]
        tree.register(cls, _parts, functools.partial(_whole, cls))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ARG002 - what subclasses take is theirs to say
        raise TypeError(f"{type(self).__name__} defines no __call__; add one that maps inputs to outputs")

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        for path, module in _modules_in(value, name):
            object.__setattr__(module, "_scope", path)

    def reset(self, rng: np.random.Generator) -> None:
        """Draws the module's own parameters anew. Layers with parameters override it."""

    def reset_all(self, seed: Seed) -> Self:
        """Draws all parameters anew, those of inner modules first: the same seed gives the same network."""
        rng = np.random.default_rng(seed)
        for module in reversed(list(self.modules())):
            module.reset(rng)
        return self

    def set_buffer(self, name: str, value: Tensor) -> None:
        """Replaces the value of a buffer: running statistics after a batch, a generator's state after its use.

        Raises TraceError when the value is traced but the module is not: then the module was taken from around a
        traced function, and its buffer would hold a node without a value.
        """
        old: Tensor = getattr(self, name)
        if value.is_traced and not old.is_traced:
            raise TraceError(
                f"{type(self).__name__}.{name} would change inside of grad or compile; give the module to the traced "
                "function as an argument, or call its eval() first"
            )
        new = Tensor(value._value)
        if isinstance(old, Buffer):
            new = Buffer(np.asarray(value), old.persistent)
        setattr(self, name, new)

    def astype(self, dtype: DType) -> Self:
        """Casts every floating-point parameter and buffer, in place; float64 is for checks, float32 for training.

        Raises SettingError for a dtype that is not floating-point.
        """
        wanted = as_dtype(dtype)
        if not is_floating(wanted):
            raise SettingError(f"a floating-point dtype expected, {wanted.name} given")
        for _name, tensor in self.named_tensors():
            if is_floating(tensor.dtype):
                tensor._value = np.asarray(tensor).astype(wanted)
        return self

    def train(self, mode: bool = True) -> Self:
        """Sets the module and everything in it to training (or, with False, to prediction)."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Sets the module and everything in it to prediction."""
        return self.train(False)

    def modules(self) -> Iterator[Module]:
        """The module itself and every module in it, depth first."""
        return (module for _path, module in self.named_modules())

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """The module itself (its name is empty) and every module in it with its dotted name, depth first."""
        yield "", self
        for name in _child_names(self):
            for path, module in _modules_in(getattr(self, name), name):
                for inner, each in module.named_modules():
                    yield f"{path}.{inner}" if inner else path, each

    def named_tensors(self) -> Iterator[tuple[str, Tensor]]:
        """Every parameter and buffer with its dotted name, in the order in which they were set."""
        for name in _child_names(self):
            yield from _tensors_in(getattr(self, name), name)

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Every tensor that is learned, with its dotted name."""
        return ((name, each) for name, each in self.named_tensors() if isinstance(each, Parameter))

    def state_dict(self) -> dict[str, npt.NDArray[Any]]:
        """Name -> array (a copy) of every parameter and persistent buffer; names and shapes as PyTorch has them."""
        return {name: np.array(each) for name, each in self.named_tensors() if getattr(each, "persistent", True)}

    def load_state_dict(self, state: Mapping[str, npt.ArrayLike]) -> None:
        """Sets every parameter and persistent buffer, copying.

        Raises ModelFileError when names are missing or unknown, ShapeError when a shape differs; then nothing is set.
        """
        own = {name: each for name, each in self.named_tensors() if getattr(each, "persistent", True)}
        missing, unknown = sorted(own.keys() - state.keys()), sorted(state.keys() - own.keys())
        if missing or unknown:
            raise ModelFileError(
                f"the state does not fit {type(self).__name__}: missing {missing or 'nothing'}, "
                f"unknown {unknown or 'nothing'}"
            )
        arrays = {name: np.array(state[name], dtype=each.dtype) for name, each in own.items()}
        for name, array in arrays.items():
            if array.shape != own[name].shape:
                raise ShapeError(f"{name}: shape {own[name].shape} expected, {array.shape} given")
        for name, array in arrays.items():
            own[name]._value = array

    def __repr__(self) -> str:
        shown = (name for name in vars(self) if name != "training" and not name.startswith("_"))
        values = ((name, getattr(self, name)) for name in shown)
        sizes = ", ".join(f"{name}={value!r}" for name, value in values if isinstance(value, int | float | str | tuple))
        inner = [
            f"  ({path}): {module!r}".replace("\n", "\n  ")
            for name in _child_names(self)
            for path, module in _modules_in(getattr(self, name), name)
        ]
        return "\n".join([f"{type(self).__name__}({sizes})", *inner])


def _modules_in(value: Any, path: str) -> Iterator[tuple[str, Module]]:
    """The modules directly in a value: itself, or those in a list, tuple or dict of them."""
    if isinstance(value, Module):
        yield path, value
    elif isinstance(value, list | tuple):
        for number, each in enumerate(value):
            yield from _modules_in(each, f"{path}.{number}")
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _modules_in(each, f"{path}.{key}")


def _tensors_in(value: Any, path: str) -> Iterator[tuple[str, Tensor]]:
    if isinstance(value, Tensor):
        yield path, value
    elif isinstance(value, Module):
        for name, tensor in value.named_tensors():
            yield f"{path}.{name}", tensor
    elif isinstance(value, list | tuple):
        for number, each in enumerate(value):
            yield from _tensors_in(each, f"{path}.{number}")
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _tensors_in(each, f"{path}.{key}")


def _holds_tensors(value: Any) -> bool:
    if isinstance(value, Tensor | Rows | Module):
        return True
    if isinstance(value, list | tuple):
        return any(map(_holds_tensors, value))
    return isinstance(value, dict) and any(map(_holds_tensors, value.values()))


# Attributes of these types hold no tensors, which is most of what there is to ask at every step.
_PLAIN = frozenset((int, float, bool, str, type(None)))


def _child_names(module: Module) -> list[str]:
    kept = set(module._children)
    return [
        name
        for name, value in vars(module).items()
        if name not in _BOOKKEEPING and (name in kept or (type(value) not in _PLAIN and _holds_tensors(value)))
    ]


class _Fixed:
    """Attributes that are part of a module's structure; equal when all are, by value where they can be compared."""

    __slots__ = ("items",)

    def __init__(self, items: tuple[tuple[str, Any], ...]) -> None:
        self.items = items

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Fixed) or len(self.items) != len(other.items):
            return False
        pairs = zip(self.items, other.items, strict=True)
        return all(n == m and type(a) is type(b) and (a is b or _equal(a, b)) for (n, a), (m, b) in pairs)

    def __hash__(self) -> int:
        return hash(tuple(name for name, _value in self.items))


def _equal(first: Any, second: Any) -> bool:
    """Equality of attributes; arrays are compared element by element."""
    return np.array_equal(first, second) if isinstance(first, np.ndarray) else bool(first == second)


def _parts(module: Module) -> tuple[Sequence[Any], Any, Sequence[str]]:
    names = _child_names(module)
    chosen = set(names)
    fixed = tuple((n, v) for n, v in vars(module).items() if n not in chosen and n not in _BOOKKEEPING)
    return [getattr(module, name) for name in names], (tuple(names), _Fixed(fixed)), names


def _whole(cls: type[Module], structure: Any, children: Sequence[Any]) -> Module:
    names, fixed = structure
    module = object.__new__(cls)
    for name, value in fixed.items:
        object.__setattr__(module, name, value)
    object.__setattr__(module, "_children", names)
    for name, child in zip(names, children, strict=True):
        setattr(module, name, child)
    return module
