"""From a graph to a program that runs it."""

from saegim.compiler.program import Program, compile_graph

__all__ = ["Program", "compile_graph"]
