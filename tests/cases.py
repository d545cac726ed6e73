"""One row per primitive: what to try it on. Several tests are generated from this table.

A case draws inputs for a size n (around the width of vectors), in a domain where the primitive is smooth, and builds
the node. `torch` says the same in PyTorch, where it can.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.dtypes import float32, float64, int32, int64, uint8
from saegim.ir import Graph, Node, Spec, constant, fresh_input, make

Array = npt.NDArray[Any]
Draw = Callable[[np.random.Generator, int], Array]

SIZES = (0, 1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 127, 128, 129)
N = -1  # stands for the size in shapes


@dataclass(frozen=True)
class Case:
    """How to try one primitive. `attrs` may depend on n; `build` replaces `make(op, *inputs, **attrs)`."""

    op: str
    draws: Sequence[Draw]
    attrs: Callable[[int], dict[str, Any]] = field(default=lambda n: {})
    label: str = ""
    minimum: int = 0  # the smallest n that makes sense
    build: Callable[[Sequence[Node], int], Node] | None = None
    torch: Callable[..., Any] | str | None = None

    def __str__(self) -> str:
        return f"{self.op}-{self.label}" if self.label else self.op

    def inputs(self, n: int, dtype: Any = float64, seed: int = 0) -> list[Array]:
        """Inputs for size n; those of floating point in `dtype`."""
        rng = np.random.default_rng([seed, n])
        drawn = [draw(rng, n) for draw in self.draws]
        return [each.astype(dtype) if each.dtype.kind == "f" else each for each in drawn]

    def graph(self, inputs: Sequence[Array], n: int) -> Graph:
        nodes = tuple(fresh_input(Spec(each.shape, each.dtype)) for each in inputs)
        return Graph(nodes, (self.node(nodes, n),))

    def node(self, nodes: Sequence[Node], n: int) -> Node:
        return self.build(nodes, n) if self.build else make(self.op, *nodes, **self.attrs(n))


# --- what is drawn --------------------------------------------------------------------------------------------------


def _sizes(shape: Sequence[int], n: int) -> list[int]:
    return [n if size == N else size for size in shape]


def real(low: float, high: float, *shape: int) -> Draw:
    """Numbers between `low` and `high`; a shape of (n,) unless given."""
    return lambda rng, n: rng.uniform(low, high, _sizes(shape or (N,), n))


def apart(*shape: int) -> Draw:
    """Distinct numbers with gaps, in random order: no ties, and no kink nearby."""

    def draw(rng: np.random.Generator, n: int) -> Array:
        sizes = _sizes(shape or (N,), n)
        count = int(np.prod(sizes))
        return (rng.permutation(count) - count / 2 + rng.uniform(0.2, 0.8)).reshape(sizes) / 4

    return draw


def scalar(low: float, high: float) -> Draw:
    return lambda rng, n: np.asarray(rng.uniform(low, high))


def whole(low: int, high: int, *shape: int, dtype: Any = int64) -> Draw:
    return lambda rng, n: rng.integers(low, high, _sizes(shape or (N,), n)).astype(dtype)


def truth(*shape: int) -> Draw:
    return lambda rng, n: rng.random(_sizes(shape or (N,), n)) < 0.5


def order(high: int, *, dtype: Any = int64) -> Draw:
    """Distinct integers below `high` + n, (n,)."""
    return lambda rng, n: rng.permutation(high + n)[:n].astype(dtype)


def ascending(*shape: int) -> Draw:
    return lambda rng, n: np.sort(rng.uniform(-1, 1, _sizes(shape, n)))


def key(rng: np.random.Generator, n: int) -> Array:
    return np.asarray(rng.integers(0, 2**63), np.uint64)


def offsets(rng: np.random.Generator, n: int) -> Array:
    """Offsets of 5 bags over n items: some empty, a few items left over as padding."""
    return np.concatenate(([0], np.sort(rng.integers(0, max(n - 2, 0) + 1, 5)))).astype(np.int64)


# --- shorthands -----------------------------------------------------------------------------------------------------


def one(op: str, low: float, high: float, torch: Any = None) -> Case:
    return Case(op, [real(low, high)], torch=torch or op)


def two(op: str, first: Draw, second: Draw, torch: Any = None) -> Case:
    return Case(op, [first, second], torch=torch or op)


def over(op: str, draw: Draw, torch: Any = None, minimum: int = 0, **attrs: Any) -> Case:
    label = "-".join(f"{name}{value}".replace(" ", "") for name, value in attrs.items())
    return Case(op, [draw], lambda n: attrs, label, minimum, torch=torch)


def _scan_body(carry: Spec, x: Spec, weight: Spec) -> Graph:
    """state = tanh(state * weight + x); y = state * x"""
    state, at, shared = fresh_input(carry), fresh_input(x), fresh_input(weight)
    new = make("tanh", make("add", make("multiply", state, shared), at))
    return Graph((state, at, shared), (new, make("multiply", state, at)))


def _scan(nodes: Sequence[Node], reverse: bool) -> Node:
    state, sequence, weight = nodes
    x = Spec(sequence.shape[1:], sequence.dtype)
    body = _scan_body(state.spec, x, weight.spec)
    fixed = {"carries": 1, "scanned": 1, "length": sequence.shape[0], "reverse": reverse}
    return make("scan", *nodes, body=body, **fixed)


def _both_items(nodes: Sequence[Node], n: int, reverse: bool = False) -> Node:
    run = _scan(nodes, reverse)
    return make("concat", make("item", run, index=1), make("reshape", make("item", run, index=0), shape=(1, 3)), axis=0)


def _torch_scan(torch: Any, state: Any, sequence: Any, weight: Any) -> Any:
    ys = []
    for x in sequence:
        ys.append(state * x)
        state = torch.tanh(state * weight + x)
    return torch.stack([*ys, state])


def _pad(low: int, high: int, interior: int) -> Case:
    attrs = {"low": (low, 1), "high": (high, 0), "interior": (interior, 1)}
    return Case("pad", [real(-1, 1, 2, N), scalar(-1, 1)], lambda n: attrs, f"{low}-{high}-{interior}")


def _slice(step: int) -> Case:
    def attrs(n: int) -> dict[str, Any]:
        return {"start": (1, n // 3), "stop": (3, n), "step": (1, step)}

    torch = lambda t, x: x[1:3, x.shape[1] // 3 :: step]  # noqa: E731
    return Case("slice", [real(-1, 1, 4, N)], attrs, f"step{step}", torch=torch)


_STEP = {"size": (2,), "stride": (2,), "dilation": (1,)}
_WIDE = {"size": (2, 3), "stride": (1, 2), "dilation": (2, 1)}


def _fold_input(window: dict[str, Any], *space: int) -> Draw:
    """Windows as `windows` would make them from (2, *space, 3)."""

    def draw(rng: np.random.Generator, n: int) -> Array:
        space_n = _sizes(space, n)
        parts = zip(space_n, window["size"], window["stride"], window["dilation"], strict=True)
        out = [(extent - (k - 1) * d - 1) // by + 1 for extent, k, by, d in parts]
        return rng.uniform(-1, 1, (2, *out, *window["size"], 3))

    return draw


# --- the table ------------------------------------------------------------------------------------------------------

_ROWS: list[Case] = [
    # sources
    Case("input", [real(-1, 1)], build=lambda nodes, n: nodes[0]),
    Case("constant", [], build=lambda nodes, n: constant(np.linspace(-1, 1, n))),
    Case("iota", [], lambda n: {"shape": (3, n), "axis": 1, "dtype": int32}),
    Case("random_bits", [key], lambda n: {"shape": (2, n)}),
    # elementwise, one operand
    one("exp", -3, 3),
    one("expm1", -3, 3),
    one("log", 0.2, 4),
    one("log1p", -0.8, 4),
    one("log2", 0.2, 4),
    one("log10", 0.2, 4),
    one("sqrt", 0.2, 4),
    one("sin", -4, 4),
    one("cos", -4, 4),
    one("tan", -1.2, 1.2),
    one("asin", -0.9, 0.9),
    one("acos", -0.9, 0.9),
    one("atan", -4, 4),
    one("sinh", -3, 3),
    one("cosh", -3, 3),
    one("tanh", -3, 3),
    one("asinh", -4, 4),
    one("acosh", 1.2, 4),
    one("atanh", -0.9, 0.9),
    one("erf", -2, 2),
    one("sigmoid", -4, 4),
    Case("floor", [apart()]),
    Case("ceil", [apart()]),
    Case("trunc", [apart()]),
    Case("round", [apart()]),
    one("negative", -3, 3),
    Case("abs", [apart()], torch="abs"),
    Case("abs", [whole(-9, 9)], label="int"),
    Case("sign", [apart()]),
    Case("isnan", [real(-1, 1)]),
    Case("isinf", [real(-1, 1)]),
    Case("signbit", [real(-1, 1)]),
    Case("invert", [whole(-9, 9, dtype=int32)]),
    Case("invert", [truth()], label="bool"),
    Case("cast", [real(-3, 3)], lambda n: {"dtype": float64}, torch=lambda t, x: x.double()),
    Case("cast", [real(-3, 3)], lambda n: {"dtype": int32}, "int"),
    Case("cast", [whole(-3, 3)], lambda n: {"dtype": float32}, "from-int"),
    Case("stop_gradient", [real(-3, 3)]),
    # elementwise, two and three operands
    two("add", real(-3, 3), real(-3, 3)),
    two("subtract", real(-3, 3), real(-3, 3)),
    two("multiply", real(-3, 3), real(-3, 3)),
    two("divide", real(-3, 3), real(0.5, 3)),
    two("power", real(0.3, 3), real(-2, 3), torch="pow"),
    two("maximum", apart(), real(-3, 3)),
    two("minimum", apart(), real(-3, 3)),
    two("remainder", real(-5, 5), real(1.3, 1.4)),
    Case("remainder", [whole(-9, 9), whole(1, 5)], label="int"),
    Case("floor_divide", [real(-5, 5), real(1.3, 1.4)]),
    two("atan2", real(-3, 3), real(0.2, 3)),
    two("hypot", real(-3, 3), real(0.2, 3)),
    two("logaddexp", real(-3, 3), real(-3, 3)),
    two("copysign", apart(), apart()),
    Case("nextafter", [real(-3, 3), real(-3, 3)]),
    Case("equal", [whole(0, 2), whole(0, 2)]),
    Case("not_equal", [truth(), truth()]),
    Case("less", [real(-1, 1), real(-1, 1)]),
    Case("less_equal", [real(-1, 1), real(-1, 1)]),
    Case("bitwise_and", [whole(-9, 9), whole(-9, 9)]),
    Case("bitwise_or", [truth(), truth()]),
    Case("bitwise_xor", [whole(0, 99, dtype=uint8), whole(0, 99, dtype=uint8)]),
    Case("shift_left", [whole(-9, 9), whole(0, 9)]),
    Case("shift_right", [whole(-99, 99), whole(0, 9)]),
    Case("select", [truth(), real(-3, 3), real(-3, 3)], torch=lambda t, c, x, y: t.where(c, x, y)),
    # over axes
    over("sum", real(-1, 1, 3, N), lambda t, x: x.sum((0,)), axes=(0,)),
    over("sum", real(-1, 1, 3, N, 2), lambda t, x: x.sum((0, 1)), axes=(0, 1)),
    over("sum", real(-1, 1, 3, N), axes=()),
    over("prod", real(0.5, 1.5, 3, N), lambda t, x: x.prod(0), axes=(0,)),
    over("prod", real(0.5, 1.5, 2, N, 2), axes=(0, 2)),
    over("max", apart(3, N), lambda t, x: t.amax(x, (0,)), axes=(0,)),
    over("max", apart(3, N), lambda t, x: t.amax(x, (0, 1)), minimum=1, axes=(0, 1)),
    over("min", apart(3, N), lambda t, x: t.amin(x, (1,)), minimum=1, axes=(1,)),
    over("any", truth(3, N), axes=(1,)),
    over("all", truth(3, N), axes=(0, 1)),
    over("argmax", apart(3, N), minimum=1, axis=1),
    over("argmin", apart(3, N), axis=0),
    over("cumsum", real(-1, 1, 3, N), lambda t, x: x.cumsum(1), axis=1),
    over("cumprod", real(0.5, 1.5, 4, N), lambda t, x: x.cumprod(0), axis=0),
    over("argsort", apart(3, N), axis=1),
    Case("searchsorted", [ascending(5), real(-2, 2)], lambda n: {"side": "right"}),
    # products
    Case("dot", [real(-1, 1, 3, N), real(-1, 1, N, 2)], torch="matmul"),
    Case("dot", [real(-1, 1, 2, 2, 3), real(-1, 1, 2, 3, N)], label="batch", torch="matmul"),
    Case("dot", [whole(-9, 9, 3, N), whole(-9, 9, N, 2)], label="int"),
    # shape moves
    Case("reshape", [real(-1, 1, 2, N)], lambda n: {"shape": (n, 2)}, torch=lambda t, x: x.reshape(-1, 2)),
    over("permute", real(-1, 1, 2, N, 3), lambda t, x: x.permute(2, 0, 1), axes=(2, 0, 1)),
    Case("broadcast", [real(-1, 1, N, 1)], lambda n: {"shape": (2, n, 4)}, torch=lambda t, x: x.expand(2, -1, 4)),
    _slice(1),
    _slice(3),
    _pad(0, 0, 0),
    _pad(2, 1, 2),
    Case("concat", [real(-1, 1, 2, N), real(-1, 1, 2, 3)], lambda n: {"axis": 1}, torch=lambda t, *x: t.cat(x, 1)),
    over("flip", real(-1, 1, 2, N), lambda t, x: x.flip((0, 1)), axes=(0, 1)),
    # rows
    Case(
        "take",
        [real(-1, 1, 5, 3), whole(0, 5)],
        lambda n: {"mode": "raise", "unique": False},
        torch=lambda t, x, i: x[i],
    ),
    Case("take", [real(-1, 1, 5, 3), whole(-3, 9)], lambda n: {"mode": "clip", "unique": False}, "clip"),
    Case("take", [real(-1, 1, 5), whole(-3, 9, 2, N)], lambda n: {"mode": "fill", "unique": False}, "fill"),
    Case("take", [real(-1, 1, 140), order(5)], lambda n: {"mode": "raise", "unique": True}, "unique"),
    Case(
        "scatter_add",
        [real(-1, 1, 5, 2), whole(0, 5), real(-1, 1, N, 2)],
        torch=lambda t, x, i, z: x.index_add(0, i, z),
    ),
    Case("scatter_add", [real(-1, 1, 5), whole(-2, 7, dtype=int32), real(-1, 1)], label="outside"),
    Case("scatter_set", [real(-1, 1, 140, 2), order(5), real(-1, 1, N, 2)]),
    Case("scatter_set", [real(-1, 1, 9), order(9), real(-1, 1)], label="outside"),
    Case("bag", [real(-1, 1, 6, 3), whole(0, 6), real(-1, 1), offsets]),
    Case("bag_transpose", [real(-1, 1, 5, 3), whole(0, 6), real(-1, 1), offsets], lambda n: {"rows": 6}),
    # windows
    Case("windows", [real(-1, 1, 2, N, 3)], lambda n: _STEP, "one", minimum=2),
    Case("windows", [real(-1, 1, 2, N, 4, 3)], lambda n: _WIDE, "two", minimum=3),
    Case("fold", [_fold_input(_STEP, N)], lambda n: {"shape": (n,), **_STEP}, "one", minimum=2),
    Case("fold", [_fold_input(_WIDE, N, 4)], lambda n: {"shape": (n, 4), **_WIDE}, "two", minimum=3),
    # recurrence
    Case("scan", [real(-1, 1, 3), real(-1, 1, N, 3), real(-1, 1, 3)], build=_both_items, torch=_torch_scan),
    Case(
        "item",
        [real(-1, 1, 3), real(-1, 1, N, 3), real(-1, 1, 3)],
        build=lambda nodes, n: make("item", _scan(nodes, reverse=True), index=1),
    ),
]

CASES: dict[str, list[Case]] = {row.op: [each for each in _ROWS if each.op == row.op] for row in _ROWS}
ALL = [case for cases in CASES.values() for case in cases]
