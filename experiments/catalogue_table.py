"""Generative models and learning from data: every entry by its recipe, several seeds, in one table.

Claim: what a page of the guide says of an entry holds for seeds that nothing was chosen on.
Expected: free energies and ln Z within their bars of the exact ones, all modes of the ring five of
five, digits told right by 97 to 99%, and so on; the table says what is known beside each. Finished
rows are kept in a JSON file; those that lack are run, each from compiling on.

Run: python experiments/catalogue_table.py generative [--seeds 0 1 2] [--write docs/results]
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Found = dict[str, Any]
Told = Callable[[Found], str]


def value(key: str, form: str = ".3g", unit: float = 1.0) -> Told:
    """A number, or several."""

    def told(row: Found) -> str:
        several = row[key] if isinstance(row[key], list) else [row[key]]
        return ", ".join(format(unit * one, form) for one in several)

    return told


def measured(key: str, form: str, error: str | None = None) -> Told:
    """A number with its error bar."""
    bar = error or f"{key}_error"
    return lambda row: f"{row[key]:{form}} ± {row[bar]:.1g}"


def above(key: str, other: str) -> Told:
    """How far a number is from what it should be, with its error bar."""
    return lambda row: f"{row[key] - row[other]:+.1e} ± {row[f'{key}_error']:.0e}"


@dataclass(frozen=True)
class Line:
    """A line of the table: what is told, by which numbers, and what is known or stands beside."""

    what: str
    told: Told
    known: Told | str = ""


FREE_ENERGY = Line("free energy a site, above exact", above("free_energy", "exact"), "0")
ESS = Line("effective part of samples", value("ess", ".4f"), "1")
DIGITS = Line("accuracy", value("accuracy", ".1%"))

ROWS: dict[str, dict[str, tuple[Line, ...]]] = {
    "generative": {
        "rbm-xor": (Line("largest distance from ¼", value("largest_deviation", ".4f"), "0"),),
        "rbm-xor pcd": (Line("largest distance from ¼", value("largest_deviation", ".4f"), "0"),),
        "bars-and-stripes": (
            Line("KL to the 30 images, nats", value("kl", ".3f"), "0"),
            Line("density on them", value("on_patterns", ".1%"), "100%"),
        ),
        "ising-rbm": (
            Line("KL(model‖machine), nats", value("kl", ".4f"), "0"),
            Line("ln Z above exact", above("log_partition", "exact_log_partition"), "0"),
        ),
        "rbm-digits": (
            Line(
                "ln p of images held out, nats",
                measured("test_log_likelihood", ".2f"),
                value("test_independent", ".2f"),
            ),
        ),
        "energy-ring": (
            Line("total variation", value("distance", ".4f"), "0"),
            Line(
                "ln Z by chains above the grid's", above("log_partition", "grid_log_partition"), "0"
            ),
        ),
        "energy-double-well": (
            Line("total variation", value("distance", ".4f"), "0"),
            Line(
                "ln Z by chains above the grid's", above("log_partition", "grid_log_partition"), "0"
            ),
        ),
        "ising-autoregressive": (
            Line("free energy a site by all states, above exact", value("excess", ".1e"), "0"),
            FREE_ENERGY,
            ESS,
        ),
        "spin-glass": (
            Line("free energy a site by all states, above exact", value("excess", ".1e"), "0"),
            Line("ln Z above exact", above("log_partition", "exact_log_partition"), "0"),
            ESS,
        ),
        "phi4-chain": (
            Line("ln Z above exact", above("log_partition", "exact"), "0"),
            Line("⟨φ²⟩", measured("phi_squared", ".4f"), value("phi_squared_exact", ".6f")),
            ESS,
        ),
        "phi4-square": (
            Line("ln Z above exact", above("log_partition", "exact"), "0"),
            Line("⟨φ²⟩", measured("phi_squared", ".4f"), value("phi_squared_exact", ".6f")),
            ESS,
        ),
        "double-well-flow": (
            Line("ln Z above exact", above("log_partition", "exact"), "0"),
            Line("weight of the left well", measured("left", ".4f"), value("left_exact", ".4f")),
            ESS,
        ),
        "vae-linear": (
            Line("ELBO below the closed form, nats a sample", measured("gap", ".1e"), "0"),
        ),
        "vae-digits": (
            Line("ELBO, nats", measured("elbo", ".1f"), value("alone", ".1f")),
            Line("bound by 256 draws, nats", measured("importance_bound", ".1f")),
            Line("classes by 8 latents", value("latent_accuracy", ".1%"), "8 components:"),
        ),
        "gan-ring": (
            Line("modes of five pairs", value("covered", "d"), "8"),
            Line("samples within three deviations", value("good_share", ".1%"), "98.9%"),
        ),
        "wgan-gaussians": (
            Line("distance over the mean slope", measured("distance", ".4f"), "1"),
            Line("bare difference", value("difference", ".3f"), "1.05"),
        ),
        "gan-digits": (),
        "diffusion-mixture": (),
        "diffusion-digits": (),
        "langevin-relaxation": (),
    },
    "learn": {},
}
"""By room and entry, or entry and recipe: the lines of the table."""

PAGES = {
    "generative": ("generative models", "[boltzmann](../boltzmann.md)"),
    "learn": ("learning from data", "[learn](../learn.md)"),
}


@dataclass(frozen=True)
class Config:
    """The room, which seeds, and where rows are kept and the page is written."""

    room: str
    seeds: tuple[int, ...] = (0, 1, 2)
    write: Path | None = None
