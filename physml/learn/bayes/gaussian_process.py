"""Conditioning a Gaussian process on values, or on anything linear in them: an equation is data."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from physml.errors import ConfigurationError
from physml.learn.bayes.covariance import Fixed
from physml.learn.bayes.kernels import Kernel
from physml.learn.bayes.linear_operator import Family, check_kernel, check_linear, check_smooth
from physml.learn.bayes.observed import Observed, as_observed
from physml.learn.bayes.prior_mean import mean_values
from physml.learn.bayes.process import GaussianProcess
from physml.memory import Need, check_memory
from physml.types import Field


def gaussian_process(
    kernel: Kernel, observed: Any, *, mean: Field | None = None
) -> GaussianProcess:
    """The posterior of a function ``u ~ GP(m, k)`` given values of u, or of ``L u`` with linear L.

    A linear differential equation and its boundary values are observations without noise, so that
    the posterior mean is its solution, with an error bar. Double precision is asked for, since
    covariances of smooth functions are singular in single precision.

    Args:
        kernel: ``k``, a function of one pair of points.
        observed: an ``Observed``, or several.
        mean: ``m``, a function of one point; zero if None.

    Returns:
        The posterior: a function of many points with ``standard_deviation``, ``interval``,
        ``sample``, ``derivative``, ``left_out``, ``log_evidence``.

    Raises:
        ConfigurationError: single precision; a kernel that is not symmetric, not positive
            definite, or not smooth enough for an operator; an operator that is not linear;
            observations without noise that contradict one another; noise that names a
            hyperparameter; more observations than memory holds.
        ShapeError: a kernel, an operator or a mean whose value is no number; other shapes.
        NonFiniteError: a NaN or an infinity.

    Source: Rasmussen and Williams (2006), ch. 2; of operators Särkkä (2011),
    doi:10.1007/978-3-642-21738-8_20.

    >>> import jax, numpy as np, physml as pm
    >>> jax.config.update("jax_enable_x64", True)
    >>> equation = lambda u, x: pm.partial(u, 0)(x) + u(x)  # u′ + u = 0, u(0) = 1
    >>> x = np.linspace(0, 1, 8)[:, None]
    >>> data = [pm.learn.Observed(x, np.zeros(8), equation), pm.learn.Observed([[0.0]], [1.0])]
    >>> u = pm.learn.gaussian_process(pm.learn.rbf(1.0), data)
    >>> bool(abs(u([[1.0]]) - np.exp(-1.0)) < 1e-5)
    True
    """
    several = checked(Fixed(kernel), {}, observed, mean)
    named = [one.noise for one in several if isinstance(one.noise, str)]
    if named:
        raise ConfigurationError(
            f"noise: {named[0]!r} names a hyperparameter, of which a kernel alone has none: give "
            "the number, or take most_likely_process"
        )
    return GaussianProcess(Fixed(kernel), several, {}, mean)


def checked(
    family: Family, hyperparameters: Any, observed: Any, mean: Field | None
) -> tuple[Observed, ...]:
    """The observations, after all has been tried that would give wrong numbers."""
    if jnp.result_type(float) != jnp.float64:
        raise ConfigurationError(
            "gaussian_process: expected double precision, since covariances are singular in "
            'single; say jax.config.update("jax_enable_x64", True) before anything is computed'
        )
    several = as_observed(observed)
    n = sum(len(one.values) for one in several)
    check_memory("observed", [Need(f"3 × {n}² covariances", 3 * n * n)], "the observations")
    check_kernel(family, hyperparameters, several[0].points.shape[1])
    for one in several:
        if one.operator is not None:
            check_linear(one.operator, one.points)
            check_smooth(family, hyperparameters, one.operator, one.points)
    mean_values(mean, several)
    return several
