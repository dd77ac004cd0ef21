"""Parameters without drawing them: compiling the generators would take most of the tests' time."""

import jax
import numpy as np
import pytest


@pytest.fixture
def arbitrary():
    """``(network, point) -> parameters`` with normal entries, biases and mixing weights too."""

    def parameters(network, point):
        generator = np.random.default_rng(0)
        shapes = jax.eval_shape(network.init, jax.random.key(0), point)
        return jax.tree.map(lambda leaf: 0.5 * generator.standard_normal(leaf.shape), shapes)

    return parameters
