"""Forces on nuclei: against quadrature, of one and two electrons, and what is refused."""

from __future__ import annotations

from functools import partial

import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm

APART = 2.0
PLACES = ((0.0, 0.0, 0.0), (0.0, 0.0, APART))
SYSTEMS = {
    "H2+": (pm.vmc.Molecule(name="H2+", charge=1, nuclei=("H", "H"), positions=PLACES), (1.2, 1.2)),
    "HeH2+": (
        pm.vmc.Molecule(name="HeH2+", charge=2, nuclei=("He", "H"), positions=PLACES),
        (1.8, 1.3),
    ),
}


def bonding(rates, x):
    """``log(e^{−ζ₁r₁} + e^{−ζ₂r₂})``, without the exact cusps or tail."""
    r = jnp.linalg.norm(x[None] - jnp.asarray(PLACES), axis=-1)
    return jnp.logaddexp(-rates[0] * r[0], -rates[1] * r[1])


def drawn(rates, count, seed):
    """Electrons from ψ², by rejection from the sum of two atoms' normalised densities."""
    rng = np.random.default_rng(seed)
    tries = 8 * count
    direction = rng.normal(size=(tries, 3))
    direction /= np.linalg.norm(direction, axis=-1, keepdims=True)
    near = rng.integers(2, size=tries)
    x = direction * (rng.gamma(3.0, 0.5, size=tries) / np.array(rates)[near])[:, None]
    x += np.array(PLACES)[near]
    first, second = (
        np.exp(-rate * np.linalg.norm(x - place, axis=-1))
        for rate, place in zip(rates, np.array(PLACES), strict=True)
    )
    bound = 2 * (rates[0] ** 3 * first**2 + rates[1] ** 3 * second**2) / min(rates) ** 3
    x = x[rng.random(tries) < (first + second) ** 2 / bound]
    assert len(x) >= count
    return x[:count]


def quadrature(charges, rates):
    """Of the first nucleus: the electron's pull by Hellmann and Feynman, and ``2 cov(E_L, Q)``."""
    t, w = np.polynomial.legendre.leggauss(400)
    r, wr = 15 * (1 + t[:, None]), 15 * w[:, None]
    # The second nucleus lies on the axis: nodes crowd there.
    c, wc = 1 - (1 + t[None]) ** 2 / 2, w[None] * (1 + t[None])
    far = np.sqrt(r**2 + APART**2 - 2 * r * APART * c)
    first, second = np.exp(-rates[0] * r), np.exp(-rates[1] * far)
    psi2 = (first + second) ** 2
    mean = lambda f: np.sum(f * psi2 * r**2 * wr * wc) / np.sum(psi2 * r**2 * wr * wc)
    curved = first * (rates[0] ** 2 - 2 * rates[0] / r)
    curved = curved + second * (rates[1] ** 2 - 2 * rates[1] / far)
    energy = -curved / 2 / (first + second) - charges[0] / r - charges[1] / far
    q = -charges[0] * c
    return charges[0] * mean(c / r**2), 2 * (mean(energy * q) - mean(energy) * mean(q))


def towards_the_other(system, rates):
    """Of both nuclei, by quadrature: the electron's part of the force along the bond."""
    z = tuple(map(float, system.charges))
    return [sum(quadrature(z, rates)), -sum(quadrature(z[::-1], rates[::-1]))]


@pytest.mark.slow
@pytest.mark.parametrize("name", SYSTEMS)
def test_the_estimator_has_the_mean_of_hellmann_and_feynman(name):
    system, rates = SYSTEMS[name]
    x = drawn(rates, 200_000, seed=0).reshape(100, 2000, 1, 3)
    found = pm.vmc.nuclear_forces(system, lambda x: bonding(rates, x[0]), x)
    repulsion = float(np.prod(system.charges)) / APART**2
    expected = np.array(towards_the_other(system, rates)) + np.array([-repulsion, repulsion])
    assert np.all(np.abs(found.values[:, 2] - expected) < 4 * found.errors[:, 2])
    assert np.all(np.abs(found.values[:, :2]) < 4 * found.errors[:, :2])
    assert np.all(found.errors < 1e-2)
    assert np.all(found.rhat < 1.01)


@pytest.mark.slow
def test_two_electrons():
    """Each in the bonding state: twice its force, and what repulsion adds to ``cov(E_L, Q)``."""
    rates, molecule = (1.2, 1.2), pm.vmc.Molecule(name="H2", positions=PLACES)
    x = drawn(rates, 200_000, seed=1).reshape(50, 2000, 2, 3)
    psi = partial(bonding, rates)
    found = pm.vmc.nuclear_forces(molecule, lambda x: psi(x[0]) + psi(x[1]), x)
    repelled = 1 / np.linalg.norm(x[:, :, 0] - x[:, :, 1], axis=-1)
    electrons = towards_the_other(molecule, rates)
    for nucleus, sign in ((0, -1), (1, 1)):
        apart = x - np.array(PLACES[nucleus])
        q = -np.sum(apart[..., 2] / np.linalg.norm(apart, axis=-1), axis=-1)
        expected = 2 * electrons[nucleus] + 2 * np.cov(repelled.ravel(), q.ravel())[0, 1]
        expected += sign / APART**2
        assert abs(found.values[nucleus, 2] - expected) < 4 * found.errors[nucleus, 2]
    assert np.all(found.errors < 1e-2)


@pytest.mark.parametrize("symbol", ["H", "He"])
def test_one_electron_about_one_nucleus_has_no_variance(symbol):
    system = pm.vmc.Atom(symbol=symbol, charge=int(symbol == "He"))
    z = system.nuclear_charge
    x = np.random.default_rng(1).normal(size=(10, 40, 1, 3))
    found = pm.vmc.nuclear_forces(system, lambda x: -z * jnp.linalg.norm(x), x)
    np.testing.assert_allclose(found.values, 0, atol=1e-12)
    np.testing.assert_allclose(found.errors, 0, atol=1e-12)


def test_one_electron_on_a_nucleus_does_not_spoil_the_forces_of_all():
    """Left out and counted; the forces of an exact state are those without it, zero."""
    x = np.random.default_rng(1).normal(size=(10, 40, 1, 3))
    x[3, 7] = 0.0
    found = pm.vmc.nuclear_forces(pm.vmc.Atom(symbol="H"), lambda x: -jnp.linalg.norm(x), x)
    assert found.not_finite == 1
    np.testing.assert_allclose(found.values, 0, atol=1e-12)
    x[4, 8] = 0.0
    with pytest.raises(pm.errors.NonFiniteError, match="2 of 400 walkers"):
        pm.vmc.nuclear_forces(pm.vmc.Atom(symbol="H"), lambda x: -jnp.linalg.norm(x), x)


def test_what_does_not_fit_is_refused():
    ion, _ = SYSTEMS["H2+"]
    flat = lambda x: jnp.sum(x)
    with pytest.raises(pm.errors.ConfigurationError, match="an Atom or a Molecule, got quantum"):
        pm.vmc.nuclear_forces(pm.QuantumDot(), flat, np.ones((5, 5, 2, 2)))
    solid = pm.System(
        ion.local_energy,
        (1, 3),
        cell=pm.vmc.Cell((4.0, 4.0, 4.0)),
        places=ion.places,
        charges=ion.charges,
    )
    with pytest.raises(pm.errors.ConfigurationError, match=r"open space, an Atom .*, got system"):
        pm.vmc.nuclear_forces(solid, flat, np.ones((5, 5, 1, 3)))
    with pytest.raises(pm.errors.ShapeError, match=r"\(snapshots, walkers, 1, 3\) of H2\+"):
        pm.vmc.nuclear_forces(ion, flat, np.ones((5, 1, 3)))
    with pytest.raises(pm.errors.ShapeError, match=r"SignedLog; .* as Psi\(function\)"):
        pm.vmc.nuclear_forces(
            ion, lambda x: pm.vmc.SignedLog(jnp.sum(x), jnp.ones(())), np.ones((5, 5, 1, 3))
        )
    with pytest.raises(pm.errors.ShapeError, match="4"):
        pm.vmc.nuclear_forces(ion, flat, np.ones((3, 5, 1, 3)))
    with pytest.raises(pm.errors.NonFiniteError, match="25 of 25 walkers"):
        pm.vmc.nuclear_forces(ion, flat, np.zeros((5, 5, 1, 3)))
