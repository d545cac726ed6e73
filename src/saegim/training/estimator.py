"""scikit-learn's conventions for estimators, kept without importing scikit-learn (which takes seconds to load)."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any, ClassVar, Self

from saegim.errors import SettingError


class Estimator:
    """Parameters are the arguments of `__init__`, kept as attributes of the same names and never changed by `fit`.

    With that, `sklearn.base.clone`, grid search and pipelines work ("Developing scikit-learn estimators").
    """

    _estimator_type: ClassVar[str | None] = "classifier"
    _reads: ClassVar[tuple[str, ...]] = ("one_d_array", "string")  # scikit-learn's names of what it reads

    @classmethod
    def _parameter_names(cls) -> Iterable[str]:
        return [name for name in inspect.signature(cls.__init__).parameters if name != "self"]

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002 - no parameter is an estimator
        """Every parameter with its value."""
        return {name: getattr(self, name) for name in self._parameter_names()}

    def set_params(self, **params: Any) -> Self:
        """Changes parameters for the next `fit`. Raises SettingError for a name that is none."""
        known = list(self._parameter_names())
        for name, value in params.items():
            if name not in known:
                raise SettingError(f"{name!r} is no parameter of {type(self).__name__}; it has {', '.join(known)}")
            setattr(self, name, value)
        return self

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn (1.6 and later) asks an estimator about itself: what it is, and what it reads."""
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags

        return Tags(
            estimator_type=self._estimator_type,
            target_tags=TargetTags(required=True),
            classifier_tags=ClassifierTags() if self._estimator_type == "classifier" else None,
            input_tags=InputTags(**{"two_d_array": False, **dict.fromkeys(self._reads, True)}),
        )

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self).__init__).parameters
        changed = {name: value for name, value in self.get_params().items() if value != defaults[name].default}
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in changed.items())})"
