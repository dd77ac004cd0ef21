"""The process of the command: Ctrl-C while it loads, where it would be lost, and at its end."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from physml import __main__ as process
from physml import cli

# Ctrl-C as the import of a module begins, after which it would go on for a second.
PRESS = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where tests run in background
class Press:
    def find_spec(self, name, *_):
        if name == {module!r}:
            signal.raise_signal(signal.SIGINT)
sys.meta_path.insert(0, Press())
from physml.__main__ import command
command()
"""


def pressed(module: str) -> subprocess.CompletedProcess[str]:
    script = PRESS.format(module=module)
    return subprocess.run(
        [sys.executable, "-c", script, "list"], capture_output=True, text=True, timeout=60
    )


def test_ctrl_c_while_importing_is_one_line():
    done = pressed("jax")
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "physml: stopped\n")


@pytest.mark.slow
def test_ctrl_c_while_a_room_is_imported_is_one_line():
    done = pressed("physml.vmc.catalogue.atom")
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "physml: stopped\n")


@pytest.fixture
def handlers(monkeypatch):
    """Python's own handler of Ctrl-C; put back afterwards, with the hook."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_that_the_collector_lost_is_pressed_again(handlers):
    """As in a callback of jax's, where Python prints it and goes on."""
    with pytest.raises(KeyboardInterrupt):
        process._heeded_after_all(SimpleNamespace(exc_value=KeyboardInterrupt()))
        for _ in range(500):
            time.sleep(0.01)


def test_what_else_is_lost_is_told_as_python_does(monkeypatch):
    told = []
    monkeypatch.setattr(sys, "__unraisablehook__", told.append)
    lost = SimpleNamespace(exc_value=ValueError("no"))
    process._heeded_after_all(lost)
    assert told == [lost]


def twice(argv=None):
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("main", "code"), [(lambda: 0, 0), (lambda: 2, 2), (lambda: 130, 130), (twice, 130)]
)
def test_the_exit_code_is_that_of_the_command(handlers, monkeypatch, main, code):
    """A second Ctrl-C while the first is being told is no traceback."""
    monkeypatch.setattr(cli, "main", main)
    monkeypatch.setattr(process.os, "_exit", sys.exit)
    with pytest.raises(SystemExit) as ended:
        process.command()
    assert ended.value.code == code
