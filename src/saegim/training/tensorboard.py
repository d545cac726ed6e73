"""A training run as TensorBoard event files: the loss of every step, the figures of every epoch, every layer's flow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from saegim.errors import SettingError
from saegim.training.progress import Progress

__all__ = ["TensorBoard"]


class TensorBoard:
    """Passes a run on to another listener, and writes it to event files in `folder`.

    Of a run that was resumed, what an earlier part wrote beyond its checkpoint is hidden by TensorBoard. Raises
    SettingError where tensorboardX is not installed or the folder cannot be written to.
    """

    def __init__(self, listener: Progress, folder: Path) -> None:
        self.say, self.start = listener.say, listener.start
        self._listener, self._folder = listener, folder
        self._done = 0
        self._writer: Any = None
        try:
            import tensorboardX

            folder.mkdir(parents=True, exist_ok=True)
        except ImportError:
            raise SettingError(
                "TensorBoard files need tensorboardX, which is not installed; pip install 'saegim[tensorboard]'"
            ) from None
        except OSError as error:
            raise SettingError(f"{folder} cannot be used: {error.strerror}; give another folder") from None
        self._open = tensorboardX.SummaryWriter

    def step(self, done: int, steps: int, loss: float, tokens: int) -> None:
        if self._writer is None:
            self._writer = self._open(str(self._folder), purge_step=done)
        self._done = done
        self._writer.add_scalar("loss/step", loss, done)
        self._listener.step(done, steps, loss, tokens)

    def epoch(self, record: dict[str, Any]) -> None:
        for name, value in _scalars(record).items():
            self._writer.add_scalar(name, value, self._done)
        self._writer.flush()
        self._listener.epoch(record)

    def finish(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._listener.finish()


_NAMES = {"train_loss": "loss/train", "valid_loss": "loss/valid"}
_LEFT_OUT = {"epoch", "complete", "seconds", "padding", "flow", "findings", "first_loss"}


def _scalars(record: dict[str, Any]) -> dict[str, float]:
    """What an epoch's record has to draw, by the name of its chart."""
    figures = {_NAMES.get(name, f"score/{name}"): record[name] for name in record.keys() - _LEFT_OUT}
    flow = {
        f"{sign}/{layer or 'model'}": value
        for layer, signs in record.get("flow", {}).items()
        for sign, value in signs.items()
    }
    return dict(sorted(figures.items())) | flow
