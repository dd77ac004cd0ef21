"""Every function takes a whole float where it takes an int, and refuses a fraction by name."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.errors import ConfigurationError

KEY = jax.random.key(0)
POINT = jnp.ones(2)
BOX = pm.Box(t=(0, 1), x=(0, 1))
SQUARE = pm.pinn.Disk()
CELL = pm.vmc.Cell((2.0, 2.0))
WALKERS = np.random.default_rng(0).uniform(0.0, 2.0, (2, 8, 3, 2))
CHAIN = pm.vmc.IsingChain(sites=4)
LABELS = np.array([0, 1, 2, 1])


def problem(components):
    return pm.Problem(domain=BOX, equation=lambda u, z: u(z), components=components).components


def shape(module, at=POINT):
    return jax.tree.map(jnp.shape, jax.eval_shape(module.init, KEY, at))


def system(kind, **numbers):
    made = getattr(pm.vmc, kind)(**numbers)
    assert all(type(n) is int for n in made.shape)
    return made


# By what is counted: a function of it, and a number that will do.
COUNTED = {
    "n": (lambda n: pm.sampling.uniform(KEY, n, 2).shape, 3),
    "n of a grid": (lambda n: pm.sampling.grid_points(KEY, n, 2).shape, 3),
    "d": (lambda d: pm.sampling.sobol(KEY, 4, d).shape, 2),
    "d of layers": (lambda d: pm.sampling.latin_hypercube(KEY, 4, d).shape, 2),
    "devices": (lambda n: pm.train.over_devices(pm.fixed(POINT), n) and 0, 1),
    "precision": (lambda n: pm.pinn.Phase("adam", 1, n).dtype(np.float32), 64),
    "components": (problem, 2),
    "components: v": (lambda n: problem({"v": n}), 2),
    "waves": (lambda n: pm.pinn.harmonics(BOX, "x", n)(POINT).shape, 2),
    "nodes": (lambda n: pm.pinn.integral(0.0, "x", nodes=n).evaluations, 4),
    "derivatives": (lambda n: pm.pinn.periodic("x", derivatives=n).name, 2),
    "frequencies": (lambda n: pm.networks.FourierFeatures(n), 4),
    "seed": (lambda n: pm.networks.FourierFeatures(4, seed=n), 0),
    "classes": (lambda n: pm.learn.confusion_matrix(LABELS, LABELS, classes=n).tolist(), 4),
    "half_waves": (lambda n: pm.pinn.catalogue.ENTRIES["poisson-multiscale"].subject.__class__(
        half_waves=(n,)), 2),
    "RBM: density": (lambda n: pm.vmc.RBM(n), 4),
    "RBM: lattice": (lambda n: pm.vmc.RBM(2, translations=True, lattice=(n, n)), 2),
    "GaussianRBM: hidden": (lambda n: pm.vmc.GaussianRBM(pm.QuantumDot(), hidden=n), 2),
    "SlaterRBM: hidden": (lambda n: pm.vmc.SlaterRBM(pm.QuantumDot(), hidden=n), 2),
    "n_up": (lambda n: pm.vmc.pair_correlation(WALKERS, CELL, n_up=n)["like"].values.tolist(), 2),
    "bins": (lambda n: pm.vmc.radial_density(WALKERS[0], bins=n)[0].shape, 4),
    "shells": (lambda n: pm.vmc.structure_factor(WALKERS, CELL, shells=n).values.shape, 3),
    "levels": (lambda n: pm.vmc.exact_diagonalisation(CHAIN, n).energies.shape, 2),
    **{
        f"{name}: {number}": (lambda n, kind=kind, number=number: system(kind, **{number: n}), few)
        for name, kind, number, few in (
            ("calogero", "Calogero", "particles", 3),
            ("electron-gas", "ElectronGas", "n_up", 7),
            ("harmonic-oscillator", "HarmonicOscillator", "dimension", 2),
            ("heisenberg-chain", "HeisenbergChain", "sites", 6),
            ("heisenberg-square", "HeisenbergSquare", "side", 4),
            ("ising-chain", "IsingChain", "sites", 5),
            ("quantum-dot", "QuantumDot", "n_down", 3),
            ("spinless-fermions", "SpinlessFermions", "particles", 3),
            ("trapped-bosons", "TrappedBosons", "particles", 4),
        )
    },
}  # fmt: skip


@pytest.mark.parametrize("what", COUNTED)
def test_a_whole_float_is_the_int_and_a_fraction_none(what):
    made, few = COUNTED[what]
    expected = made(few)
    for alike in (float(few), np.int64(few), np.float32(few)):
        assert made(alike) == expected
    for wrong in (few + 0.5, str(few), True):
        with pytest.raises(ConfigurationError, match=what.partition(" of ")[0]):
            made(wrong)


def test_sizes_below_one_are_refused_and_no_grid_is_looked_for_without_end():
    with pytest.raises(ConfigurationError, match="points: d: expected at least 1, got -1"):
        pm.sampling.grid_points(KEY, 4, -1)
    with pytest.raises(ConfigurationError, match="n_up: expected at most 3, got 4"):
        pm.vmc.pair_correlation(WALKERS, CELL, n_up=4)
