"""Error bars, autocorrelation times and split R-hat on chains whose answers are known exactly."""

import math

import numpy as np
import pytest

from physml.errors import NonFiniteError, ShapeError
from physml.sampling import Estimate, autocorrelation_time, blocking, estimate, split_rhat


def autoregressive(seed, shape, phi):
    """AR(1) chains x_t = phi x_(t-1) + sqrt(1 - phi²) e_t along the first axis, unit variance.

    rho_t = phi^t, hence tau = (1 + phi) / (1 - phi).
    """
    noise = np.random.default_rng(seed).normal(size=shape)
    chain = np.empty(shape)
    chain[0] = noise[0]
    for step in range(1, shape[0]):
        chain[step] = phi * chain[step - 1] + math.sqrt(1 - phi**2) * noise[step]
    return chain


def exact_error(phi, steps, walkers):
    """Of the mean of such chains: var = 1/n [1 + 2 sum_t (1 - t/steps) phi^t]."""
    lags = np.arange(1, steps)
    inflation = 1 + 2 * np.sum((1 - lags / steps) * phi**lags)
    return math.sqrt(inflation / (steps * walkers))


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("shape", [(2**16, 1), (2**12, 16)])
def test_autocorrelation_time_of_an_autoregressive_chain(phi, shape):
    tau = (1 + phi) / (1 - phi)
    # Relative error of tau, summed over some 5 tau lags: sqrt(2 * 2 * 5 tau / n); four of them.
    bound = 4 * math.sqrt(20 * tau / math.prod(shape))
    assert autocorrelation_time(autoregressive(1, shape, phi)) == pytest.approx(tau, rel=bound)


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("shape", [(2**15, 1), (2**12, 8)])
def test_blocked_error_of_an_autoregressive_chain(phi, shape):
    result = blocking(autoregressive(2, shape, phi))
    row = list(result.block_sizes).index(result.block_size)
    exact = exact_error(phi, *shape)
    assert result.converged
    assert result.error == result.errors[row]
    assert abs(result.error - exact) < 4 * result.errors_of_errors[row]
    # The condition leaves a bias of order tau / B, of the order of the error's own error.
    assert result.error == pytest.approx(exact, rel=0.3)


def test_independent_normals():
    steps, walkers, sigma = 4096, 8, 0.3
    n = steps * walkers
    result = estimate(2.0 + sigma * np.random.default_rng(3).normal(size=(steps, walkers)))
    table = blocking(2.0 + sigma * np.random.default_rng(3).normal(size=(steps, walkers)))
    relative = 1 / math.sqrt(2 * (n / table.block_size - 1))
    assert abs(result.mean - 2.0) < 4 * sigma / math.sqrt(n)
    assert result.error == pytest.approx(sigma / math.sqrt(n), rel=4 * relative)
    assert result.variance == pytest.approx(sigma**2, rel=4 * math.sqrt(2 / n))
    assert 1 <= result.tau < 1.05
    assert result.samples == n
    assert result.converged


def test_error_bars_cover_the_truth_as_often_as_they_promise():
    seeds, steps, walkers = 200, 2048, 4
    chains = autoregressive(4, (steps, seeds * walkers), phi=0.7).reshape(steps, seeds, walkers)
    results = [estimate(chains[:, seed]) for seed in range(seeds)]
    promised = math.erf(1 / math.sqrt(2))
    covered = np.mean([abs(result.mean) < result.error for result in results])
    assert all(result.converged for result in results)
    assert abs(covered - promised) < 4 * math.sqrt(promised * (1 - promised) / seeds)
    # A far sharper statement of the same: the errors average to the exact one, within the bias
    # of order tau / (2 B) that the choice of block size leaves.
    mean_square = np.mean([result.error**2 for result in results])
    assert math.sqrt(mean_square) == pytest.approx(exact_error(0.7, steps, walkers), rel=0.05)


@pytest.mark.parametrize("phi", [0.0, 0.6, 0.95])
def test_blocking_agrees_with_geyer(phi):
    result = estimate(autoregressive(5, (2**14, 8), phi))
    geyer = math.sqrt(result.variance * result.tau / result.samples)
    assert result.error == pytest.approx(geyer, rel=0.15)


def test_autocorrelation_time_agrees_with_the_sum_written_out():
    lowered = 0
    for seed in range(10):
        chain = autoregressive(200 + seed, (50, 3), 0.6)
        x = chain - chain.mean()
        gamma = [np.sum(x[: 50 - t] * x[t:]) / x.size for t in range(50)]
        total, smallest = 0.0, math.inf
        for k in range(25):
            pair = gamma[2 * k] + gamma[2 * k + 1]
            if pair <= 0:
                break
            lowered += pair > smallest
            smallest = min(smallest, pair)
            total += smallest
        assert autocorrelation_time(chain) == pytest.approx(-1 + 2 * total / gamma[0], rel=1e-12)
    assert lowered > 0  # else the monotone part of the sequence went untested


def test_a_large_ensemble_is_transformed_in_chunks(monkeypatch):
    chain = autoregressive(7, (100, 40), 0.6)
    whole = autocorrelation_time(chain)
    monkeypatch.setattr("physml.sampling.autocorrelation._CHUNK", 1024)
    assert autocorrelation_time(chain) == pytest.approx(whole, rel=1e-12)


def test_anticorrelated_chains_count_as_uncorrelated():
    assert autocorrelation_time(autoregressive(8, (4096, 2), -0.8)) == 1.0


def test_blocking_table():
    chain = autoregressive(9, (100, 3), 0.5)
    result = blocking(chain)
    assert list(result.block_sizes) == [1, 2, 4, 8, 16, 32, 64, 100]
    for size, error, error_of_error in zip(
        result.block_sizes, result.errors, result.errors_of_errors, strict=True
    ):
        blocks = 100 // size
        means = chain[: blocks * size].reshape(blocks, size, 3).mean(axis=1)
        assert error == pytest.approx(math.sqrt(np.var(means, ddof=1) * size / 300), rel=1e-12)
        assert error_of_error == pytest.approx(error / math.sqrt(2 * (3 * blocks - 1)), rel=1e-12)


def test_block_size_is_the_smallest_that_satisfies_the_condition():
    chain = autoregressive(10, (4096, 4), 0.8)
    result = blocking(chain)
    ratio = result.errors / result.errors[0]
    satisfied = result.block_sizes**3 > 2 * chain.size * ratio**4
    assert result.block_size == result.block_sizes[satisfied][0]


@pytest.mark.parametrize("walkers", [1, 4])
def test_chains_that_are_too_short_are_flagged(walkers):
    """50 steps of tau = 199: no seed passes; the error is the largest of the table."""
    for seed in range(20):
        chain = autoregressive(100 + seed, (50, walkers), 0.99)
        result = blocking(chain)
        assert not result.converged
        assert result.error == result.errors.max()
        judged = estimate(chain)
        assert not judged.converged
        assert str(judged).endswith("[unconverged]")


@pytest.mark.parametrize("tau", [1, 9, 20])
@pytest.mark.parametrize(("walkers", "cases"), [(8, 100), (64, 60), (512, 60), (4096, 12)])
def test_right_error_bars_are_not_doubted_however_many_walkers_there_are(walkers, cases, tau):
    """The judge must not get stricter with the number of walkers: 200 steps, ten tau and more.

    At least 95% of right bars count as converged, and these are right to 10% in the root of their
    mean square. A whole chain's bar of 8 walkers is uncertain by 27%, that of 100 such by 2.7%;
    blocks that are chosen leave a bias of up to 4%.
    """
    phi = (tau - 1) / (tau + 1)
    chains = autoregressive(20 + walkers, (200, cases * walkers), phi)
    results = [estimate(part) for part in np.split(chains, cases, axis=1)]
    assert np.mean([result.converged for result in results]) >= 0.95
    squares = [result.error**2 for result in results if result.converged]
    assert math.sqrt(np.mean(squares)) == pytest.approx(exact_error(phi, 200, walkers), rel=0.1)


def _halves(walkers):
    return np.resize([-1.0, 1.0], walkers)


WRONG = {
    "frozen": lambda seed, n: np.broadcast_to(autoregressive(seed, (1, n), 0.0), (200, n)),
    "longer than the run": lambda seed, n: autoregressive(seed, (200, n), 0.99),
    "much longer than the run": lambda seed, n: autoregressive(seed, (200, n), 0.999),
    "drift": lambda seed, n: (
        autoregressive(seed, (200, n), 0.5) + 12 / math.sqrt(n) * np.linspace(0, 1, 200)[:, None]
    ),
    "relaxation": lambda seed, n: (
        autoregressive(seed, (200, n), 0.5)
        + 16 / math.sqrt(n) * np.exp(-np.arange(200) / 40)[:, None]
    ),
    "two groups that never mix": lambda seed, n: (
        autoregressive(seed, (200, n), 0.5) + 0.7 * _halves(n)
    ),
    "one in eight elsewhere": lambda seed, n: (
        autoregressive(seed, (200, n), 0.0) + 2.0 * (np.arange(n) % 8 == 0)
    ),
}


@pytest.mark.parametrize("walkers", [16, 512])
@pytest.mark.parametrize("chains", WRONG.values(), ids=WRONG)
def test_wrong_error_bars_are_doubted(chains, walkers):
    """Ten of ten, at 200 steps of 16 and of 512 walkers.

    tau is 199 and 1999 where it is longer than the run; the drift moves the mean by some 50 error
    bars, the groups lie 1.4 deviations of a sample apart.
    """
    assert not any(estimate(chains(seed, walkers)).converged for seed in range(30, 40))


def test_groups_of_walkers_that_differ_are_seen_where_single_walkers_hide_it():
    """Half of 512 walkers lie 0.1 deviations off, five error bars: no single chain tells."""
    chains = autoregressive(40, (200, 512), 0.8)
    labels = np.arange(512) % 2
    moved = chains + 0.1 * labels
    assert estimate(moved).converged and estimate(chains, groups=labels).converged
    assert not estimate(moved, groups=labels).converged
    far = chains + 2.0 * labels
    # Means a distance of 2 apart have the variance 2; nothing else is larger.
    within = np.mean([chains[:, labels == one].var() for one in (0, 1)])
    assert split_rhat(far, groups=labels) >= math.sqrt(1 + 1.9 / within) > 1.6
    assert split_rhat(chains, groups=np.zeros(512)) == split_rhat(chains)


def test_a_drift_of_all_walkers_alike_is_seen_though_rhat_is_one():
    chains = autoregressive(41, (200, 4096), 0.5) + np.linspace(0, 0.1, 200)[:, None]
    assert split_rhat(chains) < 1.02
    assert not estimate(chains).converged


def test_groups_are_one_label_a_walker():
    with pytest.raises(ShapeError, match=r"groups: expected one label for each of 4 walkers.*3"):
        estimate(autoregressive(42, (50, 4), 0.0), groups=[0, 1, 1])


def test_one_walker_needs_no_second_axis():
    chain = autoregressive(11, (2048,), 0.5)
    assert estimate(chain) == estimate(chain[:, None])
    assert estimate(chain).converged


def test_a_list_of_integers_will_do():
    assert estimate([1, 2, 3, 4]).mean == 2.5


@pytest.mark.parametrize("walkers", [1, 4])
def test_rhat_is_near_one_for_mixed_chains(walkers):
    assert split_rhat(autoregressive(12, (8192, walkers), 0.5)) == pytest.approx(1, abs=0.005)


def test_rhat_is_large_for_walkers_that_disagree_and_for_drift():
    chain = np.random.default_rng(13).normal(size=(1001, 4))
    assert split_rhat(chain + 3 * np.arange(4)) > 3
    # One drifting walker: only the split shows it.
    drift = chain[:, :1] + np.linspace(0, 10, 1001)[:, None]
    assert split_rhat(drift) > 2


def test_rhat_against_the_formula_with_numbers():
    # Halves (0, 2) and (4, 6): W = 2, B/l = 8, R² = (2/2 + 8) / 2.
    assert split_rhat([0.0, 2.0, 4.0, 6.0]) == pytest.approx(math.sqrt(4.5))


def test_constant_samples_have_no_error():
    """The energy of an exact wave function; 0.1 is a number whose mean rounds."""
    result = estimate(np.full((77, 13), 0.1))
    assert result == Estimate(0.1, 0.0, 1.0, 1.0, 0.0, 1001, True)
    assert str(result) == "0.1(0)"


def test_constant_walkers_that_disagree_never_mix():
    frozen = np.broadcast_to([0.1, 0.3, 0.7], (60, 3))
    result = estimate(frozen)
    assert result.rhat == math.inf
    assert result.tau > 10
    assert not result.converged


@pytest.mark.parametrize("unit", [1e-180, 1e-9, 1e9])
def test_estimates_scale_with_the_unit(unit):
    chain = autoregressive(14, (512, 4), 0.5)
    assert autocorrelation_time(unit * chain) == pytest.approx(autocorrelation_time(chain))


@pytest.mark.parametrize("unit", [1e-9, 1e9])
def test_a_large_offset_does_not_cost_accuracy(unit):
    chain = np.round(autoregressive(15, (512, 4), 0.5) * 2**20) / 2**20
    plain, shifted = estimate(chain), estimate(chain + 2**20)
    assert shifted.mean == pytest.approx(plain.mean + 2**20, rel=1e-15)
    assert shifted[1:] == pytest.approx(plain[1:], rel=1e-9)
    scaled = estimate(unit * chain)
    assert scaled.error == pytest.approx(unit * plain.error, rel=1e-9)
    assert scaled.rhat == pytest.approx(plain.rhat, rel=1e-9)


@pytest.mark.parametrize(
    ("mean", "error", "text"),
    [
        (3.000118, 0.000152, "3.00012(15)"),
        (-3.000118, 0.000152, "-3.00012(15)"),
        (20.15931, 0.00042, "20.15931(42)"),
        (0.0, 0.01, "0.000(10)"),
        (1.2345, 0.0996, "1.23(10)"),  # rounds up to one digit more
        (1.2345, 0.996, "1.2(1.0)"),
        (1234.54, 1.23, "1234.5(1.2)"),
        (1234.54, 9.96, "1235(10)"),
        (1234.54, 56.4, "1235(56)"),
        (1234.54, 152.0, "1230(150)"),
        (1.0, 152.0, "0(150)"),
        (-0.001, 0.5, "0.00(50)"),  # no minus before a zero
        (-0.001, 500.0, "0(500)"),
        (1.234e-10, 1.2e-12, "1.234(12)e-10"),
        (0.0, 1.2e-12, "0.0(1.2)e-12"),
        (6.02214e23, 1.5e19, "6.02214(15)e+23"),
        (3.0, 1e-40, "3." + 40 * "0" + "0(10)"),
        (0.5, 0.0, "0.5(0)"),
        (3.0, 0.0, "3.0(0)"),
        (3.0, math.nan, "3.0(nan)"),
        (3.0, math.inf, "3.0(inf)"),
        (math.nan, 0.1, "nan(0.1)"),
        (np.float64(3.0), np.float64(0.1), "3.00(10)"),
    ],
)
def test_printing(mean, error, text):
    assert str(Estimate(mean, error, 1.0, 1.0, 1.0, 100)) == text


def test_an_unconverged_estimate_says_so():
    assert str(Estimate(3.0, 0.1, 1.0, 1.0, 1.0, 100, False)) == "3.00(10) [unconverged]"


@pytest.mark.parametrize("judge", [estimate, blocking, autocorrelation_time, split_rhat])
class TestBadInput:
    def test_complex(self, judge):
        with pytest.raises(ShapeError, match="complex128"):
            judge(np.ones((10, 2)) + 0j)

    @pytest.mark.parametrize("shape", [(), (0,), (10, 0), (10, 2, 3)])
    def test_shape(self, judge, shape):
        with pytest.raises(ShapeError, match="steps, walkers"):
            judge(np.ones(shape))

    @pytest.mark.parametrize("samples", [[[1.0], [1.0, 2.0]], ["a", "b", "c", "d"]])
    def test_not_an_array_of_numbers(self, judge, samples):
        with pytest.raises(ShapeError, match="real numbers"):
            judge(samples)

    def test_too_few(self, judge):
        with pytest.raises(ShapeError, match="at least"):
            judge(np.ones((1, 1)))

    @pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
    def test_not_finite(self, judge, bad):
        samples = np.ones((10, 3))
        samples[4, 2] = samples[7, 0] = bad
        with pytest.raises(NonFiniteError, match=r"2 of 30 .* at index \(4, 2\)"):
            judge(samples)
