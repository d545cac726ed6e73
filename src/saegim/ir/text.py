"""Graphs as text, and back.

    graph(%0: float32[2,3], %1: float32[3]) donates () {
      %2 = broadcast(%1; shape=(2, 3)) : float32[2,3]
      %3 = add(%0, %2) : float32[2,3]
      return %3
    }

One line a node, inputs before users. Small constants are written as their values, larger ones as base64 of their
bytes, so that a printed graph means exactly the graph it was printed from. The bodies of scans come first, labelled
@0, @1, ...
"""

from __future__ import annotations

import ast
import base64
import re
from typing import Any

import numpy as np

from saegim.dtypes import BY_NAME, DType
from saegim.errors import DTypeError, ShapeError
from saegim.ir.graph import Graph
from saegim.ir.node import Constant, Node, Spec, body_of, fresh_input
from saegim.ir.primitives import PRIMITIVES, constant, make

_SHORT = 8  # constants up to this many elements are written as values


def to_text(graph: Graph) -> str:
    """The graph as text; `from_text` reads it back."""
    labels: dict[Graph, str] = {}
    blocks: list[str] = []
    _write_graph(graph, "", labels, blocks)
    return "\n".join(blocks)


def _write_graph(graph: Graph, prefix: str, labels: dict[Graph, str], blocks: list[str]) -> None:
    """Appends the blocks of the bodies that `graph` needs, then its own."""
    names: dict[Node, str] = {}
    lines = []
    for number, node in enumerate(graph.nodes()):
        names[node] = f"%{number}"
        if node.op == "input":
            continue
        if node.op == "scan" and body_of(node) not in labels:
            label = labels[body_of(node)] = f"@{len(labels)}"
            _write_graph(body_of(node), f"{label} = ", labels, blocks)
        inputs = ", ".join(names[each] for each in node.inputs)
        attrs = "".join(f"; {key}={_write(value, labels)}" for key, value in sorted(node.attrs.items()))
        lines.append(f"  {names[node]} = {node.op}({inputs}{attrs}) : {node.spec}\n")
    inputs = ", ".join(f"{names[node]}: {node.spec}" for node in graph.inputs)
    donated = ", ".join(names[node] for node in graph.inputs if node in graph.donated)
    outputs = ", ".join(names[node] for node in graph.outputs)
    blocks.append(f"{prefix}graph({inputs}) donates ({donated}) {{\n{''.join(lines)}  return {outputs}\n}}")


def _write(value: Any, labels: dict[Graph, str]) -> str:
    if isinstance(value, Graph):
        return labels[value]
    if isinstance(value, np.dtype):
        return f"dtype {value.name}"
    if isinstance(value, Constant):
        array = value.array
        plain = array.size <= _SHORT and (array.dtype.kind != "f" or bool(np.isfinite(array).all()))
        data = repr(array.ravel().tolist()) if plain else repr(base64.b64encode(array.tobytes()).decode())
        return f"array {Spec(array.shape, array.dtype)} {data}"
    return repr(value)


_HEADER = re.compile(r"(?:(?P<label>@\d+) = )?graph\((?P<inputs>.*)\) donates \((?P<donated>.*)\) \{")
_INPUT = re.compile(r"(?P<name>%\d+): (?P<spec>\S+)")
_NODE = re.compile(r"(?P<name>%\d+) = (?P<op>\w+)\((?P<inputs>[^;)]*)(?P<attrs>.*)\) : (?P<spec>\S+)")
_ATTR = re.compile(r"(?P<key>\w+)=(?P<value>.+)")
_RETURN = re.compile(r"return ?(?P<outputs>.*)")
_SPEC = re.compile(r"(?P<dtype>\w+)\[(?P<shape>[\d,]*)\]")


def from_text(text: str) -> Graph:
    """The graph that `to_text` wrote. Raises ValueError with the first line that is not of that form."""
    bodies: dict[str, Graph] = {}
    graph = None
    for block in text.strip().removesuffix("}").split("\n}\n"):
        header, *lines = block.strip().split("\n")
        found = _match(_HEADER, header)
        graph = bodies[found["label"] or ""] = _read_graph(found, lines, bodies)
    assert graph is not None, "splitting a text gives at least one block"
    return graph


def _read_graph(header: re.Match[str], lines: list[str], bodies: dict[str, Graph]) -> Graph:
    nodes: dict[str, Node] = {}
    for given in filter(None, header["inputs"].split(", ")):
        found = _match(_INPUT, given)
        nodes[found["name"]] = fresh_input(_read_spec(found["spec"]))
    inputs = tuple(nodes.values())
    for line in lines[:-1]:
        found = _match(_NODE, line)
        nodes[found["name"]] = _read_node(found, nodes, bodies)
    end = _match(_RETURN, lines[-1] if lines else "")
    return Graph(inputs, _named(end["outputs"], nodes), frozenset(_named(header["donated"], nodes)))


def _named(names: str, nodes: dict[str, Node]) -> tuple[Node, ...]:
    """The nodes that a list of names stands for."""
    listed = [name for name in names.split(", ") if name]
    unknown = [name for name in listed if name not in nodes]
    if unknown:
        raise ValueError(f"names of nodes further up expected, {', '.join(unknown)} given")
    return tuple(nodes[name] for name in listed)


def _read_node(found: re.Match[str], nodes: dict[str, Node], bodies: dict[str, Graph]) -> Node:
    op, line = found["op"], found[0]
    pairs = [_match(_ATTR, part) for part in found["attrs"].split("; ") if part]
    if op not in PRIMITIVES or {pair["key"] for pair in pairs} != PRIMITIVES[op].attrs:
        raise ValueError(f"a primitive with its attributes expected, {line!r} given")
    try:
        attrs = {pair["key"]: _read(pair["value"], bodies) for pair in pairs}
        inputs = _named(found["inputs"], nodes)
        node = constant(attrs["value"]) if op == "constant" else make(op, *inputs, **attrs)
    except (ShapeError, DTypeError, SyntaxError, KeyError) as error:
        raise ValueError(f"a well-formed operation expected, {line!r} given ({error})") from None
    if node.spec != _read_spec(found["spec"]):
        raise ValueError(f"{found['name']}: {found['spec']} is written, {node.spec} follows from its inputs")
    return node


def _read(text: str, bodies: dict[str, Graph]) -> Any:
    if text.startswith("@"):
        return bodies[text]
    if text.startswith("dtype "):
        return _read_dtype(text.removeprefix("dtype "))
    if text.startswith("array "):
        _, written, data = text.split(" ", 2)
        spec, value = _read_spec(written), ast.literal_eval(data)
        if isinstance(value, str):
            return np.frombuffer(base64.b64decode(value), spec.dtype).reshape(spec.shape)
        return np.array(value, spec.dtype).reshape(spec.shape)
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
