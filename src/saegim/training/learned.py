"""What training gives, and a model folder keeps."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy.typing as npt

from saegim.models.encoder import TextEncoder
from saegim.models.generator import Generator
from saegim.models.images import ImageModel
from saegim.models.text_model import TextModel
from saegim.nn.module import Module
from saegim.training.calibration import Calibration, calibrate
from saegim.training.doctor import Finding


@dataclass(frozen=True)
class Run:
    """Which run it was: `identity` is a digest of everything that decides how it goes, `share` the part of the
    examples that its time budget was enough for."""

    identity: str
    share: float = 1.0

    @classmethod
    def from_json(cls, stored: Any) -> Run | None:
        """The run that a file names; None unless it names one."""
        if not isinstance(stored, dict) or stored.keys() != {"identity", "share"}:
            return None
        identity, share = stored["identity"], stored["share"]
        sound = isinstance(identity, str) and isinstance(share, float) and 0 < share <= 1
        return cls(identity, share) if sound else None


@dataclass(frozen=True, eq=False, kw_only=True)
class Learned:
    """A trained model.

    kind: of its model; classes: (C,) labels; history: a record per epoch; best_epoch: from 0; seconds: of training
    notes: what was decided, found and skipped
    calibration: how sure its probabilities may be; None when nothing was held out to tell by
    """

    kind: str
    classes: npt.NDArray[Any]
    network: Module
    run: Run
    history: list[dict[str, Any]] = field(default_factory=list)
    best_epoch: int = -1
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)
    calibration: Calibration | None = None

    @property
    def temperature(self) -> float:
        """What scores are divided by before they become probabilities."""
        return 1.0 if self.calibration is None else self.calibration.temperature

    def calibrated(self, scores: npt.NDArray[Any], numbers: npt.NDArray[Any]) -> Self:
        """The same, calibrated on its scores (n, C) of examples of classes (n,) that it was not trained on; as it is
        if there are none."""
        return replace(self, calibration=calibrate(scores, numbers)) if len(numbers) else self

    @property
    def findings(self) -> list[Finding]:
        """What the doctor found after the last epoch."""
        return [Finding.from_dict(each) for each in self.history[-1]["findings"]] if self.history else []

    def size_bytes(self) -> int:
        """The bytes of everything that was learned."""
        return sum(each.numpy().nbytes for _name, each in self.network.named_parameters())


@dataclass(frozen=True, eq=False, kw_only=True)
class LearnedText(Learned):
    """A trained classifier of texts: `encoder` turns them into the network's inputs."""

    encoder: TextEncoder
    network: TextModel

    def size_bytes(self) -> int:
        vectorizer = self.encoder.vectorizer
        return super().size_bytes() + vectorizer.kept.nbytes + vectorizer.weights.nbytes


@dataclass(frozen=True, eq=False, kw_only=True)
class LearnedImages(Learned):
    """A trained classifier of images."""

    network: ImageModel


@dataclass(frozen=True, eq=False, kw_only=True)
class LearnedGenerator(Learned):
    """A trained generator of images; its classes are the categories that it draws."""

    network: Generator
