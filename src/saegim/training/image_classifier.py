"""The image classifier: scikit-learn's conventions around a residual network and a trainer."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from saegim.models.images import EncodedImages, ImageModel, config_for
from saegim.nn.summary import Summary, summary
from saegim.runtime.threads import set_threads
from saegim.training import image_folder
from saegim.training.classifying import Classifier
from saegim.training.image_examples import encoded_like, hold_out_images, labelled_images, validation_images
from saegim.training.image_learning import ImageTask, chosen_settings, learn_images
from saegim.training.learned import LearnedImages
from saegim.training.progress import Noting, Progress, Silent
from saegim.training.settings import Monitor

Array = npt.NDArray[Any]


class ImageClassifier(Classifier[LearnedImages]):
    """Learns to put images into classes, from scratch, on this machine.

    >>> classifier = ImageClassifier(seed=0).fit(images, labels)
    >>> classifier.predict(others)

    Images are arrays (n, height, width) or (n, height, width, channels): uint8, or floats in any range, as long as
    those to predict are in the same. All are of one size; `saegim.data.read_images` reads folders.

    Parameters (None: chosen from the data)
        epochs, batch_size: passes over the images, and images per step
        time_budget: seconds that `fit` may take; it then returns the best model so far and says what it skipped
        monitor: "last": the last epoch counts, when the learning rate has fallen to 0; or "loss", "accuracy" or
            "macro_f1", by which the best epoch is chosen on the validation part
        patience: epochs without a better score before training ends; with "last" it never ends early
        class_balance: 0 counts every image alike, 1 every class alike
        label_smoothing: share of the target that is spread over all classes
        validation_share: part of the training images held out when no validation images are given; 0 for none
        shift, turn, scale: how far images are moved (share of their size), turned (degrees) and scaled while training
        flip: whether they are mirrored, too: left to right must mean nothing
        checkpoint_seconds: how often `fit` saves a checkpoint, if it is given a folder
        threads: CPU threads; None leaves them as they are
        seed: everything random follows from it: the same seed and data give the same model, bit for bit

    After `fit`: `classes_` (C,), `notes_` (what was decided, found and skipped), `history_` (a dict per epoch),
    `findings_` (what the doctor found), `best_epoch_` (from 0), `kind_` (of the model), `seconds_`, `validation_`
    (images and labels held out, or None), `calibration_` (what makes its probabilities mean what they say, or None).
    """

    _example = "image"
    _reads = ("three_d_array",)
    validation_: tuple[Array, Array] | None

    def __init__(
        self,
        *,
        epochs: int | None = None,
        batch_size: int | None = None,
        time_budget: float | None = None,
        monitor: Monitor = "last",
        patience: int = 10,
        class_balance: float = 0.3,
        label_smoothing: float = 0.1,
        validation_share: float = 0.1,
        shift: float = 0.06,
        turn: float = 8.0,
        scale: float = 0.1,
        flip: bool = False,
        checkpoint_seconds: float = 30.0,
        threads: int | None = None,
        seed: int = 0,
    ) -> None:
        self.epochs = epochs
        self.batch_size = batch_size
        self.time_budget = time_budget
        self.monitor = monitor
        self.patience = patience
        self.class_balance = class_balance
        self.label_smoothing = label_smoothing
        self.validation_share = validation_share
        self.shift = shift
        self.turn = turn
        self.scale = scale
        self.flip = flip
        self.checkpoint_seconds = checkpoint_seconds
        self.threads = threads
        self.seed = seed

    # --- learning ---

    def fit(
        self,
        X: Any,  # noqa: N803 - scikit-learn's name
        y: Any,
        *,
        valid: tuple[Any, Any] | None = None,
        folder: str | Path | None = None,
        resume: bool = False,
        progress: Progress | None = None,
    ) -> Self:
        """Learns from images X (n, H, W) or (n, H, W, channels) and labels y (n).

        valid: (images, labels) to choose the best epoch by; by default a stratified part of X
        folder: where checkpoints and the log are kept; resume: go on from the checkpoint there, or take the model
            there if the same run has finished it

        Raises DataError for images or labels that cannot be learned from, SettingError for a parameter outside what is
        allowed, ModelFileError for a checkpoint that is damaged or of another run, NonFiniteError when training
        diverges, KeyboardInterrupt after an interrupt, when a checkpoint is saved. Whatever is raised, the classifier
        stays as it was.
        """
        began = time.monotonic()
        notes = Noting(progress or Silent())
        self._settings_with({})  # refuses what is not allowed before anything is read
        if self.threads is not None:
            set_threads(self.threads)
        train, classes = labelled_images(X, y)
        inputs = train.inputs
        assert isinstance(inputs, EncodedImages)
        held_out = None if valid is None else validation_images(valid, classes, inputs)
        if valid is None:
            train, held_out = hold_out_images(train, self.validation_share, self.seed)

        mean, spread = inputs.statistics()
        moves = {name: self._plain_params()[name] for name in ("shift", "turn", "scale", "flip")}
        config = config_for(inputs.pixels.shape[1:3], len(classes), mean, spread, **moves)
        settings = self._settings_with(chosen_settings(len(train)))
        task = ImageTask(config, settings, classes, train, held_out)
        place = None if folder is None else Path(folder)
        self._take(learn_images(task, notes, place, resume=resume, began=began))
        if held_out is not None and isinstance(held_out.inputs, EncodedImages):
            self.validation_ = (held_out.inputs.pixels, classes[held_out.labels])
        return self

    def held_out(self, X: Any, y: Any) -> tuple[Array, Array] | None:  # noqa: N803
        """The images and labels that `fit` held out of X (n, ...) and y (n), the ones it was given, to choose the best
        epoch by; None if it held out none. Raises DataError for images or labels that cannot be learned from."""
        self._require_fitted()
        train, classes = labelled_images(X, y)
        _rest, held_out = hold_out_images(train, self.validation_share, self.seed)
        if held_out is None:
            return None
        assert isinstance(held_out.inputs, EncodedImages)
        return held_out.inputs.pixels, classes[held_out.labels]

    def _take(self, learned: LearnedImages) -> None:
        super()._take(learned)
        self.validation_ = None

    # --- using what was learned ---

    def _inputs(self, X: Any) -> EncodedImages:  # noqa: N803
        return encoded_like(X, self.shape)

    @property
    def shape(self) -> tuple[int, int, int]:
        """What the network reads: (height, width, channels)."""
        config = self.network.config
        return config.height, config.width, config.channels

    def summary(self) -> Summary:
        """The network, layer by layer."""
        return summary(self.network, np.zeros((1, *self.shape), np.float32))

    @property
    def network(self) -> ImageModel:
        """The trained network, in prediction."""
        return self._require_fitted().network

    def save(self, folder: str | Path) -> None:
        """Writes the model folder; a checkpoint in it is removed. Raises DataError when it cannot be written."""
        image_folder.save(self._require_fitted(), self._plain_params(), Path(folder))

    @classmethod
    def _stored(cls, folder: Path) -> tuple[LearnedImages, dict[str, Any]]:
        return image_folder.load(folder)
