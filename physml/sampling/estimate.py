"""A mean with its error bar and with what is needed to trust it.

Normalisations, the same throughout what judges chains: with n = steps * walkers,

    variance = 1/(n - 1) sum (x - mean)²          of a single sample
    tau      = 1 + 2 sum_{t>=1} rho_t             by which correlation inflates the variance
    error²   = variance * tau / n                 of the mean; tau = 1 for independent samples
"""

from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np

from physml.sampling.autocorrelation import autocorrelation_time_of
from physml.sampling.blocking import blocking_of
from physml.sampling.chains import chains_of, labels_of
from physml.sampling.doubts import DOUBT, apart, drift, groups_apart
from physml.sampling.rhat import rhat_of


class Estimate(NamedTuple):
    """A mean with its error bar and what is needed to trust it.

    Printed as `3.00012(15)`: the error, always to two significant digits, stands in brackets in
    units of the last digit of the mean; an error of 1 or more is written out, `1234.5(1.2)` or
    `1200(150)`. Numbers too large or small for that share a power of ten, `1.234(12)e-10`. An error
    of zero or a non-finite one leaves the mean in full, `0.5(0)`, `0.5(nan)`. An error bar from
    chains too short, drifting or apart is marked `[unconverged]`.

    Attributes:
        mean: over all steps and walkers.
        error: one standard deviation of the mean, by blocking.
        tau: integrated autocorrelation time in steps, `1 + 2 sum rho_t >= 1`; 1 if uncorrelated.
        rhat: split R-hat, or that between groups if larger; near 1 when all walkers agree with one
            another and over time.
        variance: of a single sample, with 1/(n - 1).
        samples: their number n, walkers times steps.
        converged: whether the error bar can be trusted: a block size satisfied the condition of
            `blocking`, and neither drift nor walkers apart were found; see `estimate`.

    Example:
        >>> print(Estimate(3.000118, 0.000152, 1.0, 1.0, 0.02, 1_000_000))
        3.00012(15)
    """

    mean: float
    error: float
    tau: float
    rhat: float
    variance: float
    samples: int
    converged: bool = True

    def __str__(self) -> str:
        text = _with_error(float(self.mean), float(self.error))
        return text if self.converged else f"{text} [unconverged]"


def estimate(samples: Any, *, groups: Any = None) -> Estimate:
    """Mean of correlated chains with its blocked error, autocorrelation time and split R-hat.

        mean = 1/n sum x,    error = sigma_B of `blocking`,    to compare: sqrt(variance * tau / n)

    The error bar counts as converged if `blocking` found a block size and three tests raise no
    doubt, each of which calls a right error bar wrong once in 1000 times for any number of walkers:
    the trend of the walkers, `sum_t (t - t̄) x_tw` of each, has a mean of zero (Student's t); the
    variance between walkers is less than twice that which the spread of four pieces of each chain
    explains (Fisher's F, the factor for what correlates the pieces); the means of groups differ by
    no more than their walkers do (Fisher's F).

    Args:
        samples: `(steps, walkers)`, or `(steps,)` for one walker; real, at least four steps, taken
            after equilibration.
        groups: a label for each walker, `(walkers,)`, such as how it started; all in one if None.

    Returns:
        An `Estimate`, in the unit of the samples (variance: its square).

    Raises:
        ShapeError: samples of another shape, fewer than four steps, or complex; other than one
            label a walker.
        NonFiniteError: NaN or infinite samples, with their number and the first index.

    Source:
        Those of `blocking`, `autocorrelation_time` and `split_rhat`.

    Example:
        >>> import numpy as np
        >>> energy = estimate(3.0 + 0.1 * np.random.default_rng(0).normal(size=(2000, 16)))
        >>> abs(energy.mean - 3.0) < 4 * energy.error and energy.converged
        True
        >>> print(Estimate(20.15931, 0.00042, 3.1, 1.0, 0.002, 32_000))
        20.15931(42)
    """
    chains = chains_of(samples, steps=4)
    origin = chains[0, 0]
    deviations = chains - origin  # constant samples, an exact wave function, give exact zeros
    labels = labels_of(groups, chains)
    blocked = blocking_of(deviations)
    doubts = drift(deviations), apart(deviations), groups_apart(deviations, labels)
    return Estimate(
        mean=float(origin + deviations.mean()),
        error=blocked.error,
        tau=autocorrelation_time_of(deviations),
        rhat=rhat_of(chains, labels),
        variance=float(deviations.var(ddof=1)),
        samples=chains.size,
        converged=blocked.converged and min(doubts) > DOUBT,
    )


def _with_error(mean: float, error: float) -> str:
    """`mean` with `error` in brackets, the error to two significant digits."""
    if error == 0 or not np.isfinite([mean, error]).all():
        return f"{mean!r}({error:g})"
    value, sigma = Decimal(repr(mean)), Decimal(repr(error))
    power = max(value.adjusted() if value else sigma.adjusted(), sigma.adjusted())
    if -5 <= power < 10:
        power = 0
    value, sigma = value.scaleb(-power), sigma.scaleb(-power)
    sigma = Decimal(f"{sigma:.1e}")  # its exponent after rounding: 0.0996 becomes 0.10, not 0.100
    decimals = 1 - sigma.adjusted()
    if decimals < 0:
        value = round(value, decimals)
    if decimals <= 0:
        bracket = f"{sigma:.0f}"
    elif sigma >= 1:
        bracket = f"{sigma:.1f}"
    else:
        bracket = f"{sigma.scaleb(decimals):.0f}"
    suffix = f"e{power:+03d}" if power else ""
    return f"{value:z.{max(decimals, 0)}f}({bracket}){suffix}"
