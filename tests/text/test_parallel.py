"""Work by several threads: the results are those of one, in their order."""

from __future__ import annotations

import threading
from itertools import count, islice

import pytest

from saegim.text import parallel
from saegim.text.parallel import in_order


@pytest.fixture(params=[1, 2, 3])
def as_many_threads(request, monkeypatch):
    monkeypatch.setattr(parallel, "threads", lambda: request.param)
    return request.param


@pytest.mark.parametrize("items", [0, 1, 2, 10])
def test_results_come_in_order(as_many_threads, items):
    assert list(in_order(lambda x: x * x, range(items))) == [x * x for x in range(items)]


def test_only_a_few_items_are_taken_ahead(as_many_threads):
    taken = count()
    found = in_order(lambda x: x, taken)
    assert list(islice(found, 5)) == [0, 1, 2, 3, 4]
    found.close()
    assert next(taken) <= 5 + as_many_threads + 1


def test_an_error_reaches_the_caller(as_many_threads):
    def fail(item):
        if item == 3:
            raise ValueError("item 3")
        return item

    with pytest.raises(ValueError, match="item 3"):
        list(in_order(fail, range(10)))
    assert not [each for each in threading.enumerate() if each.name.startswith("ThreadPoolExecutor")]
