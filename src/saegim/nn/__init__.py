"""Layers. Parameter names and shapes are PyTorch's; data is channels-last: text (B, T, C), images (B, H, W, C)."""

from saegim.nn.linear import Linear
from saegim.nn.module import Buffer, Module, Parameter
from saegim.nn.sequential import Sequential

__all__ = ["Buffer", "Linear", "Module", "Parameter", "Sequential"]
