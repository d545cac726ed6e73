"""A hostile case of the command line: what is there, what is asked, and what the answer has to be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

MODEL = "model"  # as an argument: a trained model folder, copied to where the command runs
IMAGE_MODEL = "image-model"  # a trained model of images, likewise
DRAW_MODEL = "draw-model"  # a trained generator of images, likewise
BAD_INPUT = 2


@dataclass(frozen=True)
class Case:
    """One command, run in a folder of its own.

    says: what the one sentence on stderr must contain; with code 0, what must stand on stdout or stderr
    files: name -> content of the files that are there; text is written as UTF-8
    prepare: does to the folder what files cannot say (links, folders, a model that was altered)
    process: whether it also runs as a process of its own
    """

    name: str
    arguments: tuple[str, ...]
    says: str
    files: dict[str, bytes | str] = field(default_factory=dict)
    code: int = BAD_INPUT
    prepare: Callable[[Path], None] = lambda _folder: None
    process: bool = False

    def make(self, folder: Path) -> None:
        """Puts everything into the folder (which holds the copy of the model already, if one is needed)."""
        for name, content in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        self.prepare(folder)
