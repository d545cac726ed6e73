"""Networks for a task, and the encoders that turn texts or images into what they read."""

from saegim.models.augment import RandomAffine
from saegim.models.batch import EncodedTexts, NgramBatch, TextBatch, TokenBatch
from saegim.models.choose import WISHES, Choice, choose
from saegim.models.drawing import Drawer
from saegim.models.encoder import EncoderConfig, TextEncoder
from saegim.models.features import NgramVectorizer, SparseRows, Weighting
from saegim.models.generator import Flow, Generator, GeneratorConfig
from saegim.models.images import EncodedImages, ImageConfig, ImageModel
from saegim.models.readers import ReaderConfig
from saegim.models.text_model import ModelConfig, TextModel

__all__ = [
    "WISHES",
    "Choice",
    "Drawer",
    "EncodedImages",
    "EncodedTexts",
    "EncoderConfig",
    "Flow",
    "Generator",
    "GeneratorConfig",
    "ImageConfig",
    "ImageModel",
    "ModelConfig",
    "NgramBatch",
    "NgramVectorizer",
    "RandomAffine",
    "ReaderConfig",
    "SparseRows",
    "TextBatch",
    "TextEncoder",
    "TextModel",
    "TokenBatch",
    "Weighting",
    "choose",
]
