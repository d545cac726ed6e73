"""Where the first NaN or infinity came from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import saegim as sg
from saegim.ir import Graph, layer
from saegim.reference import NonFinite, first_non_finite
from saegim.tensor.core import Tensor, node_of
from saegim.tensor.transforms import signature, symbols


def blame(fn: Callable[..., Any], *arrays: Any) -> NonFinite | None:
    sign, tensors = signature([sg.asarray(np.asarray(each, np.float64)) for each in arrays])
    inputs = symbols(sign)
    outputs = fn(*inputs)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    graph = Graph(tuple(map(node_of, inputs)), tuple(map(node_of, outputs)))
    before = [np.array(each) for each in tensors]
    found = first_non_finite(graph, [np.asarray(each) for each in tensors])
    for old, each in zip(before, tensors, strict=True):
        np.testing.assert_array_equal(old, each)
    return found


def test_nothing_to_blame() -> None:
    assert blame(lambda x: sg.exp(x), [1.0, 2.0]) is None
    assert blame(lambda x: (sg.isnan(x), sg.argmax(x)), [1.0]) is None


def test_the_operation_that_made_it_is_named_with_its_layer() -> None:
    def fn(x: Tensor) -> Tensor:
        with layer("encoder"), layer("0"):
            y = sg.log(x)
        return sg.sum(y * 2.0) + 1.0

    found = blame(fn, [1.0, -1.0])
    assert found is not None
    assert (found.op, found.kind, found.where.layer) == ("log", "NaN", "encoder.0")
    assert str(found).startswith("'log' in layer encoder.0 (") and str(found).endswith("is the first to give NaN")


def test_an_overflow_is_blamed_rather_than_the_nan_it_led_to() -> None:
    found = blame(lambda x: (lambda e: sg.sum(e / sg.sum(e)))(sg.exp(x)), [1.0, 1000.0])
    assert found is not None
    assert (found.op, found.kind) == ("exp", "infinity")


def test_an_infinite_mask_is_not_to_blame() -> None:
    def masked(x: Tensor) -> Tensor:
        scores = sg.where(sg.asarray([True, False]), x, -sg.inf)
        weights = sg.softmax(scores)
        return sg.sum(sg.sqrt(-weights))

    found = blame(masked, [1.0, 2.0])
    assert found is not None and (found.op, found.kind) == ("sqrt", "NaN")
    # Unless it makes a NaN itself: then the operation that met it is named.
    found = blame(lambda x: sg.sum(sg.where(sg.asarray([True, False]), x, -sg.inf) * 0.0), [1.0, 2.0])
    assert found is not None and (found.op, found.kind) == ("multiply", "NaN")


def test_a_nan_that_is_not_used_is_not_to_blame() -> None:
    def guarded(x: Tensor) -> Tensor:
        return sg.sum(sg.where(x > 0, sg.log(x), 0.0)) + sg.sum(sg.exp(x * 1000.0))

    found = blame(guarded, [-1.0, 1.0])
    assert found is not None and (found.op, found.kind) == ("exp", "infinity")


def test_inputs_and_constants_that_hold_it_already() -> None:
    found = blame(lambda x, y: sg.sum(x) + sg.sum(sg.exp(y)), [1.0], [1.0, np.nan])
    assert found is not None and found.argument == 1
    assert str(found) == "input 1 holds NaN already"
    found = blame(lambda x: sg.sum(x + sg.asarray([1.0, np.inf], dtype=sg.float64)), [1.0, 1.0])
    assert found is not None and found.argument is None
    assert str(found).startswith("a constant from ") and str(found).endswith("holds infinity already")


def test_a_nan_is_looked_for_before_an_infinity() -> None:
    found = blame(lambda x: (x / 0.0, sg.sqrt(x)), [-1.0])
    assert found is not None and (found.op, found.kind) == ("sqrt", "NaN")


def test_derivatives_are_blamed_on_the_layer_they_derive() -> None:
    def loss(x: Tensor) -> Tensor:
        with layer("norm"):
            return sg.sum(sg.sqrt(x))

    found = blame(lambda x: sg.grad(loss)(x) * 0.0, [1.0, 0.0])
    assert found is not None
    assert (found.op, found.kind, found.where.layer) == ("divide", "infinity", "norm")


# --- scans ----------------------------------------------------------------------------------------------------------


def run(
    body: Callable[..., Any], start: float, pick: int, xs: Sequence[float], shared: float = 1.0, **kwargs: Any
) -> Any:
    """Blames the scan of `body(state, x, shared)`; inputs are start, xs, shared."""

    def fn(start: Tensor, xs: Tensor, shared: Tensor) -> Any:
        return sg.scan(lambda state, x: body(state, x, shared), start, xs, **kwargs)[pick]

    return blame(fn, start, xs, shared)


def test_the_body_of_a_scan_is_looked_into() -> None:
    found = run(lambda s, x, w: (s + sg.log(x), s), 0.0, 0, [1.0, 2.0, -1.0, 3.0])
    assert (found.op, found.kind, found.positions) == ("log", "NaN", (2,))
    assert str(found).endswith("NaN, position 2 of its sequence")
    # Of the stacked outputs the first that holds it was made one position later, from that state.
    found = run(lambda s, x, w: (s + sg.log(x), s), 0.0, 1, [1.0, 2.0, -1.0, 3.0])
    assert (found.op, found.positions) == ("log", (2,))
    found = run(lambda s, x, w: (s, sg.log(x)), 0.0, 1, [1.0, -2.0, -1.0, 3.0])
    assert (found.op, found.positions) == ("log", (1,))


def test_a_scan_in_reverse() -> None:
    found = run(lambda s, x, w: (s + sg.log(x), s), 0.0, 0, [-1.0, 2.0, -1.0, 3.0], reverse=True)
    assert (found.op, found.positions) == ("log", (2,))


def test_a_recurrence_that_explodes() -> None:
    found = run(lambda s, x, w: (s * s, x), 10.0, 0, [0.0] * 12)
    assert (found.op, found.kind, found.positions) == ("multiply", "infinity", (8,))


def test_what_a_scan_was_given() -> None:
    for pick in (0, 1):
        found = run(lambda s, x, w: (s + x, s * w), 0.0, pick, [1.0, np.nan, 1.0, 1.0])
        assert found.argument == 1
        found = run(lambda s, x, w: (s + x, s * w), np.inf, pick, [1.0, 1.0])
        assert found.argument == 0
    found = run(lambda s, x, w: (s + x, s * w), 0.0, 1, [1.0, 1.0], shared=np.nan)
    assert found.argument == 2
    found = run(lambda s, x, w: (s + x, s * w), np.nan, 0, [])
    assert found.argument == 0


def test_what_was_made_before_a_scan() -> None:
    def fn(x: Tensor) -> Tensor:
        return sg.scan(lambda s, x: (s + x, s), 0.0, sg.exp(sg.astype(x, sg.float32)))[0]

    found = blame(fn, [1.0, 1000.0])
    assert found is not None and (found.op, found.kind, found.positions) == ("exp", "infinity", ())


def test_a_scan_in_a_scan() -> None:
    def outer(state: Tensor, row: Tensor) -> Any:
        inner, _ = sg.scan(lambda s, x: (s + sg.sqrt(x), s), state, row)
        return inner, inner

    found = blame(lambda rows: sg.scan(outer, sg.asarray(0.0, dtype=sg.float64), rows)[0], [[1.0, 2.0], [3.0, -4.0]])
    assert found is not None and (found.op, found.positions) == ("sqrt", (1, 1))
