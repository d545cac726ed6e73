"""A program as native code, made at most once: what is in memory or in the cache on disk is taken from there.

The passes of the compiler are imported only where a program is made: with the cache a program starts without them.
"""

from __future__ import annotations

import contextlib
import os
import weakref
from collections.abc import Iterator
from functools import cache as once
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from saegim.compiler.digest import digest
from saegim.compiler.executable import Executable
from saegim.compiler.recipe import from_bytes, to_bytes
from saegim.compiler.uncollected import uncollected
from saegim.ir import Graph
from saegim.late import late
from saegim.reference import Schedule
from saegim.runtime import cache, jit
from saegim.runtime.target import Target, host

_passes = late("saegim.compiler.passes")

Array = npt.NDArray[Any]


class NativeProgram:
    """A graph as native code for this machine. Any number of Python threads may run it.

    Programs of equal graphs share their code. stages: what each pass made of the program, as text, by the name of the
    pass; `stages` and `report` do the passes once more.
    """

    def __init__(self, graph: Graph, target: Target | None = None, **settings: Any) -> None:
        """target: this machine's processor unless given; settings: `tile` and `shards`, as `split` takes them."""
        self.graph = graph
        self._target, self._settings = target or host(), settings
        with uncollected():
            self._executable = self._made()

    def _made(self) -> Executable:
        name = cache.key("program", digest(self.graph), repr((self._target, self._settings)), _versions())
        found = _alive.get(name) or _kept(name)
        if found is None:
            found = Executable(*self._build.made())
            cache.write(name, to_bytes(found.recipe))
            del self._build  # the passes left more than the program itself takes
        _alive[name] = found
        return found

    @cached_property
    def _build(self) -> Any:
        return _passes.Build(self.graph, _passes.Settings(self._target, **self._settings))

    @property
    def stages(self) -> dict[str, str]:
        stages: dict[str, str] = self._build.stages()
        return stages

    def report(self, *arrays: Array, repeats: int = 20) -> str:
        """What each phase consists of; with `arrays` for its inputs, which are not overwritten, what it takes."""
        text: str = self._build.report(arrays, repeats)
        return text

    def __call__(self, *arrays: Array) -> tuple[Array, ...]:
        """The graph's outputs for `arrays`. Raises IndexError with the node's origin where an index points nowhere.

        Arrays of donated inputs may be overwritten, also when an error is raised.
        """
        outputs = self._executable(arrays)
        if outputs is None:
            self._blame(arrays)
        return outputs

    def _blame(self, arrays: tuple[Array, ...]) -> NoReturn:
        """Raises the IndexError of the operation whose index points nowhere."""
        Schedule(Graph(self.graph.inputs, self.graph.outputs))(*arrays)
        raise IndexError("an index points nowhere")


_alive: weakref.WeakValueDictionary[str, Executable] = weakref.WeakValueDictionary()


def _kept(name: str) -> Executable | None:
    """What the cache on disk has under `name`; None if there is nothing, or nothing that can be used."""
    body = cache.read(name)
    recipe = None if body is None else from_bytes(body)
    library = None if recipe is None else jit.kept(recipe.code)
    if recipe is None or library is None:
        return None
    try:
        return Executable(recipe, library)
    except RuntimeError:  # a function is missing
        return None


@once
def _versions() -> str:
    """What makes programs: a change of the compiler, of LLVM or of NumPy may change them."""
    package = Path(__file__).parent.parent
    files = [each for part in ("compiler", "ir", "reference", "runtime") for each in _files(package / part)]
    return f"{jit.VERSIONS}, NumPy {np.__version__}, {sorted(files)}"


def _files(folder: Path) -> Iterator[tuple[str, int, int]]:
    """The name, size and time of every source file in a folder and below; nothing where these are no files."""
    with contextlib.suppress(OSError), os.scandir(folder) as found:
        for each in found:
            if each.is_dir():
                yield from _files(Path(each.path))
            elif each.name.endswith(".py"):
                known = each.stat()
                yield each.name, known.st_size, known.st_mtime_ns
