"""Layers. Parameter names and shapes are PyTorch's; data is channels-last: text (B, T, C), images (B, H, W, C).

Masks are (B, T) bool, True for a real token; every layer that mixes tokens takes one, and what stands at padding
then changes nothing. `nn.init` names the initialisations.
"""

from saegim.nn import init
from saegim.nn.activations import gelu, log_softmax, relu, sigmoid, silu, softmax, tanh
from saegim.nn.attention import MultiHeadAttention
from saegim.nn.convolution import Conv1d, Conv2d
from saegim.nn.dropout import Dropout
from saegim.nn.embedding import Embedding, EmbeddingBag
from saegim.nn.linear import Linear
from saegim.nn.masks import mask_from_lengths
from saegim.nn.module import Buffer, Module, Parameter
from saegim.nn.norm import BatchNorm1d, LayerNorm, RMSNorm
from saegim.nn.pooling import (
    AvgPool1d,
    AvgPool2d,
    MaxPool1d,
    MaxPool2d,
    max_over_time,
    mean_over_time,
)
from saegim.nn.recurrent import GRU, LSTM
from saegim.nn.sequential import Sequential
from saegim.nn.transformer import TransformerEncoderLayer

__all__ = [
    "GRU",
    "LSTM",
    "AvgPool1d",
    "AvgPool2d",
    "BatchNorm1d",
    "Buffer",
    "Conv1d",
    "Conv2d",
    "Dropout",
    "Embedding",
    "EmbeddingBag",
    "LayerNorm",
    "Linear",
    "MaxPool1d",
    "MaxPool2d",
    "Module",
    "MultiHeadAttention",
    "Parameter",
    "RMSNorm",
    "Sequential",
    "TransformerEncoderLayer",
    "gelu",
    "init",
    "log_softmax",
    "mask_from_lengths",
    "max_over_time",
    "mean_over_time",
    "relu",
    "sigmoid",
    "silu",
    "softmax",
    "tanh",
]
