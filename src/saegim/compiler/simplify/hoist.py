"""What a scan need not do position by position is done before or after it, for all positions at once.

Before the scan: what is the same at every position; products of a sequence's elements with a shared matrix. After the
scan: products that only its outputs need, and sums that it carries along, the gradients of weights above all:

    before   body(%dW, %a, ...):  %d = ...;  returns add(%dW, dot(permute(%a), %d)), ...
    after    body(%a, ...):       %d = ...;  returns ..., %a, %d
             %dW = dot(permute(reshape(%as; (T*B, K))), reshape(%ds; (T*B, N)))

One product of T*B rows instead of T products of B rows, and no matrix that is read and written at every position.
States, sequences and outputs that nobody needs go. Sums are taken in another order, so floats agree to rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from saegim.compiler.simplify.after import After
from saegim.compiler.simplify.facts import broadcast, reshape
from saegim.compiler.simplify.lift import LIFTED, lift
from saegim.compiler.simplify.loop import Level, Loop, rebuilt, take_apart
from saegim.ir import Graph, Node, fresh_input, make, topological
from saegim.ir.where import on_behalf_of

Simplify = Callable[[Graph], Graph]


def hoist(graph: Graph, simplify: Simplify) -> Graph:
    """The graph with every scan relieved, bodies simplified by `simplify`."""
    wanted: dict[Node, set[int]] = {}
    for node in graph.nodes():
        if node.op == "item":
            wanted.setdefault(node.inputs[0], set()).add(node.attrs["index"])
    new: dict[Node, Node] = {}
    results: dict[Node, dict[int, Node]] = {}
    for node in graph.nodes():
        inputs = tuple(new[each] for each in node.inputs if each.op != "scan")
        with on_behalf_of(node.where):
            if node.op == "scan":
                results[node] = _relieved(take_apart(node, inputs, wanted.get(node, set())), simplify)
            elif node.op == "item":
                new[node] = results[node.inputs[0]][node.attrs["index"]]
            else:
                new[node] = node if inputs == node.inputs else make(node.op, *inputs, **node.attrs)
    return Graph(graph.inputs, tuple(new[node] for node in graph.outputs), graph.donated)


def _relieved(loop: Loop, simplify: Simplify) -> dict[int, Node]:
    """The loop's wanted results."""
    loop = _with_copies_inside(loop)
    loop = loop.with_roots(simplify(Graph(loop.inputs(), loop.roots())).outputs)
    loop = _without_fixed_states(loop)
    loop = _without_invariants(loop)
    loop = _without_products(loop)
    return After(loop).results()


# --- before the scan --------------------------------------------------------------------------------------------------


def _with_copies_inside(loop: Loop) -> Loop:
    """Operands that repeat something smaller are repeated inside, where that is free; numbers become known there."""
    sequences, shared = dict(loop.sequences), dict(loop.shared)
    new: dict[Node, Node] = {}
    thin: dict[Node, Node] = {}

    def inside(outside: Node) -> Node:
        if outside.op == "constant" and outside.size == 1:
            return outside
        if outside not in thin:
            thin[outside] = fresh_input(outside.spec)
            shared[thin[outside]] = outside
        return thin[outside]

    for node, outside in loop.shared.items():
        small = outside.inputs[0] if outside.op == "broadcast" else outside
        if small is not outside or (small.op == "constant" and small.size == 1):
            new[node] = broadcast(inside(small), node.shape)
            del shared[node]
    for node, outside in loop.sequences.items():
        element = _every_element(outside)
        if element is not None:
            new[node] = broadcast(inside(element), node.shape)
            del sequences[node]
    return replace(loop, sequences=sequences, shared=shared).with_roots(rebuilt(loop.roots(), new)) if new else loop


def _every_element(sequence: Node) -> Node | None:
    """What every element of a sequence is a copy of, if all are copies of one."""
    if sequence.op != "broadcast":
        return None
    small = sequence.inputs[0]
    if small.ndim < sequence.ndim:
        return small
    return reshape(small, small.shape[1:]) if small.shape[0] == 1 else None


def _without_fixed_states(loop: Loop) -> Loop:
    """States that no position changes are shared."""
    fixed = [each for each, end in loop.ends.items() if end is each]
    starts = {each: start for each, start in loop.starts.items() if each not in fixed}
    ends = {each: end for each, end in loop.ends.items() if each not in fixed}
    return replace(loop, starts=starts, ends=ends, shared=loop.shared | {each: loop.starts[each] for each in fixed})


def _without_invariants(loop: Loop) -> Loop:
    """What depends only on what is shared is computed once, and shared; but for broadcasts, which cost nothing."""
    levels = loop.levels()
    varying = [node for node in topological(loop.roots()) if levels[node] > Level.SHARED]
    read = [each for node in varying for each in node.inputs] + list(loop.roots())
    tops = dict.fromkeys(map(_below_broadcast, (each for each in read if levels[each] is Level.SHARED)))
    tops = {each: None for each in tops if each.op != "input" and levels[each] is Level.SHARED}
    if not tops:
        return loop
    inside = {each: fresh_input(each.spec) for each in tops}
    outside = rebuilt(list(tops), loop.shared)
    shared = loop.shared | dict(zip(inside.values(), outside, strict=True))
    return replace(loop, shared=shared).with_roots(rebuilt(loop.roots(), inside))


def _below_broadcast(node: Node) -> Node:
    while node.op == "broadcast":
        node = node.inputs[0]
    return node


def _without_products(loop: Loop) -> Loop:
    """Products of what is known of all positions with a shared matrix are one product before the scan."""
    levels = loop.levels()
    lifted: dict[Node, Node | None] = {}
    for node in topological(loop.roots()):
        if levels[node] <= Level.SEQUENCE:
            lifted[node] = _lifted(node, loop, levels, lifted)
    found = {node: all_at_once for node, all_at_once in lifted.items() if node.op == "dot" and all_at_once is not None}
    found = {node: every for node, every in found.items() if levels[node] is Level.SEQUENCE}
    if not found:
        return loop
    inside = {node: fresh_input(node.spec) for node in found}
    sequences = loop.sequences | {inside[node]: every for node, every in found.items()}
    return replace(loop, sequences=sequences).with_roots(rebuilt(loop.roots(), inside))


def _lifted(node: Node, loop: Loop, levels: dict[Node, Level], lifted: dict[Node, Node | None]) -> Node | None:
    """The node at all positions, stacked; None where there is no such operation."""
    if node in loop.sequences:
        return loop.sequences[node]
    if levels[node] <= Level.SHARED:
        return broadcast(rebuilt([node], loop.shared)[0], (loop.length, *node.shape))
    operands = [each for each in (lifted[each] for each in node.inputs) if each is not None]
    return lift(node, operands) if node.op in LIFTED and len(operands) == len(node.inputs) else None
