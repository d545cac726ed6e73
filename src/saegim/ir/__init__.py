"""What a computation is: primitives with their shape rules, interned nodes, graphs, their text, their checks."""

from saegim.ir.check import check
from saegim.ir.graph import Graph
from saegim.ir.node import Constant, Node, Shape, Spec, body_of, fresh_input, topological
from saegim.ir.primitives import ELEMENTWISE, PRIMITIVES, REDUCTIONS, Primitive, constant, infer, make
from saegim.ir.text import from_text, to_text
from saegim.ir.where import Where, layer, present_layer

__all__ = [
    "ELEMENTWISE",
    "PRIMITIVES",
    "REDUCTIONS",
    "Constant",
    "Graph",
    "Node",
    "Primitive",
    "Shape",
    "Spec",
    "Where",
    "body_of",
    "check",
    "constant",
    "fresh_input",
    "from_text",
    "infer",
    "layer",
    "make",
    "present_layer",
    "to_text",
    "topological",
]
