"""Error bars of correlated chains, from the means of blocks."""

from typing import Any, NamedTuple

import numpy as np

from physml.errors import ShapeError
from physml.sampling.chains import chains_of

# With fewer blocks the spread of their means is so uncertain (over 27%) that strongly correlated
# chains meet the block-size condition by chance.
_FEWEST_BLOCKS = 8

# Whole chains are blocks where they are this many tau long: below, a slow motion may be unseen.
_FEWEST_TIMES = 5


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
    chains = chains_of(samples)
    if chains.size < 2:
        raise ShapeError("samples: expected at least 2 numbers for an error bar, got one.")
    return blocking_of(chains - chains[0, 0])


def blocking_of(deviations: np.ndarray) -> Blocking:
    """The same of chains less a number near their mean."""
    steps, walkers = deviations.shape
    n = steps * walkers
    table: list[tuple[int, float, int]] = []

    def add(size: int, means: np.ndarray) -> None:
        table.append((size, np.sqrt(means.var(ddof=1) * size / n), means.size))

    size, means = 1, deviations
    while means.size >= 2:
        add(size, means)
        pairs = len(means) // 2
        size, means = 2 * size, (means[0 : 2 * pairs : 2] + means[1 : 2 * pairs : 2]) / 2
    if walkers >= 2 and table[-1][0] != steps:
        add(steps, deviations.mean(axis=0))

    sizes, errors, counts = map(np.array, zip(*table, strict=True))
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
