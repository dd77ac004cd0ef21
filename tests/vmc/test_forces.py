"""Forces on nuclei: against quadrature, zero variance, and what is refused."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm

APART, RATE = 2.0, 1.2
ION = pm.Molecule(
    name="H2+",
    charge=1,
    nuclei=("H", "H"),
    positions=((0.0, 0.0, 0.0), (0.0, 0.0, APART)),
)


def bonding(x):
    """``log(e^{−ζr₁} + e^{−ζr₂})``, without the exact cusp or tail."""
    r = jnp.linalg.norm(x[None] - jnp.asarray(ION.places), axis=-1)
    return jnp.logaddexp(-RATE * r[0], -RATE * r[1])


def drawn(count, seed):
    """Electrons from ψ², which is at most twice the sum of two atoms' densities."""
    rng = np.random.default_rng(seed)
    direction = rng.normal(size=(4 * count, 3))
    direction /= np.linalg.norm(direction, axis=-1, keepdims=True)
    x = direction * rng.gamma(3.0, 0.5 / RATE, size=(4 * count, 1))
    x += ION.places[rng.integers(2, size=4 * count)]
    first, second = (np.exp(-RATE * np.linalg.norm(x - place, axis=-1)) for place in ION.places)
    chance = (first + second) ** 2 / (2 * (first**2 + second**2))
    return x[rng.random(4 * count) < chance][:count]


def quadrature():
    """``dE/dR`` by Hellmann and Feynman, and ``2 cov(E_L, Q)``, of the nucleus in the origin."""
    t, w = np.polynomial.legendre.leggauss(400)
    r, wr = 15 * (1 + t[:, None]), 15 * w[:, None]
    # The second nucleus lies on the axis: nodes crowd there.
    c, wc = 1 - (1 + t[None]) ** 2 / 2, w[None] * (1 + t[None])
    far = np.sqrt(r**2 + APART**2 - 2 * r * APART * c)
    psi2 = (np.exp(-RATE * r) + np.exp(-RATE * far)) ** 2
    mean = lambda f: np.sum(f * psi2 * r**2 * wr * wc) / np.sum(psi2 * r**2 * wr * wc)
    first, second = np.exp(-RATE * r), np.exp(-RATE * far)
    kinetic = -0.5 * RATE**2 + RATE * (first / r + second / far) / (first + second)
    energy = kinetic - 1 / r - 1 / far
    q = -c
    return mean(c / r**2) - 1 / APART**2, 2 * (mean(energy * q) - mean(energy) * mean(q))


def test_the_estimator_has_the_mean_of_hellmann_and_feynman():
    x = drawn(400_000, seed=0).reshape(100, 4000, 1, 3)
    found = pm.nuclear_forces(ION, lambda x: bonding(x[0]), x)
    force = sum(quadrature())
    for nucleus, sign in ((0, 1), (1, -1)):
        assert abs(found.values[nucleus, 2] - sign * force) < 4 * found.errors[nucleus, 2]
        assert np.all(np.abs(found.values[nucleus, :2]) < 4 * found.errors[nucleus, :2])
    assert np.all(found.errors < 2e-3)
    assert np.all(found.rhat < 1.01)


def test_an_exact_state_has_no_variance():
    x = np.random.default_rng(1).normal(size=(10, 40, 1, 3))
    found = pm.nuclear_forces(pm.Atom(symbol="H"), lambda x: -jnp.linalg.norm(x), x)
    np.testing.assert_allclose(found.values, 0, atol=1e-12)
    np.testing.assert_allclose(found.errors, 0, atol=1e-12)


def test_what_does_not_fit_is_refused():
    with pytest.raises(pm.errors.ConfigurationError, match="an Atom or a Molecule, got quantum"):
        pm.nuclear_forces(pm.QuantumDot(), lambda x: jnp.sum(x), np.ones((5, 5, 2, 2)))
    with pytest.raises(pm.errors.ShapeError, match=r"\(snapshots, walkers, 1, 3\) of H2\+"):
        pm.nuclear_forces(ION, lambda x: jnp.sum(x), np.ones((5, 1, 3)))
