"""Time a step of each optimizer beside its bound in floating-point operations.

The problem is Burgers' residual with 4 × 20 tanh neurons on 4,096 fixed points, float64. The bound
is the operations that the algorithm cannot avoid, at the rate of this machine's own matrix product
measured in the same run:

    first order        one evaluation of the residual's gradient (counted by XLA)
    natural gradient   the rows, 2 n p min(n, p) for the Gram matrix, min³/3 for its factor
    gauss-newton       the rows, the Gram matrix, 9 min³ for its eigenvectors, 17 losses

Run: python benchmarks/optimizer_steps.py [--points 4096] [--width 20] [--repeats 5]
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time

import jax
import jax.numpy as jnp
import optax

import physml as pm

STEPS = 4


def median_seconds(function, *args, repeats: int) -> tuple[float, float]:
    """Median and half the range of wall times, the first call left out."""
    jax.block_until_ready(function(*args))
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        jax.block_until_ready(function(*args))
        times.append(time.perf_counter() - begin)
    return statistics.median(times), 0.5 * (max(times) - min(times))


def flops(function, *args) -> float:
    return jax.jit(function).lower(*args).compile().cost_analysis()["flops"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=4096, help="collocation points n")
    parser.add_argument("--width", type=int, default=20, help="neurons in each of 4 layers")
    parser.add_argument("--repeats", type=int, default=5, help="timed runs of each")
    options = parser.parse_args()
    jax.config.update("jax_enable_x64", True)

    problem = pm.pinn.catalogue.Burgers().problem()
    network = pm.MLP((options.width,) * 4, kernel_init=pm.networks.orthogonal(5 / 3))
    params = problem.initial_params(network, jax.random.key(0))
    objective = pm.least_squares(pm.pinn.residual_rows(problem, network))
    sampler = pm.pinn.collocation(problem, network, points=options.points)
    state = sampler.init(jax.random.key(1), params)
    weights = objective.init(params)

    def evaluation(params):
        return objective.evaluate(params, weights, state.batch)[0]

    n, p = jax.eval_shape(evaluation, params).jacobian.shape
    small = min(n, p)
    a = jax.random.normal(jax.random.key(2), (2048, 2048))
    seconds, _ = median_seconds(jax.jit(lambda a: a @ a), a, repeats=options.repeats)
    rate = 2 * 2048**3 / seconds
    gradient = flops(lambda q: evaluation(q).gradient, params)
    loss = flops(lambda q: objective.value(q, weights, state.batch), params)
    rows = flops(lambda q: evaluation(q).jacobian.vm(jnp.ones(n)), params)
    gram, factor, spectrum = 2 * n * p * small, small**3 / 3, 9 * small**3
    optimizers = {
        "adam": (optax.adam(1e-3), gradient),
        "lbfgs": (optax.lbfgs(), gradient),
        "natural gradient": (pm.natural_gradient(0.1), rows + gram + factor),
        "natural gradient, line search": (
            pm.natural_gradient(1.0, line_search=pm.optim.grid_line_search(candidates=16)),
            rows + gram + factor + 16 * loss,
        ),
        "SPRING": (pm.natural_gradient(0.1, momentum=0.9), rows + gram + factor + 2 * loss),
        "gauss-newton": (pm.gauss_newton(), rows + gram + spectrum + 17 * loss),
    }
    print(
        f"{platform.processor() or platform.machine()}, {jax.devices()[0]}, jax {jax.__version__}"
    )
    print(f"n = {n} points, p = {p} parameters; matrix product {rate / 1e9:.0f} GF/s (float64)\n")
    print(f"{'optimizer':32}{'ms a step':>16}{'Gflop':>9}{'bound (ms)':>12}{'ratio':>8}")
    for name, (optimizer, work) in optimizers.items():
        step = pm.train.make_step(objective, sampler, optimizer)
        start = pm.train.TrainState(
            jnp.zeros((), jnp.int32),
            params,
            optimizer.init(params),
            weights,
            state,
            jax.random.key(3),
        )
        several = jax.jit(
            lambda s, step=step: jax.lax.fori_loop(0, STEPS, lambda i, t: step(t)[0], s)
        )
        seconds, spread = median_seconds(several, start, repeats=options.repeats)
        seconds, spread = seconds / STEPS, spread / STEPS
        bound = work / rate
        timing = f"{1e3 * seconds:.1f} ± {1e3 * spread:.1f}"
        print(f"{name:32}{timing:>16}{work / 1e9:9.2f}{1e3 * bound:12.1f}{seconds / bound:8.1f}")


if __name__ == "__main__":
    main()
