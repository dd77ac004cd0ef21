"""Autoencoders: two halves that are the whole, and shapes that come back."""

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose

from physml.errors import ConfigurationError, ShapeError
from physml.networks import MLP, Autoencoder, Deconvolution, convolutional_autoencoder


@pytest.mark.parametrize(
    ("network", "shape"),
    [
        (Autoencoder(MLP((4,), 2), MLP((4,), 5)), (5,)),
        (convolutional_autoencoder((4, 6), 2, channels=(3,)), (4, 6)),
        (convolutional_autoencoder((8, 1), 2, channels=(3, 2), axes=1, periodic=True), (8, 1)),
    ],
    ids=["dense", "images", "series"],
)
def test_a_sample_comes_back_through_its_latent_numbers(network, shape, arbitrary):
    x = np.random.default_rng(0).normal(size=shape)
    params = arbitrary(network, x)

    @jax.jit
    def both(params, x):
        latent = network.apply(params, x, method="encode")
        return latent, network.apply(params, latent, method="decode"), network.apply(params, x)

    latent, decoded, told = both(params, x)
    assert latent.shape == (2,) and told.shape == shape
    assert_allclose(told, decoded, rtol=1e-13)


def test_the_smallest_image_is_doubled_block_by_block():
    """Windows of one place and weights of one: each latent number is spread over its quarter."""
    network = Deconvolution((4, 4), (1,), window=1, activation=lambda a: a)
    params = {
        "input": {"kernel": np.eye(4), "bias": np.zeros(4)},
        "block_0": {"kernel": np.ones((1, 1, 1, 1)), "bias": np.zeros(1)},
    }
    told = jax.jit(network.apply)({"params": params}, np.array([1.0, 2.0, 3.0, 4.0]))
    assert_allclose(told, np.kron([[1, 2], [3, 4]], np.ones((2, 2))))


def test_what_cannot_be_is_refused():
    with pytest.raises(ConfigurationError, match=r"multiples of 4, .* got \(6, 8\)"):
        Deconvolution((6, 8), (4, 4))
    with pytest.raises(ConfigurationError, match="expected 1 axes of multiples of 2"):
        Deconvolution((8,), (4,), axes=1)
    with pytest.raises(ConfigurationError, match="channels: expected"):
        convolutional_autoencoder((8, 8), 2, channels=())
    with pytest.raises(ConfigurationError, match="latent: expected a positive integer"):
        convolutional_autoencoder((8, 8), 0)
    with pytest.raises(ShapeError, match=r"latent numbers \(m,\), got \(2, 2\)"):
        jax.eval_shape(Deconvolution((4, 4), (2,)).init, jax.random.key(0), np.ones((2, 2)))
