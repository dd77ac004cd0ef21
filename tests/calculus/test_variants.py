"""Every operator at a point: compiled, operation by operation and on a device, the same number."""

import chex
import jax.numpy as jnp
import numpy as np
from absl.testing import parameterized

from physml import calculus

POINT = np.array([0.3, -0.7])


def wave(x):
    """A wave sin x₀ cosh x₁, harmonic, so that its Laplacian is 0."""
    return jnp.sin(x[0]) * jnp.cosh(x[1])


def swirl(x):
    """(x₀² , x₀ x₁): divergence 3 x₀."""
    return jnp.stack([x[0] ** 2, x[0] * x[1]])


SIN, COS = np.sin(POINT[0]), np.cos(POINT[0])
COSH, SINH = np.cosh(POINT[1]), np.sinh(POINT[1])
KNOWN = {
    "gradient": (calculus.gradient(wave), [COS * COSH, SIN * SINH]),
    "hessian": (calculus.hessian(wave), [[-SIN * COSH, COS * SINH], [COS * SINH, SIN * COSH]]),
    "laplacian": (calculus.laplacian(wave), 0.0),
    "divergence": (calculus.divergence(swirl), 3 * POINT[0]),
    "eigenvalues": (
        lambda x: calculus.eigenvalues(jnp.array([[x[0], x[1]], [x[1], -x[0]]])),
        [-np.hypot(*POINT), np.hypot(*POINT)],
    ),
}


class EveryVariant(chex.TestCase, parameterized.TestCase):
    """Each operator in each way that jax runs it."""

    @chex.variants(with_jit=True, without_jit=True, with_device=True)
    @parameterized.named_parameters(*((name, *case) for name, case in KNOWN.items()))
    def test_known(self, operator, known):
        found = self.variant(operator)(jnp.asarray(POINT))
        chex.assert_trees_all_close(found, jnp.asarray(known), rtol=1e-6, atol=1e-6)
