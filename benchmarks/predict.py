"""Texts per second from text to label: `bag` beside fastText, `cnn` and encoder beside ONNX Runtime and PyTorch.

    pip install -e ".[bench]"
    python benchmarks/predict.py [--data FOLDER] [--log]

bag     `TextClassifier.predict` and fastText, both trained on the same first texts with the same n-grams' sizes
cnn,    the networks of `steps.py` (TextCNN, d 128; Transformer encoder, d 128, 2 layers), forward only. "from text"
d128    has saegim's tokenizer (BPE, 8,000 pieces) and the cut or padding to 32 tokens in front of all of them alike,
        "tokens only" leaves that out. No text is masked: everybody computes all 32 tokens.

Rates are for batches (all texts at once for bag; 256 at a time) and for single texts, one after the other.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

import measure
import reviews
from contenders import OURS, Contender, agree, chosen, gather
from measure import alternate, medians, note, table
from workloads import WORKLOADS, Array, Workload

_BATCH = 256
_TOKENS = 32
_TEXTS = 20_000  # that models and tokenizer learn from
_SINGLES = 64  # single texts in one measurement
_NETWORKS = ("cnn", "d128")
_GOALS = {"bag": 1.0, "cnn": 2.0, "d128": 2.0}  # times the rate of the peer that the goal names
_RIVALS = {"bag": "fastText", "cnn": "onnxruntime", "d128": "onnxruntime"}

Runs = dict[str, Callable[[], object]]


def bag_models(train: Any, options: argparse.Namespace) -> dict[str, Callable[[Sequence[str]], object]]:
    """`predict` of both, trained on the same texts."""
    from saegim.training import TextClassifier

    texts, labels = train.texts[:_TEXTS], train.labels[:_TEXTS]
    classifier = TextClassifier("bag", epochs=1, threads=options.threads).fit(texts, labels)
    found: dict[str, Callable[[Sequence[str]], object]] = {OURS: classifier.predict}
    if options.peers != "none" and find_spec("fasttext"):
        from with_fasttext import FastText

        buckets = classifier.encoder.vectorizer.buckets
        sizes = {"minn": 1, "maxn": 4, "dim": 16, "bucket": buckets, "epoch": 1, "thread": options.threads}
        found["fastText"] = FastText(**sizes).fit(texts, labels).predict
    return found


def one_by_one(predict: Callable[[Any], object], texts: Sequence[Any]) -> None:
    """Single texts, each in a call of its own."""
    for each in texts:
        predict(each)


def in_batches(predict: Callable[[Any], object], texts: Sequence[str]) -> None:
    """All texts, a batch at a time."""
    for start in range(0, len(texts), _BATCH):
        predict(texts[start : start + _BATCH])


class Front:
    """The tokenizer and the padding before a network: texts (n) -> (n, tokens) int32."""

    def __init__(self, texts: Sequence[str], work: Workload) -> None:
        from saegim.text import Normalizer, Tokenizer

        self._tokenizer = Tokenizer.train(texts, kind="bpe", vocab_size=work.vocabulary, normalizer=Normalizer())
        self._tokens = work.tokens

    def __call__(self, texts: Sequence[str]) -> Array:
        found, _mask = self._tokenizer.encode(texts, max_tokens=self._tokens).padded()
        return np.pad(found, ((0, 0), (0, self._tokens - found.shape[1]))).astype(np.int32)


def scores(contender: Contender, tokens: Array) -> Array:
    """A network's output for tokens, from NumPy to NumPy."""
    return contender.scores(contender.prepare((tokens, np.zeros(len(tokens), np.int64))))


def network_runs(row: str, texts: Sequence[str], front: Front, options: argparse.Namespace) -> dict[str, Runs]:
    """By case: every contender's run. A batch of another size is another program."""
    cases: dict[str, Runs] = {}
    names = [name for name in chosen(options.peers) if name != "torch.compile"]
    for size, case in ((_BATCH, "batches"), (1, "single texts")):
        work = network(row, size, options.tiny)
        contenders = gather(names, work, options.threads)
        agree(contenders, work)
        groups = [texts[start : start + size] for start in range(0, len(texts) - size + 1, size)]
        groups = groups if size > 1 else groups[:_SINGLES]
        ready = [front(group) for group in groups]
        for name, contender in contenders.items():
            network_only = partial(scores, contender)
            whole = partial(_from_text, front, network_only)
            cases.setdefault(f"{row}, from text, {case}", {})[name] = partial(one_by_one, whole, groups)
            cases.setdefault(f"{row}, tokens only, {case}", {})[name] = partial(one_by_one, network_only, ready)
    return cases


def _from_text(front: Front, network_only: Callable[[Array], Array], texts: Sequence[str]) -> Array:
    return network_only(front(texts))


def network(row: str, batch: int, tiny: bool) -> Workload:
    """The workload's network, forward only, for texts of 32 tokens."""
    work = WORKLOADS[row].to_predict(batch, _TOKENS)
    return work.smaller() if tiny else work


def rates(runs: Mapping[str, Callable[[], object]], texts: int, options: argparse.Namespace) -> dict[str, float]:
    """Texts per second of each."""
    times = medians(alternate(runs, repeats=options.repeats, limit=options.limit))
    return {name: texts / each for name, each in times.items()}


def main() -> None:
    """Measures, prints, logs."""
    parser = measure.arguments(__doc__)
    parser.add_argument("--data", type=Path, default=reviews.FOLDER, help="folder with train.tsv and dev.tsv")
    parser.add_argument("--rows", default="bag,cnn,d128", help="which of bag, cnn, d128, with commas")
    parser.add_argument("--repeats", type=int, default=5, help="passes over the texts (5)")
    parser.add_argument("--limit", type=float, default=20.0, help="seconds for each contender and case (20)")
    parser.add_argument("--texts", type=int, default=2048, help="how many are predicted in a pass (2048)")
    options = parser.parse_args()
    measure.use_threads(options.threads)
    from saegim.data import read_table

    with tempfile.TemporaryDirectory() as folder:
        train, dev = map(read_table, reviews.files(options.data, options.tiny, Path(folder)))
    texts = dev.texts[: max(_BATCH, options.texts // _BATCH * _BATCH)]
    found: dict[str, dict[str, float]] = {}
    wanted = options.rows.split(",")
    if "bag" in wanted:
        models = bag_models(train, options)
        batches = {name: partial(predict, texts) for name, predict in models.items()}
        found["bag, from text, batches"] = rates(batches, len(texts), options)
        single = [[text] for text in texts[:_SINGLES]]
        singles = {name: partial(one_by_one, predict, single) for name, predict in models.items()}
        found["bag, from text, single texts"] = rates(singles, len(single), options)
    rows = [row for row in _NETWORKS if row in wanted]
    if rows:
        front = Front(train.texts[:_TEXTS], network(rows[0], 1, options.tiny))
        for row in rows:
            for case, runs in network_runs(row, texts, front, options).items():
                found[case] = rates(runs, len(texts) // _BATCH * _BATCH if "batches" in case else _SINGLES, options)
    report(found, options)


def report(found: dict[str, dict[str, float]], options: argparse.Namespace) -> None:
    """Prints the table and the line for the log."""
    rows, figures = [], []
    for case, each in found.items():
        row = case.split(",")[0]
        rival = each.get(_RIVALS[row])
        for name, rate in each.items():
            rows.append((case, name, f"{rate:,.0f}", f"{rate / each[OURS]:.2f}"))
        beside = f", {each[OURS] / rival:.2f} times {_RIVALS[row]} (goal {_GOALS[row]:g})" if rival else ""
        figures.append(f"{case}: {each[OURS]:,.0f} texts/s{beside}")
    print(table(("", "", "texts/s", "saegim's rate"), rows), end="\n\n")
    note(f"predict.py --threads {options.threads}", "; ".join(figures), options.log)


if __name__ == "__main__":
    main()
