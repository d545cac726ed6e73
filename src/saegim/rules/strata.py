"""Negation needs an order: which rules must have finished before an `unless` may be believed.

Facts and rules are the nodes of one graph: a rule depends on the facts in its `if` and `unless`, a derived
fact depends on the rules that derive it. Strongly connected parts (Tarjan, 1972) come out with their
dependencies first, so a stratum is one pass over them; a part that holds an `unless` edge is a circle
through negation, for which no order exists.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TypeAlias

from saegim.rules.rule import Rule

Node: TypeAlias = int | str  # the number of a rule, or the name of a derived fact


class UnlessCircleError(ValueError):
    """A circle through `unless`. `rule` is the number of a rule on it; the message is its path."""

    def __init__(self, rule: int, path: str) -> None:
        super().__init__(path)
        self.rule = rule


def strata_of(rules: Sequence[Rule]) -> list[int]:
    """The stratum of every rule, from 0. A rule's `unless` facts derive only from lower strata.

    Facts seen in the text are known from the start and ask for no order. Raises UnlessCircleError.
    """
    graph = _dependencies(rules)
    stratum: dict[Node, int] = {}
    for part in _components(graph):
        members = set(part)
        level = 0
        for node in part:
            blockers = set(rules[node].unless) if isinstance(node, int) else set()
            for needed in graph[node]:
                if needed in blockers and needed in members:
                    raise UnlessCircleError(_number(node), _circle(rules, graph, _number(node), needed))
                if needed not in members:
                    level = max(level, stratum[needed] + (needed in blockers))
        stratum.update(dict.fromkeys(part, level))
    return [stratum[number] for number in range(len(rules))]


def _dependencies(rules: Sequence[Rule]) -> dict[Node, list[Node]]:
    makers: dict[str, list[Node]] = {}
    for number, rule in enumerate(rules):
        for fact in rule.derives:
            makers.setdefault(fact, []).append(number)
    graph: dict[Node, list[Node]] = dict(makers.items())
    for number, rule in enumerate(rules):
        graph[number] = [fact for fact in dict.fromkeys((*rule.if_, *rule.unless)) if fact in makers]
    return graph


def _components(graph: Mapping[Node, Sequence[Node]]) -> Iterator[list[Node]]:
    """Strongly connected components, dependencies first, without recursion."""
    found: dict[Node, int] = {}
    low: dict[Node, int] = {}
    path: list[Node] = []
    on_path: set[Node] = set()
    for root in graph:
        if root in found:
            continue
        work: list[tuple[Node, Iterator[Node]]] = [(root, iter(graph[root]))]
        found[root] = low[root] = len(found)
        path.append(root)
        on_path.add(root)
        while work:
            node, rest = work[-1]
            target = next(rest, None)
            if target is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == found[node]:
                    yield _cut(path, on_path, node)
            elif target not in found:
                found[target] = low[target] = len(found)
                path.append(target)
                on_path.add(target)
                work.append((target, iter(graph[target])))
            elif target in on_path:
                low[node] = min(low[node], found[target])


def _cut(path: list[Node], on_path: set[Node], root: Node) -> list[Node]:
    part: list[Node] = []
    while not part or part[-1] != root:
        part.append(path.pop())
    on_path.difference_update(part)
    return part


def _circle(rules: Sequence[Rule], graph: Mapping[Node, Sequence[Node]], rule: int, fact: Node) -> str:
    """`rule a needs 'x' absent, x comes from rule b, which needs y, ...`, the shortest such path."""
    before: dict[Node, Node] = {}
    queue = deque([fact])
    while queue and rule not in before:
        node = queue.popleft()
        for target in graph[node]:
            if target not in before and target != fact:
                before[target] = node
                queue.append(target)
    way: list[Node] = [rule]
    while way[-1] != fact:
        way.append(before[way[-1]])
    return _told(rules, [rule, *reversed(way)])


def _told(rules: Sequence[Rule], way: Sequence[Node]) -> str:
    words = [f"rule {rules[_number(way[0])].id}"]
    for node, following in pairwise(way):
        if isinstance(node, int):
            words.append(f"{'unless' if following in rules[node].unless else 'if'} {following}")
        else:
            words.append(f"by rule {rules[_number(following)].id}")
    return " -> ".join(words)


def _number(node: Node) -> int:
    assert isinstance(node, int), "a rule is named by its number"
    return node
