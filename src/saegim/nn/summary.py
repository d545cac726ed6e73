"""What a model consists of: its layers, what they give, and how many weights and biases each holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from saegim.errors import SettingError
from saegim.ir import Shape
from saegim.nn.linear import Linear
from saegim.nn.module import Module, Parameter, is_bias
from saegim.nn.observing import Call, observed
from saegim.tensor import Tensor, tree
from saegim.tensor.transforms import rebuild, signature, symbols


@dataclass(frozen=True)
class SummaryRow:
    """One layer.

    name: dotted, empty for the model itself; kind: its class
    output: the shape of what it gave (of the first tensor, where it gave several); None when it was not called
    formula: how its weights come about, as "784 x 256" for 784 inputs and 256 outputs; empty unless it is one product
    weights, biases: how many it holds itself, without inner layers; bytes: of these and its saved buffers
    """

    name: str
    kind: str
    output: Shape | None
    formula: str
    weights: int
    biases: int
    bytes: int


@dataclass(frozen=True)
class Summary:
    """A model's layers and totals; `str()` gives a table."""

    rows: tuple[SummaryRow, ...]

    @property
    def weights(self) -> int:
        return sum(row.weights for row in self.rows)

    @property
    def biases(self) -> int:
        return sum(row.biases for row in self.rows)

    @property
    def parameters(self) -> int:
        return self.weights + self.biases

    @property
    def bytes(self) -> int:
        return sum(row.bytes for row in self.rows)

    def __str__(self) -> str:
        header = ("layer", "kind", "output", "weights", "biases", "bytes")
        total = ("total", "", "", f"{self.weights:,}", f"{self.biases:,}", f"{self.bytes:,}")
        lines = _aligned([header, *map(_cells, self.rows), total])
        rule = "-" * max(map(len, lines))
        sentence = f"{self.parameters:,} parameters, {_in_units(self.bytes)}"
        return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1], sentence])


def summary(model: Module, *inputs: Any) -> Summary:
    """The layers of `model`; with example inputs (arrays, or trees of them) also the shape that each layer gives.

    Nothing is computed: only the shapes and dtypes of the inputs are used, and the model is taken in prediction.
    Raises SettingError for something that is not a module.
    """
    if not isinstance(model, Module):
        raise SettingError(f"summary: a module expected, {type(model).__name__} given")
    outputs = _outputs(model, inputs) if inputs else {}
    layers = [(name, each) for name, each in model.named_modules() if _own_tensors(each) or not _has_inner(each)]
    rows = (_row(name, each, outputs.get(name)) for name, each in layers)
    return Summary(tuple(row for row in rows if row.bytes or row.output or not inputs))


def _outputs(model: Module, inputs: Sequence[Any]) -> dict[str, Shape]:
    """The shape that each layer gives, by its name."""
    sign, _tensors = signature((model, tuple(inputs)))
    traced, arguments = rebuild(sign, symbols(sign))
    names = {id(module): name for name, module in traced.named_modules()}
    shapes: dict[str, Shape] = {}

    def note(call: Call) -> None:
        first = next((leaf for leaf in tree.flatten(call.output)[0] if isinstance(leaf, Tensor)), None)
        if first is not None and id(call.layer) in names:
            shapes[names[id(call.layer)]] = first.shape

    with observed(note):
        traced.eval()(*arguments)
    return shapes


def _own_tensors(module: Module) -> list[tuple[str, Tensor]]:
    """The module's own parameters and saved buffers, without those of inner modules."""
    inner = tuple(f"{name}." for name, _each in module.named_modules() if name)
    saved = ((name, each) for name, each in module.named_tensors() if getattr(each, "persistent", True))
    return [(name, each) for name, each in saved if not name.startswith(inner)]


def _has_inner(module: Module) -> bool:
    return sum(1 for _each in module.modules()) > 1


def _row(name: str, module: Module, output: Shape | None) -> SummaryRow:
    own = _own_tensors(module)
    learned = [(each, tensor) for each, tensor in own if isinstance(tensor, Parameter)]
    biases = [tensor for each, tensor in learned if is_bias(each)]
    weights = [tensor for each, tensor in learned if not is_bias(each)]
    return SummaryRow(
        name=name,
        kind=type(module).__name__,
        output=output,
        formula=_formula(module, weights),
        weights=sum(each.size for each in weights),
        biases=sum(each.size for each in biases),
        bytes=sum(each.size * each.dtype.itemsize for _name, each in own),
    )


def _formula(module: Module, weights: Sequence[Tensor]) -> str:
    if isinstance(module, Linear):
        return f"{module.in_features} x {module.out_features}"
    return " x ".join(map(str, weights[0].shape)) if len(weights) == 1 else ""


def _cells(row: SummaryRow) -> tuple[str, ...]:
    output = "" if row.output is None else str(row.output)
    product = f"{row.formula} = " if " " in row.formula else ""
    weights = f"{product}{row.weights:,}" if row.weights else ""
    biases = f"{row.biases:,}" if row.biases else ""
    return row.name or "(model)", row.kind, output, weights, biases, f"{row.bytes:,}" if row.bytes else ""


def _aligned(table: Sequence[Sequence[str]]) -> list[str]:
    """Words to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    sides = ("<", "<", "<", ">", ">", ">")
    rows = ([f"{cell:{side}{width}}" for cell, side, width in zip(row, sides, widths, strict=True)] for row in table)
    return ["  ".join(row).rstrip() for row in rows]


def _in_units(size: int) -> str:
    value = float(size)
    for unit in ("bytes", "KB", "MB"):
        if value < 1000:
            return f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} GB"
