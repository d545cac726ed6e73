"""Metrics, intervals, and predictors side by side: which to trust, and why.

Functions that are called like their module stay in it: `from saegim.evaluation.compare import compare`, and likewise
`bootstrap.bootstrap` and `verdict.verdict`.
"""

from __future__ import annotations

from saegim.evaluation.baselines import LogisticBaseline, MajorityClass, SvmBaseline, TextFeatures
from saegim.evaluation.bootstrap import Interval, Intervals, paired_bootstrap, resample, sign_test
from saegim.evaluation.compare import (
    Contender,
    Examples,
    LabelledTexts,
    Predictor,
    classical_contenders,
)
from saegim.evaluation.comparison import Comparison, Measurement, Result, assemble
from saegim.evaluation.drawings import DrawingQuality, Median, measure_drawings, measure_generator, quality_table
from saegim.evaluation.judgement import Judgement, judge
from saegim.evaluation.metrics import ClassScore, Scores, accuracy_and_macro_f1, score
from saegim.evaluation.stored import COMPARISON, read_comparison, write_comparison
from saegim.evaluation.tables import PlainTable

__all__ = [
    "COMPARISON",
    "ClassScore",
    "Comparison",
    "Contender",
    "DrawingQuality",
    "Examples",
    "Interval",
    "Intervals",
    "Judgement",
    "LabelledTexts",
    "LogisticBaseline",
    "MajorityClass",
    "Measurement",
    "Median",
    "PlainTable",
    "Predictor",
    "Result",
    "Scores",
    "SvmBaseline",
    "TextFeatures",
    "accuracy_and_macro_f1",
    "assemble",
    "classical_contenders",
    "judge",
    "measure_drawings",
    "measure_generator",
    "paired_bootstrap",
    "quality_table",
    "read_comparison",
    "resample",
    "score",
    "sign_test",
    "write_comparison",
]
