"""scikit-learn's manners, without scikit-learn: parameters that can be read, set and copied, and tags on request."""

from __future__ import annotations

import inspect
from typing import Any, Self

from evenhand.terms import UsageError

__all__ = ["Manners"]


class Manners:
    """Parameters are the keyword arguments of ``__init__``, which only stores them."""

    _kind = ""

    @classmethod
    def _defaults(cls) -> dict[str, Any]:
        return {name: one.default for name, one in list(inspect.signature(cls.__init__).parameters.items())[1:]}

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Every parameter by name; `deep` changes nothing here."""
        del deep
        return {name: getattr(self, name) for name in self._defaults()}

    def set_params(self, **params: Any) -> Self:
        """Change some parameters.

        Raises:
            UsageError: there is no such parameter.
        """
        unknown = sorted(params.keys() - self._defaults().keys())
        if unknown:
            raise UnknownParameterError(
                "estimator-parameter",
                f"{type(self).__name__} has no parameter {', '.join(unknown)}.",
                rule="parameters are those of __init__",
                remedy=f"use one of {', '.join(self._defaults())}",
            )
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        given = [
            f"{name}={getattr(self, name)!r}"
            for name, default in self._defaults().items()
            if repr(getattr(self, name)) != repr(default)
        ]
        return f"{type(self).__name__}({', '.join(given)})"

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn may expect of this estimator; called by scikit-learn alone."""
        from sklearn.utils import ClassifierTags, InputTags, RegressorTags, Tags, TargetTags  # type: ignore[import-untyped]

        classifier = self._kind == "classifier"
        positive = getattr(self, "loss", "") == "poisson"
        return Tags(
            estimator_type=self._kind if self._kind in ("classifier", "regressor") else None,
            target_tags=TargetTags(required=True, positive_only=positive),
            classifier_tags=ClassifierTags(multi_class=False) if classifier else None,
            regressor_tags=RegressorTags() if self._kind == "regressor" else None,
            input_tags=InputTags(allow_nan=True, string=True, categorical=True),
        )

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")


class UnknownParameterError(UsageError, ValueError):
    """A parameter that the estimator does not have; a ValueError, as scikit-learn expects."""
