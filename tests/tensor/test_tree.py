"""Trees of tensors."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pytest

import saegim as sg
from saegim.tensor import tree


@dataclass
class Pair:
    first: Any
    second: Any = None


@dataclass(frozen=True, slots=True)
class Frozen:
    x: Any
    label: str = "a"
    more: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not self.label:
            raise ValueError("runs when it is made, not when it is put together again")


class Point(NamedTuple):
    x: Any
    y: Any


@pytest.mark.parametrize(
    "value",
    [
        1,
        [1, (2, 3), {"b": 4, "a": [5]}],
        Pair(1, Pair(2, [3, 4])),
        Frozen(1, "b", [Pair(2, 3)]),
        Point(1, Point(2, 3)),
        OrderedDict(z=1, a=2),
        {},
        [],
        None,
        [None, 1],
    ],
    ids=repr,
)
def test_a_tree_is_put_together_again(value: Any) -> None:
    leaves, structure = tree.flatten(value)
    assert tree.unflatten(structure, leaves) == value
    assert tree.flatten(value) == (leaves, structure)
    assert all(isinstance(leaf, int | str) for leaf in leaves)


def test_dicts_are_ordered_by_key_and_none_is_no_leaf() -> None:
    assert tree.flatten({"b": 1, "a": 2, "c": None})[0] == [2, 1]


def test_structures_tell_trees_apart() -> None:
    structures = [
        tree.flatten(each)[1] for each in ([1, 2], (1, 2), {"a": 1, "b": 2}, Pair(1, 2), Point(1, 2), [1, [2]])
    ]
    assert len(set(structures)) == len(structures)


def test_leaves_are_mapped() -> None:
    assert tree.map_leaves(lambda x: x + 1, Frozen(1, 2, [Pair(3, 4)])) == Frozen(2, 3, [Pair(4, 5)])


def test_arrays_are_inputs_and_the_rest_is_fixed() -> None:
    arrays = [sg.asarray(1.0), np.zeros(3), np.float32(1), np.True_, np.int8(3)]
    assert all(map(tree.is_array, arrays))
    assert not any(map(tree.is_array, [1, 1.0, True, "a", None, [np.zeros(3)]]))
    assert [str(tree.as_tensor(each).spec) for each in arrays] == [
        "float32[]",
        "float64[3]",
        "float32[]",
        "bool[]",
        "int8[]",
    ]


def test_dataclasses_pass_through_transforms() -> None:
    def loss(pair: Pair, scale: Any) -> Any:
        return sg.sum(pair.first * pair.second.x) * scale

    pair = Pair(sg.asarray([1.0, 2.0]), Frozen(sg.asarray([3.0, 4.0]), "label"))
    found = sg.grad(loss)(pair, 2.0)
    assert isinstance(found, Pair) and isinstance(found.second, Frozen)
    np.testing.assert_array_equal(found.first, [6, 8])
    np.testing.assert_array_equal(found.second.x, [2, 4])
    assert found.second.label is None, "what cannot be differentiated has no derivative"
    doubled = sg.compile(lambda pair: Pair(pair.first * 2.0, pair.second))(pair)
    assert doubled.second.label == "label"
    np.testing.assert_array_equal(doubled.first, [2, 4])
