"""The text classifier: scikit-learn's conventions around an encoder, a network and a trainer."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from saegim.data.sources import texts_from
from saegim.models.batch import EncodedTexts
from saegim.models.choose import Choice, check_wish, choose
from saegim.models.encoder import EncoderConfig, TextEncoder
from saegim.models.text_model import TextModel
from saegim.nn.summary import Summary, summary
from saegim.runtime.threads import set_threads
from saegim.text.origins import Form
from saegim.text.tokenizer import Kind as TokenKind
from saegim.training import text_folder
from saegim.training.affordable import affordable_share
from saegim.training.classifying import Classifier
from saegim.training.examples import affordable, hold_out, labelled, softly_labelled, validation, weighted
from saegim.training.learned import LearnedText
from saegim.training.learning import Task, learn, stored_share
from saegim.training.progress import Noting, Progress, Silent
from saegim.training.settings import Monitor, Settings

Array = npt.NDArray[Any]
_JAMO = (2, 6)  # letters; single ones say little, six are about two syllables


class TextClassifier(Classifier[LearnedText]):
    """Learns to put texts into classes, from scratch, on this machine.

    >>> classifier = TextClassifier(model="bag", seed=0).fit(texts, labels)
    >>> classifier.predict(["재미있다"])

    Parameters (None: chosen from the data)
        model: "bag", "cnn", "lstm", "transformer", "wide" (n-grams alone), or "auto"
        epochs, batch_size: passes over the texts, and texts per step
        time_budget: seconds that `fit` may take; it then returns the best model so far and says what it skipped
        monitor: "macro_f1", "accuracy" or "loss", measured on the validation part after every epoch; or "last", which
            takes the last epoch whatever was measured
        patience: epochs without a better score before training ends
        class_balance: 0 counts every text alike, 1 every class alike
        label_smoothing: share of the target that is spread over all classes
        validation_share: part of the training texts held out when no validation texts are given; 0 for none
        normal_form: "NFC" or "NFKC"
        jamo: whether n-grams of Hangul letters are read beside those of syllables
        tokenizer: what "cnn", "lstm" and "transformer" read: "bpe", "unigram", "wordpiece", "char", "jamo" or "word"
        checkpoint_seconds: how often `fit` saves a checkpoint, if it is given a folder
        threads: CPU threads; None leaves them as they are
        seed: everything random follows from it: the same seed and data give the same model, bit for bit

    After `fit`: `classes_` (C,), `notes_` (what was decided, found and skipped), `history_` (a dict per epoch),
    `findings_` (what the doctor found), `best_epoch_` (from 0), `kind_` (of the model), `seconds_`, `validation_`
    (texts and labels held out, or None), `calibration_` (what makes its probabilities mean what they say, or None).
    """

    _example = "text"
    validation_: tuple[list[str], Array] | None

    def __init__(
        self,
        model: str = "auto",
        *,
        epochs: int | None = None,
        batch_size: int | None = None,
        time_budget: float | None = None,
        monitor: Monitor = "macro_f1",
        patience: int = 3,
        class_balance: float = 0.3,
        label_smoothing: float = 0.1,
        validation_share: float = 0.1,
        normal_form: Form = "NFC",
        jamo: bool = False,
        tokenizer: TokenKind = "bpe",
        checkpoint_seconds: float = 30.0,
        threads: int | None = None,
        seed: int = 0,
    ) -> None:
        self.model = model
        self.epochs = epochs
        self.batch_size = batch_size
        self.time_budget = time_budget
        self.monitor = monitor
        self.patience = patience
        self.class_balance = class_balance
        self.label_smoothing = label_smoothing
        self.validation_share = validation_share
        self.normal_form = normal_form
        self.jamo = jamo
        self.tokenizer = tokenizer
        self.checkpoint_seconds = checkpoint_seconds
        self.threads = threads
        self.seed = seed

    # --- learning ---

    def fit(
        self,
        X: Any,  # noqa: N803 - scikit-learn's name
        y: Any,
        *,
        sample_weight: Any = None,
        classes: Any = None,
        valid: tuple[Any, Any] | None = None,
        folder: str | Path | None = None,
        resume: bool = False,
        progress: Progress | None = None,
    ) -> Self:
        """Learns from texts X (n) and labels y (n): lists, NumPy arrays, pandas or polars columns.

        sample_weight: (n,) how much each text counts; all alike by default
        classes: (C,) labels; y (n, C) then says how likely each of them is, and each text's chances add up to 1
        valid: (texts, labels) to choose the best epoch by; by default a stratified part of X
        folder: where checkpoints and the log are kept; resume: go on from the checkpoint there, or take the model
            there if the same run has finished it

        Raises DataError for texts or labels that cannot be learned from, SettingError for a parameter outside what is
        allowed, ModelFileError for a checkpoint that is damaged or of another run, NonFiniteError when training
        diverges, KeyboardInterrupt after an interrupt, when a checkpoint is saved. Whatever is raised, the classifier
        stays as it was.
        """
        began = time.monotonic()
        notes = Noting(progress or Silent())
        settings = self._settings()
        check_wish(self.model)
        if self.threads is not None:
            set_threads(self.threads)
        place = None if folder is None else Path(folder)
        train, classes = labelled(X, y) if classes is None else softly_labelled(X, y, classes)
        if sample_weight is not None:
            train = weighted(train, sample_weight)
        held_out = None if valid is None else validation(valid, classes)
        share = stored_share(place) if resume and place is not None else None
        if share is None:
            share = affordable_share(train.texts, self.model, settings.time_budget, settings.seed)
        if share < 1:
            notes.say(
                f"{100 * share:.2g}% of the {len(train)} texts are used: reading all of them would take most of the "
                "time budget; a longer one uses more"
            )
            train = affordable(train, share, settings.seed)
        if held_out is None:
            train, held_out = hold_out(train, settings.validation_share, settings.seed)

        choice = choose(self.model, train.texts)
        for reason in choice.reasons:
            notes.say(reason)
        choice = replace(choice, encoder=self._encoder_config(choice.encoder))
        task = Task(choice, self._settings(choice), classes, train, held_out, share)
        self._take(learn(task, notes, place, resume=resume, began=began))
        if held_out is not None:
            self.validation_ = (held_out.texts, classes[held_out.numbers])
        return self

    def held_out(self, X: Any, y: Any) -> tuple[list[str], Array] | None:  # noqa: N803
        """The texts and labels that `fit` held out of X (n) and y (n), the ones it was given, to choose the best epoch
        by; None if it held out none. Raises DataError for texts or labels that cannot be learned from."""
        settings, share = self._settings(), self._require_fitted().run.share
        train, classes = labelled(X, y)
        _rest, held_out = hold_out(affordable(train, share, settings.seed), settings.validation_share, settings.seed)
        return None if held_out is None else (held_out.texts, classes[held_out.numbers])

    def _settings(self, choice: Choice | None = None) -> Settings:
        """The parameters as settings, those that are left open as `choice` has them."""
        chosen = ("rate", "epochs", "batch_size")
        return self._settings_with({} if choice is None else {name: getattr(choice, name) for name in chosen})

    def _encoder_config(self, config: EncoderConfig) -> EncoderConfig:
        """How texts are read: as the data suggests, and the parameters say."""
        return replace(
            config,
            normalizer=replace(config.normalizer, form=self.normal_form),
            ngrams=replace(config.ngrams, jamo=_JAMO if self.jamo else None),
            tokenizer=self.tokenizer if config.tokenizer else None,
        )

    def _take(self, learned: LearnedText) -> None:
        super()._take(learned)
        self.validation_ = None

    # --- using what was learned ---

    def _inputs(self, X: Any) -> EncodedTexts:  # noqa: N803
        return self.encoder.encode(texts_from(X))

    def summary(self) -> Summary:
        """The network, layer by layer."""
        return summary(self.network, self.encoder.encode(["새김 saegim"]).batch(np.array([0])))

    @property
    def network(self) -> TextModel:
        """The trained network, in prediction."""
        return self._require_fitted().network

    @property
    def encoder(self) -> TextEncoder:
        """What turns texts into the network's inputs."""
        return self._require_fitted().encoder

    def save(self, folder: str | Path) -> None:
        """Writes the model folder; a checkpoint in it is removed. Raises DataError when it cannot be written."""
        text_folder.save(self._require_fitted(), self._plain_params(), Path(folder))

    @classmethod
    def _stored(cls, folder: Path) -> tuple[LearnedText, dict[str, Any]]:
        return text_folder.load(folder)
