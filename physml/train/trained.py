"""A finished fit as a result: what a room tells, shows and keeps before it has more to say."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from physml.errors import CheckpointError
from physml.figures import figure
from physml.train import checkpoint
from physml.train.fit import FitResult
from physml.train.precision import in_default_precision, in_precision_of


class Trained:
    """A fit and what was found by it; a ``Result``.

    Attributes:
        params: the parameters.
        result: history and times of the training; None where it was loaded.
        found: numbers by name, plain data, such as a score on data not trained on.

    >>> import jax.numpy as jnp, physml as pm
    >>> objective = pm.least_squares({"line": lambda params, x: params * x - 2.0 * x})
    >>> batch = pm.fixed({"line": jnp.linspace(0.0, 1.0, 10)})
    >>> fit = pm.fit(objective, batch, pm.natural_gradient(1.0, damping=1e-9), jnp.array(0.0),
    ...              steps=5, key=jax.random.key(0))
    >>> pm.train.Trained(fit, slope=round(float(fit.params), 4)).words()["slope"]
    '2'
    """

    def __init__(self, result: FitResult, **found: Any) -> None:
        self.result: FitResult | None = result
        self.params = result.params
        self.found: Mapping[str, Any] = found

    def numbers(self) -> dict[str, Any]:
        """What was found, the last value of each metric, and how large and long the fit was."""
        history = {} if self.result is None else self.result.history
        last = {name: float(values[-1]) for name, values in history.items() if len(values)}
        return {
            **last,
            **self.found,
            "steps": len(history.get("loss", ())),
            "parameters": sum(leaf.size for leaf in jax.tree.leaves(self.params)),
            "compile_seconds": 0.0 if self.result is None else self.result.compile_seconds,
        }

    def words(self) -> dict[str, str]:
        """The same, but for the time, to six digits."""
        told = {name: value for name, value in self.numbers().items() if name != "compile_seconds"}
        return {
            name: f"{value:.6g}" if isinstance(value, float) else str(value)
            for name, value in told.items()
        }

    def plot(self, path: str | Path) -> Path:
        """Save a figure of the loss against the step.

        Args:
            path: a file whose ending names the format.

        Raises:
            MissingDependencyError: without matplotlib.
        """
        losses = () if self.result is None else self.result.history.get("loss", ())
        with figure(path, 1, 1) as axis:
            axis.plot(losses, linewidth=0.8)
            axis.set(xlabel="step", ylabel="loss")
        return Path(path)

    def save(self, directory: str | Path) -> Path:
        """Save the parameters, verified by digest.

        Raises:
            CheckpointError: where parameters stand already, or none can be written.
        """
        if checkpoint.steps(Path(directory)):
            raise CheckpointError(
                f"{directory}: already holds parameters; choose another directory"
            )
        return checkpoint.save(Path(directory), 0, self.params)

    @classmethod
    def load(cls, directory: str | Path, like: Any) -> Trained:
        """Read saved parameters.

        Args:
            directory: where ``save`` left them.
            like: parameters of the same structure and shapes, such as first ones.

        Returns:
            The parameters in the precision of ``like``, whatever they were saved in.

        Raises:
            CheckpointError: when they are missing, damaged or of other shapes.
        """
        loaded = cls.__new__(cls)
        loaded.result, loaded.found = None, {}
        found = checkpoint.verified(Path(directory), 0)
        with in_precision_of(found, f"the parameters in {directory}"):
            stored = in_default_precision(jax.tree.map(jnp.asarray, like))
            read = checkpoint.read(found, stored, way=checkpoint.SAVED)
        loaded.params = jax.tree.map(lambda one, as_in: one.astype(as_in.dtype), read, like)
        return loaded
