"""Training steps of dense networks under this machine's roofline.

Each step of Adam, over width, depth, batch and precision, is put beside what the machine can do:
min(P, I B), with P the rate of a large product of matrices and B that of the triad a + s b, both
measured here in the same run and precision, and I the operations a byte, counted by hand:

    operations    6 n Σ d_in d_out, without the 2 n d_in d_out of the first layer's inputs;
                  of Adam 14 a number of W
    bytes         of W: read twice, its gradient written and read, three arrays read and written;
                  of each layer's activations: written, read twice, their derivatives the same

Activations are not counted as operations, though a tanh takes as long as tens of them. What a cache
holds from one pass to the next is read faster than the triad, whose arrays have 128 MiB each: a
fraction above 1 is that. Expected: large products come nearest the ceiling of operations; narrow
networks lie below it, for calls and tanh take time that no ceiling counts. Steps run many in one
program, as ``fit`` runs them.

Source: Williams, Waterman and Patterson (2009), doi:10.1145/1498765.1498785. On a CPU everything
runs on one core, and times are those of the processor, so that other work does not show but in the
memory's share; on a GPU all of it is used and times are of the clock.

Run: python experiments/roofline.py [--repeats 3] [--write docs/results]
"""

from __future__ import annotations

import argparse
import datetime
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

import physml as pm


@dataclass(frozen=True)
class Config:
    """What is measured; where figure and page go."""

    widths: tuple[int, ...] = (32, 128, 512)
    depths: tuple[int, ...] = (2, 6)
    batches: tuple[int, ...] = (32, 1024)
    precisions: tuple[str, ...] = ("float32", "float64")
    repeats: int = 3
    write: Path | None = None


class Point(NamedTuple):
    """A training step: its sizes, and operations, bytes and seconds."""

    width: int
    depth: int
    batch: int
    precision: str
    flops: float
    bytes: float
    seconds: float

    @property
    def intensity(self) -> float:
        """Operations a byte."""
        return self.flops / self.bytes

    @property
    def rate(self) -> float:
        """Operations a second."""
        return self.flops / self.seconds


class Ceiling(NamedTuple):
    """Operations and bytes a second that were measured."""

    flops: float
    bytes: float

    def at(self, intensity: float) -> float:
        """What can be attained."""
        return min(self.flops, intensity * self.bytes)


def seconds_of(function: Callable[..., Any], *given: Any, repeats: int) -> float:
    """The least time of a call; of the processor on a CPU, of the clock elsewhere."""
    clock = time.process_time if jax.default_backend() == "cpu" else time.perf_counter
    jax.block_until_ready(function(*given))
    times = []
    for _ in range(repeats):
        began = clock()
        jax.block_until_ready(function(*given))
        times.append(clock() - began)
    return min(times)


def ceiling(precision: str, repeats: int) -> Ceiling:
    """A product of 1,024² matrices, or 8,192² on a GPU; the triad in place, forty times a call."""
    large = jax.default_backend() != "cpu"
    n, size, passes = (8192, 2**30, 40) if large else (1024, 2**27, 40)
    a = jnp.ones((n, n), precision)
    m = size // a.dtype.itemsize
    x, y = jnp.ones(m, precision), jnp.ones(m, precision)
    # New arrays of this size would be new pages of memory each time, and their faults be measured.
    triads = jax.jit(lambda x, y: jax.lax.fori_loop(0, passes, lambda _, y: x + 0.5 * y, y))
    product_of = seconds_of(jax.jit(jnp.matmul), a, a, repeats=repeats)
    triad = seconds_of(triads, x, y, repeats=repeats) / passes
    return Ceiling(2 * n**3 / product_of, 3 * size / triad)


def counted(widths: tuple[int, ...], batch: int, size: int) -> tuple[float, float]:
    """Operations and bytes of a step of Adam; ``size`` bytes a number."""
    layers = list(pairwise(widths))
    weights = sum(d_in * d_out for d_in, d_out in layers)
    flops = 6 * batch * weights - 2 * batch * widths[0] * widths[1] + 14 * weights
    numbers = (2 + 2 + 6) * weights + 6 * batch * sum(widths[1:]) + 2 * batch * widths[0]
    return float(flops), float(size * numbers)


def measured(width: int, depth: int, batch: int, precision: str, repeats: int) -> Point:
    """A step of Adam on a network with ``width`` inputs and outputs, of many in one program."""
    network = pm.MLP((width,) * depth, outputs=width)
    x = jnp.ones((batch, width), precision)
    params = jax.tree.map(lambda a: a.astype(precision), network.init(jax.random.key(0), x[0]))
    objective = pm.least_squares({"data": lambda p, s: network.apply(p, s[0]) - s[1]})
    adam = optax.adam(1e-3)

    flops, size = counted((width,) * (depth + 2), batch, x.dtype.itemsize)
    steps = int(max(2, min(100, 5e8 / flops)))

    @jax.jit
    def trained(params: Any, x: jax.Array) -> Any:
        def step(state: Any, _: None) -> tuple[Any, None]:
            params, moments = state
            evaluation, _ = objective.evaluate(params, objective.init(params), {"data": (x, x)})
            updates, moments = adam.update(evaluation.gradient, moments, params)
            return (optax.apply_updates(params, updates), moments), None

        return jax.lax.scan(step, (params, adam.init(params)), length=steps)[0]

    spent = seconds_of(trained, params, x, repeats=repeats) / steps
    return Point(width, depth, batch, precision, flops, size, spent)


def main(config: Config) -> tuple[dict[str, Ceiling], list[Point]]:
    """Measure, print, draw."""
    jax.config.update("jax_enable_x64", True)
    if hasattr(os, "sched_setaffinity"):  # XLA then has one thread; a GPU does not mind.
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    ceilings = {kind: ceiling(kind, config.repeats) for kind in config.precisions}
    points = []
    for sizes in product(config.widths, config.depths, config.batches, config.precisions):
        points.append(measured(*sizes, repeats=config.repeats))
        part = points[-1].rate / ceilings[points[-1].precision].at(points[-1].intensity)
        print(*sizes, f"{points[-1].rate:.3g} flop/s, {part:.2f} of attainable", flush=True)
    if config.write is not None:
        config.write.mkdir(parents=True, exist_ok=True)
        draw(ceilings, points, config.write / "roofline.png")
        (config.write / "roofline.md").write_text(page(ceilings, points, config))
    return ceilings, points


def page(ceilings: dict[str, Ceiling], points: list[Point], config: Config) -> str:
    """The ceilings, and what each step attains of them."""
    where = jax.devices()[0].device_kind
    one = f"one of {os.cpu_count()} busy cores, by the processor's time"
    how = one if jax.default_backend() == "cpu" else "by the clock"
    lines = [
        "# Training steps under the roofline",
        "",
        f"Written by `python experiments/roofline.py --repeats {config.repeats} --write "
        f"docs/results`, {datetime.date.today()}; {where}, {how}, jax "
        f"{jax.__version__}; the best of {config.repeats}. Ceilings measured: "
        + "; ".join(
            f"{kind} {c.flops / 1e9:.1f} Gflop/s, {c.bytes / 1e9:.1f} GB/s"
            for kind, c in ceilings.items()
        )
        + ".",
        "",
        "| width | depth | batch | precision | operations a byte | Gflop/s | of attainable |",
        "|---|---|---|---|---|---|---|",
    ]
    for point in points:
        part = point.rate / ceilings[point.precision].at(point.intensity)
        lines.append(
            f"| {point.width} | {point.depth} | {point.batch} | {point.precision} | "
            f"{point.intensity:.1f} | {point.rate / 1e9:.2f} | {part:.2f} |"
        )
    return "\n".join([*lines, "", "![](roofline.png)"]) + "\n"


def draw(ceilings: dict[str, Ceiling], points: list[Point], path: Path) -> None:
    """Rates under the roof, and what part of it they are."""
    marks = {32: "o", 1024: "^"}
    with pm.figures.figure(path, 1, 2) as (roof, part):
        for i, (kind, top) in enumerate(ceilings.items()):
            own = [point for point in points if point.precision == kind]
            x = np.geomspace(0.5, 2 * max(point.intensity for point in points))
            roof.plot(x, [top.at(at) / 1e9 for at in x], color=f"C{i}", label=kind)
            for point in own:
                mark = marks.get(point.batch, "o")
                size = 2 + np.log2(point.width) / 2
                roof.plot(point.intensity, point.rate / 1e9, mark, color=f"C{i}", markersize=size)
                share = point.rate / top.at(point.intensity)
                part.plot(point.intensity, share, mark, color=f"C{i}", markersize=size)
        for batch in sorted({point.batch for point in points}):
            part.plot([], [], marks.get(batch, "o"), color="0.4", label=f"batch {batch}")
        roof.set(xlabel="operations a byte", ylabel="Gflop/s", xscale="log", yscale="log")
        part.set(xlabel="operations a byte", ylabel="achieved / attainable", xscale="log")
        part.set_ylim(0, None)
        part.set_xlim(roof.get_xlim())
        roof.legend(fontsize=7)
        part.legend(fontsize=7)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=Config.repeats)
    parser.add_argument("--write", type=Path)
    main(Config(**vars(parser.parse_args())))
