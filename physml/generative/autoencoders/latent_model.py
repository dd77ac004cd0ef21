"""Encoder, decoder and likelihood of one sample: what a variational autoencoder is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from physml.errors import ShapeError
from physml.generative.autoencoders.observation_model import ObservationModel

Sample = Any
"""``{"x": (...)}``, and of a conditional model ``"condition"``, one-hot, ``(classes,)``."""


@dataclass(frozen=True, eq=False)
class LatentModel:
    """``p(x, z) = N(z; 0, 1) p(x | η(z))`` and ``q(z | x) = N(m(x), s(x)²)``, both given a class.

    Attributes:
        encoder: of one sample, to ``(2 latent,)``: ``m`` and ``ln s²``.
        decoder: of ``(latent,)``, to the outputs of the likelihood.
        likelihood: of a sample.
        latent: how many numbers ``z`` has.
        shape: of a sample.
        classes: on which encoder and decoder are conditioned; 0 for none.
    """

    encoder: Any
    decoder: Any
    likelihood: ObservationModel
    latent: int
    shape: tuple[int, ...]
    classes: int = 0

    def init(self, key: Array) -> dict[str, Any]:
        """First parameters, the networks' own."""
        key_encoder, key_decoder = jax.random.split(key)
        dtype = jnp.result_type(float)
        x, z = jnp.zeros(self.shape, dtype), jnp.zeros(self.latent, dtype)
        sample = {"x": x} | ({"condition": jnp.zeros(self.classes, dtype)} if self.classes else {})
        return {
            "encoder": self.encoder.init(key_encoder, self._seen(sample)),
            "decoder": self.decoder.init(key_decoder, self._latents(z, sample)),
            "likelihood": self.likelihood.init(),
        }

    def check(self, params: Any) -> None:
        """Refuse networks with other outputs.

        Raises:
            ShapeError: for them.
        """
        x, z = jnp.zeros(self.shape), jnp.zeros(self.latent)
        sample = {"x": x} | ({"condition": jnp.zeros(self.classes)} if self.classes else {})
        seen = jax.eval_shape(self.encoder.apply, params["encoder"], self._seen(sample))
        if getattr(seen, "shape", None) != (2 * self.latent,):
            raise ShapeError(
                f"encoder: expected means and logarithms of variances of {self.latent} latent "
                f"numbers, ({2 * self.latent},), got {getattr(seen, 'shape', seen)}"
            )
        told = jax.eval_shape(self.decoder.apply, params["decoder"], self._latents(z, sample))
        if getattr(told, "shape", None) not in (self.shape, (x.size,)):
            raise ShapeError(
                f"decoder: expected outputs of a sample's shape {self.shape}, or ({x.size},), got "
                f"{getattr(told, 'shape', told)}"
            )

    def posterior(self, params: Any, sample: Sample) -> tuple[Array, Array]:
        """Mean ``m`` and logarithm of the variance ``ln s²`` of one sample, ``(latent,)`` each."""
        told = self.encoder.apply(params["encoder"], self._seen(sample))
        return told[: self.latent], told[self.latent :]

    def outputs(self, params: Any, z: Array, sample: Sample) -> Array:
        """Of the decoder, in a sample's shape; of ``sample`` the condition alone is read."""
        told = self.decoder.apply(params["decoder"], self._latents(z, sample))
        return jnp.reshape(told, self.shape)

    def mean(self, params: Any, z: Array, sample: Sample) -> Array:
        """``E[x | z]``."""
        return self.likelihood.mean(params["likelihood"], self.outputs(params, z, sample))

    def draw(self, key: Array, params: Any, z: Array, sample: Sample) -> Array:
        """One ``x ~ p(x | z)``."""
        return self.likelihood.draw(key, params["likelihood"], self.outputs(params, z, sample))

    def log_weight(self, params: Any, sample: Sample, noise: Array) -> Array:
        """``ln p(x | z) + ln p(z) − ln q(z | x)`` at ``z = m + s ε``."""
        mean, log_variance = self.posterior(params, sample)
        z = mean + jnp.exp(0.5 * log_variance) * noise
        told = self.likelihood.log_prob(
            params["likelihood"], self.outputs(params, z, sample), sample["x"]
        )
        return told + 0.5 * jnp.sum(noise**2 + log_variance - z**2)

    def distortion_and_rate(
        self, params: Any, sample: Sample, *, path: bool = False
    ) -> tuple[Array, Array]:
        """``E_q[−ln p(x | z)]`` by the draws of a sample, ``"noise"`` ``(draws, latent)``, and KL.

        The rate ``KL(q ‖ p) = ½ Σ (m² + s² − 1 − ln s²)`` is in closed form; along the path it is
        the mean of ``ln q(z | x) − ln p(z)`` over the draws, of which ``q`` is differentiated by
        ``z`` alone. What is left out is 0 on average, and is all the noise that the encoder's
        gradient has where ``q`` is the exact posterior.
        """
        mean, log_variance = self.posterior(params, sample)
        held, log_held = jax.lax.stop_gradient((mean, log_variance))
        own = params["likelihood"]

        def drawn(noise: Array) -> tuple[Array, Array]:
            z = mean + jnp.exp(0.5 * log_variance) * noise
            missed = -self.likelihood.log_prob(own, self.outputs(params, z, sample), sample["x"])
            log_q = -0.5 * jnp.sum((z - held) ** 2 * jnp.exp(-log_held) + log_held)
            return missed, log_q + 0.5 * jnp.sum(z**2)

        missed, rates = jax.vmap(drawn)(sample["noise"])
        closed = 0.5 * jnp.sum(mean**2 + jnp.exp(log_variance) - 1 - log_variance)
        return jnp.mean(missed), jnp.mean(rates) if path else closed

    def _seen(self, sample: Sample) -> Array:
        x: Array = sample["x"] / self.likelihood.unit
        return jnp.concatenate([x.ravel(), sample["condition"]]) if self.classes else x

    def _latents(self, z: Array, sample: Sample) -> Array:
        return jnp.concatenate([z, sample["condition"]]) if self.classes else z
