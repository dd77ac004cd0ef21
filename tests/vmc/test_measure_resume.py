"""A measurement says how far it is, and stopped anywhere it goes on to the same bits."""

from __future__ import annotations

import io
import shutil
import signal
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.train.progress import progress

pytestmark = pytest.mark.usefixtures("handlers_of_a_plain_process")

STEPS = 60


def log_psi(a, x):
    return -0.5 * a * jnp.sum(x**2)


def oscillator(log_psi, x):
    return pm.kinetic_energy(log_psi)(x) + 0.5 * jnp.sum(x**2)


def measured(run=None, *, params=1.5, seed=0, steps=STEPS, local_energy=oscillator, **options):
    start = lambda key: jax.random.normal(key, (16, 1, 1))
    return pm.vmc.measure(
        log_psi,
        jnp.asarray(params),
        local_energy,
        partial(pm.metropolis, pm.vmc.log_density(log_psi), start, sweeps=1),
        key=jax.random.key(seed),
        steps=steps,
        run=run,
        **options,
    )


def same(found, expected):
    """To the bit, but for the time of compiling."""
    for name, value in expected._asdict().items():
        if name != "compile_seconds":
            np.testing.assert_array_equal(getattr(found, name), value, err_msg=name)


@pytest.fixture(scope="module")
def whole():
    return measured()


class Watch:
    """A callback that remembers what it was told, and may do something at a step of a phase."""

    def __init__(self, phase=None, step=None, do=None):
        self.seen, self.at, self.do = [], (phase, step), do

    def __call__(self, update):
        self.seen.append(update)
        if (update.phase, update.step) == self.at:
            return self.do()


def press_ctrl_c():
    signal.raise_signal(signal.SIGINT)


@pytest.mark.slow
def test_what_lies_on_the_disk_at_any_time_goes_on_to_the_same_bits(whole, tmp_path):
    """The directory as a process killed there leaves it: in burn-in and in measuring, in a block.

    Dispatches end on a grid of 7, and each of them is saved after its callbacks.
    """
    copies = []

    def copy(update):
        if (update.phase, update.step) in (("burn-in", 21), ("burn-in", 56), ("measure", 49)):
            copies.append(tmp_path / f"{update.phase}-{update.step}")
            shutil.copytree(tmp_path / "run", copies[-1])

    with pm.Run.create(tmp_path / "run", checkpoint_seconds=0.0) as run:
        same(measured(run, callbacks=[pm.every(7, copy)]), whole)
    assert len(copies) == 3 and whole.burn_in > 56
    for place in copies:
        watch = Watch()
        with pm.Run.reopen(place) as run:
            same(measured(run, callbacks=[watch]), whole)
        first = watch.seen[0]
        phase, step = place.name.rsplit("-", 1)
        assert (first.phase, first.step > int(step) - 7) == (phase, True), "it began anew"


def test_more_steps_go_on_from_those_there_are_and_fewer_are_the_first(whole, tmp_path):
    watch = Watch()
    with pm.Run.create(tmp_path / "run") as run:
        same(measured(run, steps=30), measured(steps=30))
    with pm.Run.reopen(tmp_path / "run") as run:
        same(measured(run, callbacks=[watch]), whole)
        assert {update.phase for update in watch.seen} == {"measure"}
        assert watch.seen[0].step > 30
        again = measured(run)
        same(again, whole)
        assert again.compile_seconds == 0.0
        same(measured(run, steps=30), measured(steps=30))


@pytest.mark.slow
def test_ctrl_c_keeps_what_was_measured_and_says_how_to_go_on(whole, tmp_path):
    stop = Watch("measure", 50, press_ctrl_c)
    with pm.Run.create(tmp_path / "run") as run:
        with pytest.raises(pm.errors.InterruptedRunError) as caught:
            measured(run, callbacks=[pm.every(50, stop)])
        assert "stopped after step 50 of 60 (measure), saved" in str(caught.value)
        kept = caught.value.kept
        np.testing.assert_array_equal(kept.local_energies, whole.local_energies[:50])
        assert kept.energy.samples == 50 * 16 and kept.burn_in == whole.burn_in
    with pm.Run.reopen(tmp_path / "run") as run:
        same(measured(run), whole)

    with pytest.raises(KeyboardInterrupt) as caught:
        measured(callbacks=[pm.every(50, stop)])
    np.testing.assert_array_equal(caught.value.kept.local_energies, whole.local_energies[:50])
    assert "what was measured so far is this error's .kept" in caught.value.__notes__[-1]

    burning = Watch("burn-in", 10, press_ctrl_c)
    with pytest.raises(KeyboardInterrupt) as caught:
        measured(callbacks=[pm.every(10, burning)])
    assert not hasattr(caught.value, "kept"), "nothing is measured in burn-in"


def test_it_says_how_far_it_is():
    """Burn-in counts to where it may end and tells R̂ once it is judged; either phase has an ETA."""
    stream, watch = io.StringIO(), Watch()
    result = measured(callbacks=[progress(stream=stream), pm.every(5, watch)])
    lines = stream.getvalue().splitlines()
    burned = f"burn-in {result.burn_in}/{result.burn_in}  energy "
    assert any(line.startswith(burned) and "R̂ 1.0" in line for line in lines)
    assert lines[-1].startswith(f"measure {STEPS}/{STEPS}  energy {result.energy.mean:.5f} hartree")
    burning = [update for update in watch.seen if update.phase == "burn-in"]
    ahead = {u.step: u.steps for u in burning[:-1]}
    assert ahead == {s: max(50, 25 * (1 + s // 25)) for s in range(5, result.burn_in, 5)}
    assert burning[-1].last and not any(update.last for update in burning[:-1])
    assert "rhat" not in burning[0].metrics and burning[-1].metrics["rhat"] < 1.05
    assert all(float(update.params) == 1.5 for update in watch.seen)
    assert watch.seen[-1].steps == STEPS


def test_a_line_is_shown_at_a_terminal_unless_it_is_not_wanted(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    for options, shows in (({}, True), ({"progress": False}, False)):
        monkeypatch.setattr("sys.stderr", terminal := Terminal())
        measured(steps=8, **options)
        assert ("burn-in" in terminal.getvalue()) == shows


def test_what_callbacks_return_ends_nothing():
    watch = Watch("burn-in", 25, lambda: pm.train.STOP)
    assert measured(steps=8, callbacks=[pm.every(25, watch)]).burn_in >= 50


def test_a_state_trained_further_is_measured_beside_the_first(whole, tmp_path):
    """What was measured before stays; another seed or Hamiltonian is refused."""
    with pm.Run.create(tmp_path / "run") as run:
        measured(run)
    with pm.Run.reopen(tmp_path / "run") as run:
        same(measured(run, params=1.4, steps=8), measured(params=1.4, steps=8))
    with pm.Run.reopen(tmp_path / "run") as run:
        again = measured(run, params=1.4, steps=8)
        assert again.compile_seconds == 0.0
        same(measured(run), whole)
    folders = sorted(path.name for path in (tmp_path / "run" / "checkpoints").iterdir())
    assert folders == ["burn-in", "burn-in-2", "measure", "measure-2"]
    deeper = lambda log_psi, x: oscillator(log_psi, x) - 0.5
    for other, words in (({"seed": 1}, "the seed"), ({"local_energy": deeper}, "local energy")):
        with (
            pm.Run.reopen(tmp_path / "run") as run,
            pytest.raises(pm.errors.FingerprintError, match=words),
        ):
            measured(run, **other)


def test_what_is_not_finite_ends_it_as_soon_again(tmp_path):
    """Of a fifth of a percent, stored after the block that showed it: nothing is walked anew."""
    holed = lambda log_psi, x: jnp.where(jnp.abs(x[0, 0]) > 2.0, jnp.inf, oscillator(log_psi, x))
    told = []
    with pm.Run.create(tmp_path / "run") as run:
        for _ in range(2):
            with pytest.raises(pm.errors.NonFiniteError) as caught:
                measured(run, local_energy=holed, params=1.0, steps=1000)
            told.append(str(caught.value))
    assert told[0] == told[1] and caught.value.kept.compile_seconds == 0.0
    assert len(caught.value.kept.local_energies) % 25 == 0
    assert abs(caught.value.kept.first_not_finite[0, 0]) > 2.0


@pytest.mark.slow
def test_a_trained_state_outlives_ctrl_c_in_its_measurement(tmp_path, monkeypatch):
    """Without a run, too: what was trained is kept, with what was measured where that is enough."""
    line = progress(stream=io.StringIO())
    told = line.__class__.__call__
    trap, network = pm.vmc.HarmonicOscillator(), pm.MLP((4,))
    small = {"walkers": 16, "steps": 2, "measurements": 20, "sweeps": 4, "callbacks": [line]}

    def stopping(phase):
        def call(self, update):
            told(self, update)
            if update.phase == phase and update.step >= 8:
                press_ctrl_c()

        return call

    for phase, kind in (("burn-in", pm.FitResult), ("measure", pm.GroundState)):
        monkeypatch.setattr(line.__class__, "__call__", stopping(phase))
        with pytest.raises(KeyboardInterrupt) as caught:
            pm.ground_state(trap, network, **small)
        assert isinstance(caught.value.kept, kind)
    assert len(caught.value.kept.history["loss"]) == 2
    assert len(caught.value.kept.measurement.local_energies) >= 8
