"""Electrons in a parabolic quantum dot."""

from __future__ import annotations

from dataclasses import replace

from physml.train.entry import Record
from physml.vmc.by_recipe import entry
from physml.vmc.recipe import VMCRecipe
from physml.vmc.systems import QuantumDot
from physml.vmc.wavefunctions import WavefunctionSettings

PAIR = VMCRecipe(wavefunction=WavefunctionSettings(name="slater-jastrow"))

SLATER_JASTROW = replace(PAIR, walkers=512, optimizer=replace(PAIR.optimizer, max_norm=0.3))

MESSAGES = replace(
    SLATER_JASTROW,
    wavefunction=WavefunctionSettings(name="message-passing", width=24),
    steps=250,
    measurements=200,
)


def recipe(dot: QuantumDot) -> VMCRecipe:
    """A Slater–Jastrow state of two electrons, whose nodes are right; message passing of more."""
    count = dot.n_up + dot.n_down
    if dot.n_up == dot.n_down == 1:
        return PAIR
    return replace(MESSAGES, steps=300) if count == 12 else MESSAGES


def quick(dot: QuantumDot) -> VMCRecipe:
    """A Slater–Jastrow state."""
    return PAIR if dot.n_up == dot.n_down == 1 else SLATER_JASTROW


def best(dot: QuantumDot) -> VMCRecipe:
    """Message passing; of two electrons, which are cheap, with a long measurement."""
    return replace(MESSAGES, measurements=6000) if dot.n_up == dot.n_down == 1 else recipe(dot)


SIX, TWELVE, TWENTY = ({"n_up": n, "n_down": n} for n in (3, 6, 10))

ENTRY = entry(
    "quantum-dot",
    "H = Σ −½∇² + ½ω²r² + Σ 1/r_ij",
    "exact for two at ω = 1, 1/6; coupled cluster for six at ω = 1; else diffusion MC",
    QuantumDot(),
    recipe,
    quick=quick,
    best=best,
    records=(
        Record("3.000001(31) hartree", 30, "docs/results/vmc.md"),
        Record("3.0000029(44) hartree", 159, "docs/results/vmc.md", "best"),
        Record("0.666713(21) hartree", 31, "docs/results/vmc.md", numbers={"omega": 1 / 6}),
        Record("20.17776(92) hartree", 132, "docs/results/vmc.md", "quick", SIX),
        Record("20.15509(38) hartree", 161, "docs/results/vmc.md", numbers=SIX),
        Record("65.6873(11) hartree", 586, "docs/results/vmc.md", numbers=TWELVE, precision=32),
        Record("155.9928(40) hartree", 222, "docs/results/vmc.md", "quick", TWENTY, 32),
    ),
)
