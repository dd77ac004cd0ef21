"""The figure of a variational autoencoder: where samples lie, what is drawn, what lies between."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from physml.figures import figure
from physml.generative.image_sheet import show_sheet

if TYPE_CHECKING:
    from physml.generative.autoencoders.variational_autoencoder import VariationalAutoencoder

_ROWS, _COLUMNS = 6, 8


def draw_latents(found: VariationalAutoencoder, path: str | Path) -> Path:
    """Save it; a model of what is no image has its loss in place of pictures."""
    with figure(path, 1, 3 if len(found.model.shape) == 2 else 2) as axes:
        _map(found, axes[0])
        if len(found.model.shape) == 2:
            _pictures(found, axes[1], axes[2])
        else:
            axes[1].plot(found.losses, linewidth=0.8)
            axes[1].set(xlabel="step", ylabel=f"distortion + {found.beta:g} rate, nats")
    return Path(path)


def _map(found: VariationalAutoencoder, axis: Any) -> None:
    """Posterior means along the two directions of the latent space in which they vary most."""
    codes = found.codes
    words = ("latent 1", "latent 2")
    if codes.shape[1] > 2:
        _, _, rows = np.linalg.svd(codes - codes.mean(axis=0), full_matrices=False)
        codes = codes @ rows[:2].T
        words = ("first direction of latents", "second direction")
    if codes.shape[1] == 1:
        axis.hist(codes[:, 0], bins=30)
        axis.set(xlabel="latent", ylabel="samples")
        return
    labels, options = found.labels, {"s": 6}
    if labels is None or labels.max(initial=0) > 9:
        axis.scatter(codes[:, 0], codes[:, 1], **options)
    else:
        colours = {"c": labels, "cmap": "tab10", "vmin": -0.5, "vmax": 9.5}
        drawn = axis.scatter(codes[:, 0], codes[:, 1], **options, **colours)
        axis.figure.colorbar(drawn, ax=axis, ticks=range(int(labels.max()) + 1), label="class")
    axis.set(xlabel=words[0], ylabel=words[1])


def _pictures(found: VariationalAutoencoder, samples: Any, between: Any) -> None:
    """Means at latents of the prior, and along lines between samples that it was judged by."""
    classes, key = found.model.classes, jax.random.key(0)
    labels = np.arange(_ROWS * _COLUMNS) // _COLUMNS % classes if classes else None
    latents = jax.random.normal(key, (_ROWS * _COLUMNS, found.model.latent))
    show_sheet(samples, found.decode(latents, labels), _COLUMNS)
    samples.set_title("E[x | z], z of the prior" + (", a class a row" if classes else ""))
    codes = found.codes
    rows = min(_ROWS, len(codes) // 2)
    part = np.linspace(0.0, 1.0, _COLUMNS)[:, None]
    sheets = []
    for row in range(rows):
        first, last = codes[2 * row], codes[2 * row + 1]
        given = None if found.labels is None else np.full(_COLUMNS, found.labels[2 * row])
        given = given if classes else None
        sheets.append(found.decode((1 - part) * first + part * last, given))
    show_sheet(between, np.concatenate(sheets), _COLUMNS)
    between.set_title("between two samples, a pair a row")
