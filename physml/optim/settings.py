"""An optimizer as plain data, for command lines and files: its name and its options."""

from __future__ import annotations

import warnings
from typing import Any

from physml.choices import Choice
from physml.errors import ConfigurationError, ScheduleWarning
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

    def check(self, steps: int) -> None:
        """Build it, to no other end, and compare its learning rate with the steps it is to take.

        A rate that falls along a cosine does so over the steps of its option, and not over those
        that a run is asked for, so that one that goes on is the same until there. What is added
        beyond is trained at the last rate: a warning says so.

        Args:
            steps: of the optimizer.

        Raises:
            ConfigurationError: for a number outside its range.

        >>> from physml.optim import OptimizerSettings
        >>> OptimizerSettings(name="adam", cosine=200.0).check(200)
        """
        self.build()
        ends = self.cosine if "cosine" in self._types else None
        if ends is not None and steps > ends:
            warnings.warn(
                f"optimizer.cosine: the learning rate is a hundredth of the first from step "
                f"{ends:g} on, of {steps}; raise it with the steps, unless this run goes on with "
                "one that ended there",
                ScheduleWarning,
                stacklevel=2,
            )


def optimizer_of(chosen: Any, steps: int | None = None) -> Optimizer:
    """The optimizer of a name with its usual options, that of settings, or the one that is given.

    Args:
        chosen: an optax transformation, ``OptimizerSettings``, or a name that they offer.
        steps: that it is to take, where they are known: settings are compared with them, see
            ``OptimizerSettings.check``.

    Raises:
        UnknownNameError: for a name that is not offered.
        ConfigurationError: for anything else, such as a function that makes an optimizer.

    >>> from physml.optim import optimizer_of
    >>> optimizer = optimizer_of("adam")
    """
    found = OptimizerSettings.chosen(chosen)
    if isinstance(found, OptimizerSettings):
        if steps is not None:
            found.check(steps)
        return found.build()
    if not (hasattr(found, "init") and hasattr(found, "update")):
        call = "; call it with its options" if callable(found) else ""
        raise ConfigurationError(
            "optimizer: expected an optax transformation such as optax.adam(1e-3), one of "
            f"physml.optim, or a name such as 'adam', got {found!r}{call}"
        )
    made: Optimizer = found
    return made
