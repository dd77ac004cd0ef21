"""Principal components and clusters, beside what they must be."""

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import physml as pm
from physml import learn
from physml.errors import CheckpointError, ConfigurationError, NonFiniteError, ShapeError
from physml.learn.unsupervised.k_means import _lloyd
from physml.networks import MLP, Autoencoder
from physml.train.study import Study

KEY = jax.random.key(0)
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(40, 5)) @ RANDOM.normal(size=(5, 5)) + 3
THREE = np.repeat([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]], 20, axis=0)
CLUSTERS = THREE + RANDOM.normal(size=THREE.shape)


def test_components_are_the_eigenvectors_of_the_covariance():
    found = learn.pca(X, 3)
    values, vectors = np.linalg.eigh(np.cov(X.T, bias=True))
    assert_allclose(found.variance, values[::-1][:3], rtol=1e-10)
    assert_allclose(found.explained, values[::-1][:3] / values.sum(), rtol=1e-10)
    overlaps = np.abs(found.components @ vectors[:, ::-1][:, :3])
    assert_allclose(overlaps, np.eye(3), atol=1e-9)
    scores = found.transform(X)
    assert_allclose(scores.T @ scores / len(X), np.diag(found.variance), atol=1e-10)


def test_what_components_leave_out_is_the_other_variances():
    whole = learn.pca(X)
    assert_allclose(whole.inverse(whole.transform(X)), X, rtol=1e-10)
    found = learn.pca(X, 2)
    missed = np.sum((found.inverse(found.transform(X)) - X) ** 2) / len(X)
    assert_allclose(missed, whole.variance[2:].sum(), rtol=1e-10)


def test_components_are_those_of_scikit_learn():
    decomposition = pytest.importorskip("sklearn.decomposition")
    other, found = decomposition.PCA(3).fit(X), learn.pca(X, 3)
    assert_allclose(found.explained, other.explained_variance_ratio_, rtol=1e-10)
    assert_allclose(found.variance, other.explained_variance_ * 39 / 40, rtol=1e-10)
    assert_allclose(np.abs(found.components @ other.components_.T), np.eye(3), atol=1e-9)


def test_images_keep_their_shape_and_components_a_file(tmp_path):
    images = X[:, :4].reshape(-1, 2, 2)
    found = learn.pca(images, 2)
    found.save(tmp_path / "kept")
    again = learn.PrincipalComponents.load(tmp_path / "kept")
    assert_array_equal(
        again.inverse(again.transform(images)), found.inverse(found.transform(images))
    )
    assert again.inverse(np.zeros((1, 2))).shape == (1, 2, 2)
    Study("other", {}, {}, {"mean": found.mean, "more": X}).save(tmp_path / "other")
    with pytest.raises(CheckpointError, match="expected 'components', got a study without"):
        learn.PrincipalComponents.load(tmp_path / "other")


@pytest.mark.slow
def test_a_linear_autoencoder_is_principal_components():
    """Its least error is theirs, and its decoder spans the same plane.

    Baldi and Hornik (1989), doi:10.1016/0893-6080(89)90014-2.
    """
    x = X - X.mean(axis=0)
    network = Autoencoder(MLP((), outputs=2), MLP((), outputs=5))
    model = pm.fit(
        pm.least_squares({"data": lambda p, x: network.apply(p, x) - x}),
        pm.fixed({"data": x}),
        pm.gauss_newton(),
        network.init(KEY, x[0]),
        steps=60,
        key=KEY,
    )
    found = learn.pca(x, 2)
    least = found.variance.sum() * (1 / found.explained.sum() - 1) / 2
    assert_allclose(model.history["loss"][-1], least, rtol=1e-9)
    decoder = model.params["params"]["decoder"]["Dense_0"]["kernel"]
    plane = np.linalg.qr(np.asarray(decoder).T)[0]
    cosines = np.linalg.svd(found.components @ plane, compute_uv=False)
    assert_allclose(cosines, 1, rtol=1e-8)


def test_clusters_far_apart_are_found():
    found = learn.k_means(CLUSTERS, 3, key=KEY)
    parts = [CLUSTERS[20 * i : 20 * i + 20] for i in range(3)]
    order = np.argsort(found.labels[[0, 20, 40]])
    assert_allclose(found.means, [parts[i].mean(axis=0) for i in order], rtol=1e-12)
    within = sum(np.sum((part - part.mean(axis=0)) ** 2) for part in parts)
    assert found.inertia == pytest.approx(within, rel=1e-12) and found.converged
    assert_array_equal(found.predict(CLUSTERS), found.labels)


def test_inertia_is_at_most_that_of_scikit_learn():
    cluster = pytest.importorskip("sklearn.cluster")
    x = RANDOM.uniform(size=(80, 2))
    other = cluster.KMeans(6, n_init=20, random_state=0).fit(x)
    found = learn.k_means(x, 6, key=KEY, starts=20)
    assert found.inertia <= other.inertia_ * (1 + 1e-2)


def test_as_many_clusters_as_samples_leave_nothing():
    assert learn.k_means(CLUSTERS[:5], 5, key=KEY, starts=1).inertia == 0


def test_a_cluster_that_loses_its_samples_takes_the_farthest():
    x = np.array([[0.0], [1.0], [10.0]])
    found = _lloyd(x, np.array([[0.5], [100.0]]), 10)
    assert sorted(found.means.ravel()) == [0.5, 10.0] and found.converged


def test_no_cluster_is_left_empty_for_another():
    """The farthest sample is alone in its cluster, which would have no mean without it."""
    x = np.array([[0.0], [0.2], [10.0]])
    found = _lloyd(x, np.array([[0.0], [19.0], [50.0]]), 10)
    assert_allclose(np.sort(found.means.ravel()), [0.0, 0.2, 10.0])
    assert found.inertia == 0 and found.converged


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: learn.pca(X, 6), ConfigurationError, "components: expected from 1 to 5"),
        (lambda: learn.pca(X[:3], 3), ConfigurationError, "in which 3 samples vary, got 3"),
        (lambda: learn.pca(np.ones((4, 2))), ConfigurationError, "all of them alike"),
        # The mean of three 0.1 is none.
        (lambda: learn.pca(np.full((3, 2), 0.1)), ConfigurationError, "all of them alike"),
        (lambda: learn.pca(X[:1]), ShapeError, "at least two samples"),
        (lambda: learn.pca(X * np.nan), NonFiniteError, "inputs"),
        (lambda: learn.pca(X).transform(X[:, :4]), ShapeError, r"expected \(n, 5\), got \(40, 4\)"),
        (lambda: learn.pca(X, 2).inverse(X), ShapeError, r"expected \(n, 2\)"),
        (lambda: learn.k_means(X, 0, key=KEY), ConfigurationError, "clusters"),
        (
            lambda: learn.k_means(np.ones((9, 2)), 2, key=KEY),
            ConfigurationError,
            "from 1 to 1, the number of different samples, got 2",
        ),
        (lambda: learn.k_means(X[:, 0], 2, key=KEY), ShapeError, r"expected samples \(n, d\)"),
        (lambda: learn.k_means(X * np.inf, 2, key=KEY), NonFiniteError, "inputs"),
        (
            lambda: learn.k_means(X, 2, key=KEY, starts=1).predict(X[:, 1:]),
            ShapeError,
            r"expected \(n, 5\)",
        ),
    ],
)
def test_what_has_no_answer_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
