"""Work on many texts by several threads, with results that do not show it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from typing import TypeVar

from saegim.runtime.threads import threads

T = TypeVar("T")
R = TypeVar("R")


def in_order(function: Callable[[T], R], items: Iterable[T]) -> Generator[R, None, None]:
    """function(item) for every item, in their order, worked on by as many threads as `set_threads` allows.

    It gains where NumPy's loops take most of the time: they let other threads run. Only a few items are worked on
    ahead of the one that is asked for.
    """
    rest = iter(items)
    few = list(islice(rest, 2))
    count = threads()
    if len(few) < 2 or count == 1:
        yield from map(function, chain(few, rest))
        return
    ahead: deque[Future[R]] = deque()
    with ThreadPoolExecutor(count) as pool:
        try:
            for item in chain(few, rest):
                ahead.append(pool.submit(function, item))
                if len(ahead) > count:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            for each in ahead:
                each.cancel()
