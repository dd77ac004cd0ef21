"""A model trained again and again on its own samples narrows: an autoencoder and a generator.

Claim (Shumailov et al., 2024, doi:10.1038/s41586-024-07566-y): a density that is fitted to samples
of the one fitted before loses its width with the generations. Of a normal density fitted to n
samples by largest likelihood the expected variance falls by the factor 1 − 1/n a generation: with
n = 30 and 20 generations, and the n of the first samples, to 0.49. It is the mean of a broad
distribution: one run scatters by a factor of about e^±√(g/2n), 1.8 here, after g generations in two
dimensions, so several seeds are told. Beside it, each on as many samples, a linear variational
autoencoder and a generator by the non-saturating game. The true density is normal in two
dimensions, of variance 1 along each.

Run: python experiments/collapse.py [--generations 20] [--seeds 10] [--write docs/results]
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np
import optax
import tyro

import physml as pm


@dataclass(frozen=True)
class Config:
    """Generations, samples of each, seeds; steps of both trainings; where page and figure go."""

    generations: int = 20
    samples: int = 30
    seeds: int = 10
    vae_steps: int = 600
    gan_steps: int = 1000
    write: Path | None = None


def normal(x: np.ndarray, key: jax.Array, config: Config) -> np.ndarray:
    """Samples of the normal density of largest likelihood."""
    covariance = np.cov(x.T, bias=True)
    noise = np.asarray(jax.random.normal(key, (config.samples, 2)))
    return np.asarray(x.mean(axis=0) + noise @ np.linalg.cholesky(covariance).T)


def autoencoder(x: np.ndarray, key: jax.Array, config: Config) -> np.ndarray:
    """Samples of a linear variational autoencoder with one latent number."""
    found = pm.generative.vae(
        x,
        pm.MLP((), outputs=2),
        pm.MLP((), outputs=2),
        latent=1,
        size=None,
        steps=config.vae_steps,
        path=True,
        judge=2,
        optimizer=optax.adam(optax.cosine_decay_schedule(5e-2, config.vae_steps)),
        key=key,
        progress=False,
    )
    return np.asarray(found.sample(jax.random.fold_in(key, 1), config.samples))


def generator(x: np.ndarray, key: jax.Array, config: Config) -> np.ndarray:
    """Samples of a generator against a critic."""
    adam = optax.adam(optax.cosine_decay_schedule(5e-3, config.gan_steps), b1=0.5)
    found = pm.generative.gan(
        x,
        pm.MLP((16,), outputs=2),
        pm.MLP((16,)),
        cost=pm.generative.non_saturating(1.0),
        critic_steps=1,
        size=min(100, config.samples),
        steps=config.gan_steps,
        optimizer=adam,
        key=key,
        progress=False,
    )
    return np.asarray(found.sample(jax.random.fold_in(key, 1), config.samples))


MODELS: dict[str, Any] = {
    "normal density": normal,
    "linear autoencoder": autoencoder,
    "generator": generator,
}


def main(config: Config) -> dict[str, np.ndarray]:
    """Mean variance ``(seeds, generations + 1)`` of the samples by model."""
    jax.config.update("jax_enable_x64", True)
    found = {}
    for name, model in MODELS.items():
        rows = []
        for seed in range(config.seeds):
            key = jax.random.key(seed)
            x = np.asarray(jax.random.normal(jax.random.fold_in(key, 0), (config.samples, 2)))
            row = [x.var(axis=0).mean()]
            for generation in range(config.generations):
                x = model(x, jax.random.fold_in(key, 1 + generation), config)
                row.append(x.var(axis=0).mean())
            rows.append(row)
            print(f"{name}, seed {seed}: variance {row[0]:.3f} to {row[-1]:.3f}", flush=True)
        found[name] = np.array(rows)
    if config.write is not None:
        (config.write / "collapse.md").write_text(page(found, config))
        draw(found, config, config.write / "collapse.png")
    return found


def page(found: dict[str, np.ndarray], config: Config) -> str:
    """The table of the last generation."""
    points = int(np.sum(found["generator"][:, -1] < 0.02))
    expected = (1 - 1 / config.samples) ** (config.generations + 1)
    lines = [
        "# Results: models of their own samples",
        "",
        f"Written by `python experiments/collapse.py --seeds {config.seeds} --write docs/results`, "
        f"{datetime.date.today()}. A normal density in two dimensions, of variance 1, is learned "
        f"from {config.samples} samples, and then again and again from as many of what was "
        f"learned before. The variance after {config.generations} generations, of "
        f"{config.seeds} seeds; of a normal density of largest likelihood {expected:.3f} is "
        "expected, as the mean of a broad distribution.",
        "",
        "| learned by | mean | median | least | largest |",
        "|---|---|---|---|---|",
    ]
    for name, rows in found.items():
        last = rows[:, -1]
        error = last.std(ddof=1) / len(last) ** 0.5
        lines.append(
            f"| {name} | {last.mean():.3f} ± {error:.3f} | {np.median(last):.3f} | "
            f"{last.min():.4f} | {last.max():.3f} |"
        )
    lines += [
        "",
        "![variance against the generation, a line a seed, their mean, and what is expected of a "
        "normal density](collapse.png)",
        "",
        "No overfitting is needed: the normal density has five numbers. What is learned from "
        "samples of what was learned takes a walk, and the walk of a width ends at zero. The "
        f"generator is no fit of largest likelihood: {points} of its seeds are below 0.02.",
    ]
    return "\n".join(lines) + "\n"


def draw(found: dict[str, np.ndarray], config: Config, path: Path) -> None:
    """Variance against the generation: each seed a line, their mean thick, expected dotted."""
    steps = np.arange(config.generations + 1)
    with pm.figures.figure(path, 1, len(found)) as axes:
        for axis, (name, rows) in zip(axes, found.items(), strict=True):
            axis.plot(steps, rows.T, linewidth=0.6, alpha=0.6)
            axis.plot(steps, rows.mean(axis=0), "k", linewidth=1.5)
            axis.plot(steps, (1 - 1 / config.samples) ** (steps + 1.0), "k:", linewidth=1)
            axis.set(xlabel="generation", ylabel="variance of the samples", title=name)
            axis.set_ylim(bottom=0)


if __name__ == "__main__":
    main(tyro.cli(Config))
