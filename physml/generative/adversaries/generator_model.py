"""A generator and its critic, of one sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from physml.errors import ShapeError


@dataclass(frozen=True, eq=False)
class GeneratorModel:
    """``x = G(z)``, ``z ~ N(0, 1)``, and ``D(x)``, both given a class.

    Attributes:
        generator: of ``(latent,)``, to a sample.
        critic: of one sample, to ``()``.
        latent: how many numbers ``z`` has.
        shape: of a sample.
        classes: on which both are conditioned; 0 for none.
    """

    generator: Any
    critic: Any
    latent: int
    shape: tuple[int, ...]
    classes: int = 0

    def init(self, key: Array) -> dict[str, Any]:
        """First parameters, the networks' own."""
        key_generator, key_critic = jax.random.split(key)
        x, z, sample = self._one()
        return {
            "generator": self.generator.init(key_generator, self._behind(z, sample)),
            "critic": self.critic.init(key_critic, self._behind(x, sample)),
        }

    def check(self, params: Any) -> None:
        """Refuse networks with other outputs.

        Raises:
            ShapeError: for them.
        """
        x, z, sample = self._one()
        told = jax.eval_shape(self.generator.apply, params["generator"], self._behind(z, sample))
        if getattr(told, "shape", None) not in (self.shape, (x.size,)):
            raise ShapeError(
                f"generator: expected outputs of a sample's shape {self.shape}, or ({x.size},), "
                f"got {getattr(told, 'shape', told)}"
            )
        value = jax.eval_shape(self.critic.apply, params["critic"], self._behind(x, sample))
        if getattr(value, "shape", None) != ():
            raise ShapeError(
                "critic: expected one number of a sample, (), as of pm.MLP(widths), got "
                f"{getattr(value, 'shape', value)}"
            )

    def generate(self, params: Any, z: Array, sample: Any) -> Array:
        """One sample of the generator; of ``sample`` the condition alone is read."""
        return jnp.reshape(self.generator.apply(params, self._behind(z, sample)), self.shape)

    def judge(self, params: Any, x: Array, sample: Any) -> Array:
        """The critic of one sample."""
        told: Array = self.critic.apply(params, self._behind(x, sample))
        return told

    def _behind(self, values: Array, sample: Any) -> Array:
        if not self.classes:
            return values
        return jnp.concatenate([values.ravel(), sample["condition"]])

    def _one(self) -> tuple[Array, Array, dict[str, Array]]:
        dtype = jnp.result_type(float)
        sample = {"condition": jnp.zeros(self.classes, dtype)} if self.classes else {}
        return jnp.zeros(self.shape, dtype), jnp.zeros(self.latent, dtype), sample
