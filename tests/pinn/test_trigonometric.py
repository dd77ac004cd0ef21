"""Waves of a periodic coordinate: features and interpolation."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm

BOX = pm.Box(t=(0.2, 1.0), x=(-1.0, 2.0))


def test_harmonics_have_the_domain_s_period():
    features = pm.pinn.harmonics(BOX, "x", 4)
    at = features(jnp.array([0.3, 0.7]))
    assert at.shape == (8,)
    np.testing.assert_allclose(at, features(jnp.array([0.9, 3.7])), atol=1e-12)
    angle = 2 * np.pi * 1.7 / 3 * np.arange(1, 5)
    np.testing.assert_allclose(at, [*np.cos(angle), *np.sin(angle)], atol=1e-12)


def test_the_interpolant_is_spectrally_accurate():
    """A smooth function and its third derivative, at the domain's first time wherever asked."""
    field = lambda z: z[0] * jnp.exp(jnp.sin(2 * jnp.pi * (z[1] + 1) / 3))
    interpolant = pm.pinn.trigonometric_interpolant(field, BOX, waves=24)
    for x in (-0.9, 0.13, 1.77):
        now, first = jnp.array([0.8, x]), jnp.array([0.2, x])
        np.testing.assert_allclose(interpolant(now), field(first), rtol=1e-12)
        third = [pm.partial(u, 1, 1, 1)(z) for u, z in ((interpolant, now), (field, first))]
        np.testing.assert_allclose(*third, rtol=1e-8, atol=1e-8)


def test_components_are_interpolated_each():
    angle = lambda z: 2 * jnp.pi * (z[1] + 1) / 3
    field = lambda z: jnp.stack([jnp.cos(angle(z)), 1 + jnp.sin(2 * angle(z))])
    interpolant = pm.pinn.trigonometric_interpolant(field, BOX, waves=2)
    z = jnp.array([0.9, 0.4])
    np.testing.assert_allclose(interpolant(z), field(z), atol=1e-12)


def test_what_does_not_fit_is_named():
    with pytest.raises(pm.errors.ConfigurationError, match="waves: expected at least 1"):
        pm.pinn.harmonics(BOX, "x", 0)
    with pytest.raises(pm.errors.ShapeError, match=r"two coordinates, time .*, got t, x, y"):
        pm.pinn.trigonometric_interpolant(
            lambda z: z[0], pm.Box(t=(0, 1), x=(0, 1), y=(0, 1)), waves=3
        )
    with pytest.raises(pm.errors.ShapeError, match=r"a value \(\) or \(m,\), got \(2, 2\)"):
        pm.pinn.trigonometric_interpolant(lambda z: jnp.outer(z, z), BOX, waves=3)


@pytest.mark.slow
def test_a_march_begins_each_slab_by_interpolation():
    """The heat equation in two slabs, the second from the waves of the first."""

    def slab(domain, start):
        begin = pm.pinn.trigonometric_interpolant(start, domain, waves=4)
        first = float(domain.lower[0])
        return pm.Problem(
            domain=domain,
            equation=lambda u, z: pm.partial(u, 0)(z) - pm.partial(u, 1, 1)(z),
            ansatz=lambda N, z: begin(z) + (z[0] - first) * N(z),
            periodic="x",
        )

    domain = pm.Box(t=(0, 0.5), x=(0, 2 * np.pi))
    start = lambda z: jnp.sin(z[1])
    network = pm.networks.FourierSeries(8, waves=2)
    solution = pm.pinn.march(
        slab, domain, start, network, slabs=2, overlap=0.2, points=128, steps=3
    )
    ends = [float(part.problem.domain.upper[0]) for part in solution.slabs]
    np.testing.assert_allclose(ends, [0.3, 0.5])
    x = np.stack([np.full(20, 0.5), np.linspace(0, 6, 20)], -1)
    np.testing.assert_allclose(solution(x), np.exp(-0.5) * np.sin(x[:, 1]), atol=1e-6)
