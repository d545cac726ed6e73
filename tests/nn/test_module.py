"""Modules: names, state, trees, copies, casts."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import saegim as sg
from saegim import nn
from saegim.errors import ModelFileError, SettingError, ShapeError, TraceError
from saegim.nn.observing import observed
from saegim.tensor import tree


class Block(nn.Module):
    def __init__(self, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.layers = [nn.Linear(3, 3, seed=rng), nn.relu, nn.Linear(3, 2, seed=rng)]
        self.by_name = {"norm": nn.BatchNorm1d(2)}
        self.scale = nn.Parameter(np.ones(2, np.float32))
        self.drop = nn.Dropout(0.5, seed=rng)
        self.limits = np.array([1.0, 2.0])  # no tensor: part of the structure

    def __call__(self, x: Any) -> Any:
        first, activation, second = self.layers
        return self.drop(self.by_name["norm"](second(activation(first(x))))) * self.scale


NAMES = [
    "layers.0.weight",
    "layers.0.bias",
    "layers.2.weight",
    "layers.2.bias",
    "by_name.norm.weight",
    "by_name.norm.bias",
    "by_name.norm.running_mean",
    "by_name.norm.running_var",
    "by_name.norm.num_batches_tracked",
    "scale",
]
BUFFERS = {"by_name.norm.running_mean", "by_name.norm.running_var", "by_name.norm.num_batches_tracked"}


def test_names_are_dotted_paths_and_what_is_not_persistent_is_not_saved() -> None:
    block = Block()
    assert list(block.state_dict()) == NAMES
    assert [name for name, _each in block.named_tensors()] == [*NAMES, "drop.key"]
    assert [name for name, _each in block.named_parameters()] == [name for name in NAMES if name not in BUFFERS]
    assert [name for name, _each in block.named_modules()] == ["", "layers.0", "layers.2", "by_name.norm", "drop"]


def test_state_travels_and_is_a_copy() -> None:
    one, other = Block(0), Block(1)
    state = one.state_dict()
    other.load_state_dict(state)
    x = np.ones((4, 3), np.float32)
    np.testing.assert_array_equal(np.asarray(one.eval()(x)), np.asarray(other.eval()(x)))
    state["scale"][:] = 7
    assert (np.asarray(one.scale) == 1).all() and (np.asarray(other.scale) == 1).all()


def test_a_state_that_does_not_fit_is_refused_and_changes_nothing() -> None:
    block = Block()
    state = block.state_dict()
    with pytest.raises(ModelFileError, match=r"missing \['scale'\], unknown \['scales'\]"):
        block.load_state_dict({"scales" if name == "scale" else name: each for name, each in state.items()})
    with pytest.raises(ShapeError, match=r"layers\.0\.bias: shape \(3,\) expected, \(4,\) given"):
        block.load_state_dict({**state, "scale": np.zeros(2), "layers.0.bias": np.zeros(4)})
    assert (np.asarray(block.scale) == 1).all()


def test_reset_all_gives_the_same_network_for_the_same_seed() -> None:
    one, other = Block(0).reset_all(5), Block(1).reset_all(5)
    for (name, first), (_name, second) in zip(one.named_tensors(), other.named_tensors(), strict=True):
        np.testing.assert_array_equal(np.asarray(first), np.asarray(second), err_msg=name)
    attention = nn.MultiHeadAttention(4, 2, seed=0).reset_all(1)
    assert not np.asarray(attention.out_proj.bias).any(), "the outer module has the last word"


def test_mode_reaches_every_inner_module_and_is_part_of_the_structure() -> None:
    block = Block()
    training = tree.flatten(block.train())[1]
    assert all(not each.training for each in block.eval().modules())
    assert tree.flatten(block)[1] != training
    assert tree.flatten(block.train())[1] == training


def test_a_module_is_a_tree_and_comes_back_as_itself() -> None:
    block = Block()
    leaves, structure = tree.flatten(block)
    again = tree.unflatten(structure, leaves)
    assert type(again) is Block
    assert [name for name, _each in again.named_tensors()] == [*NAMES, "drop.key"]
    assert hash(tree.flatten(again)[1]) == hash(structure)
    other = Block()
    other.limits = np.array([1.0, 3.0])
    assert tree.flatten(other)[1] != structure


def test_gradients_have_the_modules_structure() -> None:
    gradient = sg.grad(lambda block, x: sg.sum(block(x)))(Block(), np.ones((4, 3), np.float32))
    assert isinstance(gradient, Block)
    assert gradient.scale.shape == (2,)
    assert gradient.by_name["norm"].running_mean is None


def test_a_deep_copy_is_independent() -> None:
    block = Block()
    other = copy.deepcopy(block)
    other.scale._value[:] = 3
    assert (np.asarray(block.scale) == 1).all()
    assert list(other.state_dict()) == NAMES


def test_casting_reaches_every_floating_tensor_and_no_other() -> None:
    block = Block().astype(sg.float64)
    kinds = {name: each.dtype for name, each in block.named_tensors()}
    assert kinds.pop("by_name.norm.num_batches_tracked") == sg.int64
    assert kinds.pop("drop.key") == sg.uint64
    assert set(kinds.values()) == {sg.float64}
    with pytest.raises(SettingError, match="floating-point dtype expected, int32 given"):
        block.astype(sg.int32)


def test_parameters_own_their_memory_unless_they_take_it_over() -> None:
    array = np.zeros(3, np.float32)
    assert not np.shares_memory(np.asarray(nn.Parameter(array)), array)
    assert np.shares_memory(np.asarray(nn.Parameter(array, copy=False)), array)


def test_buffers_keep_what_they_are_and_refuse_what_is_not_known() -> None:
    drop = nn.Dropout(0.5, seed=0)
    drop.set_buffer("key", sg.asarray(np.uint64(3)))
    assert isinstance(drop.key, nn.Buffer) and not drop.key.persistent
    with pytest.raises(TraceError, match=r"Dropout\.key would change inside of grad or compile; give the module"):
        sg.compile(lambda key: drop.set_buffer("key", key))(np.uint64(4))
    assert int(drop.key) == 3


def test_errors_inside_of_a_module_name_its_path() -> None:
    class Broken(nn.Module):
        def __init__(self) -> None:
            self.inner = [Branching()]

        def __call__(self, x: Any) -> Any:
            return self.inner[0](x)

    with pytest.raises(TraceError, match=r"layer inner\.0 \(.*test_module\.py:\d+\) asks a traced tensor"):
        sg.grad(lambda x: sg.sum(Broken()(x)))(np.ones(3))


class Branching(nn.Module):
    def __call__(self, x: Any) -> Any:
        return x if sg.sum(x) > 0 else -x


def test_an_observer_sees_every_call() -> None:
    seen = []
    model = nn.Sequential(nn.Linear(2, 3, seed=0), nn.Linear(3, 1, seed=0))
    with observed(lambda call: seen.append((call.name, type(call.layer).__name__, call.output.shape))):
        model(np.ones((5, 2), np.float32))
    model(np.ones((5, 2), np.float32))
    assert seen == [("0", "Linear", (5, 3)), ("1", "Linear", (5, 1)), ("", "Sequential", (5, 1))]


def test_a_module_without_call_says_so() -> None:
    with pytest.raises(TypeError, match="Module defines no __call__"):
        nn.Module()(1)


def test_repr_shows_sizes_and_inner_modules() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.relu, nn.Sequential(nn.Dropout(0.25))).eval()
    assert repr(model).split("\n") == [
        "Sequential(depth=3)",
        "  (0): Linear(in_features=2, out_features=3, use_bias=True)",
        "  (2): Sequential(depth=1)",
        "    (0): Dropout(p=0.25)",
    ]


def test_sequential_counts_and_indexes() -> None:
    first, last = nn.Linear(2, 3), nn.Linear(3, 1)
    model = nn.Sequential(first, nn.relu, last)
    assert len(model) == 3
    assert model[0] is first and model[-1] is last and model[1] is nn.relu
    with pytest.raises(IndexError):
        model[3]
