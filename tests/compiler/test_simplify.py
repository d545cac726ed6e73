"""Simplifying changes how a graph computes, never what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings

from graphs import arrays_for, graphs
from saegim.compiler.simplify import simplify
from saegim.dtypes import bool_, float32, float64, int32, int64
from saegim.ir import Graph, Node, Spec, check, constant, fresh_input, make
from saegim.reference import evaluate

Array = npt.NDArray[Any]


def equal(graph: Graph, arrays: list[Array] | None = None, rtol: float = 1e-9) -> Graph:
    """The simplified graph, found well-formed and equal in meaning."""
    simple = simplify(graph)
    check(simple, "simplify")
    assert (simple.inputs, simple.donated) == (graph.inputs, graph.donated)
    arrays = arrays_for(graph) if arrays is None else arrays
    expected = evaluate(graph, [each.copy() for each in arrays])
    for found, wanted in zip(evaluate(simple, [each.copy() for each in arrays]), expected, strict=True):
        assert (found.shape, found.dtype) == (wanted.shape, wanted.dtype)
        np.testing.assert_allclose(found, wanted, rtol=rtol, atol=rtol)
    return simple


def ops(graph: Graph) -> Counter[str]:
    """How often each operation occurs, inputs and constants left out."""
    return Counter(node.op for node in graph.nodes() if node.op not in ("input", "constant"))


def written(node: Node) -> str:
    """A node as a formula over x, y, ... with the attributes that matter."""
    names: dict[Node, str] = {}

    def walk(each: Node) -> str:
        if each.op == "input":
            return names.setdefault(each, "xyzw"[len(names)])
        if each.op == "constant":
            return str(each.attrs["value"].array.tolist())
        details = [f"{key}={value}" for key, value in sorted(each.attrs.items()) if key not in ("step", "interior")]
        return f"{each.op}({', '.join([*map(walk, each.inputs), *details])})"

    return walk(node)


F, V, M, T3 = (Spec(shape, float32) for shape in ((), (4,), (3, 4), (2, 3, 4)))


def broadcast(x: Node, *shape: int) -> Node:
    return make("broadcast", x, shape=shape)


def number(value: float | bool, *shape: int, dtype: Any = float32) -> Node:
    return broadcast(constant(np.asarray(value, dtype)), *shape) if shape else constant(np.asarray(value, dtype))


def reshape(x: Node, *shape: int) -> Node:
    return make("reshape", x, shape=shape)


def permute(x: Node, *axes: int) -> Node:
    return make("permute", x, axes=axes)


def cast(x: Node, dtype: Any) -> Node:
    return make("cast", x, dtype=dtype)


def cut(x: Node, start: tuple[int, ...], stop: tuple[int, ...], step: tuple[int, ...] | None = None) -> Node:
    return make("slice", x, start=start, stop=stop, step=step or (1,) * len(start))


def padded(x: Node, low: tuple[int, ...], high: tuple[int, ...], value: float = 0.0) -> Node:
    return make("pad", x, number(value), low=low, high=high, interior=(0,) * len(low))


def total(x: Node, *axes: int, op: str = "sum") -> Node:
    return make(op, x, axes=axes)


def less(x: Node) -> Node:
    return make("less", x, number(0.0, *x.shape))


# What is simplified: specs of inputs, the graph, what it becomes.
RULES: dict[str, tuple[tuple[Spec, ...], Callable[..., Node], str]] = {
    # moves
    "a reshape that changes nothing": ((M,), lambda x: reshape(x, 3, 4), "x"),
    "two reshapes": ((M,), lambda x: reshape(reshape(x, 12), 6, 2), "reshape(x, shape=(6, 2))"),
    "a reshape there and back": ((M,), lambda x: reshape(reshape(x, 12), 3, 4), "x"),
    "two permutes": ((T3,), lambda x: permute(permute(x, 2, 0, 1), 2, 0, 1), "permute(x, axes=(1, 2, 0))"),
    "two permutes that cancel": ((M,), lambda x: permute(permute(x, 1, 0), 1, 0), "x"),
    "a permute of axes of size 1": (
        (V,),
        lambda x: permute(reshape(x, 1, 4), 1, 0),
        "reshape(x, shape=(4, 1))",
    ),
    "two broadcasts": ((V,), lambda x: broadcast(broadcast(x, 3, 4), 2, 3, 4), "broadcast(x, shape=(2, 3, 4))"),
    "a broadcast to its own shape": ((V,), lambda x: broadcast(x, 4), "x"),
    "a broadcast of leading ones": ((V,), lambda x: broadcast(reshape(x, 1, 4), 3, 4), "broadcast(x, shape=(3, 4))"),
    "a broadcast of one element": (
        (Spec((1, 1), float32),),
        lambda x: broadcast(x, 3, 4),
        "broadcast(reshape(x, shape=()), shape=(3, 4))",
    ),
    "a reshape of a broadcast": (
        (V,),
        lambda x: reshape(broadcast(x, 2, 3, 4), 6, 4),
        "broadcast(x, shape=(6, 4))",
    ),
    "a reshape that adds ones to a broadcast": (
        (Spec((3, 1), float32),),
        lambda x: reshape(broadcast(x, 3, 4), 3, 1, 4, 1),
        "broadcast(reshape(x, shape=(3, 1, 1, 1)), shape=(3, 1, 4, 1))",
    ),
    "a reshape that cuts through a broadcast": (
        (Spec((3, 1), float32),),
        lambda x: reshape(broadcast(x, 3, 4), 12),
        "reshape(broadcast(x, shape=(3, 4)), shape=(12,))",
    ),
    "a permute of a broadcast": (
        (V,),
        lambda x: permute(broadcast(reshape(x, 1, 4), 3, 4), 1, 0),
        "broadcast(reshape(x, shape=(4, 1)), shape=(4, 3))",
    ),
    "a slice of everything": ((M,), lambda x: cut(x, (0, 0), (3, 4)), "x"),
    "a slice of a slice": (
        (Spec((20,), float32),),
        lambda x: cut(cut(x, (2,), (20,), (2,)), (1,), (9,), (3,)),
        "slice(x, start=(4,), stop=(17,))",
    ),
    "nothing of a slice": (
        (V,),
        lambda x: cut(cut(x, (1,), (4,), (3,)), (1,), (1,)),
        "slice(x, start=(0,), stop=(0,))",
    ),
    "a slice of a broadcast": (
        (V,),
        lambda x: cut(broadcast(x, 3, 4), (1, 1), (2, 3)),
        "slice(reshape(x, shape=(1, 4)), start=(0, 1), stop=(1, 3))",
    ),
    "a slice of one part": (
        (V, V),
        lambda x, y: cut(make("concat", x, y, axis=0), (5,), (8,)),
        "slice(x, start=(1,), stop=(4,))",
    ),
    "a pad by nothing": ((M,), lambda x: padded(x, (0, 0), (0, 0)), "x"),
    "zeros padded with zeros": ((), lambda: padded(number(0.0, 2, 2), (1, 0), (0, 0)), "broadcast(0.0, shape=(3, 2))"),
    "a concat of one": ((M,), lambda x: make("concat", x, axis=0), "x"),
    "a concat of a concat": (
        (V, V),
        lambda x, y: make("concat", make("concat", x, y, axis=0), x, axis=0),
        "concat(x, y, x, axis=0)",
    ),
    "a concat with nothing": ((M,), lambda x: make("concat", x, cut(x, (1, 0), (1, 4)), axis=0), "x"),
    "two flips": ((M,), lambda x: make("flip", make("flip", x, axes=(0, 1)), axes=(1,)), "flip(x, axes=(0,))"),
    "pieces beside each other": (
        (V, V, V),
        lambda x, y, z: make("add", make("add", padded(x, (8,), (0,)), padded(y, (0,), (8,))), padded(z, (4,), (4,))),
        "concat(x, y, z, axis=0)",
    ),
    "pieces that overlap": (
        (V, V),
        lambda x, y: make("add", padded(x, (2,), (0,)), padded(y, (0,), (2,))),
        "add(pad(x, 0.0, high=(0,), low=(2,)), pad(y, 0.0, high=(2,), low=(0,)))",
    ),
    # arithmetic
    "stop_gradient": ((M,), lambda x: make("stop_gradient", x), "x"),
    "a cast to its own dtype": ((M,), lambda x: cast(x, float32), "x"),
    "a cast there and back": ((M,), lambda x: cast(cast(x, float64), float32), "x"),
    "a cast that rounds": (
        (Spec((4,), int64),),
        lambda x: cast(cast(x, float64), int64),
        "cast(cast(x, dtype=float64), dtype=int64)",
    ),
    "a truth value by way of an integer": (
        (V,),
        lambda x: cast(cast(less(x), int64), float32),
        "cast(less(x, broadcast(0.0, shape=(4,))), dtype=float32)",
    ),
    "times one": ((V,), lambda x: make("multiply", number(1.0, 4), x), "x"),
    "plus zero": ((V,), lambda x: make("add", number(0.0, 4), x), "x"),
    "less zero": ((V,), lambda x: make("subtract", x, number(0.0, 4)), "x"),
    "times zero stays": (
        (V,),
        lambda x: make("multiply", x, number(0.0, 4)),
        "multiply(x, broadcast(0.0, shape=(4,)))",
    ),
    "divided by a power of two": (
        (V,),
        lambda x: make("divide", x, number(256.0, 4)),
        "multiply(x, broadcast(0.00390625, shape=(4,)))",
    ),
    "divided by three stays": (
        (V,),
        lambda x: make("divide", x, number(3.0, 4)),
        "divide(x, broadcast(3.0, shape=(4,)))",
    ),
    "minus minus": ((V,), lambda x: make("negative", make("negative", x)), "x"),
    "plus minus": ((V, V), lambda x, y: make("add", x, make("negative", y)), "subtract(x, y)"),
    "minus plus": ((V, V), lambda x, y: make("add", make("negative", y), x), "subtract(x, y)"),
    "less minus": ((V, V), lambda x, y: make("subtract", x, make("negative", y)), "add(x, y)"),
    "minus times a number": (
        (V,),
        lambda x: make("multiply", make("negative", x), number(0.5, 4)),
        "multiply(x, broadcast(-0.5, shape=(4,)))",
    ),
    "the size of minus": ((V,), lambda x: make("abs", make("negative", x)), "abs(x)"),
    "the larger of one": ((V,), lambda x: make("maximum", x, x), "x"),
    "a choice of one": ((V,), lambda x: make("select", less(x), x, x), "x"),
    "a known choice": ((V, V), lambda x, y: make("select", number(False, 4, dtype=bool_), x, y), "x"),
    "a choice by not": (
        (V, V),
        lambda x, y: make("select", make("invert", less(x)), x, y),
        "select(less(x, broadcast(0.0, shape=(4,))), y, x)",
    ),
    "not not": ((Spec((4,), bool_),), lambda x: make("invert", make("invert", x)), "x"),
    "not equal": ((V, V), lambda x, y: make("invert", make("equal", x, y)), "not_equal(x, y)"),
    "and true": ((Spec((4,), bool_),), lambda x: make("bitwise_and", x, number(True, 4, dtype=bool_)), "x"),
    "or true": (
        (Spec((4,), bool_),),
        lambda x: make("bitwise_or", x, number(True, 4, dtype=bool_)),
        "broadcast(True, shape=(4,))",
    ),
    "and all bits": ((Spec((4,), int32),), lambda x: make("bitwise_and", x, number(-1, 4, dtype=int32)), "x"),
    "is it true": ((Spec((4,), bool_),), lambda x: make("equal", x, number(True, 4, dtype=bool_)), "x"),
    "known numbers": (
        (),
        lambda: make("add", number(2.0, 100, 100), number(3.0, 100, 100)),
        "broadcast(5.0, shape=(100, 100))",
    ),
    "small arrays": (
        (),
        lambda: make("exp", make("subtract", constant([1.0, 2.0]), constant([1.0, 2.0]))),
        "[1.0, 1.0]",
    ),
    "an operation on copies": (
        (F, V),
        lambda x, y: make("multiply", broadcast(x, 3, 4), broadcast(y, 3, 4)),
        "broadcast(multiply(broadcast(x, shape=(4,)), y), shape=(3, 4))",
    ),
    # reductions
    "a sum over one element": ((Spec((3, 1), float32),), lambda x: total(x, 1), "reshape(x, shape=(3,))"),
    "a sum over nothing": ((M,), lambda x: total(x), "x"),
    "a sum of a sum": ((T3,), lambda x: total(total(x, 1), 0), "sum(x, axes=(0, 1))"),
    "the largest of the largest": ((T3,), lambda x: total(total(x, 1, op="max"), 1, op="max"), "max(x, axes=(1, 2))"),
    "a sum of a permute": (
        (T3,),
        lambda x: total(permute(x, 2, 0, 1), 1),
        "permute(sum(x, axes=(0,)), axes=(1, 0))",
    ),
    "a sum of everything": ((M,), lambda x: total(reshape(x, 12), 0), "sum(x, axes=(0, 1))"),
    "a sum of copies": (
        (V,),
        lambda x: total(broadcast(x, 3, 4), 0, 1),
        "multiply(sum(x, axes=(0,)), 3.0)",
    ),
    "the smallest of copies": ((V,), lambda x: total(broadcast(x, 3, 4), 0, op="min"), "x"),
    "a sum of minus": ((M,), lambda x: total(make("negative", x), 0), "negative(sum(x, axes=(0,)))"),
    "a large sum": (
        (Spec((64, 1024), float32),),
        lambda x: total(x, 0, 1),
        "sum(sum(x, axes=(1,)), axes=(0,))",
    ),
    "a long sum": (
        (Spec((90000,), float32),),
        lambda x: total(x, 0),
        "sum(sum(reshape(x, shape=(20, 4500)), axes=(1,)), axes=(0,))",
    ),
    # products
    "a sum of squares": (
        (M,),
        lambda x: reshape(make("dot", reshape(x, 1, 12), permute(reshape(x, 1, 12), 1, 0))),
        "sum(multiply(x, x), axes=(0, 1))",
    ),
    "an inner product": (
        (V, V),
        lambda x, y: make("dot", reshape(x, 1, 4), reshape(y, 4, 1)),
        "reshape(sum(multiply(x, y), axes=(0,)), shape=(1, 1))",
    ),
    "an outer product": (
        (Spec((3, 1), float32), Spec((1, 4), float32)),
        lambda x, y: make("dot", x, y),
        "multiply(broadcast(x, shape=(3, 4)), broadcast(reshape(y, shape=(4,)), shape=(3, 4)))",
    ),
    "a product with one matrix": (
        (T3, Spec((4, 5), float32)),
        lambda x, y: make("dot", x, broadcast(y, 2, 4, 5)),
        "reshape(dot(reshape(x, shape=(6, 4)), y), shape=(2, 3, 5))",
    ),
    # what must stay
    "a check of labels": (
        (Spec((4,), int64),),
        lambda x: make(
            "take", constant(np.arange(3)), make("remainder", x, number(3, 4, dtype=int64)), mode="raise", unique=False
        ),
        "take([0, 1, 2], remainder(x, broadcast(3, shape=(4,))), mode=raise, unique=False)",
    ),
}


def example(spec: Spec) -> Array:
    rng = np.random.default_rng(0)
    if spec.dtype.kind == "f":
        return np.asarray(rng.standard_normal(spec.shape), spec.dtype)
    return rng.integers(0, 2 if spec.dtype == bool_ else 100, spec.shape).astype(spec.dtype)


@pytest.mark.parametrize("name", RULES)
def test_a_rule(name: str) -> None:
    specs, build, expected = RULES[name]
    inputs = tuple(map(fresh_input, specs))
    graph = Graph(inputs, (build(*inputs),))
    simple = equal(graph, [example(spec) for spec in specs], rtol=1e-5)
    assert written(simple.outputs[0]) == expected


def test_division_by_a_power_of_two_gives_the_same_bits() -> None:
    x = fresh_input(Spec((2000,), float32))
    graph = Graph((x,), tuple(make("divide", x, number(by, 2000)) for by in (0.25, -8.0, 2.0**100)))
    arrays = [np.geomspace(1e-45, 3e38, 2000, dtype=np.float32)]
    assert ops(simplify(graph))["divide"] == 0
    with np.errstate(all="ignore"):
        for found, wanted in zip(evaluate(simplify(graph), arrays), evaluate(graph, arrays), strict=True):
            np.testing.assert_array_equal(found, wanted)


def test_what_nobody_needs_is_dropped() -> None:
    x = fresh_input(M)
    graph = Graph((x,), (make("select", number(True, 3, 4, dtype=bool_), x, make("exp", x)),))
    assert ops(simplify(graph)) == Counter()


def test_a_simple_graph_is_left_as_it_is() -> None:
    x = fresh_input(M)
    graph = Graph((x,), (make("exp", make("add", x, x)),))
    assert simplify(graph) is graph


def test_nodes_keep_where_they_come_from() -> None:
    x = fresh_input(M)
    product = make("divide", x, number(2.0, 3, 4))
    simple = simplify(Graph((x,), (product,)))
    assert simple.outputs[0].op == "multiply"
    assert simple.outputs[0].where == product.where


@settings(max_examples=200, deadline=None)
@given(graphs())
def test_simplifying_changes_no_result(graph: Graph) -> None:
    simple = equal(graph)
    assert simplify(simple).outputs == simple.outputs
