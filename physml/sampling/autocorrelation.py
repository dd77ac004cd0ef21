"""How long a chain remembers where it was."""

from typing import Any

import numpy as np

from physml.sampling.chains import chains_of

# Numbers in one chunk of the Fourier transform: 32 MiB in float64.
_CHUNK = 2**22


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
    chains = chains_of(samples, steps=2)
    return autocorrelation_time_of(chains - chains[0, 0])


def autocorrelation_time_of(deviations: np.ndarray) -> float:
    """The same of chains less a number near their mean."""
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
