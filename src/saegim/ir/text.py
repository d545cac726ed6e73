"""Graphs as text, and back.

    graph(%0: float32[2,3], %1: float32[3]) donates () {
      %2 = broadcast(%1; shape=(2, 3)) : float32[2,3]
      %3 = add(%0, %2) : float32[2,3]
      return %3
    }

One line a node, inputs before users. Small constants are written as their values, larger ones as base64 of their
bytes, so that a printed graph means exactly the graph it was printed from. Bodies of scans come first, labelled @0, @1, ...
"""

from __future__ import annotations

import ast
import base64
import re
from typing import Any

import numpy as np

from saegim.dtypes import BY_NAME, DType
from saegim.ir.graph import Graph
from saegim.ir.node import Constant, Node, Spec, body_of, constant, fresh_input
from saegim.ir.primitives import make

_SHORT = 8  # constants up to this many elements are written as values


def to_text(graph: Graph) -> str:
    """The graph as text; `from_text` reads it back."""
    bodies: dict[Graph, str] = {}
    blocks: list[str] = []
    _write_graph(graph, "", bodies, blocks)
    return "\n".join(blocks)


def _write_graph(graph: Graph, name: str, bodies: dict[Graph, str], blocks: list[str]) -> None:
    """Appends the blocks of the bodies that `graph` needs, then its own."""
    names: dict[Node, str] = {}
    lines = []
    for number, node in enumerate(graph.nodes()):
        names[node] = f"%{number}"
        if node.op == "input":
            continue
        if node.op == "scan" and body_of(node) not in bodies:
            inner = body_of(node)
            label = f"@{len(bodies)}"
            bodies[inner] = label
            _write_graph(inner, f"{label} = ", bodies, blocks)
        inputs = ", ".join(names[each] for each in node.inputs)
        attrs = "".join(f"; {key}={_write(value, bodies)}" for key, value in sorted(node.attrs.items()))
        lines.append(f"  {names[node]} = {node.op}({inputs}{attrs}) : {node.spec}\n")
    inputs = ", ".join(f"{names[node]}: {node.spec}" for node in graph.inputs)
    donated = ", ".join(names[node] for node in graph.inputs if node in graph.donated)
    outputs = ", ".join(names[node] for node in graph.outputs)
    blocks.append(f"{name}graph({inputs}) donates ({donated}) {{\n{''.join(lines)}  return {outputs}\n}}")


def _write(value: Any, bodies: dict[Graph, str]) -> str:
    if isinstance(value, Graph):
        return bodies[value]
    if isinstance(value, np.dtype):
        return f"dtype {value.name}"
    if isinstance(value, Constant):
        array = value.array
        plain = array.size <= _SHORT and (array.dtype.kind != "f" or bool(np.isfinite(array).all()))
        data = repr(array.ravel().tolist()) if plain else repr(base64.b64encode(array.tobytes()).decode())
        return f"array {Spec(array.shape, array.dtype)} {data}"
    return repr(value)


_HEADER = re.compile(r"(?:(?P<label>@\d+) = )?graph\((?P<inputs>.*)\) donates \((?P<donated>.*)\) \{")
_NODE = re.compile(r"(?P<name>%\d+) = (?P<op>\w+)\((?P<inputs>[^;)]*)(?P<attrs>.*)\) : (?P<spec>\S+)")
_SPEC = re.compile(r"(?P<dtype>\w+)\[(?P<shape>[\d,]*)\]")


def from_text(text: str) -> Graph:
    """The graph that `to_text` wrote. Raises ValueError naming the first line that is not of that form."""
    bodies: dict[str, Graph] = {}
    for block in text.strip().removesuffix("}").split("\n}\n"):
        header, *lines = block.strip().split("\n")
        found = _match(_HEADER, header)
        graph = _read_graph(found, lines, bodies)
        bodies[found["label"] or ""] = graph
    return bodies[""]


def _read_graph(header: re.Match[str], lines: list[str], bodies: dict[str, Graph]) -> Graph:
    nodes: dict[str, Node] = {}
    for given in filter(None, header["inputs"].split(", ")):
        name, _, spec = given.partition(": ")
        nodes[name] = fresh_input(_read_spec(spec))
    inputs = tuple(nodes.values())
    for line in lines[:-1]:
        found = _match(_NODE, line)
        nodes[found["name"]] = _read_node(found, nodes, bodies)
    outputs = lines[-1].strip().removeprefix("return").strip().split(", ")
    donated = filter(None, header["donated"].split(", "))
    return Graph(inputs, tuple(nodes[name] for name in outputs if name), frozenset(nodes[name] for name in donated))


def _read_node(found: re.Match[str], nodes: dict[str, Node], bodies: dict[str, Graph]) -> Node:
    attrs: dict[str, Any] = {}
    for part in filter(None, found["attrs"].split("; ")):
        key, _, value = part.partition("=")
        attrs[key] = bodies[value] if key == "body" else _read(value)
    inputs = [nodes[name] for name in filter(None, found["inputs"].split(", "))]
    node = attrs["value"] if found["op"] == "constant" else make(found["op"], *inputs, **attrs)
    if node.spec != _read_spec(found["spec"]):
        raise ValueError(f"{found['name']}: {found['spec']} is written, {node.spec} follows from its inputs")
    return node


def _read(text: str) -> Any:
    if text.startswith("dtype "):
        return _read_dtype(text.removeprefix("dtype "))
    if text.startswith("array "):
        _, written, data = text.split(" ", 2)
        spec, value = _read_spec(written), ast.literal_eval(data)
        if isinstance(value, str):
            array = np.frombuffer(base64.b64decode(value), spec.dtype)
        else:
            array = np.array(value, spec.dtype)
        return constant(array.reshape(spec.shape))
    return ast.literal_eval(text)


def _read_dtype(name: str) -> DType:
    if name not in BY_NAME:
        raise ValueError(f"{name!r} is not a dtype; one of {', '.join(BY_NAME)} expected")
    return BY_NAME[name]


def _read_spec(text: str) -> Spec:
    found = _match(_SPEC, text)
    return Spec(tuple(int(size) for size in found["shape"].split(",") if size), _read_dtype(found["dtype"]))


def _match(pattern: re.Pattern[str], line: str) -> re.Match[str]:
    found = pattern.fullmatch(line.strip())
    if found is None:
        raise ValueError(f"a line of the form {pattern.pattern} expected, {line!r} given")
    return found
