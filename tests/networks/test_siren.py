import jax
import jax.numpy as jnp
import numpy as np
from numpy.testing import assert_allclose

from physml.networks import SIREN


def test_it_is_the_formula(arbitrary):
    z = jnp.array([0.3, -0.4])
    network = SIREN((5, 4), 2, frequency=3.0, first_frequency=7.0)
    params = arbitrary(network, z)["params"]
    h = z
    for name, frequency in (("Dense_0", 7.0), ("Dense_1", 3.0)):
        h = jnp.sin(frequency * (h @ params[name]["kernel"] + params[name]["bias"]))
    expected = h @ params["output"]["kernel"] + params["output"]["bias"]
    assert_allclose(network.apply({"params": params}, z), expected, rtol=1e-12)


def test_learnable_frequencies_are_those_of_the_formula(arbitrary):
    z = jnp.array([0.3, -0.4])
    learnable = SIREN((5, 4), learnable=True)
    params = arbitrary(learnable, z)["params"]
    layers = {name: leaf for name, leaf in params.items() if "frequency" not in name}
    layers["Dense_0"], layers["Dense_1"] = (
        jax.tree.map(
            lambda leaf, at=layer: np.exp(params[f"log_frequency_{at}"]) * leaf,
            params[f"Dense_{layer}"],
        )
        for layer in (0, 1)
    )
    fixed = SIREN((5, 4)).apply({"params": layers}, z)
    assert_allclose(learnable.apply({"params": params}, z), fixed, rtol=1e-12)


def test_it_starts_within_the_bounds_of_the_source(key):
    network = SIREN((300, 400), 1, frequency=3.0, first_frequency=7.0, learnable=True)
    params = network.init(key, jnp.ones(2))["params"]
    for name, bound in (
        ("Dense_0", 1 / 2),
        ("Dense_1", np.sqrt(6 / 300) / 3),
        ("output", np.sqrt(6 / 400) / 3),
    ):
        kernel = np.abs(params[name]["kernel"])
        assert bound * (1 - 20 / kernel.size) < kernel.max() <= bound
        # |w| is uniform: the mean of n values is known to bound / √(12 n); 5 sigma.
        assert_allclose(kernel.mean(), bound / 2, atol=5 * bound / np.sqrt(12 * kernel.size))
    phases = 7.0 * params["Dense_0"]["bias"]
    assert np.pi * 0.95 < np.abs(phases).max() <= np.pi
    assert not params["Dense_1"]["bias"].any()
    assert not params["output"]["bias"].any()
    logs = [params[f"log_frequency_{layer}"] for layer in (0, 1)]
    assert_allclose(logs, np.log([7.0, 3.0]), rtol=1e-12)


def test_the_variance_before_each_sine_is_preserved_through_depth(key):
    depth, width, frequency = 6, 300, 30.0
    network = SIREN((width,) * depth, frequency=frequency)

    def variances(key):
        params = network.init(key, jnp.zeros(2))["params"]
        h = np.random.default_rng(0).uniform(-1.0, 1.0, (64, 2))
        for layer in range(depth):
            dense = params[f"Dense_{layer}"]
            before = frequency * (h @ np.asarray(dense["kernel"]) + np.asarray(dense["bias"]))
            yield np.mean(before**2)
            h = np.sin(before)

    measured = np.array([[*variances(k)][1:] for k in jax.random.split(key, 8)])
    expected = [1.0]
    while len(expected) < depth - 1:
        expected.append(1 - np.exp(-2 * expected[-1]))
    error = measured.std(axis=0, ddof=1) / np.sqrt(len(measured))
    # The recursion is that of infinite width: corrections are of order 1/width.
    assert np.all(np.abs(measured.mean(axis=0) - expected) < 5 * error + 0.01), measured
    assert error.max() < 0.02
