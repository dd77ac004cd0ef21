"""The lines that tell how far a fit is."""

import io
import sys

import jax
import jax.numpy as jnp
import optax

import physml as pm
from physml.train import Update
from physml.train.progress import progress


def update(step, *, steps=100, seconds=None, phase="train", **metrics):
    seconds = float(step) if seconds is None else seconds
    return Update(phase, step, steps, None, {"loss": 0.125, **metrics}, seconds, 1.0)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_plain_lines_come_every_ten_seconds_and_at_the_end():
    stream = io.StringIO()
    show = progress(stream=stream)
    for step in (1, 5, 10, 12, 20, 21, 98, 100):
        show(update(step))
    show.close()
    assert stream.getvalue().splitlines() == [
        "train 1/100  loss 1.250e-01",
        "train 12/100  loss 1.250e-01  ETA 1:28",
        "train 98/100  loss 1.250e-01  ETA 0:02",
        "train 100/100  loss 1.250e-01  1:40",
    ]


def test_a_new_phase_and_a_resumed_one_start_afresh():
    stream = io.StringIO()
    show = progress(stream=stream)
    show(update(100))
    show(update(51, seconds=2.0, phase="polish"))
    show(update(61, seconds=22.0, phase="polish"))
    assert stream.getvalue().splitlines()[1:] == [
        "polish 51/100  loss 1.250e-01",
        "polish 61/100  loss 1.250e-01  ETA 1:18",
    ]


def test_energies_are_told_in_hartree():
    stream = io.StringIO()
    progress(stream=stream)(update(4000, steps=4000, energy=-0.5))
    assert stream.getvalue() == "train 4000/4000  energy -0.50000 hartree  1:06:40\n"


def test_one_line_on_a_terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    stream = Terminal()
    show = progress(stream=stream)
    show(update(1))
    show(update(50))
    assert "\n" not in stream.getvalue()
    assert "50/100  loss 1.250e-01  ETA 0:50" in stream.getvalue().split("\r")[-1]
    show.close()
    show.close()
    assert stream.getvalue().count("\n") == 1
    show(update(100))
    assert stream.getvalue().endswith("1:40\n")


def test_a_line_longer_than_the_terminal_is_cut(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "30")
    stream = Terminal()
    monkeypatch.setenv("NO_COLOR", "1")
    progress(stream=stream)(update(50))
    line = stream.getvalue().split("\x1b[2K")[-1]
    assert len(line) == 30 and line.endswith("…")


def test_dumb_terminals_have_plain_lines(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    stream = Terminal()
    progress(stream=stream)(update(1))
    assert stream.getvalue() == "train 1/100  loss 1.250e-01\n"


def test_quiet(capsys):
    show = progress(quiet=True)
    show(update(1))
    show.close()
    assert capsys.readouterr() == ("", "")


def test_standard_error_unless_told(capsys):
    progress()(update(1))
    assert capsys.readouterr().err == "train 1/100  loss 1.250e-01\n"
    progress(stream=sys.stdout)(update(1))
    assert capsys.readouterr().out == "train 1/100  loss 1.250e-01\n"


def test_a_fit_shows_its_line_at_a_terminal_alone_and_once(monkeypatch):
    def shown(stream, **options):
        monkeypatch.setattr(sys, "stderr", stream)
        line = pm.least_squares({"line": lambda params, x: params * x})
        pm.fit(
            line, pm.fixed({"line": jnp.ones(4)}), optax.sgd(0.1), jnp.array(1.0), steps=2,
            key=jax.random.key(0), **options,
        )  # fmt: skip
        return stream.getvalue()

    assert shown(io.StringIO()) == ""
    assert "train" in shown(Terminal())
    assert shown(Terminal(), progress=False) == ""
    once = shown(Terminal(), callbacks=[progress(stream=io.StringIO())])
    assert once == ""
    # A rule that ends a fit ends its line too.
    ended = shown(Terminal(), until=pm.train.target("loss", 10.0))
    assert ended.endswith("\n")


class Ascii(io.TextIOWrapper):
    """A stream without ψ: a terminal, or a file that one is redirected to."""

    def __init__(self, terminal):
        super().__init__(io.BytesIO(), encoding="ascii", errors="strict", write_through=True)
        self.terminal = terminal

    def isatty(self):
        return self.terminal

    def said(self):
        return self.buffer.getvalue().decode("ascii")


def test_a_terminal_without_the_letters_has_them_spelled(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setenv("NO_COLOR", "1")
    for terminal in (False, True):
        stream = Ascii(terminal)
        progress(stream=stream)(update(50, phase="ψ²"))
        assert "psi^2 " in stream.said()
    assert len(stream.said().split("\x1b[2K")[-1]) == 30


def test_a_stream_that_is_gone_ends_no_run(monkeypatch):
    """A terminal that was closed, as its signal says at the same time; a closed file."""

    class Gone(Terminal):
        def write(self, text):
            raise OSError(5, "Input/output error")

    monkeypatch.setenv("TERM", "xterm-256color")
    closed = io.StringIO()
    plain, gone = progress(stream=closed), progress(stream=Gone())
    closed.close()
    for show in (plain, gone):
        show(update(1))
        show(update(100))
        show.close()
