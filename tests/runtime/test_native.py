"""The native half of the pool, as code for processors that are not here, and how its state is laid out."""

from __future__ import annotations

import itertools

import pytest

from saegim.runtime import native
from saegim.runtime.jit import assembly
from saegim.runtime.target import PRESETS, Target


@pytest.mark.parametrize("target", PRESETS.values(), ids=lambda each: each.name)
def test_it_is_code_for_every_processor(target: Target) -> None:
    written = assembly(native.text(target.architecture, True), target)
    assert {"alone:", "together:", "serve:", "dismiss:", "look:"} <= set(written.split())
    assert {"x86_64": "pause", "aarch64": "yield"}[target.architecture] in written
    assert "__atomic" not in written and "__aarch64" not in written  # no library is needed for atomic words


def test_it_is_code_where_nothing_is_known_of_the_processor() -> None:
    target = PRESETS["generic"]
    assert "pause" not in assembly(native.text("riscv64", True), target)
    assert "pthread" not in assembly(native.text("x86_64", False), target)


def test_fields_do_not_overlap() -> None:
    places = sorted(native.FIELDS.values())
    assert all(after - before >= 8 for before, after in itertools.pairwise(places))
    assert all(place % 8 == 0 for place in places)
    objects = sorted(native.FIELDS[name] for name in ("mutex", "rested", "returned"))
    assert places[-3:] == objects
    assert all(after - before >= 256 for before, after in itertools.pairwise([*objects, native.STATE_BYTES]))


def test_chunks_can_be_counted() -> None:
    # At most twice as many as wanted: items // wanted is rounded down.
    assert 2 * native.CHUNKS_PER_THREAD * native.MOST_THREADS < (1 << native.CHUNK_BITS) - 1
