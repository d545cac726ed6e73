"""What single layers promise beyond the contract table."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import saegim as sg
from saegim import nn
from saegim.errors import DTypeError, SettingError, ShapeError

RNG = np.random.default_rng(0)
X = RNG.standard_normal((3, 5, 4)).astype(np.float32)
MASK = np.arange(5) < np.array([[5], [2], [0]])


def array(x: Any) -> np.ndarray:
    return np.asarray(x)


# --- activations ----------------------------------------------------------------------------------------------------

FAR = np.array([-1e4, -100.0, -1.0, 0.0, 1.0, 100.0, 1e4], np.float32)


@pytest.mark.parametrize(
    ("activation", "expected", "slope"),
    [
        (nn.relu, [0, 0, 0, 0, 1, 100, 1e4], [0, 0, 0, 0, 1, 1, 1]),
        (nn.sigmoid, [0, 0, 0.26894143, 0.5, 0.7310586, 1, 1], [0, 0, 0.19661193, 0.25, 0.19661193, 0, 0]),
        (nn.silu, [0, 0, -0.26894143, 0, 0.7310586, 100, 1e4], [0, 0, 0.07232949, 0.5, 0.9276705, 1, 1]),
        (nn.gelu, [0, 0, -0.15865526, 0, 0.8413447, 100, 1e4], [0, 0, -0.08331547, 0.5, 1.0833155, 1, 1]),
    ],
    ids=["relu", "sigmoid", "silu", "gelu"],
)
def test_activations_and_their_slopes_far_out(activation: Callable[..., Any], expected: Any, slope: Any) -> None:
    np.testing.assert_allclose(array(activation(sg.asarray(FAR))), expected, rtol=1e-5, atol=1e-6)
    found = sg.grad(lambda x: sg.sum(activation(x)))(FAR)
    np.testing.assert_allclose(array(found), slope, rtol=1e-5, atol=1e-6)


def test_relu_hides_no_nan() -> None:
    assert np.isnan(array(nn.relu(sg.asarray(np.array([np.nan], np.float32))))).all()


def test_gelu_knows_two_forms() -> None:
    with pytest.raises(SettingError, match="approximate 'none' or 'tanh' expected, 'fast' given"):
        nn.gelu(sg.asarray([1.0]), approximate="fast")


# --- dropout --------------------------------------------------------------------------------------------------------


@given(p=st.floats(0.05, 0.95), seed=st.integers(0, 2**32))
def test_dropout_drops_its_share_and_scales_the_rest(p: float, seed: int) -> None:
    x = np.full(20_000, 2.0, np.float32)
    y = array(nn.Dropout(p, seed=seed)(x))
    kept = y != 0
    np.testing.assert_allclose(y[kept], 2 / (1 - p), rtol=1e-6)
    # Six standard deviations of a binomial distribution: by chance once in 500 million.
    assert abs(kept.mean() - (1 - p)) < 6 * np.sqrt(p * (1 - p) / x.size)


def test_dropout_drops_independently_of_place_layer_and_call() -> None:
    ones = np.ones(100_000, np.float32)
    drop, other = nn.Dropout(0.5, seed=1), nn.Dropout(0.5, seed=2)
    draws = [array(drop(ones)) != 0, array(drop(ones)) != 0, array(other(ones)) != 0]
    pairs = [(draws[0], draws[1]), (draws[0], draws[2]), (draws[0][1:], draws[0][:-1])]
    for first, second in pairs:
        assert abs((first == second).mean() - 0.5) < 6 * 0.5 / np.sqrt(len(first))


def test_the_gradient_of_dropout_passes_where_the_value_did() -> None:
    drop = nn.Dropout(0.5, seed=3)
    x = np.ones(50, np.float32)
    gradient = sg.grad(lambda x, drop: sg.sum(drop(x)))(x, drop)  # leaves the key as it is
    np.testing.assert_array_equal(array(gradient), array(drop(x)))


@pytest.mark.parametrize("p", [-0.1, 1.0, 1.5, float("nan")])
def test_dropout_refuses_what_is_no_probability(p: float) -> None:
    with pytest.raises(SettingError, match="Dropout: a probability of at least 0 and below 1"):
        nn.Dropout(p)


# --- embeddings -----------------------------------------------------------------------------------------------------


def test_the_padding_row_starts_at_zero_and_is_never_learned() -> None:
    table = nn.Embedding(5, 3, padding_idx=-1, seed=0)
    assert table.padding_idx == 4
    assert not array(table.weight)[4].any() and array(table.weight)[:4].all()
    gradient = sg.grad(lambda table, i: sg.sum(table(i)))(table, np.array([1, 4, 4]))
    np.testing.assert_array_equal(array(gradient.weight).sum(1), [0, 3, 0, 0, 0])
    with pytest.raises(SettingError, match="padding_idx among the 5 rows expected, 5 given"):
        nn.Embedding(5, 3, padding_idx=5)


@pytest.mark.parametrize("index", [5, -1])
def test_an_index_that_is_no_rows_is_an_error_traced_or_not(index: int) -> None:
    table = nn.Embedding(5, 3, seed=0)
    for call in (table, sg.compile(table)):
        with pytest.raises(IndexError, match="take: indices from 0 to 4 expected"):
            call(np.array([0, index]))


def slow_bags(table: np.ndarray, indices: Any, weights: Any, offsets: Any, mean: bool, skip: int | None) -> np.ndarray:
    """Bags, item by item."""
    result = np.zeros((len(offsets) - 1, table.shape[1]))
    for bag, (begin, end) in enumerate(pairwise(offsets)):
        items = [item for item in range(begin, end) if indices[item] != skip]
        for item in items:
            result[bag] += weights[item] * table[indices[item]]
        size = sum(weights[item] for item in items)
        if mean and size:
            result[bag] /= size
    return result


@given(data=st.data(), mode=st.sampled_from(["sum", "mean"]), skip=st.sampled_from([None, 2]))
def test_bags_are_sums_item_by_item(data: st.DataObject, mode: Any, skip: int | None) -> None:
    indices = np.array(data.draw(st.lists(st.integers(0, 4), min_size=1, max_size=12)))
    ends = data.draw(st.lists(st.integers(0, len(indices)), max_size=4))
    offsets = np.array([0, *sorted(ends)])  # items after the last offset are padding
    weights = np.array(data.draw(st.lists(st.integers(1, 5), min_size=len(indices), max_size=len(indices))), float)
    bag = nn.EmbeddingBag(5, 3, mode, padding_idx=skip, seed=0).astype(sg.float64)
    expected = slow_bags(array(bag.weight), indices, weights, offsets, mode == "mean", skip)
    np.testing.assert_allclose(array(bag(indices, offsets, weights)), expected, rtol=1e-12, atol=1e-12)


def test_bags_of_equal_length_count_only_real_tokens() -> None:
    bag = nn.EmbeddingBag(9, 4, "mean", seed=0)
    indices = RNG.integers(0, 9, (3, 5))
    expected = [
        array(bag.weight)[row[real]].mean(0) if real.any() else np.zeros(4)
        for row, real in zip(indices, MASK, strict=True)
    ]
    np.testing.assert_allclose(array(bag(indices, mask=MASK)), expected, rtol=1e-5, atol=1e-6)


def test_the_gradient_of_a_bag_is_the_rows_in_use() -> None:
    bag = nn.EmbeddingBag(1_000_000, 4, "mean", seed=0)
    gradient = sg.grad(lambda bag: sg.sum(bag(np.array([5, 7, 5]), np.array([0, 2, 3]))))(bag)
    assert isinstance(gradient.weight, sg.Rows) and gradient.weight.values.shape[0] == 3


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"indices": np.arange(4)}, "offsets"),
        ({"indices": np.arange(4), "offsets": np.array([[0, 4]])}, r"\(4,\) with \(1, 2\) given"),
        ({"indices": np.arange(4), "offsets": np.array([0, 4]), "weights": np.ones(3)}, r"weights of shape \(4,\)"),
    ],
)
def test_bags_refuse_what_does_not_fit(arguments: Any, sentence: str) -> None:
    with pytest.raises(ShapeError, match=sentence):
        nn.EmbeddingBag(9, 4, seed=0)(**arguments)


def test_bags_know_two_modes() -> None:
    with pytest.raises(SettingError, match="mode 'sum' or 'mean' expected, 'max' given"):
        nn.EmbeddingBag(9, 4, "max")


# --- normalisation --------------------------------------------------------------------------------------------------


def test_layer_norm_centres_and_scales_each_example() -> None:
    y = array(nn.LayerNorm(4, eps=0.0)(X * 100 + 7))
    np.testing.assert_allclose(y.mean(-1), 0, atol=1e-6)
    np.testing.assert_allclose(y.std(-1), 1, rtol=1e-5)


@pytest.mark.parametrize("layer", [nn.LayerNorm(3), nn.LayerNorm((5, 3)), nn.RMSNorm(3), nn.BatchNorm1d(3)], ids=repr)
def test_normalisation_refuses_other_widths(layer: nn.Module) -> None:
    with pytest.raises(ShapeError, match=rf"{type(layer).__name__}: inputs .*3\).* expected, \(3, 5, 4\) given"):
        layer(X)


def test_batch_norm_uses_the_batch_to_train_and_what_it_learned_to_predict() -> None:
    norm = nn.BatchNorm1d(4, momentum=1.0)
    y = array(norm(X))
    np.testing.assert_allclose(y.mean((0, 1)), 0, atol=1e-6)
    flat = X.reshape(-1, 4)
    np.testing.assert_allclose(array(norm.running_mean), flat.mean(0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(array(norm.running_var), flat.var(0, ddof=1), rtol=1e-5)
    expected = (X - flat.mean(0)) / np.sqrt(flat.var(0, ddof=1) + 1e-5)
    np.testing.assert_allclose(array(norm.eval()(X)), expected, rtol=1e-4, atol=1e-5)


def test_batch_norm_averages_all_batches_without_a_momentum() -> None:
    norm = nn.BatchNorm1d(4, momentum=None)
    batches = [RNG.standard_normal((6, 4)).astype(np.float32) for _ in range(3)]
    for batch in batches:
        norm(batch)
    np.testing.assert_allclose(array(norm.running_mean), np.mean([b.mean(0) for b in batches], 0), rtol=1e-5, atol=1e-6)


def test_batch_norm_needs_two_examples_to_train_and_one_to_predict() -> None:
    norm = nn.BatchNorm1d(4)
    with pytest.raises(ShapeError, match="at least 2 examples"):
        norm(X[0, :1])
    assert norm.eval()(X[0, :1]).shape == (1, 4)


def test_batch_norm_of_padding_alone_is_zero_and_finite() -> None:
    norm = nn.BatchNorm1d(4)
    assert not array(norm(X, np.zeros((3, 5), bool))).any()
    assert all(np.isfinite(array(each)).all() for _name, each in norm.named_tensors())


# --- convolution and pooling ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: nn.Conv1d(4, 6, 3, groups=4), "groups that divide 4 and 6 channels"),
        (lambda: nn.Conv1d(4, 6, 0), "a kernel_size of at least 1"),
        (lambda: nn.Conv2d(4, 6, (3, 3, 3)), r"for each of 2 axes expected, \(3, 3, 3\) given"),
        (lambda: nn.Conv1d(4, 6, 3, stride=2, padding="same"), "padding 'valid', sizes, or with a stride of 1 'same'"),
        (lambda: nn.Conv1d(4, 6, 3, padding="full"), "'full' with a stride of"),
        (lambda: nn.MaxPool1d(2, padding=2), "a padding of at most half"),
        (lambda: nn.AvgPool2d(2, stride=0), "a stride of at least 1"),
    ],
)
def test_sizes_that_make_no_sense_are_refused(build: Callable[[], Any], sentence: str) -> None:
    with pytest.raises(SettingError, match=sentence):
        build()


@pytest.mark.parametrize(
    ("layer", "sentence"),
    [
        (nn.Conv1d(5, 6, 3), r"Conv1d: inputs \(B, T, 5\) expected, \(3, 5, 4\) given"),
        (nn.Conv2d(4, 6, 3), r"Conv2d: inputs \(B, H, W, 4\) expected, \(3, 5, 4\) given"),
        (nn.Conv1d(4, 6, 7), r"windows that span \(7,\) do not fit into \(5,\)"),
        (nn.MaxPool2d(2), r"MaxPool2d: inputs \(B, H, W, C\) expected"),
        (nn.LSTM(5, 2), r"LSTM: inputs \(B, T, 5\) expected"),
        (nn.MultiHeadAttention(6, 2), r"a query \(B, T, 6\) expected, \(3, 5, 4\) given"),
        (nn.Linear(5, 6), r"Linear: inputs \(\.\.\., 5\) expected"),
    ],
    ids=lambda case: type(case).__name__,
)
def test_inputs_that_do_not_fit_are_refused(layer: nn.Module, sentence: str) -> None:
    with pytest.raises(ShapeError, match=sentence):
        layer(X)


@pytest.mark.parametrize("pool", [nn.MaxPool1d(2), nn.AvgPool1d(2), nn.max_over_time, nn.mean_over_time])
def test_a_text_without_tokens_gives_zeros_and_no_gradient(pool: Callable[..., Any]) -> None:
    assert not array(pool(X, MASK))[2].any()
    gradient = array(sg.grad(lambda x: sg.sum(pool(x, sg.asarray(MASK))))(X))
    assert np.isfinite(gradient).all() and not gradient[2].any()


def test_no_tokens_at_all_give_zeros() -> None:
    empty = np.zeros((2, 0, 3), np.float32)
    for pool in (nn.max_over_time, nn.mean_over_time):
        np.testing.assert_array_equal(array(pool(empty)), np.zeros((2, 3)))


MASKED = [
    nn.Conv1d(4, 4, 3, seed=0),
    nn.MaxPool1d(2),
    nn.AvgPool1d(2),
    nn.LSTM(4, 4, seed=0),
    nn.GRU(4, 4, seed=0),
    nn.MultiHeadAttention(4, 2, seed=0),
    nn.TransformerEncoderLayer(4, 2, 8, seed=0),
    nn.BatchNorm1d(4),
]


@pytest.mark.parametrize("layer", MASKED, ids=lambda layer: type(layer).__name__)
def test_masks_of_another_kind_are_refused(layer: nn.Module) -> None:
    with pytest.raises(DTypeError, match="a mask of dtype bool expected, float32 given; True stands for a real token"):
        layer(X, mask=MASK.astype(np.float32))
    with pytest.raises(ShapeError, match=r"a mask of shape \(3, 5\) expected, \(3, 4\) given"):
        layer(X, mask=MASK[:, :4])


# --- recurrence -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU])
def test_a_text_read_in_two_parts_gives_what_it_gives_in_one(kind: Any) -> None:
    layer = kind(4, 3, 2, seed=0).astype(sg.float64)
    x = RNG.standard_normal((2, 7, 4))
    whole, end = layer(x)
    first, state = layer(x[:, :3])
    second, last = layer(x[:, 3:], state)
    np.testing.assert_allclose(np.concatenate([array(first), array(second)], 1), array(whole), rtol=1e-12)
    for ours, theirs in zip(_several(last), _several(end), strict=True):
        np.testing.assert_allclose(array(ours), array(theirs), rtol=1e-12)


def _several(state: Any) -> tuple[Any, ...]:
    return state if isinstance(state, tuple) else (state,)


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU])
def test_the_last_state_is_that_of_the_last_real_token(kind: Any) -> None:
    layer = kind(4, 3, bidirectional=True, seed=0).astype(sg.float64)
    x, lengths = RNG.standard_normal((3, 6, 4)), np.array([6, 2, 0])
    outputs, state = layer(x, lengths=lengths)
    masked, _state = layer(x, mask=np.arange(6) < lengths[:, None])
    np.testing.assert_array_equal(array(outputs), array(masked))
    short, alone = layer(x[1:2, :2])
    np.testing.assert_allclose(array(_several(state)[0])[:, 1], array(_several(alone)[0])[:, 0], rtol=1e-12)
    np.testing.assert_allclose(array(outputs)[1, :2], array(short)[0], rtol=1e-12)
    assert not array(outputs)[1, 2:].any()
    assert not array(outputs)[2].any() and not array(_several(state)[0])[:, 2].any()


def test_dropout_works_between_layers_only() -> None:
    x = RNG.standard_normal((2, 5, 4)).astype(np.float32)
    one, two = nn.LSTM(4, 3, 1, dropout=0.5, seed=0), nn.LSTM(4, 3, 2, dropout=0.5, seed=0)
    assert (array(one(x)[0]) == array(one(x)[0])).all()
    assert (array(two(x)[0]) != array(two(x)[0])).any()


def test_recurrent_layers_refuse_what_does_not_fit() -> None:
    layer = nn.GRU(4, 3, 2, seed=0)
    with pytest.raises(ShapeError, match=r"a first state of shape \(2, 3, 3\) expected, \(1, 3, 3\) given"):
        layer(X, np.zeros((1, 3, 3), np.float32))
    with pytest.raises(SettingError, match="a mask or lengths expected, both given"):
        layer(X, mask=MASK, lengths=np.array([5, 2, 0]))
    with pytest.raises(SettingError, match="at least 1 layer"):
        nn.LSTM(4, 3, 0)


# --- attention ------------------------------------------------------------------------------------------------------


def test_a_token_that_sees_no_key_gets_zeros_and_finite_gradients() -> None:
    attention = nn.MultiHeadAttention(4, 2, seed=0)
    attention.out_proj.bias._value[:] = 0
    loss = lambda attention, x: sg.sum(attention(x, mask=sg.asarray(MASK)) ** 2)  # noqa: E731
    assert not array(attention(X, mask=MASK))[2].any()
    gradient = sg.grad(loss)(attention, X)
    assert all(np.isfinite(array(each)).all() for each in (gradient.in_proj_weight, gradient.out_proj.weight))
    assert not array(sg.grad(loss, 1)(attention, X))[2].any()


def test_huge_scores_do_not_overflow_under_a_mask() -> None:
    attention = nn.MultiHeadAttention(4, 1, seed=0)
    huge = X * np.float32(1e6)
    outputs, gradient = sg.value_and_grad(lambda x: sg.sum(attention(x, mask=sg.asarray(MASK))))(huge)
    assert np.isfinite(array(outputs)) and np.isfinite(array(gradient)).all()


def test_causal_attention_does_not_see_what_comes_later() -> None:
    attention = nn.MultiHeadAttention(4, 2, seed=0)
    later = X.copy()
    later[:, 3:] += 10
    first, second = (array(attention(x, mask=MASK, causal=True)) for x in (X, later))
    np.testing.assert_array_equal(first[:, :3], second[:, :3])
    assert (first[0, 3:] != second[0, 3:]).all()


def test_attention_refuses_what_does_not_fit() -> None:
    with pytest.raises(SettingError, match="a number of heads that divides 6 expected, 4 given"):
        nn.MultiHeadAttention(6, 4)
    attention = nn.MultiHeadAttention(4, 2, seed=0)
    with pytest.raises(ShapeError, match=r"a value for every key expected, \(3, 4, 4\) for \(3, 5, 4\) given"):
        attention(X, X.copy(), X[:, :4])
    with pytest.raises(ShapeError, match="causal needs keys for the query's own tokens"):
        attention(X, X[:, :4], causal=True)
    with pytest.raises(ShapeError, match=r"a key \(B, T, 4\) expected, \(2, 5, 4\) given with a query \(3, 5, 4\)"):
        attention(X, X[:2])


def test_an_encoder_layer_drops_while_training_only() -> None:
    layer = nn.TransformerEncoderLayer(4, 2, 8, 0.5, seed=0)
    assert (array(layer(X)) != array(layer(X))).any()
    layer.eval()
    np.testing.assert_array_equal(array(layer(X)), array(layer(X)))


# --- beginnings -----------------------------------------------------------------------------------------------------


def within(values: Any, bound: float) -> bool:
    """Uniform between -bound and bound, as far as the extremes and the spread tell."""
    values = array(values)
    return bool(0.9 * bound < np.abs(values).max() <= bound) and abs(values.std() * np.sqrt(3) / bound - 1) < 0.1


def test_layers_start_from_the_distributions_that_they_document() -> None:
    linear = nn.Linear(400, 300, seed=0)
    assert within(linear.weight, 1 / 20) and within(linear.bias, 1 / 20)
    assert within(nn.Conv1d(40, 50, 10, groups=2, seed=0).weight, 1 / np.sqrt(200))
    assert within(nn.LSTM(30, 100, seed=0).weight_ih_l0, 0.1)
    assert within(nn.MultiHeadAttention(60, 2, seed=0).in_proj_weight, np.sqrt(6 / 240))
    assert array(nn.Embedding(500, 40, std=0.02, seed=0).weight).std() == pytest.approx(0.02, rel=0.05)


def test_named_initialisations() -> None:
    rng = np.random.default_rng(0)
    assert nn.init.he_normal(rng, (300, 400), 400).std() == pytest.approx(np.sqrt(2 / 400), rel=0.02)
    assert within(nn.init.xavier_uniform(rng, (300, 400)), np.sqrt(6 / 700))
    for made in (nn.init.uniform(rng, (2, 3), 1.0), nn.init.zeros((2, 3)), nn.init.ones((2, 3))):
        assert (made.dtype, made.shape) == (np.float32, (2, 3))
