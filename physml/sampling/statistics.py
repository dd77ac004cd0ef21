"""What judges a chain: blocked error bars, autocorrelation time and split R-hat.

Samples come as `(steps, walkers)`, every walker an independent chain along the first axis. All of
this runs after the simulation, in float64 numpy, and never under `jit`.

Normalisations, the same throughout: with n = steps * walkers,

    variance = 1/(n - 1) sum (x - mean)²          of a single sample
    tau      = 1 + 2 sum_{t>=1} rho_t             by which correlation inflates the variance
    error²   = variance * tau / n                 of the mean; tau = 1 for independent samples
"""

from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np

from physml.as_numbers import as_numbers
from physml.errors import NonFiniteError, ShapeError
from physml.sampling.doubts import DOUBT, apart, drift, groups_apart

# With fewer blocks the spread of their means is so uncertain (over 27%) that strongly correlated
# chains meet the block-size condition by chance.
_FEWEST_BLOCKS = 8

# Whole chains are blocks where they are this many tau long: below, a slow motion may be unseen.
_FEWEST_TIMES = 5

# Numbers in one chunk of the Fourier transform: 32 MiB in float64.
_CHUNK = 2**22


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


class Blocking(NamedTuple):
    """A blocked error bar and the table it was read from.

    Attributes:
        error: of the grand mean, one standard deviation, at `block_size`.
        block_size: the chosen block size B in steps.
        converged: False if no block size will do (the chains are too short); `error` is then
            the largest of the table and may still be too small.
        block_sizes: `(k,)` integers, 1, 2, 4, ... and, with several walkers, the whole chain.
        errors: `(k,)` the error of the grand mean at each block size.
        errors_of_errors: `(k,)` one standard deviation of each of those.
    """

    error: float
    block_size: int
    converged: bool
    block_sizes: np.ndarray
    errors: np.ndarray
    errors_of_errors: np.ndarray


def blocking(samples: Any) -> Blocking:
    """Error of the mean of correlated chains, from the means of blocks.

        sigma_B² = var(block means) / (n / B),   B = the smallest with B³ > 2 n (sigma_B / sigma_1)⁴

    Blocks lie within a walker's chain; `var` runs over the m blocks of all walkers with 1/(m - 1),
    n counts all samples, and sigma_B is itself uncertain by sigma_B / sqrt(2 (m - 1)). The
    condition balances what is left of the correlation, of order tau / B, against that uncertainty.
    Only block sizes with at least 8 blocks can satisfy it. Steps after a chain's last full block
    are left out of the variance, not out of n: hence n / B for the number of blocks.

    The condition asks for longer blocks the more walkers there are, since their error bar could be
    known better. Where no block size satisfies it the blocks are whole chains: these are
    independent, so that nothing is left of the correlation, however many they are. At least 8 of
    them will do, each longer than 5 times tau = (sigma_B / sigma_1)²: shorter ones may not have
    met the slow motion that correlates them. Else `converged` is False, and the error is the
    largest in the table.

    Args:
        samples: `(steps, walkers)`, or `(steps,)` for one walker; real, at least two numbers.

    Returns:
        A `Blocking`: the error, the block size, whether it converged, and the table to plot.

    Raises:
        ShapeError: samples of another shape, too few of them, masked or complex.
        NonFiniteError: NaN or infinite samples.

    Source:
        Flyvbjerg & Petersen, J. Chem. Phys. 91, 461 (1989), doi:10.1063/1.457480; block size:
        Wolff, Comput. Phys. Commun. 156, 143 (2004), doi:10.1016/S0010-4655(03)00467-3, and Lee,
        Conduit, Nemec, Lopez Rios & Drummond, Phys. Rev. E 83, 066706 (2011),
        doi:10.1103/PhysRevE.83.066706.

    Example:
        >>> import numpy as np
        >>> samples = np.random.default_rng(0).normal(size=(2500, 4))        # exactly 0.01
        >>> result = blocking(samples)
        >>> result.converged, result.block_size, f"{result.error:.3f}"
        (True, 32, '0.010')
    """
    chains = _chains(samples)
    if chains.size < 2:
        raise ShapeError("samples: expected at least 2 numbers for an error bar, got one.")
    return _blocking(chains - chains[0, 0])


def autocorrelation_time(samples: Any) -> float:
    """Integrated autocorrelation time in steps, by Geyer's initial monotone positive sequence.

        tau     = 1 + 2 sum_{t>=1} rho_t = -1 + 2 sum_k G_k / gamma_0,   G_k = gamma_2k + gamma_2k+1
        gamma_t = 1/(steps walkers) sum_w sum_i x_iw x_(i+t)w,             x about the mean of all

    The sum stops before the first G_k <= 0, and each G_k is lowered to the smallest before it: for
    a reversible chain the exact G_k are positive and decreasing. With this 1/steps, not
    1/(steps - t), tau is the variance inflation `error² = variance * tau / n` of chains of this
    very length; chains that disagree in their means have a long tau. An AR(1) chain has
    tau = (1 + phi) / (1 - phi). Anticorrelated chains are counted as uncorrelated, and so are
    constant ones: tau >= 1.

    Args:
        samples: `(steps, walkers)`, or `(steps,)` for one walker; real, at least two steps.

    Returns:
        tau, at least 1. Unreliable when the chains are shorter than some 50 tau.

    Raises:
        ShapeError: samples of another shape, fewer than two steps, masked or complex.
        NonFiniteError: NaN or infinite samples.

    Source:
        Geyer, Statist. Sci. 7, 473 (1992), doi:10.1214/ss/1177011137.

    Example:
        >>> import numpy as np
        >>> noise = np.random.default_rng(0).normal(size=(10_000, 8))
        >>> chain = np.zeros_like(noise)
        >>> for step in range(1, 10_000):
        ...     chain[step] = 0.5 * chain[step - 1] + noise[step]
        >>> abs(autocorrelation_time(chain) - 3) < 0.2
        True
    """
    chains = _chains(samples, steps=2)
    return _autocorrelation_time(chains - chains[0, 0])


def split_rhat(samples: Any, *, groups: Any = None) -> float:
    """Split R-hat: the spread between half chains against the spread within them.

        R² = [(l - 1)/l W + B/l] / W,    W = mean of the variances,    B/l = variance of the means

    over the 2 * walkers half chains of length l = floor(steps / 2) (the middle step of an odd
    number is left out), the variances with 1/(l - 1), that of the means with 1/(2 walkers - 1).
    Near 1 (it may fall below by 1/(2l)) for chains that have forgotten their start; above about
    1.01 they have not. Constant chains give 1 where they agree, infinity where they do not.

    With groups of walkers, such as those that started alike, the larger of it and of the nested
    R-hat `R² = 1 + B/W`: `B` is the variance between the means of groups, each counted by its
    walkers, `W` that of single samples within groups. Many walkers know these means well, and so a
    difference too small to be seen between single chains.

    Args:
        samples: `(steps, walkers)`, or `(steps,)` for one walker; real, at least four steps.
        groups: a label for each walker, `(walkers,)`; all in one if None.

    Returns:
        R-hat, a number without units.

    Raises:
        ShapeError: samples of another shape, fewer than four steps, or complex; other than one
            label a walker.
        NonFiniteError: NaN or infinite samples.

    Source:
        Gelman, Carlin, Stern, Dunson, Vehtari & Rubin, Bayesian Data Analysis, 3rd ed. (2013),
        section 11.4, doi:10.1201/b16018; Vehtari et al., Bayesian Anal. 16, 667 (2021),
        doi:10.1214/20-BA1221, arXiv:1903.08008; nested: Margossian et al., Bayesian Anal. (2024),
        doi:10.1214/24-BA1453, arXiv:2110.13017.

    Example:
        >>> import numpy as np
        >>> samples = np.random.default_rng(0).normal(size=(1000, 4))
        >>> round(split_rhat(samples), 2), round(split_rhat(samples + np.arange(4)), 1)
        (1.0, 1.6)
    """
    chains = _chains(samples, steps=4)
    return _rhat(chains, _labels(groups, chains))


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
    chains = _chains(samples, steps=4)
    origin = chains[0, 0]
    deviations = chains - origin  # constant samples, an exact wave function, give exact zeros
    labels = _labels(groups, chains)
    blocked = _blocking(deviations)
    doubts = drift(deviations), apart(deviations), groups_apart(deviations, labels)
    return Estimate(
        mean=float(origin + deviations.mean()),
        error=blocked.error,
        tau=_autocorrelation_time(deviations),
        rhat=_rhat(chains, labels),
        variance=float(deviations.var(ddof=1)),
        samples=chains.size,
        converged=blocked.converged and min(doubts) > DOUBT,
    )


def _chains(samples: Any, *, steps: int = 1) -> np.ndarray:
    """The samples as finite float64 chains `(steps, walkers)`, or a named error."""
    array = as_numbers("samples", samples)
    if array.ndim not in (1, 2) or array.size == 0:
        raise ShapeError(
            f"samples: expected shape (steps, walkers) or (steps,), not empty, got {array.shape}."
        )
    if array.shape[0] < steps:
        raise ShapeError(
            f"samples: expected at least {steps} steps (first axis), got shape {array.shape}."
        )
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        first = tuple(int(i) for i in bad[0])
        raise NonFiniteError(
            f"samples: expected finite numbers, got {len(bad)} of {array.size} that are not, the "
            f"first {array[first]} at index {first}. Find out what made them; dropping them biases "
            "the mean."
        )
    return array if array.ndim == 2 else array[:, None]


def _labels(groups: Any, chains: np.ndarray) -> np.ndarray:
    """The group of each walker, `(walkers,)`, counted from 0."""
    walkers = chains.shape[1]
    if groups is None:
        return np.zeros(walkers, int)
    labels = np.asarray(groups)
    if labels.shape != (walkers,):
        raise ShapeError(
            f"groups: expected one label for each of {walkers} walkers, got an array "
            f"of shape {labels.shape}"
        )
    return np.unique(labels, return_inverse=True)[1]


def _blocking(deviations: np.ndarray) -> Blocking:
    steps, walkers = deviations.shape
    n = steps * walkers
    rows: list[tuple[int, float, int]] = []

    def add_row(size: int, means: np.ndarray) -> None:
        rows.append((size, np.sqrt(means.var(ddof=1) * size / n), means.size))

    size, means = 1, deviations
    while means.size >= 2:
        add_row(size, means)
        pairs = len(means) // 2
        size, means = 2 * size, (means[0 : 2 * pairs : 2] + means[1 : 2 * pairs : 2]) / 2
    if walkers >= 2 and rows[-1][0] != steps:
        add_row(steps, deviations.mean(axis=0))

    sizes, errors, counts = map(np.array, zip(*rows, strict=True))
    # B³ sigma_1⁴ > 2 n sigma_B⁴ by their ratio; a sigma_1 of zero is an exact mean.
    ratios = errors / errors[0] if errors[0] > 0 else np.zeros_like(errors)
    enough = counts >= _FEWEST_BLOCKS
    satisfied = (sizes.astype(float) ** 3 > 2 * n * ratios**4) & enough
    if not satisfied.any():  # whole chains, with none of the correlation left
        satisfied = (sizes == steps) & (sizes > _FEWEST_TIMES * ratios**2) & enough
    converged = bool(satisfied.any() or errors[0] == 0)
    row = int(np.argmax(satisfied) if satisfied.any() else np.argmax(errors))
    return Blocking(
        error=float(errors[row]),
        block_size=int(sizes[row]),
        converged=converged,
        block_sizes=sizes,
        errors=errors,
        errors_of_errors=errors / np.sqrt(2 * (counts - 1)),
    )


def _autocorrelation_time(deviations: np.ndarray) -> float:
    steps, walkers = deviations.shape
    scale = np.abs(deviations).max()
    if scale == 0:
        return 1.0
    centred = deviations / scale  # tau knows no unit, and squares of tiny numbers underflow
    centred -= centred.mean()
    length = 1 << (2 * steps - 1).bit_length()  # padding keeps periodic images apart
    power = np.zeros(length // 2 + 1)
    width = max(1, _CHUNK // length)
    for first in range(0, walkers, width):
        spectrum = np.fft.rfft(centred[:, first : first + width], n=length, axis=0)
        power += (spectrum.real**2 + spectrum.imag**2).sum(axis=1)
    covariance = np.fft.irfft(power, n=length)[:steps]

    pairs = covariance[: steps // 2 * 2].reshape(-1, 2).sum(axis=1)
    ends = np.flatnonzero(pairs <= 0)
    positive = pairs[: ends[0]] if len(ends) else pairs
    tau = -1 + 2 * np.minimum.accumulate(positive).sum() / covariance[0]
    return max(1.0, float(tau))


def _rhat(chains: np.ndarray, labels: np.ndarray) -> float:
    """The larger of split and nested R-hat."""
    sizes = np.bincount(labels)
    if len(sizes) < 2:
        return _split_rhat(chains)
    about = chains - chains[0, 0]
    means = about.mean(axis=0)
    centres = np.bincount(labels, means) / sizes
    between = np.sum(sizes * (centres - means.mean()) ** 2) / len(means)
    between *= len(sizes) / (len(sizes) - 1)
    within = np.mean((about - centres[labels]) ** 2)
    if within == 0:
        return _split_rhat(chains)
    return max(_split_rhat(chains), float(np.sqrt(1 + between / within)))


def _split_rhat(chains: np.ndarray) -> float:
    half = len(chains) // 2
    halves = np.concatenate([chains[:half], chains[-half:]], axis=1)
    # About each half's first value, so that a constant half has a variance of exactly zero.
    about = halves - halves[0]
    within = about.var(axis=0, ddof=1).mean()
    between = (halves[0] - halves[0, 0] + about.mean(axis=0)).var(ddof=1)
    if within == 0:
        return 1.0 if between == 0 else float("inf")
    return float(np.sqrt((half - 1) / half + between / within))


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
