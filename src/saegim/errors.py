"""Every exception that saegim raises on purpose.

    SaegimError                 the root: one sentence, no traceback on the command line
    ├── InputError              what the user gave cannot be used (exit code 2)
    │   ├── DataError           a table: unreadable, a bad row, unusable labels
    │   ├── RuleError           a rule file: unknown name, wrong form, cycle through `unless`
    │   ├── ModelFileError      a model folder or checkpoint: missing, truncated, altered
    │   └── SettingError        an option or argument outside what is allowed      (also a ValueError)
    ├── ShapeError              shapes that do not fit an operation                (also a ValueError)
    ├── DTypeError              dtypes that do not fit an operation                (also a TypeError)
    ├── TraceError              a traced function asked for a value not yet known  (also a TypeError)
    ├── UnlearnableError        a parameter without a differentiable path from the loss
    ├── NonFiniteError          a loss or gradient became NaN or infinite (exit code 1)
    └── NotFittedError          a model was used before it was trained             (also scikit-learn's)

Messages are one sentence that says what was given, what was expected and what to do.
"""

from __future__ import annotations


class SaegimError(Exception):
    """The root of every exception that saegim raises on purpose."""

    exit_code = 1


class InputError(SaegimError):
    """What the user gave cannot be used."""

    exit_code = 2


class DataError(InputError):
    """A table of examples that cannot be read or learned from."""


class RuleError(InputError):
    """A rule file that cannot be understood."""


class ModelFileError(InputError):
    """A model folder or checkpoint that is missing, truncated or altered."""


class SettingError(InputError, ValueError):
    """An option or argument outside what is allowed."""


class ShapeError(SaegimError, ValueError):
    """Shapes that do not fit an operation."""


class DTypeError(SaegimError, TypeError):
    """Dtypes that do not fit an operation."""


class TraceError(SaegimError, TypeError):
    """A traced function asked for a value that is only known when it runs."""


class UnlearnableError(SaegimError):
    """A parameter that the loss cannot be differentiated for."""


class NonFiniteError(SaegimError):
    """A loss or gradient that became NaN or infinite."""


class NotFittedError(SaegimError, ValueError, AttributeError):
    """A model that was used before it was trained."""
