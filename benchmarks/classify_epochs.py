"""Time an epoch of `classify` beside bare flax + optax and PyTorch: 784-100-100-10, 64 a step.

Claim: at most 1.2 times the bare loop, with Adam, float32. Epochs of all take turns, so that what
else the machine does meets all alike; medians and quartiles, of the processor's time and of the
clock's. The bare loops are a compiled step a minibatch, as flax's own pages have it, and a compiled
`lax.scan` over an epoch, both of arrays on the device. `classify` logs loss and accuracy of each
step and watches for what is not finite, beside the same arithmetic.

Run: python benchmarks/classify_epochs.py [--repeats 40] [--torch PYTHON] [--write docs/results]
with PYTHON an interpreter that has torch.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax

import physml as pm

WIDTHS, SIZE, STEPS = (100, 100), 64, 63


@dataclass(frozen=True)
class Config:
    """Epochs of each; an interpreter with torch; where the page goes."""

    repeats: int = 40
    torch: str | None = None
    write: Path | None = None


Epoch = Callable[[], tuple[float, float]]
"""Trains an epoch; seconds of the processor and of the clock."""


class Bare(nn.Module):
    """The network as flax's own pages write it."""

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        for width in WIDTHS:
            x = jnp.tanh(nn.Dense(width)(x))
        return nn.Dense(10)(x)


def timed(epoch: Callable[[], None]) -> tuple[float, float]:
    """Seconds of the processor and of the clock."""
    wall, processor = time.perf_counter(), time.process_time()
    epoch()
    return time.process_time() - processor, time.perf_counter() - wall


def bare_epochs(x: np.ndarray, y: np.ndarray) -> dict[str, Epoch]:
    """Flax and optax by themselves: a program a step, and a program an epoch."""
    model, adam = Bare(), optax.adam(1e-3)
    inputs, labels = jnp.asarray(x), jnp.asarray(y)
    random = np.random.default_rng(0)

    def loss(params, batch, targets):
        logits = model.apply(params, batch)
        return optax.softmax_cross_entropy_with_integer_labels(logits, targets).mean()

    def step(state, rows):
        params, moments = state
        value, gradient = jax.value_and_grad(loss)(params, inputs[rows], labels[rows])
        updates, moments = adam.update(gradient, moments, params)
        return (optax.apply_updates(params, updates), moments), value

    one = jax.jit(step, donate_argnums=0)
    whole = jax.jit(lambda state, rows: jax.lax.scan(step, state, rows), donate_argnums=0)
    params = model.init(jax.random.key(0), inputs[:1])
    states = {name: jax.tree.map(jnp.array, (params, adam.init(params))) for name in ("one", "all")}

    def steps() -> None:
        for rows in random.permutation(len(x)).reshape(STEPS, SIZE):
            states["one"], value = one(states["one"], rows)
        value.block_until_ready()

    def scanned() -> None:
        rows = random.permutation(len(x)).reshape(STEPS, SIZE)
        states["all"], values = whole(states["all"], rows)
        values.block_until_ready()

    return {
        "flax + optax, a step": lambda: timed(steps),
        "flax + optax, a scan": lambda: timed(scanned),
    }


def torch_epochs(python: str, x: np.ndarray, y: np.ndarray) -> tuple[str, Epoch]:
    """PyTorch in a process of its own, an epoch a line; its name with the version."""
    path = Path(tempfile.mkdtemp()) / "data.npz"
    np.savez(path, x=x, y=y)
    script = Path(__file__).parent / "peers" / "run_torch_epochs.py"
    words = [python, str(script), str(path), str(SIZE), str(len(os.sched_getaffinity(0)))]
    peer = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    version = json.loads(peer.stdout.readline())["version"]

    def epoch() -> tuple[float, float]:
        peer.stdin.write("\n")
        peer.stdin.flush()
        found = json.loads(peer.stdout.readline())
        return found["processor"], found["wall"]

    return f"PyTorch {version}", epoch


def main(config: Config) -> dict[str, np.ndarray]:
    """Times ``(repeats, 2)`` of each; the first two epochs, which compile, are left out."""
    n = STEPS * SIZE
    data = pm.datasets.mnist_subset()[:: 5000 // n][:n]
    scaler = pm.datasets.Scaler.of_images(data.inputs)
    x = scaler(data.inputs).reshape(n, -1).astype(np.float32)
    peers = bare_epochs(x, data.labels.astype(np.int64))
    if config.torch is not None:
        name, epoch = torch_epochs(config.torch, x, data.labels.astype(np.int64))
        peers[name] = epoch
    times: dict[str, list[tuple[float, float]]] = {"classify": [], **{name: [] for name in peers}}
    since = [time.process_time(), time.perf_counter()]

    def in_turn(update: pm.train.Update) -> None:
        times["classify"].append((time.process_time() - since[0], time.perf_counter() - since[1]))
        for name, epoch in peers.items():
            times[name].append(epoch())
        since[:] = [time.process_time(), time.perf_counter()]

    pm.learn.classify(
        pm.MLP(WIDTHS, outputs=10),
        data,
        epochs=config.repeats + 2,
        size=SIZE,
        optimizer=optax.adam(1e-3),
        callbacks=[pm.every(STEPS, in_turn)],
        progress=False,
    )
    found = {name: 1e3 * np.array(rows[2:]) for name, rows in times.items()}
    text = page(found, config)
    print(text)
    if config.write is not None:
        config.write.mkdir(parents=True, exist_ok=True)
        (config.write / "classify-epochs.md").write_text(text)
    return found


def page(found: dict[str, np.ndarray], config: Config) -> str:
    """Medians and quartiles in ms, and their ratios to the bare loops, turn by turn."""
    step, scan = (found[f"flax + optax, a {kind}"] for kind in ("step", "scan"))
    words = f"--repeats {config.repeats}" + (" --torch PYTHON" if config.torch else "")
    lines = [
        "# An epoch of a classifier",
        "",
        f"Written by `python benchmarks/classify_epochs.py {words} --write docs/results`, "
        f"{datetime.date.today()}; {len(os.sched_getaffinity(0))} CPU core(s), float32, jax "
        f"{jax.__version__}. 784-100-100-10, tanh, Adam, {STEPS} steps of {SIZE} images; "
        f"{config.repeats} epochs of each, in turns; ms an epoch, median and quartiles. Ratios are "
        "medians of those of one turn: to flax + optax with a program a step, and to one with a "
        "program an epoch.",
        "",
        "| | processor | to a step | to a scan | clock | to a step | to a scan |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, times in found.items():
        cells = [name]
        for i in (0, 1):
            low, middle, high = np.percentile(times[:, i], (25, 50, 75))
            cells.append(f"{middle:.1f} ({low:.1f} to {high:.1f})")
            cells += [f"{np.median(times[:, i] / bare[:, i]):.2f}" for bare in (step, scan)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=Config.repeats)
    parser.add_argument("--torch", help="an interpreter that has torch")
    parser.add_argument("--write", type=Path)
    main(Config(**vars(parser.parse_args())))
