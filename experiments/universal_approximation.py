"""Error against width of one hidden layer: tanh, ReLU and sine go down, a cubic activation stalls.

Claim (Leshno, Lin, Pinkus and Schocken, 1993, doi:10.1016/S0893-6080(05)80131-5): one hidden layer
comes as close as one likes to any continuous function if and only if its activation is no
polynomial. With z³ a network of any width is a polynomial of degree 3, and its error is that of
the best one, the Legendre projection. The function is Runge's, 1/(1 + 25x²) on [−1, 1]; samples
are 200 nodes of Gauss and Legendre with their weights, so that least squares is the projection in
L²; errors are measured at 1,000 other points. Neurons begin with their centre or kink at a random
place of the interval. The trust region trains all but ReLU: its first step throws all kinks out of
the interval, and what is left is a line; Adam trains it, and stands still in many local minima.
Best, median and worst of the seeds are drawn. How close one can come is bounded from above by the
best: an optimizer may end before the width does.

Run: python experiments/universal_approximation.py [--seeds 5] [--steps 300] [--write docs/results]
"""

from __future__ import annotations

import argparse
import datetime
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from numpy.polynomial import legendre

import physml as pm

DEGREE = 3
ACTIVATIONS: dict[str, Callable[[jax.Array], jax.Array]] = {
    "tanh": jnp.tanh,
    "ReLU": jax.nn.relu,
    "sine": jnp.sin,
    f"z^{DEGREE}": lambda z: z**DEGREE,
}


@dataclass(frozen=True)
class Config:
    """Widths, steps of the trust region, seeds; where figure and page go."""

    widths: tuple[int, ...] = (1, 2, 4, 8, 16, 32)
    steps: int = 300
    seeds: int = 5
    write: Path | None = None


def target(x: Any) -> Any:
    """What is approximated."""
    return 1 / (1 + 25 * x**2)


def best_polynomial(degree: int) -> float:
    """The error, root mean square on [−1, 1], of the Legendre projection."""
    x, w = legendre.leggauss(200)
    y = target(x)
    told = sum(
        (2 * n + 1) / 2 * np.sum(w * y * basis) * basis
        for n in range(degree + 1)
        for basis in [legendre.legval(x, np.eye(degree + 1)[n])]
    )
    return float(np.sqrt(np.sum(w * (told - y) ** 2) / 2))


def errors(activation: Callable[[jax.Array], jax.Array], width: int, config: Config) -> np.ndarray:
    """Of a network of one hidden layer, by seed."""
    network = pm.MLP((width,), activation=activation)
    nodes, weights = legendre.leggauss(200)
    samples = tuple(
        map(jnp.asarray, (nodes[:, None], target(nodes), np.sqrt(weights * len(nodes) / 2)))
    )
    row = lambda params, sample: sample[2] * (network.apply(params, sample[0]) - sample[1])
    objective = pm.least_squares({"data": row})
    optimizer, steps = pm.gauss_newton(), config.steps
    if activation is jax.nn.relu:
        steps = 50 * config.steps
        optimizer = optax.with_extra_args_support(
            optax.adam(optax.cosine_decay_schedule(1e-2, steps))
        )
    sampler = pm.fixed({"data": samples})
    step = pm.train.make_step(objective, sampler, optimizer)
    x = (np.arange(1000) + 0.5) / 500 - 1

    @jax.jit
    def trained(key: jax.Array) -> jax.Array:
        params = network.init(key, jnp.zeros(1))
        # Centres and kinks at random places of the interval: of z³ with b = 0, a network is odd.
        hidden = params["params"]["Dense_0"]
        at = jax.random.uniform(jax.random.fold_in(key, 1), (width,), minval=-1, maxval=1)
        hidden["bias"] = -at * hidden["kernel"][0]
        state = pm.train.TrainState(
            jnp.zeros((), jnp.int32),
            params,
            optimizer.init(params),
            objective.init(params),
            sampler.init(key, params),
            key,
        )
        state, _ = jax.lax.scan(lambda s, _: (step(s)[0], None), state, length=steps)
        told = jax.vmap(network.apply, (None, 0))(state.params, jnp.asarray(x[:, None]))
        return jnp.sqrt(jnp.mean((told - jnp.asarray(target(x))) ** 2))

    return np.array([trained(jax.random.key(seed)) for seed in range(config.seeds)])


def main(config: Config) -> dict[str, np.ndarray]:
    """Errors ``(widths, seeds)`` by activation."""
    jax.config.update("jax_enable_x64", True)
    found = {}
    for name, activation in ACTIVATIONS.items():
        found[name] = np.array([errors(activation, width, config) for width in config.widths])
        print(name, found[name].min(axis=1), np.median(found[name], axis=1), flush=True)
    print(f"best polynomial of degree {DEGREE}:", best_polynomial(DEGREE))
    if config.write is not None:
        config.write.mkdir(parents=True, exist_ok=True)
        draw(found, config, config.write / "universal-approximation.png")
        (config.write / "universal-approximation.md").write_text(page(found, config))
    return found


def page(found: dict[str, np.ndarray], config: Config) -> str:
    """Best and median errors by width."""
    lines = [
        "# Error against width",
        "",
        f"Written by `python experiments/universal_approximation.py --seeds {config.seeds} "
        f"--steps {config.steps} --write docs/results`, {datetime.date.today()}; "
        f"{os.cpu_count()} busy CPU cores, float64, jax {jax.__version__}. 1/(1 + 25x²) on "
        f"[−1, 1], one hidden layer, {config.steps} steps of the trust region, of ReLU "
        f"{50 * config.steps} of Adam, root mean square error, best (median) of {config.seeds} "
        f"seeds. The best polynomial of degree {DEGREE} is at "
        f"{best_polynomial(DEGREE):.4f} (Legendre projection). "
        "Each is a bound from above: where training ends before the width does, as by local "
        "minima, more neurons do not help.",
        "",
        "| width | " + " | ".join(map(str, config.widths)) + " |",
        "|---|" + "---|" * len(config.widths),
    ]
    for name, values in found.items():
        cells = " | ".join(f"{at.min():.2g} ({np.median(at):.2g})" for at in values)
        lines.append(f"| {name} | {cells} |")
    ratios = found[f"z^{DEGREE}"] / best_polynomial(DEGREE)
    cells = " | ".join(f"{at.min():.3f} ({np.median(at):.3f})" for at in ratios)
    lines.append(f"| z^{DEGREE} over the best polynomial | {cells} |")
    return "\n".join([*lines, "", "![](universal-approximation.png)"]) + "\n"


def draw(found: dict[str, np.ndarray], config: Config, path: Path) -> None:
    """Error against width."""
    with pm.figures.figure(path, 1, 1) as axis:
        for name, values in found.items():
            (line,) = axis.plot(config.widths, np.median(values, axis=1), "o-", label=name)
            axis.fill_between(
                config.widths,
                values.min(axis=1),
                values.max(axis=1),
                alpha=0.15,
                color=line.get_color(),
            )
        words = f"best polynomial of degree {DEGREE}"
        axis.axhline(best_polynomial(DEGREE), color="0.5", linestyle=":", label=words)
        axis.set(xlabel="width", ylabel="error", xscale="log", yscale="log")
        axis.set_xticks(config.widths, map(str, config.widths))
        axis.minorticks_off()
        axis.legend(fontsize=7)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=Config.seeds)
    parser.add_argument("--steps", type=int, default=Config.steps)
    parser.add_argument("--write", type=Path)
    main(Config(**vars(parser.parse_args())))
