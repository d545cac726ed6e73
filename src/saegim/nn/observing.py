"""Seeing what every layer is given and gives: modules, and functions that stand among them (relu, pooling)."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple, ParamSpec, TypeVar

from saegim.ir import layer, present_layer

P = ParamSpec("P")
R = TypeVar("R")


class Call(NamedTuple):
    """A call of a layer: its dotted name, the module or function, what it was given and what it gave."""

    name: str
    layer: Callable[..., Any]
    inputs: tuple[Any, ...]
    output: Any


Observer = Callable[[Call], None]
_observer: ContextVar[Observer | None] = ContextVar("observer", default=None)


@contextmanager
def observed(observer: Observer) -> Iterator[None]:
    """Inside, `observer(call)` is called after every call of a module, and of a function that can be observed."""
    token = _observer.set(observer)
    try:
        yield
    finally:
        _observer.reset(token)


def called(name: str, layer_: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Calls a layer under `name` within the present one, so that errors can say where they happened, and tells it."""
    with layer(name):
        output = _unobserved(layer_)(*args, **kwargs)
        tell(layer_, (*args, *kwargs.values()), output)
    return output


def _unobserved(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function itself, which tells nobody."""
    if isinstance(function, functools.partial):
        return functools.partial(_unobserved(function.func), *function.args, **function.keywords)
    plain: Callable[..., Any] = getattr(function, "_unobserved", function)
    return plain


def tell(layer_: Callable[..., Any], inputs: tuple[Any, ...], output: Any) -> None:
    """Tells the observer, if there is one, of a call of the present layer."""
    observer = _observer.get()
    if observer is not None:
        observer(Call(present_layer(), layer_, inputs, output))


def observable(function: Callable[P, R]) -> Callable[P, R]:
    """A function that is observed like a layer, under its own name within the layer that calls it."""

    @functools.wraps(function)
    def named(*args: P.args, **kwargs: P.kwargs) -> R:
        if _observer.get() is None:
            return function(*args, **kwargs)
        result: R = called(function.__name__, named, *args, **kwargs)
        return result

    named._unobserved = function  # type: ignore[attr-defined]
    return named
