"""The workloads' networks in ONNX Runtime, exported from PyTorch: forward only."""

from __future__ import annotations

import logging
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch

import with_torch
from workloads import Array, Batch, State, Workload


def _exported(work: Workload, state: State) -> bytes:
    """The network as an ONNX file for batches of this size."""
    model = with_torch.network(work, state).eval()
    (inputs, _labels), *_ = work.batches(1)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    torch.backends.mha.set_fastpath_enabled(False)  # which no ONNX operator stands for
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        file = Path(folder) / "model.onnx"
        torch.onnx.export(
            model, (torch.from_numpy(inputs),), str(file), dynamo=True, external_data=False, verbose=False
        )
        exported = file.read_bytes()
    torch.backends.mha.set_fastpath_enabled(True)
    return exported


class OnnxRuntime:
    """A session with all of its graph optimisations."""

    def __init__(self, work: Workload, state: State, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(_exported(work, state), options, ["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name

    def prepare(self, batch: Batch) -> Batch:
        return batch

    def step(self, batch: Any) -> float:
        raise TypeError(f"ONNX Runtime only predicts; it cannot learn from {len(batch[1])} examples")

    def scores(self, batch: Any) -> Array:
        return np.asarray(self._session.run(None, {self._input: batch[0]})[0])
