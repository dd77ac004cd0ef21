"""A function on a box, by noisy values to train on and exact ones to judge by."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jax import Array

from physml.as_whole import whole_fields
from physml.datasets.dataset import Dataset
from physml.datasets.generator import generator
from physml.errors import ConfigurationError


@dataclass(frozen=True)
class NoisyFunction(ABC):
    """``y = f(x) + σ ε`` at places drawn uniformly in ``[−1, 1]ᵈ``; a subclass says f and d.

    Attributes:
        samples: to train on.
        noise: ``σ``, of the training targets alone.
        test: points to judge on.
    """

    samples: int = 200
    noise: float = 0.1
    test: int = 1000

    dimensions: ClassVar[int]

    @staticmethod
    @abstractmethod
    def exact(x: np.ndarray) -> np.ndarray:
        """``f`` at ``(n, d)``, ``(n,)``."""

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        whole_fields(self)
        for name, least in (("samples", 2), ("test", 2), ("noise", 0)):
            if not least <= getattr(self, name) < np.inf:
                raise ConfigurationError(
                    f"{name}: expected at least {least}, got {getattr(self, name)}"
                )

    def data(self, key: Array) -> Dataset:
        """The samples, those to judge on held out.

        Args:
            key: a random key.
        """
        random = generator(key)
        x = random.uniform(-1, 1, (self.samples + self.test, self.dimensions))
        y = type(self).exact(x)
        y[: self.samples] += self.noise * random.normal(size=self.samples)
        return Dataset(
            x,
            y,
            name=type(self).__name__.lower(),
            split=np.arange(len(x)) >= self.samples,
            licence="free of any",
            source="a formula and random numbers",
        )
