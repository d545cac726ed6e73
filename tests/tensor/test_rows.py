"""Rows: the gradient of a table of which some rows were used, as the user holds it."""

from __future__ import annotations

import numpy as np

import saegim as sg
from saegim.tensor import tree


def rows(indices: list[int], unique: bool = False) -> sg.Rows:
    values = np.arange(2.0 * len(indices)).reshape(-1, 2)
    return sg.Rows(sg.asarray(np.array(indices, np.int64)), sg.asarray(values), (4, 2), unique)


def test_rows_become_a_dense_array() -> None:
    given = rows([3, 0, 3, 9, -1])
    expected = np.zeros((4, 2))
    expected[3], expected[0] = [4, 6], [2, 3]
    np.testing.assert_array_equal(given.dense(), expected)
    np.testing.assert_array_equal(np.asarray(given), expected)
    assert np.asarray(given, dtype=np.float32).dtype == np.float32
    assert (given.ndim, given.dtype) == (2, sg.float64)
    assert repr(given) == "Rows(5 rows of a float64 table of shape (4, 2))"


def test_duplicates_are_added_up_once() -> None:
    distinct = rows([3, 0, 3]).distinct()
    assert distinct.unique and distinct.distinct() is distinct
    np.testing.assert_array_equal(distinct.indices, [0, 3])
    np.testing.assert_array_equal(distinct.values, [[2, 3], [4, 6]])
    assert rows([1, 2], unique=True).distinct().indices.tolist() == [1, 2]
    assert rows([]).distinct().values.shape == (0, 2)


def test_values_are_exchanged() -> None:
    given = rows([3, 0], unique=True)
    doubled = given.with_values(given.values * 2.0)
    assert doubled.unique and doubled.shape == given.shape
    np.testing.assert_array_equal(doubled.dense(), np.asarray(given.dense()) * 2)


def test_rows_are_a_tree() -> None:
    given = rows([3, 0])
    leaves, structure = tree.flatten({"table": given})
    assert [each.shape for each in leaves] == [(2,), (2, 2)]
    again = tree.unflatten(structure, leaves)["table"]
    assert isinstance(again, sg.Rows) and again.shape == (4, 2)
    assert structure != tree.flatten({"table": rows([3, 0], unique=True)})[1]


def test_rows_go_in_and_out_of_programs() -> None:
    program = sg.compile(lambda given: given.distinct())
    found = program(rows([3, 0, 3]))
    assert isinstance(found, sg.Rows) and found.unique
    np.testing.assert_array_equal(found.dense(), rows([3, 0, 3]).dense())
