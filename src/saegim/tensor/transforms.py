"""Transforms of functions: record them, differentiate them, compile them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import update_wrapper
from typing import Any

import numpy as np

from saegim.autodiff import Term
from saegim.autodiff import vjp as backward
from saegim.compiler import Program, compile_graph
from saegim.dtypes import is_floating
from saegim.errors import ShapeError, TraceError
from saegim.ir import Graph, Node, Spec, fresh_input, make
from saegim.tensor import tree
from saegim.tensor.core import Tensor, node_of
from saegim.tensor.rows import Rows, from_terms


@dataclass(frozen=True)
class Signature:
    """What a recorded computation depends on besides its arrays: structure, specs, and every fixed leaf."""

    structure: Any
    specs: tuple[Spec, ...]
    fixed: tuple[tuple[int, Any], ...]


def signature(arguments: Any) -> tuple[Signature, list[Tensor]]:
    """The signature of a tree of arguments, and its tensors."""
    leaves, structure = tree.flatten(arguments)
    tensors = [tree.as_tensor(leaf) for leaf in leaves if tree.is_array(leaf)]
    fixed = tuple((number, leaf) for number, leaf in enumerate(leaves) if not tree.is_array(leaf))
    return Signature(structure, tuple(each.spec for each in tensors), fixed), tensors


def rebuild(sign: Signature, tensors: Sequence[Any]) -> Any:
    """The tree of arguments with these in place of its tensors."""
    fixed = dict(sign.fixed)
    rest = iter(tensors)
    count = len(sign.fixed) + len(sign.specs)
    return tree.unflatten(sign.structure, [fixed[n] if n in fixed else next(rest) for n in range(count)])


def symbols(sign: Signature) -> list[Tensor]:
    """A symbolic input for every tensor of the signature."""
    return [Tensor(fresh_input(spec)) for spec in sign.specs]


def grad(fn: Callable[..., Any], argnum: int = 0) -> Callable[..., Any]:
    """The function that gives the gradient of the scalar `fn` for its argument number `argnum`.

    The gradient has that argument's own structure; tables that were read by rows have a `Rows` gradient, leaves
    that cannot be differentiated (integers, buffers) have None. Apply it twice for second derivatives.
    """
    both = value_and_grad(fn, argnum)

    def gradient(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    return update_wrapper(gradient, fn)


def value_and_grad(fn: Callable[..., Any], argnum: int = 0) -> Callable[..., Any]:
    """Like `grad`, but gives (value, gradient). Raises ShapeError unless `fn` gives a floating-point scalar."""

    def both(*args: Any, **kwargs: Any) -> Any:
        leaves, structure = tree.flatten(args[argnum])
        wrt = [number for number, leaf in enumerate(leaves) if is_learnable(leaf)]
        if not wrt:
            raise TraceError(
                f"argument {argnum} of {_name(fn)} holds no floating-point tensor, so there is nothing to differentiate for"
            )
        sign, tensors = signature((args, kwargs, leaves))
        symbolic = symbols(sign)
        traced_args, traced_kwargs, traced_leaves = rebuild(sign, symbolic)
        changed = list(traced_args)
        changed[argnum] = tree.unflatten(structure, traced_leaves)
        value = fn(*changed, **traced_kwargs)
        inputs = [node_of(traced_leaves[number]) for number in wrt]
        gradients = gradients_of(value, inputs, _name(fn))
        outputs: list[Any] = [value, [_or_zeros(g, node) for g, node in zip(gradients, inputs, strict=True)]]
        value, found = run_once(outputs, symbolic, tensors)
        by_leaf = dict(zip(wrt, found, strict=True))
        return value, tree.unflatten(structure, [by_leaf.get(number) for number in range(len(leaves))])

    return update_wrapper(both, fn)


def is_learnable(leaf: Any) -> bool:
    """Whether a leaf is something to differentiate for."""
    return tree.is_array(leaf) and is_floating(np.dtype(leaf.dtype)) and not getattr(leaf, "is_buffer", False)


def gradients_of(value: Any, inputs: Sequence[Node], name: str) -> list[Tensor | Rows | None]:
    """The gradient of the traced scalar `value` for each of `inputs`; None where no path leads."""
    if not isinstance(value, Tensor) or value.shape != () or not is_floating(value.dtype):
        given = value.spec if isinstance(value, Tensor) else type(value).__name__
        raise ShapeError(f"grad: {name} must give one floating-point scalar, {given} given; take the mean or sum")
    one = Term(node_of(Tensor(np.ones((), value.dtype))))
    found = backward([node_of(value)], [one], inputs)
    return [None if g is None else Tensor(g.node) if isinstance(g, Term) else from_terms(g) for g in found]


def _or_zeros(gradient: Tensor | Rows | None, node: Node) -> Tensor | Rows:
    return Tensor(np.zeros(node.shape, node.dtype)) if gradient is None else gradient


def vjp(fn: Callable[..., Any], *args: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """(fn(*args), pull): `pull(cotangents)` gives the vector-Jacobian product for every argument, as a tuple.

    `cotangents` has the structure of fn's result. Leaves that cannot be differentiated get None.
    """
    sign, tensors = signature(args)
    symbolic = symbols(sign)
    result = fn(*rebuild(sign, symbolic))
    leaves, structure = tree.flatten(result)
    value = run_once(result, symbolic, tensors)
    wrt = [number for number, tensor in enumerate(tensors) if is_learnable(tensor)]

    def pull(cotangents: Any) -> tuple[Any, ...]:
        given, given_structure = tree.flatten(cotangents)
        if given_structure != structure:
            raise ShapeError(f"vjp: cotangents of structure {structure} expected, {given_structure} given")
        given = [tree.as_tensor(each) for each in given]
        for leaf, each in zip(leaves, given, strict=True):
            if leaf.spec != each.spec:
                raise ShapeError(f"vjp: a cotangent {leaf.spec} expected, {each.spec} given")
        terms = [Term(node_of(each)) for each in given]
        inputs = [node_of(symbolic[number]) for number in wrt]
        found = backward([node_of(leaf) for leaf in leaves], terms, inputs)
        tensors_or_rows = [
            None if g is None else Tensor(g.node) if isinstance(g, Term) else from_terms(g) for g in found
        ]
        filled = [_or_zeros(g, node) for g, node in zip(tensors_or_rows, inputs, strict=True)]
        by_input = dict(zip(wrt, run_once(filled, symbolic, tensors), strict=True))
        pulled: tuple[Any, ...] = rebuild(sign, [by_input.get(number) for number in range(len(tensors))])
        return pulled

    return value, pull


def run_once(outputs: Any, symbolic: Sequence[Tensor], tensors: Sequence[Tensor]) -> Any:
    """A tree of traced outputs for known inputs; stays traced when an input is itself traced (nested transforms)."""
    leaves, structure = tree.flatten(outputs)
    graph = Graph(tuple(node_of(each) for each in symbolic), tuple(node_of(each) for each in leaves))
    if any(each.is_traced for each in tensors) or _is_open(graph):
        return tree.unflatten(structure, inline(graph, tensors))
    results = compile_graph(graph)(*(np.asarray(each) for each in tensors))
    return tree.unflatten(structure, [Tensor(each) for each in results])


def _is_open(graph: Graph) -> bool:
    """Whether the graph uses another trace's inputs, which its function took from around it."""
    inputs = set(graph.inputs)
    return any(node.op == "input" and node not in inputs for node in graph.nodes())


def inline(graph: Graph, tensors: Sequence[Tensor]) -> list[Tensor]:
    """The graph's outputs with other nodes in place of its inputs."""
    new: dict[Node, Node] = dict(zip(graph.inputs, map(node_of, tensors), strict=True))
    for node in graph.nodes():
        if node in new:
            continue
        if node.op in ("constant", "input"):
            new[node] = node  # an outer trace's input stays what it is
        else:
            new[node] = make(node.op, *(new[each] for each in node.inputs), **node.attrs)
    return [Tensor(new[node]) for node in graph.outputs]


class Compiled:
    """A function that is recorded once per signature of its arguments and then runs as one program."""

    def __init__(self, fn: Callable[..., Any]) -> None:
        self._fn = fn
        self._programs: dict[Signature, tuple[Program, Any]] = {}
        update_wrapper(self, fn)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        sign, tensors = signature((args, kwargs))
        if any(each.is_traced for each in tensors):
            return self._fn(*args, **kwargs)  # inside another trace the function is simply part of it
        program, structure = self._program(sign)
        results = program(*(np.asarray(each) for each in tensors))
        return tree.unflatten(structure, [Tensor(each) for each in results])

    def _program(self, sign: Signature) -> tuple[Program, Any]:
        try:
            known = self._programs.get(sign)
        except TypeError:
            raise TraceError(
                f"{_name(self._fn)} was given an argument that is neither a tensor nor hashable; pass arrays, numbers, "
                "strings or trees of them"
            ) from None
        if known is None:
            symbolic = symbols(sign)
            args, kwargs = rebuild(sign, symbolic)
            leaves, structure = tree.flatten(self._fn(*args, **kwargs))
            outputs = tuple(node_of(_result(leaf, self._fn)) for leaf in leaves)
            graph = Graph(tuple(node_of(each) for each in symbolic), outputs)
            known = self._programs[sign] = compile_graph(graph), structure
        return known

    @property
    def programs(self) -> int:
        """How many programs exist: one per signature seen."""
        return len(self._programs)


def compile(fn: Callable[..., Any]) -> Compiled:
    """`fn`, a pure function over trees of tensors, as a program.

    Arrays among the arguments are inputs; every other leaf (numbers, strings, flags) is fixed when the function is
    recorded, and another value records it again.
    """
    return Compiled(fn)


def _result(leaf: Any, fn: Callable[..., Any]) -> Tensor:
    if isinstance(leaf, Tensor):
        return leaf
    if isinstance(leaf, bool | int | float | np.ndarray | np.generic):
        return Tensor(np.asarray(leaf))
    raise TraceError(f"{_name(fn)} gave a {type(leaf).__name__}; a compiled function gives tensors or trees of them")


def _name(fn: Any) -> str:
    return getattr(fn, "__qualname__", type(fn).__name__)
