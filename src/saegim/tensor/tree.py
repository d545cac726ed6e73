"""Trees of tensors: dicts, lists, tuples, dataclasses and modules, nested in any way."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import optree

from saegim.tensor.core import Tensor, asarray_like

NAMESPACE = "saegim"

TreeDef = Any  # optree.PyTreeSpec


def flatten(tree: Any) -> tuple[list[Any], TreeDef]:
    """The leaves of a tree in a fixed order, and its structure. `None` is a tree without leaves."""
    while True:
        leaves, structure = optree.tree_flatten(tree, namespace=NAMESPACE)
        new = [kind for kind in set(map(type, leaves)) if dataclasses.is_dataclass(kind)]
        if not new:
            return leaves, structure
        for kind in new:
            _register_dataclass(kind)


def unflatten(structure: TreeDef, leaves: Sequence[Any]) -> Any:
    """The tree of `structure` with other leaves."""
    return optree.tree_unflatten(structure, leaves)


def map_leaves(function: Callable[[Any], Any], tree: Any) -> Any:
    leaves, structure = flatten(tree)
    return unflatten(structure, [function(leaf) for leaf in leaves])


def register(
    kind: type,
    parts: Callable[[Any], tuple[Sequence[Any], Any, Sequence[str]]],
    whole: Callable[[Any, Sequence[Any]], Any],
) -> None:
    """Makes `kind` a branch: `parts` gives (children, what else defines it, child names), `whole` the reverse."""
    rebuild: Any = whole
    optree.register_pytree_node(kind, parts, rebuild, namespace=NAMESPACE)


def _register_dataclass(kind: Any) -> None:
    names = tuple(each.name for each in dataclasses.fields(kind))

    def parts(instance: Any) -> tuple[list[Any], tuple[str, ...], tuple[str, ...]]:
        return [getattr(instance, name) for name in names], names, names

    def whole(_names: Any, children: Sequence[Any]) -> Any:
        instance = object.__new__(kind)  # as it was, without a second __init__
        for name, child in zip(names, children, strict=True):
            object.__setattr__(instance, name, child)
        return instance

    register(kind, parts, whole)


def is_array(leaf: Any) -> bool:
    """Whether a leaf is an input of a traced function; all other leaves are fixed when it is traced."""
    return isinstance(leaf, Tensor | np.ndarray | np.number | np.bool_)


def as_tensor(leaf: Any) -> Tensor:
    return asarray_like(leaf)
