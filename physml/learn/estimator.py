"""``classify`` and ``regress`` by scikit-learn's conventions, all of which are in this file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

import jax
import numpy as np

from physml.as_numbers import check_unmasked
from physml.datasets.dataset import Dataset
from physml.errors import (
    ConfigurationError,
    MissingDependencyError,
    NonFiniteError,
    ShapeError,
)
from physml.learn.classify import Classifier, classify
from physml.learn.metrics import r2
from physml.learn.regress import Regressor, regress
from physml.learn.scaled_network import ScaledNetwork
from physml.networks import network_of

_SEEDS = 2**31 - 1


@dataclass(eq=False)
class Estimator:
    """A network that scikit-learn can clone, search, and put in a pipeline.

    ``fit(X, y)`` is ``classify`` or ``regress`` with all samples for training; what they find is
    ``model_``. Labels are any words or numbers, of two classes or more, ``classes_``. Nothing is
    looked at, and nothing of scikit-learn is imported, before ``fit``.

    Attributes:
        verb: ``pm.learn.classify`` or ``pm.learn.regress``.
        network: a name or settings, whose outputs are those of the targets, or a linen module.
        epochs: how often each sample is seen.
        optimizer: a name, settings, or any; that of the verb if None.
        size: samples of a step, all of them where there are fewer; that of the verb if None: 64,
            or all of them in ``regress``.
        random_state: an int, numpy's ``RandomState``, or None for another training each time.

    Only what is named by words or settings can be pickled: a module and an optimizer of optax hold
    functions that cannot. With ``jax_enable_x64`` it passes ``check_estimator``, which asks for a
    prediction to 1e-7 whatever samples stand beside it.

    Raises:
        MissingDependencyError: by ``fit`` and ``predict``, without scikit-learn.
        ConfigurationError: by ``fit``, another verb.
        ValueError: by all, of X and y; scikit-learn's words, with shapes and what was expected.

    Source: https://scikit-learn.org/stable/developers/develop.html, version 1.7 and later.

    >>> import numpy as np, physml as pm
    >>> from sklearn.model_selection import cross_val_score
    >>> x = np.linspace(0, 1, 30)[:, None]
    >>> model = pm.learn.Estimator(pm.learn.regress, network=pm.MLP((4,)), epochs=20)
    >>> bool(cross_val_score(model, x[::-1], x[::-1, 0] ** 2, cv=2)[0] > 0.5)
    True
    """

    verb: Callable[..., Any] = classify
    network: Any = "mlp"
    epochs: int = 100
    optimizer: Any = None
    size: int | None = None
    random_state: Any = 0

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """All options by name; none of them has options of its own."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def set_params(self, **options: Any) -> Estimator:
        """Other options; the model that was found stays until the next ``fit``.

        Raises:
            ConfigurationError: what is no option.
        """
        known = self.get_params()
        for name, value in options.items():
            if name not in known:
                raise ConfigurationError(
                    f"set_params: expected one of {', '.join(known)}, got {name!r}"
                )
            setattr(self, name, value)
        return self

    def fit(self, X: Any, y: Any) -> Estimator:
        """Train on ``(n, d)``, or images ``(n, ...)``, and targets, ``(n,)`` or ``(n, m)``."""
        seed = _of("sklearn.utils", "check_random_state")(self.random_state).randint(_SEEDS)
        X, y = self._checked(X, y)
        data = Dataset(X, y, name="samples")
        options: dict[str, Any] = {"key": jax.random.key(seed), "progress": False}
        if self.size is not None:
            options["size"] = min(self.size, len(data))
        elif self._classifies:
            options["size"] = min(64, len(data))
        found = self.verb(
            self.network, data, epochs=self.epochs, optimizer=self.optimizer, **options
        )
        # Neither the fit's state, whose keys cannot be pickled, nor the outcome of compiling.
        self.model_, self.network_ = replace(found, result=None), self.network
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Classes ``(n,)`` as in the targets, or numbers ``(n,)`` or ``(n, m)``."""
        told = self._found().predict(self._validated(X))
        # By what was found: set_params may have named another verb since.
        return self.classes_[told] if isinstance(self.model_, Classifier) else told

    @property
    def predict_proba(self) -> Callable[[Any], np.ndarray]:
        """Of ``classify`` alone: X to probabilities ``(n, K)``, in the order of ``classes_``."""
        if not self._classifies:
            raise AttributeError("predict_proba: numbers that are regressed have none")
        return lambda X: self._found().predict_proba(self._validated(X))

    def score(self, X: Any, y: Any) -> float:
        """The accuracy, or R², of predictions.

        Raises:
            ShapeError: another number of targets, masked ones.
            NonFiniteError: a NaN or an infinity.
        """
        check_unmasked("y", y)
        told, y = self.predict(X), np.asarray(y)
        if y.dtype.kind == "f" and not np.isfinite(y).all():
            raise NonFiniteError("y: expected finite targets, got a NaN or an infinity")
        if len(y) != len(told):
            raise ShapeError(f"y: expected a target for each of {len(told)} samples, got {y.shape}")
        if not isinstance(self.model_, Classifier):
            return r2(y.reshape(told.shape), told)
        return float(np.mean(_of("sklearn.utils", "column_or_1d")(y) == told))

    @property
    def _classifies(self) -> bool:
        return self.verb is classify

    def _checked(self, X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        """Samples, and labels from 0 or numbers; ``classes_`` and ``n_features_in_`` are set."""
        if self.verb not in (classify, regress):
            raise ConfigurationError(
                f"verb: expected pm.learn.classify or pm.learn.regress, got {self.verb!r}"
            )
        check_unmasked("X, y", (X, y))
        numbers = {} if self._classifies else {"multi_output": True, "y_numeric": True}
        validated = _of("sklearn.utils.validation", "validate_data")
        X, y = validated(self, X, y, allow_nd=True, ensure_min_samples=2, **numbers)
        if not self._classifies:
            return X, y.astype(float)
        _of("sklearn.utils.multiclass", "check_classification_targets")(y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        return X, labels

    def _validated(self, X: Any) -> np.ndarray:
        check_unmasked("X", X)
        validated = _of("sklearn.utils.validation", "validate_data")
        samples: np.ndarray = validated(self, X, reset=False, allow_nd=True)
        return samples

    def _found(self) -> Any:
        _of("sklearn.utils.validation", "check_is_fitted")(self)
        return self.model_

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn asks of an estimator."""
        Tags = _of("sklearn.utils", "Tags")
        kind = "classifier" if self._classifies else "regressor"
        part = _of("sklearn.utils", f"{kind.capitalize()}Tags")()
        targets = _of("sklearn.utils", "TargetTags")(
            required=True, multi_output=not self._classifies, single_output=True
        )
        inputs = _of("sklearn.utils", "InputTags")(three_d_array=True)
        return Tags(kind, targets, input_tags=inputs, **{f"{kind}_tags": part})

    def __getstate__(self) -> dict[str, Any]:
        """The model as arrays: a network holds functions."""
        state = dict(self.__dict__)
        if "model_" in state:
            model = state["model_"]
            kept = {f.name: getattr(model, f.name) for f in fields(model)}
            kept["model"] = model.model.arrays()
            state["model_"] = kept
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """The network is made again, and known by its outputs."""
        state = dict(state)
        if "model_" in state:
            kept = dict(state["model_"])
            kind: Any = Regressor if "targets" in kept else Classifier
            told = kept["judged"][1]
            outputs = told.shape[1] if told.ndim == 2 else None
            # That of the fit: set_params may have named another since.
            fitted = state.get("network_", state["network"])
            network = network_of("network", fitted, outputs=outputs)
            kept["model"] = ScaledNetwork.read(network, kept["model"], "a pickled Estimator")
            state["model_"] = kind(**kept)
        self.__dict__.update(state)


def _of(module: str, name: str) -> Any:
    """Something of scikit-learn's, imported where it is needed."""
    from importlib import import_module

    try:
        return getattr(import_module(module), name)
    except ImportError as error:
        raise MissingDependencyError(
            "Estimator follows scikit-learn: install it with pip install 'physml[data]'"
        ) from error
