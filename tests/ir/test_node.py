"""Nodes: interned, immutable in identity, released when nobody uses them."""

from __future__ import annotations

import gc
import threading
import weakref

import numpy as np
import pytest

from saegim.dtypes import float32, float64, int64
from saegim.errors import DTypeError, ShapeError
from saegim.ir import Graph, Node, Spec, check, constant, fresh_input, from_text, make, to_text, topological
from saegim.ir.node import _interned
from saegim.reference import Schedule

DEPTH = 50_000


def x_input(*shape: int) -> Node:
    return fresh_input(Spec(shape, float64))


def test_equal_expressions_are_one_object() -> None:
    x, y = x_input(3), x_input(3)
    assert x is not y
    assert make("add", x, y) is make("add", x, y)
    assert make("add", x, y) is not make("add", y, x)
    assert make("sum", x, axes=(0,)) is make("sum", x, axes=(np.int64(0),))
    assert make("reshape", x, shape=(3, 1)) is not make("reshape", x, shape=(1, 3))


def test_constants_are_known_by_dtype_shape_and_bits() -> None:
    assert constant(1.0) is constant(1.0)
    assert constant([np.nan, 1.0]) is constant([np.nan, 1.0])
    different = [1.0, np.float32(1.0), 1, True, [1.0], [[1.0]], -1.0]
    assert len({constant(each) for each in different}) == len(different)
    assert constant(0.0) is not constant(-0.0)


def test_a_constant_is_a_copy() -> None:
    array = np.arange(5.0)
    node = constant(array)
    array[0] = 99
    held = node.attrs["value"].array
    assert held[0] == 0 and not held.flags.writeable
    large = np.zeros(1000)
    assert constant(large) is not constant(large), "large ones are not compared by their bytes"


def test_a_constant_that_repeats_itself_is_a_broadcast() -> None:
    node = constant(np.broadcast_to(np.float32(2.0), (1000, 1000)))
    assert node.op == "broadcast" and node.inputs[0] is constant(np.float32(2.0))
    node = constant(np.broadcast_to(np.arange(3.0)[:, None], (3, 100)))
    assert node.op == "broadcast" and node.inputs[0].shape == (3, 1)
    assert constant(np.zeros((3, 1))[:, None]).op == "constant", "an axis of one element repeats nothing"
    assert constant(np.broadcast_to(1.0, (0, 5))).spec == Spec((0, 5), float64)


def test_nodes_are_released_with_their_last_user() -> None:
    x = x_input(3)
    node = make("exp", make("negative", x))
    seen, before = weakref.ref(node.inputs[0]), len(_interned)
    del node
    gc.collect()
    assert seen() is None
    assert len(_interned) <= before - 2


def test_the_order_has_inputs_before_users_and_each_node_once() -> None:
    x = x_input(3)
    y = make("exp", x)
    z = make("add", make("multiply", y, y), x)
    order = topological([z, y, z])
    assert order.index(x) < order.index(y) < order.index(z)
    assert len(order) == len(set(order)) == 4
    assert set(topological([z], stop=frozenset((y,)))) == {x, y, z.inputs[0], z}
    assert x not in topological([y], stop=frozenset((y,)))


def test_threads_make_one_node() -> None:
    x, found = x_input(3), []
    gate = threading.Barrier(8)

    def work() -> None:
        gate.wait()
        y = x
        for _ in range(200):
            y = make("exp", y)
        found.append(y)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(set(found)) == 1


def test_a_chain_of_50000_nodes() -> None:
    """Building, checking, printing, reading, running and releasing do not depend on Python's stack."""
    x = x_input(2)
    y = x
    for _ in range(DEPTH // 2):
        y = make("tanh", make("add", y, x))
    graph = Graph((x,), (y,))
    check(graph)
    text = to_text(graph)
    assert text.count("\n") == DEPTH + 2
    assert to_text(from_text(text)) == text
    (found,) = Schedule(graph)(np.array([0.1, -0.2]))
    assert np.isfinite(found).all()
    seen = weakref.ref(y.inputs[0])
    del y, graph
    gc.collect()
    assert seen() is None


# --- what does not fit is said ---------------------------------------------------------------------------------------

MATRIX, VECTOR, SCALAR = (2, 3), (3,), ()


@pytest.mark.parametrize(
    ("op", "shapes", "attrs", "message"),
    [
        (
            "add",
            [MATRIX, VECTOR],
            {},
            r"add: operands of one shape expected, \(2, 3\) and \(3,\) given; broadcast",
        ),
        ("add", [MATRIX], {}, "add: 1 operands given, 2 expected"),
        (
            "dot",
            [MATRIX, MATRIX],
            {},
            r"dot: inner sizes differ: \(2, 3\) @ \(2, 3\) \(3 != 2\)",
        ),
        ("dot", [VECTOR, MATRIX], {}, "dot: .* with equal leading axes expected"),
        ("sum", [MATRIX], {"axes": (2,)}, r"sum: distinct axes from 0 to 1 expected, \(2,\) given"),
        ("sum", [MATRIX], {"axes": (0, 0)}, "sum: distinct axes"),
        ("max", [(0, 3)], {"axes": (0,)}, "max: axes with at least one element expected"),
        ("argmax", [(0,)], {"axis": 0}, "argmax: axes with at least one element"),
        ("cumsum", [SCALAR], {"axis": 0}, "cumsum: distinct axes"),
        ("reshape", [MATRIX], {"shape": (4, 2)}, r"reshape: 6 elements of shape \(2, 3\) do not fill shape \(4, 2\)"),
        ("permute", [MATRIX], {"axes": (0, 0)}, "permute: an order of the 2 axes expected"),
        ("broadcast", [MATRIX], {"shape": (3, 2)}, r"broadcast: shape \(2, 3\) cannot be repeated to shape \(3, 2\)"),
        ("broadcast", [MATRIX], {"shape": (3,)}, "broadcast: shape"),
        ("slice", [VECTOR], {"start": (0,), "stop": (4,), "step": (1,)}, "slice: 0 <= start <= stop <= size"),
        ("slice", [VECTOR], {"start": (), "stop": (), "step": ()}, "slice: a start, stop and step for each of"),
        ("pad", [VECTOR, VECTOR], {"low": (1,), "high": (1,), "interior": (0,)}, "pad: a scalar of dtype float64"),
        ("pad", [VECTOR, SCALAR], {"low": (-1,), "high": (1,), "interior": (0,)}, "pad: padding of at least 0"),
        ("concat", [], {"axis": 0}, "concat: at least one array"),
        ("concat", [MATRIX, (2, 4)], {"axis": 0}, r"concat: shapes \(2, 3\) and \(2, 4\) differ outside of axis 0"),
        ("flip", [VECTOR], {"axes": (1,)}, "flip: distinct axes"),
        ("iota", [], {"shape": (3,), "axis": 1, "dtype": int64}, "iota: distinct axes"),
        (
            "windows",
            [(1, 3, 2)],
            {"size": (4,), "stride": (1,), "dilation": (1,)},
            r"windows that span \(4,\)",
        ),
        (
            "windows",
            [(1, 3, 2)],
            {"size": (1,), "stride": (0,), "dilation": (1,)},
            "size, stride and dilation of",
        ),
        (
            "windows",
            [(3, 2)],
            {"size": (), "stride": (), "dilation": ()},
            "windows: .batch, .space, channels.",
        ),
        (
            "windows",
            [(1, 3, 2)],
            {"size": (), "stride": (), "dilation": ()},
            "a size, stride and dilation per axis",
        ),
        ("searchsorted", [MATRIX, VECTOR], {"side": "left"}, "searchsorted: a sorted vector expected"),
        ("searchsorted", [VECTOR, VECTOR], {"side": "middle"}, "searchsorted: side 'left' or 'right' expected"),
    ],
)
def test_shapes_that_do_not_fit(op: str, shapes: list[tuple[int, ...]], attrs: dict[str, object], message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        make(op, *(x_input(*shape) for shape in shapes), **attrs)


@pytest.mark.parametrize(
    ("op", "dtypes", "attrs", "message"),
    [
        ("exp", [int64], {}, "exp: a floating-point dtype expected, int64 given; cast it with astype"),
        ("add", [float64, float32], {}, "add: operands of one dtype expected, float64 and float32 given"),
        ("invert", [float64], {}, "invert: an integer or truth-value dtype expected"),
        ("shift_left", [float64, float64], {}, "shift_left: an integer dtype expected"),
        ("select", [int64, float64, float64], {}, "select: a condition of dtype bool expected, int64 given"),
        ("any", [float64], {"axes": ()}, "any: a truth-value dtype expected"),
        (
            "take",
            [float64, float64],
            {"mode": "clip", "unique": False},
            "take: integer indices expected",
        ),
        ("random_bits", [int64], {"shape": (3,)}, "random_bits: a key uint64"),
    ],
)
def test_dtypes_that_do_not_fit(op: str, dtypes: list[np.dtype], attrs: dict[str, object], message: str) -> None:
    with pytest.raises(DTypeError, match=message):
        make(op, *(fresh_input(Spec((3,), dtype)) for dtype in dtypes), **attrs)


def test_rows_that_do_not_fit() -> None:
    table, indices = x_input(4, 2), fresh_input(Spec((3,), int64))
    rows, weights, offsets = x_input(3, 2), x_input(3), fresh_input(Spec((5,), int64))
    for message, op, inputs, attrs in (
        ("take: a table with at least one axis", "take", (x_input(), indices), {"mode": "clip", "unique": False}),
        ("take: mode 'raise', 'clip' or 'fill'", "take", (table, indices), {"mode": "wrap", "unique": False}),
        (r"scatter_add: updates of shape \(3, 2\) expected, \(3,\)", "scatter_add", (table, indices, weights), {}),
        ("scatter_set: a table with at least one axis", "scatter_set", (x_input(), indices, rows), {}),
        ("bag: a floating-point matrix", "bag", (x_input(4), indices, weights, offsets), {}),
        (r"bag: indices \(N,\) and weights float64", "bag", (table, indices, x_input(4), offsets), {}),
        (r"bag: offsets \(B\+1,\)", "bag", (table, indices, weights, fresh_input(Spec((0,), int64))), {}),
        (
            "bag_transpose: one row for each of the 4 bags",
            "bag_transpose",
            (rows, indices, weights, offsets),
            {"rows": 4},
        ),
    ):
        with pytest.raises(ShapeError, match=message):
            make(op, *inputs, **attrs)


def test_scans_that_do_not_fit() -> None:
    state, x = x_input(3), x_input(3)
    body = Graph((state, x), (make("add", state, x), x))
    fixed = {"body": body, "carries": 1, "scanned": 1, "reverse": False}
    run = make("scan", x_input(3), x_input(5, 3), length=5, **fixed)
    assert [str(spec) for spec in run.results] == ["float64[3]", "float64[5,3]"]
    with pytest.raises(ShapeError, match=r"scan: the body takes \(float64\[3\], float64\[3\]\), .*float64\[2\]"):
        make("scan", x_input(2), x_input(5, 3), length=5, **fixed)
    with pytest.raises(ShapeError, match="scan: sequences of length 4 expected"):
        make("scan", x_input(3), x_input(5, 3), length=4, **fixed)
    grows = Graph((state, x), (make("concat", state, x, axis=0),))
    with pytest.raises(ShapeError, match="scan: a carried state keeps its shape and dtype"):
        make("scan", x_input(3), x_input(5, 3), length=5, **{**fixed, "body": grows})
