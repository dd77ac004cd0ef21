"""Message passing and its like: exchange, cusps, translations and the period of a cell, exactly."""

from __future__ import annotations

from functools import cache, partial
from itertools import pairwise
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.errors import ConfigurationError, ShapeError
from physml.vmc.systems.electrons import Electrons


class Cell(NamedTuple):
    """What the wave function reads of a cell."""

    lengths: tuple[float, ...]


class Gas(NamedTuple):
    """Electrons in a cell, in the lowest plane waves: what a wave function must know of them."""

    cell: Cell
    n_up: int = 3
    n_down: int = 1
    length: float = 1.3
    name: str = "gas"

    @property
    def shape(self):
        return self.n_up + self.n_down, 2

    @property
    def electrons(self):
        def orbitals(x, scale):
            del scale
            phase = 2 * jnp.pi * x / jnp.array(self.cell.lengths)
            waves = jnp.stack([jnp.cos(phase), jnp.sin(phase)], axis=-1).reshape(-1)
            return jnp.zeros(()), jnp.concatenate([jnp.ones(1), waves])

        return Electrons(self.n_up, self.n_down, orbitals, (0, 1, 1, 2, 2))


DOT = pm.QuantumDot(n_up=3, n_down=1, omega=0.5)
GAS = Gas(Cell((3.0, 4.0)))
SYSTEMS = {"dot": DOT, "gas": GAS}


ARCHITECTURES = [pm.vmc.MessagePassing, pm.vmc.FermiNet, pm.vmc.PsiFormer]


@cache
def random_state(system, determinants=2, architecture=pm.vmc.MessagePassing):
    """``walker -> SignedLog``, compiled, with random numbers for every parameter."""
    psi = architecture(system, width=8, determinants=determinants)
    shapes = jax.eval_shape(psi.init, jax.random.key(0), jnp.ones(system.shape))
    draw = np.random.default_rng(2).normal
    params = jax.tree.map(lambda leaf: draw(scale=0.4, size=leaf.shape), shapes)
    return jax.jit(partial(psi.apply, params))


def walker(system, seed=1):
    return system.length * np.random.default_rng(seed).normal(size=system.shape)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("system", SYSTEMS.values(), ids=SYSTEMS)
def test_exchange_of_like_spins_flips_the_sign_alone(system, architecture):
    psi, x = random_state(system, architecture=architecture), walker(system)
    value = psi(x)
    for i, j in ((0, 1), (0, 2), (1, 2)):
        swapped = x.copy()
        swapped[[i, j]] = x[[j, i]]
        other = psi(swapped)
        np.testing.assert_allclose(other.log, value.log, rtol=1e-11)
        assert float(other.sign) == -float(value.sign)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_state_in_a_cell_has_its_period_and_knows_no_place(architecture):
    """Attention enters with places, so that it has the period alone."""
    psi, x = random_state(GAS, architecture=architecture), walker(GAS)
    value = psi(x)
    moved = x.copy()
    moved[1] += np.array([3.0, 0.0])
    moved[3] += np.array([-6.0, 4.0])
    places = (moved, x + np.array([0.37, -1.2]))
    for y in places[:1] if architecture is pm.vmc.PsiFormer else places:
        np.testing.assert_allclose(psi(y).log, value.log, rtol=1e-11)
        assert float(psi(y).sign) == float(value.sign)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("system", SYSTEMS.values(), ids=SYSTEMS)
def test_the_cusp_of_unlike_spins_is_exact(system, architecture):
    """∂log ψ/∂r at contact: the odd part in r, from differences extrapolated twice."""
    psi = random_state(system, architecture=architecture)
    x = walker(system, seed=3)
    direction = np.array([0.6, 0.8])

    def log(r):
        y = x.copy()
        y[0], y[3] = x[0] + 0.5 * r * direction, x[0] - 0.5 * r * direction
        return float(psi(y).log)

    # The mean of both directions cancels the part that is odd in the displacement.
    even = lambda r: 0.5 * (log(r) + log(-r)) - log(0.0)
    slopes = [even(h) / h for h in (0.02, 0.01, 0.005, 0.0025)]
    once = [2 * b - a for a, b in pairwise(slopes)]
    twice = [(4 * b - a) / 3 for a, b in pairwise(once)]
    np.testing.assert_allclose(twice[-1], 1.0, atol=2e-5)  # 1/(d − 1), d = 2


@pytest.mark.slow
def test_the_p_wave_of_unlike_spins_has_its_own_cusp():
    """Where they meet, E_L jumps with the direction by what the determinants do not see alone.

    A factor of ψ whose gradient along the distance is ``b`` has the cusp of the s wave and leaves a
    jump of ``−2/(d − 1) b``: envelopes and Jastrow factors of other pairs here, but no determinant.
    """
    psi, x = pm.vmc.MessagePassing(DOT, width=6), walker(DOT, seed=4)
    x[[1, 2]] += [[7.0, 0.0], [0.0, 7.0]]  # beyond the reach of their own backflow
    x[3] = x[0]
    params = jax.jit(psi.init)(jax.random.key(0), x + 0.1 * walker(DOT))
    local_energy = jax.jit(partial(DOT.local_energy, lambda y: psi.apply(params, y).log))

    def others(y):
        """Envelopes, and cusps of the pairs but for 0 and 3: rates are 1/length at the start."""
        envelopes = jax.vmap(DOT.electrons.orbitals, in_axes=(0, None))(y, 1.0)[0]
        first, second = np.array([(0, 1), (0, 2), (1, 2), (1, 3), (2, 3)]).T
        r = jnp.linalg.norm(y[first] - y[second], axis=-1)
        cusp = np.where(second < 3, 1 / 3, 1.0)
        return jnp.sum(envelopes) + jnp.sum(cusp * r / (1 + r / DOT.length))

    def relative(function, y):
        slope = jax.grad(function)(jnp.asarray(y))
        return (slope[0] - slope[3]) / 2

    for direction in np.eye(2):
        ends = [x.copy(), x.copy()]
        for y, side in zip(ends, (1, -1), strict=True):
            y[0] += side * 1e-6 * direction
        jump = float(local_energy(ends[0]) - local_energy(ends[1])) / 2
        expected = -2 * jax.jit(partial(relative, others))(x) @ direction
        np.testing.assert_allclose(jump, expected, atol=2e-3)


@pytest.mark.slow
def test_the_local_energy_agrees_with_the_linearised_gradient():
    """The sparse forward Laplacian against a method that knows nothing of sparsity."""
    psi, x = random_state(GAS), walker(GAS)
    log = lambda y: psi(y).log
    sparse = partial(pm.calculus.forward_laplacian, sparsity_threshold=6)
    methods = sparse, pm.calculus.linearised
    quick = {"xla_backend_optimization_level": 0}  # compiling is nearly all of its time
    energies = [
        jax.jit(pm.kinetic_energy(log, method=m), compiler_options=quick)(x) for m in methods
    ]
    np.testing.assert_allclose(*energies, rtol=1e-9)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_it_starts_as_a_slater_determinant_with_cusps(architecture):
    psi = architecture(DOT, width=8)
    x = walker(DOT)
    start = jax.jit(psi.apply)(jax.jit(psi.init)(jax.random.key(0), x), x)
    orbitals = jax.vmap(DOT.electrons.orbitals, in_axes=(0, None))
    apart = x[:3] - x[3]
    squares = np.sum(apart**2, axis=-1, keepdims=True)
    shift = -np.sqrt(squares) * apart * np.exp(-squares / (DOT.length / 2) ** 2) / 3
    moved = x + np.concatenate([shift, -shift.sum(axis=0, keepdims=True)])
    envelope, values = orbitals(x, 1.0)[0], orbitals(moved, 1.0)[1]
    sign, log = np.linalg.slogdet(values[:3, :3])
    first, second = np.triu_indices(4, k=1)
    r = np.linalg.norm(x[first] - x[second], axis=-1)
    cusp = np.where((first < 3) & (second < 3), 1 / 3, 1.0)
    jastrow = np.sum(cusp * r / (1 + r / DOT.length))
    expected = log + np.log(abs(values[3, 0])) + envelope.sum() + jastrow
    np.testing.assert_allclose(start.log, expected, rtol=1e-12)
    assert float(start.sign) == sign * np.sign(values[3, 0])


@pytest.mark.slow
def test_the_cusp_at_a_nucleus_stays_in_its_place():
    """The local energy of helium as one electron comes near: no part grows like 1/r."""
    helium = pm.vmc.Atom()
    psi, x = random_state(helium, determinants=1), walker(helium)
    local_energy = jax.jit(partial(helium.local_energy, lambda y: psi(y).log))
    local = []
    for r in (1e-2, 1e-4, 1e-6):
        x[0] = r * np.array([0.6, 0.0, 0.8])
        local.append(float(local_energy(jnp.array(x))))
    assert abs(local[2] - local[1]) < 1e-2 * abs(local[1] - local[0]) + 1e-3


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_one_electron_is_enough(architecture):
    atom = pm.vmc.Hydrogen()
    psi = architecture(atom, width=8)
    x = jnp.array([[0.3, -0.2, 0.9]])
    log = lambda y: psi.apply(params, y).log
    params = jax.jit(psi.init)(jax.random.key(0), x)
    local_energy = jax.jit(partial(atom.local_energy, log))
    np.testing.assert_allclose(local_energy(x), -0.5, rtol=1e-9)


def test_a_base_without_nodes_says_what_to_use():
    with pytest.raises(ConfigurationError, match="use MessagePassing, FermiNet or PsiFormer"):
        pm.vmc.NeuralSlater(DOT).init(jax.random.key(0), walker(DOT))


def test_heads_divide_the_width():
    with pytest.raises(ConfigurationError, match="multiple of heads = 4, got 6"):
        pm.vmc.PsiFormer(DOT, width=6).init(jax.random.key(0), walker(DOT))


def test_what_does_not_fit_is_named():
    with pytest.raises(ConfigurationError, match="tells no electrons"):
        pm.vmc.MessagePassing(pm.vmc.HarmonicOscillator()).init(jax.random.key(0), jnp.ones((1, 1)))
    with pytest.raises(ShapeError, match=r"expected a walker \(4, 2\)"):
        pm.vmc.MessagePassing(DOT).init(jax.random.key(0), jnp.ones((3, 2)))
