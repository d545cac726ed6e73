"""The image generator: learns to draw images of categories, in the manner of an estimator."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from saegim.data.records import shown
from saegim.errors import DataError
from saegim.models.drawing import Drawer
from saegim.models.generator import Generator, LabelledImages, config_for
from saegim.models.images import EncodedImages
from saegim.models.limits import check_number, check_whole
from saegim.nn.summary import Summary, summary
from saegim.runtime.threads import set_threads
from saegim.training import generator_folder
from saegim.training.examples import may_hold_out, split_rows
from saegim.training.generating import GeneratorTask, chosen_settings, learn_to_draw
from saegim.training.image_examples import labelled_images
from saegim.training.learned import LearnedGenerator
from saegim.training.learner import Learner
from saegim.training.objective import Examples
from saegim.training.progress import Noting, Progress, Silent

Array = npt.NDArray[Any]

MOST_DRAWN = 100_000  # images at once
_MOST_GUIDANCE = 100.0
_MOST_STEPS = 1_000


class ImageGenerator(Learner[LearnedGenerator]):
    """Learns to draw images of categories, from scratch, on this machine.

    >>> generator = ImageGenerator(seed=0).fit(images, labels)
    >>> generator.draw(7, count=16)

    Images are arrays (n, height, width) or (n, height, width, channels) of one size, 64 x 64 at most: uint8, or floats
    in any range. Drawn ones are like them.

    Parameters (None: chosen from the data)
        epochs, batch_size: passes over the images (of few images each shows them several times), and images per step
        time_budget: seconds that `fit` may take; it then returns the best model so far and says what it skipped
        patience: epochs without a lower loss on the images that are held out before training ends
        validation_share: part of the images held out: training does not see them, and what is drawn can be measured
            beside them; 0 for none
        size, blocks: of the network: numbers for each patch of an image, and layers
        checkpoint_seconds: how often `fit` saves a checkpoint, if it is given a folder
        threads: CPU threads; None leaves them as they are
        seed: everything random follows from it: the same seed and data give the same model, bit for bit

    After `fit`: `classes_` (C,), `notes_` (what was decided, found and skipped), `history_` (a dict per epoch),
    `findings_` (what the doctor found), `best_epoch_` (from 0), `kind_` (of the model), `seconds_`.
    """

    _estimator_type = None
    _reads = ("three_d_array",)

    def __init__(
        self,
        *,
        epochs: int | None = None,
        batch_size: int | None = None,
        time_budget: float | None = None,
        patience: int = 10,
        validation_share: float = 0.2,
        size: int | None = None,
        blocks: int = 3,
        checkpoint_seconds: float = 30.0,
        threads: int | None = None,
        seed: int = 0,
    ) -> None:
        self.epochs = epochs
        self.batch_size = batch_size
        self.time_budget = time_budget
        self.patience = patience
        self.validation_share = validation_share
        self.size = size
        self.blocks = blocks
        self.checkpoint_seconds = checkpoint_seconds
        self.threads = threads
        self.seed = seed

    # --- learning ---

    def fit(
        self,
        X: Any,  # noqa: N803 - scikit-learn's name
        y: Any,
        *,
        folder: str | Path | None = None,
        resume: bool = False,
        progress: Progress | None = None,
    ) -> Self:
        """Learns from images X (n, H, W) or (n, H, W, channels) and labels y (n).

        folder: where checkpoints and the log are kept; resume: go on from the checkpoint there, or take the model
            there if the same run has finished it

        Raises DataError for images or labels that cannot be learned from, SettingError for a parameter outside what is
        allowed, ModelFileError for a checkpoint that is damaged or of another run, NonFiniteError when training
        diverges, KeyboardInterrupt after an interrupt, when a checkpoint is saved. Whatever is raised, the generator
        stays as it was.
        """
        began = time.monotonic()
        notes = Noting(progress or Silent())
        self._settings_with({})  # refuses what is not allowed before anything is read
        if self.threads is not None:
            set_threads(self.threads)
        task, _rows = self._task(X, y)
        place = None if folder is None else Path(folder)
        self._take(learn_to_draw(task, notes, place, resume=resume, began=began))
        return self

    def _task(self, X: Any, y: Any) -> tuple[GeneratorTask, tuple[Array, Array]]:  # noqa: N803
        """What is learned, and the rows that are trained on and those that are held out. Values become -1 to 1."""
        images, classes = labelled_images(X, y)
        inputs, sizes = images.inputs, self._plain_params()
        assert isinstance(inputs, EncodedImages)
        low, high, whole = _range(inputs.pixels)
        config = config_for(
            inputs.pixels.shape[1:], len(classes), sizes["size"],
            blocks=sizes["blocks"], low=low, high=high, whole=whole,
        )  # fmt: skip
        pixels = (inputs.pixels.astype(np.float32) - low) * np.float32(2 / (high - low)) - 1
        ready = Examples(LabelledImages(pixels, images.labels), images.labels)
        rest, held = np.arange(len(images)), np.zeros(0, np.int64)
        if may_hold_out(images.labels, self.validation_share):
            rest, held = split_rows(images.labels, self.validation_share, self.seed)
        settings = self._settings_with(chosen_settings(len(rest)))
        valid = ready.take(held) if len(held) else None
        return GeneratorTask(config, settings, classes, ready.take(rest), valid), (rest, held)

    def parts(self, X: Any, y: Any) -> tuple[Array, Array]:  # noqa: N803
        """Of all images that `fit` was given the rows of those that it was trained on, and of those held out.

        Raises DataError for other images than these.
        """
        learned = self._require_fitted()
        task, rows = self._task(X, y)
        if task.run() != learned.run:
            raise DataError(
                "these are not the images that the model was trained on, or it was trained by another version; give "
                "the same images, or train again"
            )
        return rows

    def _take(self, learned: LearnedGenerator) -> None:
        super()._take(learned)
        self._drawer = Drawer(learned.network.eval())

    # --- using what was learned ---

    def draw(self, category: Any, count: int = 1, *, seed: int = 0, guidance: float = 1.25, steps: int = 20) -> Array:
        """`count` images of a category, (count, H, W, channels), in the values of the training images.

        seed: image k follows from it, k and the category alone; guidance: 1 draws what was learned of the category,
        more exaggerates it, which makes images clearer and less varied; steps: on the way from noise to image.
        Raises DataError for a category that is none, SettingError for a number outside what is allowed.
        """
        return self.network.config.values(self._drawn(category, count, seed, guidance, steps))

    def pictures(
        self, category: Any, count: int = 1, *, seed: int = 0, guidance: float = 1.25, steps: int = 20
    ) -> Array:
        """The same to be looked at: uint8 whatever the training images were."""
        return self.network.config.bytes(self._drawn(category, count, seed, guidance, steps))

    def _drawn(self, category: Any, count: int, seed: int, guidance: float, steps: int) -> Array:
        """Images from -1 to 1, and a little beyond."""
        self._require_fitted()
        number = self._number_of(category)
        check_whole("count", count, 1, MOST_DRAWN)
        check_whole("seed", seed, 0, (1 << 63) - 1)
        check_whole("steps", steps, 1, _MOST_STEPS)
        check_number("guidance", guidance, 0, _MOST_GUIDANCE)
        seeds = np.stack([np.full(count, seed), np.arange(count)], 1)
        return self._drawer(np.full(count, number), seeds, guidance, steps)

    def _number_of(self, category: Any) -> int:
        names = [str(each) for each in self.classes_.tolist()]
        if str(category) not in names:
            raise DataError(
                f"category {shown(category)} is none that the model was trained on; choose one of "
                f"{', '.join(map(shown, names[:20]))}"
            )
        return names.index(str(category))

    def summary(self) -> Summary:
        """The network, layer by layer."""
        x = np.zeros((1, *self.shape), np.float32)
        return summary(self.network, x, np.zeros(1, np.float32), np.zeros(1, np.int64))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of the images that it draws: (height, width, channels)."""
        config = self.network.config
        return config.height, config.width, config.channels

    @property
    def network(self) -> Generator:
        """The trained network, in prediction."""
        return self._require_fitted().network

    def save(self, folder: str | Path, quality: generator_folder.Quality | None = None) -> None:
        """Writes the model folder, and how good the drawings are if that was measured; a checkpoint in it is removed.

        Raises DataError when it cannot be written.
        """
        generator_folder.save(self._require_fitted(), self._plain_params(), Path(folder), quality)

    @classmethod
    def _stored(cls, folder: Path) -> tuple[LearnedGenerator, dict[str, Any]]:
        return generator_folder.load(folder)


def _range(pixels: Array) -> tuple[float, float, bool]:
    """The values of the darkest and of the brightest pixel, and whether all are whole numbers from 0 to 255."""
    if pixels.dtype == np.uint8:
        return 0.0, 255.0, True
    low, high = float(pixels.min()), float(pixels.max())
    if not low < high:
        raise DataError(f"all pixels of all images are {low:g}; there is nothing to learn; give images that differ")
    return low, high, False
