"""The digits of 8 × 8 pixels, as generative models of a catalogue take them."""

from __future__ import annotations

from dataclasses import dataclass

from jax import Array

from physml.datasets.dataset import Dataset
from physml.datasets.known_sets import digits
from physml.datasets.parts import split
from physml.errors import ConfigurationError
from physml.train import key_for


@dataclass(frozen=True)
class DigitImages:
    """1,797 images, each pixel the count of 16 that were on; of people who are in both parts.

    Attributes:
        held_out: the part of each class to judge on.
    """

    held_out: float = 0.2

    def __post_init__(self) -> None:
        """Check it where it is written."""
        if not 0 < self.held_out < 1:
            raise ConfigurationError(f"held_out: expected a part in (0, 1), got {self.held_out}")

    def data(self, key: Array) -> Dataset:
        """The images, split."""
        return split(digits(), self.held_out, key=key_for(key, "data"), stratified=True)
