"""Transforms of functions: record them, differentiate them, compile them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import update_wrapper
from types import MethodType
from typing import Any

import numpy as np

from saegim.autodiff import RowTerms, Term
from saegim.autodiff import vjp as backward
from saegim.compiler import Program, compile_graph
from saegim.dtypes import is_floating
from saegim.errors import ShapeError, TraceError
from saegim.ir import Graph, Node, Spec, fresh_input, make
from saegim.ir.where import on_behalf_of
from saegim.tensor import tree
from saegim.tensor.core import Tensor, node_of
from saegim.tensor.creation import asarray
from saegim.tensor.rows import Rows, from_terms

# --- recording ------------------------------------------------------------------------------------------------------


class Signature:
    """What a recorded computation depends on besides its arrays: structure, specs, and every fixed leaf.

    Fixed leaves are equal when type and value are: 1, 1.0 and True differ, as do 0.0 and -0.0; nan equals itself.
    """

    __slots__ = ("_hash", "_key", "fixed", "specs", "structure")

    def __init__(self, structure: tree.TreeDef, specs: Sequence[Spec], fixed: Sequence[tuple[int, Any]]) -> None:
        self.structure, self.specs, self.fixed = structure, tuple(specs), tuple(fixed)
        values = [(at, type(leaf), leaf.hex() if isinstance(leaf, float) else leaf) for at, leaf in fixed]
        self._key = (structure, self.specs, tuple(values))
        try:
            self._hash = hash(self._key)
        except TypeError as error:
            raise TraceError(
                f"arguments of a traced function are arrays, hashable values or trees of them, one is not ({error})"
            ) from None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Signature) and self._hash == other._hash and self._key == other._key

    def __hash__(self) -> int:
        return self._hash


def signature(arguments: Any) -> tuple[Signature, list[Tensor]]:
    """The signature of a tree of arguments, and its tensors."""
    leaves, structure = tree.flatten(arguments)
    tensors: list[Tensor] = []
    fixed: list[tuple[int, Any]] = []
    for number, leaf in enumerate(leaves):
        if isinstance(leaf, Tensor):
            tensors.append(leaf)
        elif tree.is_array(leaf):
            tensors.append(tree.as_tensor(leaf))
        else:
            fixed.append((number, leaf))
    return Signature(structure, [each.spec for each in tensors], fixed), tensors


def rebuild(sign: Signature, tensors: Sequence[Any]) -> Any:
    """The tree of arguments with these in place of its tensors."""
    fixed = dict(sign.fixed)
    rest = iter(tensors)
    count = len(sign.fixed) + len(sign.specs)
    return tree.unflatten(sign.structure, [fixed[n] if n in fixed else next(rest) for n in range(count)])


def symbols(sign: Signature) -> list[Tensor]:
    """A symbolic input for every tensor of the signature."""
    return [Tensor(fresh_input(spec)) for spec in sign.specs]


def run_once(outputs: Any, symbolic: Sequence[Tensor], tensors: Sequence[Tensor]) -> Any:
    """A tree of traced outputs for known inputs; stays traced when an input is itself traced (nested transforms)."""
    leaves, structure = tree.flatten(outputs)
    graph = Graph(tuple(map(node_of, symbolic)), tuple(map(node_of, leaves)))
    return tree.unflatten(structure, _run_or_inline(graph, tensors))


def _run_or_inline(graph: Graph, tensors: Sequence[Tensor]) -> list[Tensor]:
    if _is_open(graph) or any(each.is_traced for each in tensors):
        return inline(graph, tensors)
    return _run(compile_graph(graph), tensors)


def _run(program: Program, tensors: Sequence[Tensor]) -> list[Tensor]:
    return [Tensor(each) for each in program(*(each._known("its value") for each in tensors))]


def _is_open(graph: Graph) -> bool:
    """Whether the graph uses another trace's inputs, which its function took from around it."""
    inputs = set(graph.inputs)
    return any(node.op == "input" and node not in inputs for node in graph.nodes())


def inline(graph: Graph, tensors: Sequence[Tensor]) -> list[Tensor]:
    """The graph's outputs with other nodes in place of its inputs."""
    new: dict[Node, Node] = dict(zip(graph.inputs, map(node_of, tensors), strict=True))
    for node in graph.nodes():
        if node not in new:
            inputs = tuple(new[each] for each in node.inputs)
            with on_behalf_of(node.where):
                # What has no new input stays as it is: constants, and inputs of an outer trace.
                new[node] = node if inputs == node.inputs else make(node.op, *inputs, **node.attrs)
    return [Tensor(new[node]) for node in graph.outputs]


# --- differentiating ------------------------------------------------------------------------------------------------


def grad(fn: Callable[..., Any], argnum: int = 0) -> Callable[..., Any]:
    """The function that gives the gradient of the scalar `fn` for its positional argument number `argnum`.

    The gradient has that argument's own structure; tables that were read by rows have a `Rows` gradient, leaves
    that cannot be differentiated (integers, buffers) have None. Apply it twice for second derivatives.
    """
    both = value_and_grad(fn, argnum)

    def gradient(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    return update_wrapper(gradient, fn, updated=())


def value_and_grad(fn: Callable[..., Any], argnum: int = 0) -> Callable[..., Any]:
    """Like `grad`, but gives (value, gradient). Raises ShapeError unless `fn` gives a floating-point scalar."""

    def both(*args: Any, **kwargs: Any) -> Any:
        if not 0 <= argnum < len(args):
            raise TraceError(f"grad of {_name(fn)} for argument {argnum}: {len(args)} positional arguments given")
        leaves, structure = tree.flatten(args[argnum])
        sign, tensors = signature((args[argnum], args[:argnum], args[argnum + 1 :], kwargs))
        arrays = [number for number, leaf in enumerate(leaves) if tree.is_array(leaf)]
        wrt = {number: at for at, number in enumerate(arrays) if is_learnable(leaves[number])}
        if not wrt:
            raise TraceError(f"grad of {_name(fn)}: argument {argnum} holds no floating-point tensor")
        symbolic = symbols(sign)
        target, before, after, named = rebuild(sign, symbolic)
        value = fn(*before, target, *after, **named)
        inputs = [node_of(symbolic[at]) for at in wrt.values()]
        gradients = gradients_of(value, inputs, _name(fn))
        filled = [_or_zeros(g, node) for g, node in zip(gradients, inputs, strict=True)]
        value, found = run_once((value, filled), symbolic, tensors)
        by_leaf = dict(zip(wrt, found, strict=True))
        return value, tree.unflatten(structure, [by_leaf.get(number) for number in range(len(leaves))])

    return update_wrapper(both, fn, updated=())


def is_learnable(leaf: Any) -> bool:
    """Whether a leaf is something to differentiate for."""
    return tree.is_array(leaf) and is_floating(np.dtype(leaf.dtype)) and not getattr(leaf, "is_buffer", False)


def gradients_of(
    value: Any, inputs: Sequence[Node], name: str, between: Sequence[Node] = ()
) -> list[Tensor | Rows | None]:
    """The gradient of the traced scalar `value` for `inputs`, then for nodes `between`; None where no path leads."""
    if not isinstance(value, Tensor) or value.shape != () or not is_floating(value.dtype):
        given = value.spec if isinstance(value, Tensor) else type(value).__name__
        raise ShapeError(f"grad: {name} must give one floating-point scalar, {given} given; take the mean or sum")
    one = Term(node_of(Tensor(np.ones((), value.dtype))))
    return [_from_term(each) for each in backward([node_of(value)], [one], inputs, between)]


def _from_term(term: Term | RowTerms | None) -> Tensor | Rows | None:
    if term is None:
        return None
    return Tensor(term.node) if isinstance(term, Term) else from_terms(term)


def _or_zeros(gradient: Tensor | Rows | None, node: Node) -> Tensor | Rows:
    return Tensor(np.zeros(node.shape, node.dtype)) if gradient is None else gradient


def vjp(fn: Callable[..., Any], *args: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """(fn(*args), pull): `pull(cotangents)` gives the vector-Jacobian product for every argument, as a tuple.

    `cotangents` has the structure of fn's result. Leaves that cannot be differentiated get None.
    """
    sign, tensors = signature(args)
    symbolic = symbols(sign)
    leaves, structure = tree.flatten(fn(*rebuild(sign, symbolic)))
    results = [asarray(leaf) if isinstance(leaf, bool | int | float) else tree.as_tensor(leaf) for leaf in leaves]
    value = tree.unflatten(structure, run_once(results, symbolic, tensors))
    wrt = [number for number, tensor in enumerate(tensors) if is_learnable(tensor)]

    def pull(cotangents: Any) -> tuple[Any, ...]:
        terms = [Term(node_of(each)) for each in _cotangents(cotangents, structure, results)]
        inputs = [node_of(symbolic[number]) for number in wrt]
        found = map(_from_term, backward([node_of(each) for each in results], terms, inputs))
        filled = [_or_zeros(g, node) for g, node in zip(found, inputs, strict=True)]
        by_input = dict(zip(wrt, run_once(filled, symbolic, tensors), strict=True))
        pulled: tuple[Any, ...] = rebuild(sign, [by_input.get(number) for number in range(len(tensors))])
        return pulled

    return value, pull


def _cotangents(given: Any, structure: tree.TreeDef, results: Sequence[Tensor]) -> list[Tensor]:
    """The leaves of `given`, which must be like `results`. Raises ShapeError where they are not."""
    leaves, given_structure = tree.flatten(given)
    if given_structure != structure:
        raise ShapeError(f"vjp: cotangents of structure {structure} expected, {given_structure} given")
    tensors = list(map(tree.as_tensor, leaves))
    for result, each in zip(results, tensors, strict=True):
        if result.spec != each.spec:
            raise ShapeError(f"vjp: a cotangent {result.spec} expected, {each.spec} given")
    return tensors


# --- compiling ------------------------------------------------------------------------------------------------------


class Compiled:
    """A function that is recorded once per signature of its arguments and then runs as one program."""

    def __init__(self, fn: Callable[..., Any], donate: Sequence[int] = ()) -> None:
        # A function that is itself a tree of tensors (a module), or whose object is one, is an argument, too.
        self._fn = fn.__func__ if isinstance(fn, MethodType) else fn
        self._own = (fn.__self__,) if isinstance(fn, MethodType) else ()
        self._donate = tuple(number + len(self._own) for number in donate)
        self._programs: dict[Signature, tuple[Program, Signature]] = {}
        update_wrapper(self, fn, updated=())

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        args = (*self._own, *args)
        sign, tensors = signature((self._fn, args, kwargs))
        if any(each.is_traced for each in tensors):
            return self._fn(*args, **kwargs)  # part of the trace around it
        known = self._programs.get(sign)
        if known is None:
            graph, result = self._record(sign)
            if _is_open(graph):
                return rebuild(result, inline(graph, tensors))  # it uses the trace around it
            known = self._programs[sign] = compile_graph(graph), result
        program, result = known
        return rebuild(result, _run(program, tensors))

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def _record(self, sign: Signature) -> tuple[Graph, Signature]:
        """The function as a graph, and the signature of its result."""
        symbolic = symbols(sign)
        fn, args, kwargs = rebuild(sign, symbolic)
        donated = [leaf for number in self._donate for leaf in tree.flatten(args[number])[0] if tree.is_array(leaf)]
        result, tensors = signature(fn(*args, **kwargs))
        inputs, outputs = tuple(map(node_of, symbolic)), tuple(map(node_of, tensors))
        return Graph(inputs, outputs, frozenset(map(node_of, donated))), result

    @property
    def programs(self) -> int:
        """How many programs exist: one per signature seen."""
        return len(self._programs)


def compile(fn: Callable[..., Any], *, donate: Sequence[int] = ()) -> Compiled:
    """`fn`, a pure function over trees of tensors, as a program.

    Arrays among the arguments are inputs and arrays among the results are outputs. Every other leaf (numbers, strings,
    flags) is fixed when the function is recorded; another value among the arguments records it again. So is whatever
    the function takes from around it, but for the tensors of a module that is called itself or by its method. The
    memory of positional arguments whose numbers are in `donate` may be used for the results; do not use these
    arguments afterwards.
    """
    return Compiled(fn, donate)


def _name(fn: Any) -> str:
    return getattr(fn, "__qualname__", type(fn).__name__)
