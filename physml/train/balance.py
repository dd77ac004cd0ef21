"""Rules that balance the weights of least-squares terms, one evaluation after another.

A rule maps ``(weights, losses, jacobian)`` to new weights and keeps their mean. ``losses`` are the
unweighted ``½ mean |f_k|²``; ``jacobian`` has a block for each term, in the order of ``losses``.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array

from physml.choices import Choice
from physml.errors import ConfigurationError
from physml.lazy_jacobian import Block, Jacobian
from physml.train.least_squares import Balance


def power_rule(*, exponent: float = 0.05, largest: float = 1e4) -> Balance:
    """Balance terms by a small power: ``w_k ← w_k (mean(wL) / (w_k L_k))^exponent``, normalised.

    Args:
        exponent: how much of the imbalance a step removes.
        largest: cap on ``max w / min w``. Without one, terms that can be fitted exactly at fixed
            points drive the others' weights to nothing while the solution drifts between points.

    Returns:
        A rule that keeps the mean weight.

    Raises:
        ConfigurationError: for an exponent outside (0, 1] or a cap below 1.

    Source: Webb, Jerad and Cartis (2026), arXiv:2607.02194; the cap is ours.

    >>> import jax.numpy as jnp, physml as pm
    >>> rule = pm.train.power_rule(exponent=1.0)
    >>> new = rule({"a": jnp.array(1.0), "b": jnp.array(1.0)},
    ...            {"a": jnp.array(3.0), "b": jnp.array(1.0)}, None)
    >>> {name: float(weight) for name, weight in new.items()}
    {'a': 0.5, 'b': 1.5}
    """
    if not 0 < exponent <= 1:
        raise ConfigurationError(f"exponent: expected a number in (0, 1], got {exponent}")
    if not largest >= 1:
        raise ConfigurationError(f"largest: expected a ratio ≥ 1, got {largest}")

    def rule(
        weights: dict[str, Array], losses: dict[str, Array], jacobian: Jacobian
    ) -> dict[str, Array]:
        del jacobian
        names = list(weights)
        w = jnp.stack([weights[name] for name in names])
        weighted = w * jnp.stack([losses[name] for name in names])
        weighted = jnp.maximum(weighted, jnp.finfo(weighted.dtype).tiny)
        new = w * (jnp.mean(weighted) / weighted) ** exponent
        new = jnp.maximum(new, jnp.max(new) / largest)
        new = new * jnp.mean(w) / jnp.mean(new)
        return {name: new[i] for i, name in enumerate(names)}

    return rule


def gradient_norms(*, decay: float = 0.9) -> Balance:
    """Give every term's gradient the same length: ``w_k ∝ Σ_j |∇L_j| / |∇L_k|``, averaged.

    Args:
        decay: of the moving average ``w ← decay w + (1 − decay) w_new``.

    Returns:
        A rule that keeps the mean weight; it costs one more gradient of each term a step.

    Raises:
        ConfigurationError: for a decay outside [0, 1).

    Source: Wang, Sankaran, Wang and Perdikaris, "An expert's guide to training physics-informed
    neural networks" (2023), arXiv:2308.08468.

    >>> import physml as pm
    >>> rule = pm.train.gradient_norms(decay=0.9)
    """

    def length(term: Jacobian, block: Block) -> Array:
        values = jax.vmap(lambda sample: block.row(term.params, sample))(block.batch)
        leaves = jax.tree.leaves(term.vm(block.project(values).ravel()))
        return jnp.sqrt(jnp.sum(jnp.stack([jnp.sum(jnp.abs(leaf) ** 2) for leaf in leaves])))

    return _inverse(length, decay, "gradient_norms")


def ntk_traces(*, decay: float = 0.9) -> Balance:
    """Give every term the same rate of decay under gradient flow: ``w_k ∝ Σ_j tr K_j / tr K_k``.

    ``K_k = J_k J_kᵀ / n_k`` is the neural tangent kernel of a term.

    Args:
        decay: of the moving average ``w ← decay w + (1 − decay) w_new``.

    Returns:
        A rule that keeps the mean weight; it costs the rows of the Jacobian, ``8 n p`` bytes in
        float64.

    Raises:
        ConfigurationError: for a decay outside [0, 1).

    Source: Wang, Yu and Perdikaris, "When and why PINNs fail to train: a neural tangent kernel
    perspective" (2022), arXiv:2007.14527.

    >>> import physml as pm
    >>> rule = pm.train.ntk_traces(decay=0.9)
    """
    return _inverse(lambda term, block: jnp.sum(term.dense() ** 2), decay, "ntk_traces")


def _inverse(size: Callable[[Jacobian, Block], Array], decay: float, name: str) -> Balance:
    """Weights inverse to a size of each term, of which the present weight is divided out."""
    if not 0 <= decay < 1:
        raise ConfigurationError(f"{name}: decay: expected a number in [0, 1), got {decay}")

    def rule(
        weights: dict[str, Array], losses: dict[str, Array], jacobian: Jacobian
    ) -> dict[str, Array]:
        names = list(losses)
        w = jnp.stack([weights[term] for term in names])
        sizes = jnp.stack([size(Jacobian(jacobian.params, (b,)), b) for b in jacobian.blocks])
        # Rows carry the root of the weight, so both sizes are proportional to it.
        # A term that pulls at nothing, such as one that is met, keeps its weight.
        pulls = sizes > 0
        wanted = jnp.where(pulls, w / jnp.where(pulls, sizes, 1.0), 0.0)
        wanted = wanted * jnp.sum(w, where=pulls) / jnp.sum(wanted)
        wanted = jnp.where(pulls, wanted, w)
        new = decay * w + (1 - decay) * wanted
        return {term: new[i] for i, term in enumerate(names)}

    return rule


class BalanceSettings(Choice, kind="balance", usual="none"):
    """Which rule for the weights of the terms, and its options.

    >>> BalanceSettings(name="power", exponent=0.1).largest
    10000.0
    """

    def build(self) -> Balance | None:
        """The rule; None keeps the weights as they are.

        Raises:
            ConfigurationError: for a number outside its range.
        """
        built: Balance | None = self.construct()
        return built


def balance_of(chosen: Balance | BalanceSettings | str | None) -> Balance | None:
    """The rule of a name with its usual options, that of settings, or the one that is given.

    Raises:
        UnknownNameError: for a name that is not offered.
        ConfigurationError: for what is no function.
    """
    found = BalanceSettings.chosen(chosen)
    if isinstance(found, BalanceSettings):
        return found.build()
    if found is not None and not callable(found):
        raise ConfigurationError(
            "balance: expected a function (weights, losses, jacobian) -> weights, such as "
            f"power_rule(), or one of {', '.join(BalanceSettings.names())}, got {found!r}"
        )
    rule: Balance | None = found
    return rule


@BalanceSettings.offer("none")
def _none() -> None:
    """The weights stay as they are."""


@BalanceSettings.offer("power")
def _power(*, exponent: float = 0.05, largest: float = 1e4) -> Balance:
    """A small power of each term's part of the loss, step by step.

    Args:
        exponent: how much of the imbalance a step removes, in (0, 1].
        largest: cap on the ratio of weights.
    """
    return power_rule(exponent=exponent, largest=largest)


@BalanceSettings.offer("gradient")
def _gradient(*, decay: float = 0.9) -> Balance:
    """Gradients of all terms of one length.

    Args:
        decay: of the moving average of weights, in [0, 1).
    """
    return gradient_norms(decay=decay)


@BalanceSettings.offer("ntk")
def _ntk(*, decay: float = 0.9) -> Balance:
    """One rate of decay of all terms, by traces of the neural tangent kernel.

    Args:
        decay: of the moving average of weights, in [0, 1).
    """
    return ntk_traces(decay=decay)
