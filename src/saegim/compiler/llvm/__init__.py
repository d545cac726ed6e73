"""LLVM IR, written as text."""

from saegim.compiler.llvm.build import (
    Function,
    Module,
    Value,
    Variable,
    element_of,
    lanes_of,
    listed,
    literal,
    memory_type,
    size_of,
    type_of,
    undefined,
    vector,
)

__all__ = [
    "Function",
    "Module",
    "Value",
    "Variable",
    "element_of",
    "lanes_of",
    "listed",
    "literal",
    "memory_type",
    "size_of",
    "type_of",
    "undefined",
    "vector",
]
