"""Allen–Cahn, Korteweg–de Vries, Kuramoto–Sivashinsky, Schrödinger: equations, laws, errors."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.pinn import references

# Time, lower and upper bound of each domain, and a resolution that takes a fraction of a second.
DOMAINS = {
    "allen_cahn": (1.0, -1.0, 1.0, {"modes": 1024, "steps": 1}),
    "kdv": (1.0, -1.0, 1.0, {"modes": 512, "steps": 8}),
    "kuramoto_sivashinsky": (1.0, 0.0, 2 * np.pi, {"modes": 256, "steps": 8}),
    "schrodinger": (np.pi / 2, -5.0, 5.0, {"modes": 256, "steps": 2}),
}
REFERENCES = pytest.mark.parametrize("name", DOMAINS)

FINER = {
    "allen_cahn": {"modes": 8192, "each": 16},
    "kdv": {"modes": 1024, "states": 513},
    "kuramoto_sivashinsky": {"modes": 512, "states": 1025},
    "schrodinger": {"modes": 8192, "states": 1537},
}


def coarse(name: str):
    return getattr(references, f"{name}_solution")(**DOMAINS[name][3])


def slope(u: np.ndarray, order: int, period: float) -> np.ndarray:
    """The derivative of values ``(n, ...)`` on a regular grid of one period."""
    k = 2j * np.pi * np.fft.fftfreq(len(u), period / len(u))
    k = k.reshape(-1, *[1] * (u.ndim - 1))
    return np.fft.ifft(k**order * np.fft.fft(u, axis=0), axis=0).real


def right_hand_side(name: str, u: np.ndarray) -> np.ndarray:
    """``u_t`` by the equation."""
    _, lower, upper, _ = DOMAINS[name]
    d = lambda order: slope(u, order, upper - lower)
    match name:
        case "allen_cahn":
            return 1e-4 * d(2) + 5 * u - 5 * u**3
        case "kdv":
            return -u * d(1) - 0.022**2 * d(3)
        case "kuramoto_sivashinsky":
            return -100 / 16 * u * d(1) - 100 / 16**2 * d(2) - 100 / 16**4 * d(4)
        case "schrodinger":
            # h_t = i (½ h_xx + |h|² h)
            turned = d(2) / 2 + np.sum(u**2, axis=1, keepdims=True) * u
            return np.stack([-turned[:, 1], turned[:, 0]], axis=1)
    raise AssertionError(name)


@REFERENCES
def test_it_solves_its_equation(name):
    """Derivatives in x by Fourier's series, in t by central differences of sixth order."""
    end, lower, upper, _ = DOMAINS[name]
    solution = coarse(name)
    n, h = 512, 1e-4 * end
    x = lower + (upper - lower) * np.arange(n) / n
    at = lambda t: solution(np.stack([np.full(n, t), x], axis=1))
    for t in (0.21 * end, 0.77 * end):
        weights = {1: 3 / 4, 2: -3 / 20, 3: 1 / 60}
        rate = sum(w * (at(t + j * h) - at(t - j * h)) for j, w in weights.items()) / h
        expected = right_hand_side(name, at(t))
        # A kink's waves remain in Schrödinger's equation: the grid folds them.
        bound = 0.05 if name == "schrodinger" else 1e-4
        assert np.abs(rate - expected).max() < bound * np.abs(expected).max()


@REFERENCES
def test_it_has_its_period_and_its_initial_values(name):
    _, lower, upper, _ = DOMAINS[name]
    x = np.linspace(lower, upper, 50)
    initial = {
        "allen_cahn": lambda x: x**2 * np.cos(np.pi * x),
        "kdv": lambda x: np.cos(np.pi * x),
        "kuramoto_sivashinsky": lambda x: np.cos(x) * (1 + np.sin(x)),
        "schrodinger": lambda x: np.stack([2 / np.cosh(x), 0 * x], axis=1),
    }[name]
    solution = coarse(name)
    at = lambda t, x: solution(np.stack([np.full(50, t), x], axis=1))
    np.testing.assert_allclose(at(0.0, x), initial(x), atol=1e-14)
    np.testing.assert_allclose(at(0.6, x), at(0.6, x + upper - lower), atol=1e-9)


@pytest.mark.parametrize("name", ["allen_cahn", "schrodinger"])
def test_even_data_stay_even(name):
    z = pm.Box(t=(0, 1), x=(0, 1)).grid(21)
    solution = coarse(name)
    np.testing.assert_allclose(solution(z), solution(z * [1, -1]), atol=1e-6)


def test_kdv_keeps_mass_momentum_and_energy():
    """``∫u``, ``∫u²`` and ``∫(u³/3 − δ² u_x²)``."""
    x = -1 + 2 * np.arange(256) / 256
    laws = []
    for t in (0.0, 0.4, 1.0):
        u = coarse("kdv")(np.stack([np.full(256, t), x], axis=1))
        energy = u**3 / 3 - 0.022**2 * slope(u, 1, 2.0) ** 2
        laws.append([np.mean(u), np.mean(u**2), np.mean(energy)])
    np.testing.assert_allclose(laws[1:], [laws[0]] * 2, atol=2e-7)


def test_schrodinger_keeps_its_norm():
    x = -5 + 10 * np.arange(256) / 256
    norms = [
        np.mean(coarse("schrodinger")(np.stack([np.full(256, t), x], axis=1)) ** 2)
        for t in (0.0, 0.8, np.pi / 2)
    ]
    np.testing.assert_allclose(norms, norms[0], rtol=1e-5)


def test_schrodinger_on_a_long_period_is_the_breather():
    """Two bound solitons, in closed form on the line: Satsuma and Yajima (1974)."""
    solution = references.schrodinger_solution(modes=1024, half_period=20.0)
    z = pm.Box(t=(0, np.pi / 2), x=(-6, 6)).grid(41)
    t, x = z.T
    above = np.cosh(3 * x) + 3 * np.exp(4j * t) * np.cosh(x)
    below = np.cosh(4 * x) + 4 * np.cosh(2 * x) + 3 * np.cos(4 * t)
    h = 4 * np.exp(0.5j * t) * above / below
    np.testing.assert_allclose(solution(z), np.stack([h.real, h.imag], axis=1), atol=1e-6)


def test_kuramoto_sivashinsky_parts_from_its_neighbours():
    """A relative error that grows a thousandfold and more: why it is stated over all times."""
    finer = references.kuramoto_sivashinsky_solution(modes=256, steps=16)
    x = np.linspace(0, 2 * np.pi, 100)
    apart = [
        references.refinement_error(
            coarse("kuramoto_sivashinsky"), finer, np.stack([np.full(100, t), x], axis=1)
        )
        for t in (0.2, 1.0)
    ]
    assert apart[0] < 1e-6
    assert apart[1] > 100 * apart[0]


def test_points_may_be_jax_arrays():
    z = jnp.array([[0.5, 0.25]])
    np.testing.assert_array_equal(coarse("kdv")(z), coarse("kdv")(np.asarray(z)))


@REFERENCES
def test_solutions_are_kept(name):
    assert coarse(name) is coarse(name)


@pytest.mark.slow
@REFERENCES
def test_the_error_is_the_stated_one(name):
    end, lower, upper, _ = DOMAINS[name]
    solve = getattr(references, f"{name}_solution")
    stated = getattr(references, f"{name.upper()}_ERROR")
    z = pm.Box(t=(0, end), x=(lower, upper)).grid(201)
    found = references.refinement_error(getattr(references, name), solve(**FINER[name]), z)
    assert stated / 4 < found < stated
