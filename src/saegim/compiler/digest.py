"""What identifies a program: equal for graphs that compute the same in the same way, in every process.

Like the text of a graph (saegim.ir.text), but many times faster to make: a program that is in the cache on disk should
start at once. Which layer made a node does not count.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from saegim.ir import Graph, Node
from saegim.ir.node import Constant


def digest(graph: Graph) -> str:
    """64 hexadecimal digits: of all nodes, their constants' bits, and of what is given, donated and returned."""
    return _digest(graph, {})


def _digest(graph: Graph, bodies: dict[Graph, str]) -> str:
    numbers: dict[Node, int] = {}
    lines: list[Any] = []
    for node in graph.nodes():
        inputs = [numbers[each] for each in node.inputs]
        attrs = {} if node.op == "input" else node.attrs
        plain = [(name, _plain(attrs[name], bodies)) for name in sorted(attrs)] if attrs else None
        lines.append((node.op, inputs, node.dtype.num, node.shape, plain))
        numbers[node] = len(numbers)
    ends = (len(graph.inputs), [node in graph.donated for node in graph.inputs], [numbers[n] for n in graph.outputs])
    return hashlib.sha256(repr((ends, lines)).encode()).hexdigest()


def _plain(value: Any, bodies: dict[Graph, str]) -> Any:
    """An attribute as something whose `repr` says all of it."""
    if isinstance(value, int | tuple):
        return value
    if isinstance(value, Constant):
        array = value.array
        held = array.tobytes()
        return "array", array.dtype.str, array.shape, held if len(held) <= 64 else hashlib.sha256(held).hexdigest()
    if isinstance(value, np.dtype):
        return "dtype", value.str
    if isinstance(value, Graph):
        if value not in bodies:
            bodies[value] = _digest(value, bodies)
        return "graph", bodies[value]
    return value
