"""Whether chains agree: the spread between them against the spread within."""

from typing import Any

import numpy as np

from physml.sampling.chains import chains_of, labels_of


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
    chains = chains_of(samples, steps=4)
    return rhat_of(chains, labels_of(groups, chains))


def rhat_of(chains: np.ndarray, labels: np.ndarray) -> float:
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
