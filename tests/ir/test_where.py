"""Where a node comes from."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import saegim as sg
from saegim.dtypes import float64
from saegim.errors import TraceError
from saegim.ir import Node, Spec, body_of, fresh_input, layer, make, topological
from saegim.ir.where import where_am_i
from saegim.tensor.core import Tensor


def line() -> int:
    """The line that called this."""
    frame = inspect.currentframe()
    assert frame is not None and frame.f_back is not None
    return frame.f_back.f_lineno


def x_input() -> Node:
    return fresh_input(Spec((3,), float64))


def test_a_node_knows_the_line_that_asked_for_it() -> None:
    x = Tensor(x_input())
    before = line()
    by_operator = x + 1.0
    by_function = sg.softmax(x)
    by_method = x[1:]
    for offset, tensor in enumerate((by_operator, by_function, by_method)):
        assert tensor._value.where == (  # type: ignore[union-attr]
            "",
            __file__,
            before + 1 + offset,
        )


def test_layers_nest() -> None:
    with layer("encoder"):
        with layer("0"), layer(""), layer("attention"):
            inner = make("exp", x_input())
        outer = make("exp", x_input())
    assert inner.where.layer == "encoder.0.attention"
    assert outer.where.layer == "encoder"
    assert make("exp", x_input()).where.layer == ""
    assert str(inner.where) == f"layer encoder.0.attention ({__file__}:{inner.where.line})"
    assert str(make("tan", x_input()).where).startswith(__file__)


def test_a_layer_ends_with_an_error() -> None:
    with pytest.raises(KeyError), layer("broken"):
        raise KeyError
    assert where_am_i().layer == ""


def test_layers_of_threads_are_their_own() -> None:
    with layer("here"), ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: where_am_i().layer).result() == ""


def test_copies_keep_where_their_originals_came_from() -> None:
    """Differentiating, inlining into an outer trace and closing the body of a scan all copy nodes."""

    def loss(x: Tensor) -> Tensor:
        with layer("inner"):
            _last, ys = sg.scan(lambda s, x: (s * 0.5 + sg.exp(x), s), sg.zeros(()), x)
        return sg.sum(ys)

    wheres: set[tuple[str, str]] = set()

    def outer(x: Tensor) -> Tensor:
        gradient = sg.grad(loss)(x)
        for node in _all_nodes(gradient._value):
            wheres.add((node.op, node.where.layer))
        return gradient

    sg.compile(outer)(sg.zeros((3,)))
    assert {layer for op, layer in wheres if op in ("scan", "exp", "item")} == {"inner"}


def _all_nodes(node: Node) -> Iterator[Node]:
    for each in topological([node]):
        yield each
        if each.op == "scan":
            for output in body_of(each).outputs:
                yield from _all_nodes(output)


# --- errors name the user's line --------------------------------------------------------------------------------------


def branch(x: Tensor) -> Tensor:
    return x if x[0] > 0 else -x


def loop(x: Tensor) -> Tensor:
    while sg.sum(x) > 0:
        x = x - 1.0
    return x


def as_float(x: Tensor) -> Tensor:
    return x * float(x[0])


def as_integer(x: Tensor) -> Tensor:
    return x * int(x[0])


def as_index(x: Tensor) -> Tensor:
    return x * [1.0, 2.0][sg.astype(x[0], sg.int64)]


def as_numpy(x: Tensor) -> Tensor:
    return x + np.asarray(x)


def as_item(x: Tensor) -> Tensor:
    return x * x[0].item()


def iterated_mask(x: Tensor) -> Tensor:
    return sg.stack([each for each, wanted in zip(x, x > 0, strict=True) if wanted])


def picked_by_mask(x: Tensor) -> Tensor:
    return x[x > 0]


def assigned(x: Tensor) -> Tensor:
    x[0] = 1.0
    return x


def inside_a_function_of_ours(x: Tensor) -> Tensor:
    return sg.reshape(x, (int(x[0]), 1))


ASKING = [branch, loop, as_float, as_integer, as_index, as_numpy, as_item, iterated_mask, picked_by_mask, assigned]


def grad(fn: Callable[[Tensor], Tensor]) -> Callable[..., object]:
    return sg.grad(lambda x: sg.sum(fn(x)))


@pytest.mark.parametrize("transform", [sg.compile, grad])
@pytest.mark.parametrize("fn", [*ASKING, inside_a_function_of_ours], ids=lambda fn: fn.__name__)
def test_asking_a_traced_tensor_for_its_value_names_the_line(
    fn: Callable[[Tensor], Tensor], transform: Callable[..., Callable[..., object]]
) -> None:
    source, first = inspect.getsourcelines(fn)
    lines = range(first, first + len(source))
    with pytest.raises(TraceError) as caught:
        transform(fn)(sg.asarray([1.0, 2.0]))
    named = [number for number in lines if f"{__file__}:{number}" in str(caught.value)]
    assert named, f"{caught.value} names no line of {fn.__name__}"
    assert "sg.where" in str(caught.value)
