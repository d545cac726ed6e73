"""A node: one operation of a computation, immutable and interned.

Two expressions that are equal are one object, so common subexpressions cost nothing; a node's inputs exist
before it does, so cycles cannot exist.
"""

from __future__ import annotations

import itertools
import math
import threading
import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy.typing as npt

from saegim.dtypes import DType
from saegim.ir.where import Where, where_am_i

if TYPE_CHECKING:
    from saegim.ir.graph import Graph

Shape = tuple[int, ...]


class Spec(NamedTuple):
    """What is known of an array before it is computed."""

    shape: Shape
    dtype: DType

    def __str__(self) -> str:
        return f"{self.dtype.name}[{','.join(map(str, self.shape))}]"


class Constant:
    """An array that a node carries; equal when dtype, shape and bits are (0.0 is not -0.0, nan equals itself)."""

    __slots__ = ("_key", "array")

    def __init__(self, array: npt.NDArray[Any]) -> None:
        self.array = array
        small = array.nbytes <= 1024
        # A large array is compared by identity: hashing it would cost more than a missed sharing.
        self._key = (array.dtype, array.shape, array.tobytes() if small else id(array))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Constant) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __repr__(self) -> str:
        return f"Constant({self.array.tolist() if self.array.size <= 8 else Spec(self.array.shape, self.array.dtype)})"


class Node:
    """One operation: `op(inputs; attrs)`, its result of `shape` and `dtype`.

    `where` says which layer and source line made the node first; it is not part of the node's identity.
    A `scan` has several results: its `results` lists them and `item` nodes pick one.
    """

    __slots__ = ("__weakref__", "attrs", "dtype", "inputs", "op", "results", "shape", "spec", "where")

    op: str
    inputs: tuple[Node, ...]
    attrs: dict[str, Any]
    shape: Shape
    dtype: DType
    spec: Spec
    results: tuple[Spec, ...]
    where: Where

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    def __repr__(self) -> str:
        attrs = "".join(f", {key}={value!r}" for key, value in self.attrs.items() if key != "body")
        return f"<{self.op}({len(self.inputs)} inputs{attrs}) {self.spec}>"


_interned: weakref.WeakValueDictionary[Any, Node] = weakref.WeakValueDictionary()
# Reentrant: making a node may start the garbage collector, and what it collects may make nodes.
_lock = threading.RLock()
_fresh = itertools.count()


def intern(op: str, inputs: Sequence[Node], attrs: dict[str, Any], spec: Spec, results: tuple[Spec, ...] = ()) -> Node:
    """The one node for this operation; made when it does not exist yet."""
    # Inputs are known by their ids: a node keeps its inputs alive, so the id of an input is never used again before
    # the node and its entry are gone.
    key = (op, tuple(map(id, inputs)), tuple(sorted(attrs.items())))
    with _lock:
        node = _interned.get(key)
        if node is None:
            node = object.__new__(Node)
            node.op, node.inputs, node.attrs = op, tuple(inputs), attrs
            node.spec = spec
            node.shape, node.dtype = spec
            node.results = results
            node.where = where_am_i()
            _interned[key] = node
    return node


def fresh_input(spec: Spec) -> Node:
    """A new symbolic input; never equal to another one."""
    return intern("input", (), {"number": next(_fresh)}, spec)


def topological(outputs: Sequence[Node], stop: frozenset[Node] = frozenset()) -> list[Node]:
    """Every node that `outputs` need, inputs before users; iterative, so that depth has no limit.

    Nodes in `stop` are listed but not looked behind.
    """
    order: list[Node] = []
    seen: set[Node] = set()
    for output in outputs:
        stack = [output]
        while stack:
            node = stack[-1]
            if node in seen:
                stack.pop()
                continue
            pending = () if node in stop else [child for child in node.inputs if child not in seen]
            if pending:
                stack.extend(reversed(pending))  # the first input comes first
            else:
                seen.add(node)
                order.append(node)
                stack.pop()
    return order


def body_of(node: Node) -> Graph:
    """The body of a `scan` node."""
    body: Graph = node.attrs["body"]
    return body
