"""An optimizer as plain data, for command lines and files: its name and its options."""

from __future__ import annotations

from physml.choices import Choice
from physml.types import Optimizer


class OptimizerSettings(Choice, kind="optimizer"):
    """Which optimizer, and its options; each is a front function beside the optimizer itself.

    >>> from physml.optim import OptimizerSettings
    >>> OptimizerSettings(name="natural-gradient", damping=1e-3).momentum
    0.0
    """

    def build(self) -> Optimizer:
        """The optimizer.

        Raises:
            ConfigurationError: for a number outside its range.

        >>> from physml.optim import OptimizerSettings
        >>> optimizer = OptimizerSettings(name="natural-gradient", damping=1e-3).build()
        """
        built: Optimizer = self.construct()
        return built
