"""The text classifier: scikit-learn's conventions around an encoder, a network and a trainer."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from saegim.__about__ import __version__
from saegim.data.sources import labels_from, texts_from
from saegim.data.split import stratified_split
from saegim.errors import DataError, NotFittedError
from saegim.models.batch import EncodedTexts
from saegim.models.choose import Choice, choose
from saegim.models.encoder import TextEncoder
from saegim.models.text_model import ModelConfig, TextModel
from saegim.nn.summary import Summary, summary
from saegim.runtime.threads import set_threads
from saegim.text.normalize import Form
from saegim.text.tokenizer import Kind as TokenKind
from saegim.training import folder as model_folder
from saegim.training.affordable import affordable
from saegim.training.estimator import Estimator
from saegim.training.progress import Progress, Silent
from saegim.training.scoring import Scorer
from saegim.training.settings import Monitor, Settings
from saegim.training.trainer import Examples, Trainer

Array = npt.NDArray[Any]
_JAMO = (2, 6)  # letters; single ones say little, six are about two syllables
_FEW_FOR_VALIDATION = 40  # with fewer texts every one of them is needed for training


class TextClassifier(Estimator):
    """Learns to put texts into classes, from scratch, on this machine.

    >>> classifier = TextClassifier(model="bag", seed=0).fit(texts, labels)
    >>> classifier.predict(["재미있다"])

    Parameters (None: chosen from the data)
        model: "bag", "cnn", "lstm", "transformer", "wide" (n-grams alone), or "auto"
        epochs, batch_size: passes over the texts, and texts per step
        time_budget: seconds that `fit` may take; it then returns the best model so far and says what it skipped
        monitor: "macro_f1", "accuracy" or "loss", measured on the validation part after every epoch
        patience: epochs without a better score before training ends
        class_balance: 0 counts every text alike, 1 every class alike
        validation_share: part of the training texts held out when no validation texts are given; 0 for none
        normal_form: "NFC" or "NFKC"
        jamo: whether n-grams of Hangul letters are read beside those of syllables
        tokenizer: what "cnn", "lstm" and "transformer" read: "bpe", "unigram", "wordpiece", "char", "jamo" or "word"
        threads: CPU threads; None leaves them as they are
        seed: everything random follows from it: the same seed and data give the same model, bit for bit

    After `fit`: `classes_` (C,), `notes_` (what was decided, found and skipped), `history_` (a dict per epoch),
    `validation_` (texts and labels held out, or None).
    """

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
        valid: tuple[Any, Any] | None = None,
        folder: str | Path | None = None,
        resume: bool = False,
        progress: Progress | None = None,
    ) -> Self:
        """Learns from texts X (n) and labels y (n): lists, NumPy arrays, pandas or polars columns.

        valid: (texts, labels) to choose the best epoch by; by default a stratified part of X
        folder: where checkpoints and the log are kept; resume: go on from the checkpoint there

        Raises DataError for texts or labels that cannot be learned from.
        """
        began = time.monotonic()
        notes = _Noting(progress or Silent())
        if self.threads is not None:
            set_threads(self.threads)
        texts, numbers = self._labelled(X, y)
        texts, numbers = affordable(texts, numbers, self.time_budget, self.seed, notes.say)
        texts, numbers, held_out = self._hold_out(texts, numbers, valid)

        choice = choose(self.model, texts)
        for reason in choice.reasons:
            notes.say(reason)
        settings = self._settings(choice)
        encoded = self._encode(choice, texts, numbers, notes)
        network = self._new_network(choice, encoded, numbers)
        trainer = Trainer(
            network,
            len(self.classes_),
            settings,
            notes,
            folder=None if folder is None else Path(folder),
            identity=_identity(texts, numbers, settings, choice, self._encoder.config),
            began=began,
        )
        valid_examples = None if held_out is None else Examples(self._encoder.encode(held_out[0]), held_out[1])
        state = trainer.fit(Examples(encoded, numbers), valid_examples, resume=resume)
        self._take(self._encoder, network)

        self.kind_ = choice.kind
        self.validation_ = None if held_out is None else (held_out[0], self.classes_[held_out[1]])
        self.history_, self.best_epoch_ = state.history, state.best_epoch
        self.seconds_ = time.monotonic() - began
        self.notes_ = notes.sentences
        return self

    def _labelled(self, X: Any, y: Any) -> tuple[list[str], Array]:  # noqa: N803
        """The texts, and the number of each one's class; sets `classes_`."""
        texts, labels = texts_from(X), labels_from(y)
        if len(texts) != len(labels):
            raise DataError(f"{len(texts)} texts but {len(labels)} labels were given; give one label for each text")
        if not texts:
            raise DataError("no texts were given; training needs at least two, of different classes")
        try:
            self.classes_, numbers = np.unique(labels, return_inverse=True)
        except TypeError:
            raise DataError("labels of different types were given; make all of them strings or all numbers") from None
        if len(self.classes_) < 2:
            raise DataError(f"all {len(texts)} texts have the label {labels[0]!r}; at least two classes are needed")
        return texts, numbers

    def _hold_out(
        self, texts: list[str], numbers: Array, valid: tuple[Any, Any] | None
    ) -> tuple[list[str], Array, tuple[list[str], Array] | None]:
        """Training texts and labels, and those that the best epoch is chosen by (None when there are too few)."""
        if valid is not None:
            valid_texts, valid_labels = texts_from(valid[0]), labels_from(valid[1])
            known = np.isin(valid_labels, self.classes_)
            if len(valid_texts) != len(valid_labels) or not known.all():
                unknown = sorted({str(label) for label in valid_labels[~known]})
                what = f"labels {', '.join(unknown)} that training texts do not have" if unknown else "other lengths"
                raise DataError(f"the validation part has {what}; give texts with labels of the training classes")
            return texts, numbers, (valid_texts, np.searchsorted(self.classes_, valid_labels))
        if not self.validation_share or len(texts) < _FEW_FOR_VALIDATION:
            return texts, numbers, None
        rest, held = stratified_split([str(number) for number in numbers], self.validation_share, self.seed)
        kept = [texts[row] for row in rest]
        return kept, numbers[rest], ([texts[row] for row in held], numbers[held])

    def _settings(self, choice: Choice) -> Settings:
        return Settings(
            epochs=choice.epochs if self.epochs is None else self.epochs,
            batch_size=choice.batch_size if self.batch_size is None else self.batch_size,
            rate=choice.rate,
            monitor=self.monitor,
            patience=self.patience,
            class_balance=self.class_balance,
            label_smoothing=self.label_smoothing,
            validation_share=self.validation_share,
            time_budget=self.time_budget,
            checkpoint_seconds=self.checkpoint_seconds,
            seed=self.seed,
        )

    def _encode(self, choice: Choice, texts: list[str], numbers: Array, notes: Progress) -> EncodedTexts:
        """Fits the encoder on the training texts."""
        config = choice.encoder
        ngrams = replace(config.ngrams, jamo=_JAMO if self.jamo else None)
        self._encoder = TextEncoder(
            replace(
                config,
                normalizer=replace(config.normalizer, form=self.normal_form),
                ngrams=ngrams,
                tokenizer=self.tokenizer if config.tokenizer else None,
            )
        )
        return self._encoder.fit(texts, numbers, len(self.classes_), notes.say)

    def _new_network(self, choice: Choice, encoded: EncodedTexts, numbers: Array) -> TextModel:
        config = ModelConfig(
            columns=encoded.columns,
            classes=len(self.classes_),
            vocabulary=self._encoder.vocabulary,
            reader=choice.reader,
        )
        network = TextModel(config, seed=self.seed)
        network.wide.start_from(numbers)
        return network

    # --- using what was learned ---

    def predict(self, X: Any) -> Array:  # noqa: N803
        """The label of each text, (n,)."""
        self._require_fitted()
        labels: Array = self.classes_[self.decision_function(X).argmax(1)]
        return labels

    def predict_proba(self, X: Any) -> Array:  # noqa: N803
        """The probability of each class for each text, (n, C), columns as in `classes_`."""
        scores = self.decision_function(X).astype(np.float64)
        likelihoods = np.exp(scores - scores.max(1, keepdims=True))
        probabilities: Array = likelihoods / likelihoods.sum(1, keepdims=True)
        return probabilities

    def decision_function(self, X: Any) -> Array:  # noqa: N803
        """The score of each class for each text, (n, C) float32: the network's output before softmax."""
        self._require_fitted()
        return self._scorer(self._encoder.encode(texts_from(X)))

    def score(self, X: Any, y: Any) -> float:  # noqa: N803
        """The share of texts X whose predicted label is y's."""
        return float((self.predict(X) == labels_from(y)).mean())

    def summary(self) -> Summary:
        """The network, layer by layer."""
        self._require_fitted()
        return summary(self._network, self._encoder.encode(["새김 saegim"]).batch(np.array([0])))

    @property
    def network(self) -> TextModel:
        """The trained network, in prediction."""
        self._require_fitted()
        return self._network

    @property
    def encoder(self) -> TextEncoder:
        """What turns texts into the network's inputs."""
        self._require_fitted()
        return self._encoder

    def size_bytes(self) -> int:
        """The bytes of everything that was learned."""
        vectorizer = self.encoder.vectorizer
        arrays = [*self.network.state_dict().values(), vectorizer.kept, vectorizer.weights]
        return sum(array.nbytes for array in arrays)

    def save(self, folder: str | Path) -> None:
        """Writes the model folder. Raises DataError when it cannot be written."""
        self._require_fitted()
        model_folder.save(self, Path(folder))

    @classmethod
    def load(cls, folder: str | Path) -> TextClassifier:
        """The classifier in a model folder. Raises ModelFileError for a folder that is missing, damaged or altered."""
        return model_folder.load(cls, Path(folder))

    def _take(self, encoder: TextEncoder, network: TextModel) -> None:
        """Uses this encoder and network from now on."""
        self._encoder, self._network = encoder, network.eval()
        self._scorer = Scorer(network, len(self.classes_))

    def _require_fitted(self) -> None:
        if not hasattr(self, "_scorer"):
            raise NotFittedError("this TextClassifier has not been trained yet; call fit or load first")


class _Noting:
    """Passes everything on to a listener and keeps the sentences."""

    def __init__(self, listener: Progress) -> None:
        self.sentences: list[str] = []
        self.start, self.step, self.epoch, self.finish = listener.start, listener.step, listener.epoch, listener.finish
        self._say = listener.say

    def say(self, sentence: str) -> None:
        self.sentences.append(sentence)
        self._say(sentence)


def _identity(texts: Sequence[str], numbers: Array, settings: Settings, *parts: object) -> str:
    """A digest of all that decides how a run goes; time limits and how often it is saved do not."""
    digest = hashlib.sha256(f"{__version__}\0{parts}\0".encode())
    fixed = {key: each for key, each in asdict(settings).items() if key not in ("time_budget", "checkpoint_seconds")}
    digest.update(json.dumps(fixed, sort_keys=True).encode())
    for text in texts:
        digest.update(text.encode("utf-8", "surrogatepass") + b"\0")
    digest.update(np.ascontiguousarray(numbers, np.int64).tobytes())
    return digest.hexdigest()
