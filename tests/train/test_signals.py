"""Signals that end a run: which are heeded, what is saved, and when one stops at once."""

from __future__ import annotations

import signal

import jax
import jax.numpy as jnp
import optax
import pytest

import physml as pm
from physml.errors import InterruptedRunError
from physml.train import signals
from physml.train.signals import ENDING, held_signals, interrupt, interrupting

pytestmark = pytest.mark.usefixtures("handlers_of_a_plain_process")


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass only where a test says so."""
    now = [100.0]
    monkeypatch.setattr(signals.time, "monotonic", lambda: now[0])
    return now


LINE = pm.least_squares({"line": lambda params, x: params * x - 2.0 * x})


def train(run, **options):
    return pm.fit(
        LINE, pm.fixed({"line": jnp.ones(4)}), optax.sgd(0.1), jnp.array(0.0), steps=9,
        key=jax.random.key(0), run=run, **options,
    )  # fmt: skip


def kept(run):
    return [int(path.name) for path in run.checkpoints("train").iterdir()]


@pytest.mark.parametrize("kind", ENDING, ids=lambda kind: kind.name)
def test_each_saves_where_it_comes_and_ends(kind, tmp_path):
    """A press that comes twice, as wrappers pass it on, is one."""

    def twice(update):
        signal.raise_signal(kind)
        signal.raise_signal(kind)

    with pm.Run.create(tmp_path / "run") as run:
        with pytest.raises(InterruptedRunError, match="stopped after step 4 of 9") as caught:
            train(run, callbacks=[pm.every(4, twice)])
        assert kept(run) == [4] and int(caught.value.state.step) == 4
    with pm.Run.reopen(tmp_path / "run") as run:
        assert train(run).params == train(None).params
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_second_after_the_grace_stops_at_once_and_says_what_is_kept(tmp_path, clock):
    def press(update):
        signal.raise_signal(signal.SIGINT)
        clock[0] += 1.5
        signal.raise_signal(signal.SIGTERM)

    place = tmp_path / "run"
    with pm.Run.create(place) as run:
        with pytest.raises(
            InterruptedRunError, match="without saving it: no step is kept"
        ) as caught:
            train(run, callbacks=[pm.every(3, press)])
        assert not run.checkpoints("train").exists() and int(caught.value.state.step) == 3
        with pytest.raises(InterruptedRunError, match="stopped after step 2"):
            train(run, phase="b", callbacks=[pm.every(2, lambda _: signal.raise_signal(2))])
    with (
        pm.Run.reopen(place) as run,
        pytest.raises(InterruptedRunError, match="without saving it: step 2 is kept") as caught,
    ):
        train(run, phase="b", callbacks=[pm.every(6, press)])
    assert f"pm.Run.reopen({str(place)!r})" in str(caught.value)


def test_a_second_press_without_a_run_stops_at_once(clock):
    def press(update):
        signal.raise_signal(signal.SIGINT)
        clock[0] += 1.5
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt) as caught:
        train(None, callbacks=[pm.every(3, press)])
    assert int(caught.value.state.step) == 3


def test_what_is_ignored_or_heeded_by_others_stays_so():
    """SIGHUP under nohup; SIGUSR1 of a script that prints how far it is."""
    heard = []
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGUSR1, lambda kind, frame: heard.append(kind))
    with interrupting(), held_signals(True) as stop:
        for kind in (signal.SIGHUP, signal.SIGUSR1, signal.SIGTERM):
            signal.raise_signal(kind)
    assert (heard, stop) == ([signal.SIGUSR1], [signal.SIGTERM])


def test_outside_of_training_each_stops_as_ctrl_c_does():
    for kind in ENDING:
        with pytest.raises(KeyboardInterrupt), interrupting():
            if kind != signal.SIGINT:
                assert signal.getsignal(kind) is interrupt
            signal.raise_signal(kind)
        assert signal.getsignal(kind) in (signal.SIG_DFL, signal.default_int_handler)


def test_one_that_comes_as_handlers_are_put_back_leaves_none_held(monkeypatch):
    """A second Ctrl-C there would have left SIGTERM held, and so without effect, for good."""
    put, pressed = signal.signal, []

    def press_after_the_first(kind, handler):
        before = put(kind, handler)
        if handler is signal.default_int_handler and not pressed:
            pressed.append(kind)
            signal.raise_signal(signal.SIGINT)
        return before

    with pytest.raises(KeyboardInterrupt), held_signals(True):
        monkeypatch.setattr(signals.signal, "signal", press_after_the_first)
    assert pressed
    for kind in ENDING:
        usual = signal.default_int_handler if kind == signal.SIGINT else signal.SIG_DFL
        assert signal.getsignal(kind) is usual
