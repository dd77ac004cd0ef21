"""The convolutional network: sums over windows, shifts, and what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.signal import correlate, correlate2d

from physml.errors import ConfigurationError, ShapeError
from physml.networks import Convolution, WindowedDense

RANDOM = np.random.default_rng(0)
IMAGE = RANDOM.normal(size=(6, 5, 2))


def layer_of(a, **options):
    layer = WindowedDense(3, **options)
    kernel = RANDOM.normal(size=(layer.window,) * (a.ndim - 1) + (a.shape[-1], 3))
    bias = RANDOM.normal(size=3)
    params = {"params": {"kernel": kernel, "bias": bias}}
    return jax.jit(layer.apply)(params, a), kernel, bias


@pytest.mark.parametrize(("periodic", "boundary"), [(False, "fill"), (True, "wrap")])
def test_a_layer_is_scipy_s_correlation(periodic, boundary):
    told, kernel, bias = layer_of(IMAGE, periodic=periodic)
    for j in range(3):
        parts = [
            correlate2d(IMAGE[..., i], kernel[..., i, j], mode="same", boundary=boundary)
            for i in range(2)
        ]
        assert_allclose(told[..., j], sum(parts) + bias[j], rtol=1e-12, atol=1e-12)


def test_a_layer_of_a_series_is_scipy_s_correlation():
    series = RANDOM.normal(size=(9, 1))
    told, kernel, bias = layer_of(series, window=5)
    for j in range(3):
        exact = correlate(series[:, 0], kernel[:, 0, j], mode="same") + bias[j]
        assert_allclose(told[:, j], exact, rtol=1e-12, atol=1e-12)


def test_what_is_shifted_before_a_periodic_layer_is_shifted_after_it(arbitrary):
    layer = WindowedDense(3, periodic=True)
    params, apply = arbitrary(layer, IMAGE), jax.jit(layer.apply)
    shifted = apply(params, np.roll(IMAGE, (2, -1), axis=(0, 1)))
    exact = np.roll(apply(params, IMAGE), (2, -1), axis=(0, 1))
    assert_allclose(shifted, exact, rtol=1e-12, atol=1e-14)


def test_pooling_is_the_mean_of_windows_side_by_side():
    """One block that hands its image on, and a last layer that hands it on too."""
    image = RANDOM.normal(size=(5, 4))
    network = Convolution((1,), 4, window=1, activation=lambda a: a)
    params = {
        "block_0": {"kernel": np.ones((1, 1, 1, 1)), "bias": np.zeros(1)},
        "head": {"Dense_0": {"kernel": np.eye(4), "bias": np.zeros(4)}},
    }
    exact = [image[i : i + 2, j : j + 2].mean() for i in (0, 2) for j in (0, 2)]
    assert_allclose(jax.jit(network.apply)({"params": params}, image), exact, rtol=1e-12)


def test_patches_are_the_channels_of_one_place():
    """A window of one sees each patch by itself."""
    network = Convolution((4,), 6 * 4, window=1, pooling=1, activation=lambda a: a, patch=2)
    params = {
        "block_0": {"kernel": np.eye(4)[None, None], "bias": np.zeros(4)},
        "head": {"Dense_0": {"kernel": np.eye(24), "bias": np.zeros(24)}},
    }
    image = RANDOM.normal(size=(6, 4))
    exact = [image[i : i + 2, j : j + 2].ravel() for i in (0, 2, 4) for j in (0, 2)]
    told = jax.jit(network.apply)({"params": params}, image)
    assert_allclose(told, np.concatenate(exact), rtol=1e-12)


def test_an_image_of_one_channel_may_leave_it_out(arbitrary):
    network = Convolution((2,), 3)
    params, apply = arbitrary(network, IMAGE[..., 0]), jax.jit(network.apply)
    assert_allclose(apply(params, IMAGE[..., 0]), apply(params, IMAGE[..., :1]))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Convolution(()), r"channels: expected those of each block, .* got \(\)"),
        (lambda: Convolution(16), "channels: expected those of each block"),
        (lambda: Convolution((4,), window=2), "window: expected an odd number such as 3, got 2"),
        (lambda: Convolution((4,), pooling=0), "pooling: expected a positive integer"),
        (lambda: Convolution((4,), outputs=0), "outputs: expected"),
        (lambda: Convolution((4,), patch=0), "patch: expected a positive integer"),
        (lambda: Convolution((4,), axes=0), "axes: expected a positive integer"),
        (lambda: WindowedDense(0), "channels: expected a positive integer"),
    ],
)
def test_sizes_that_are_none_are_refused(make, message):
    with pytest.raises(ConfigurationError, match=message):
        make()


@pytest.mark.parametrize(
    ("network", "shape", "message"),
    [
        (Convolution((4,)), (3,), r"expected one image \(h, w\) or \(h, w, i\), got \(3,\)"),
        (Convolution((4,)), (9, 8, 8, 1), "Use jax.vmap for many"),
        (Convolution((4,), axes=1), (8,), r"expected one series \(t, i\), got \(8,\)"),
        (Convolution((4,), patch=3), (6, 8), r"multiples of patch, 3, .* got \(6, 8\)"),
        (Convolution((4,), patch=3), (2, 3), r"multiples of patch, 3, .* got \(2, 3\)"),
        (Convolution((4, 4)), (3, 8), r"at least 2 places along each axis .* got \(1, 4\)"),
    ],
)
def test_inputs_of_other_axes_are_refused(network, shape, message):
    with pytest.raises(ShapeError, match=message):
        jax.eval_shape(network.init, jax.random.key(0), jnp.ones(shape))
