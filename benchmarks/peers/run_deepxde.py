"""DeepXDE's run, PyTorch backend, in float64.

`--recipe example` is the one of DeepXDE's own Burgers example (soft conditions, 15,000 steps of
Adam, then L-BFGS), for Poisson that of its L-shaped example on the unit square. `--recipe best` is
what did best in short trials: the ansatz, features and network of physml, and L-BFGS after a few
steps of Adam. API: https://deepxde.readthedocs.io.
"""

from __future__ import annotations

import os

os.environ["DDE_BACKEND"] = "pytorch"

import deepxde as dde
import numpy as np
import torch
from curve import Curve, arguments

NU = 0.01 / np.pi
# torch's L-BFGS goes on with its memory from call to call; DeepXDE's calls of 1000 iterations
# would leave too few points on the curve.
LBFGS_ITERATIONS = 100


def burgers(best: bool):
    """Columns are x, t."""

    def equation(z, u):
        u_x, u_t = (dde.grad.jacobian(u, z, i=0, j=j) for j in range(2))
        return u_t + u * u_x - NU * dde.grad.hessian(u, z, i=0, j=0)

    space, time = dde.geometry.Interval(-1, 1), dde.geometry.TimeDomain(0, 1)
    domain = dde.geometry.GeometryXTime(space, time)
    if not best:
        wall = dde.icbc.DirichletBC(domain, lambda z: 0, lambda _, on: on)
        start = dde.icbc.IC(domain, lambda z: -np.sin(np.pi * z[:, :1]), lambda _, on: on)
        data = dde.data.TimePDE(
            domain, equation, [wall, start], num_domain=2540, num_boundary=80, num_initial=160
        )
        return data, dde.nn.FNN([2, 20, 20, 20, 1], "tanh", "Glorot normal")
    data = dde.data.TimePDE(domain, equation, [], num_domain=2048, train_distribution="Sobol")
    network = dde.nn.FNN([3, 20, 20, 20, 20, 1], "tanh", "Glorot normal")
    network.apply_feature_transform(
        lambda z: torch.hstack(
            [2 * z[:, 1:] - 1, torch.cos(np.pi * z[:, :1]), torch.sin(np.pi * z[:, :1])]
        )
    )
    network.apply_output_transform(lambda z, N: z[:, 1:] * N - torch.sin(np.pi * z[:, :1]))
    return data, network


def poisson(best: bool):
    def equation(z, u):
        source = 2 * np.pi**2 * torch.prod(torch.sin(np.pi * z), dim=1, keepdim=True)
        return -sum(dde.grad.hessian(u, z, i=j, j=j) for j in range(2)) - source

    domain = dde.geometry.Rectangle([0, 0], [1, 1])
    network = dde.nn.FNN([2, 20, 20, 20, 20, 1], "tanh", "Glorot normal")
    if not best:
        wall = dde.icbc.DirichletBC(domain, lambda z: 0, lambda _, on: on)
        return dde.data.PDE(domain, equation, wall, num_domain=1200, num_boundary=120), network
    network.apply_output_transform(lambda z, N: torch.prod(z * (1 - z), dim=1, keepdim=True) * N)
    data = dde.data.PDE(domain, equation, [], num_domain=1024, train_distribution="Sobol")
    return data, network


class Measure(dde.callbacks.Callback):
    """Record after so many steps of Adam, and after each call of L-BFGS."""

    def __init__(self, curve: Curve, swap: bool) -> None:
        super().__init__()
        self.curve, self.columns = curve, slice(None, None, -1 if swap else 1)

    def on_epoch_end(self) -> None:
        step = self.model.train_state.step
        if self.model.opt_name == "adam" and step % 50:
            return

        def predict(points):
            return self.model.predict(np.ascontiguousarray(points[:, self.columns]))

        self.model.stop_training = self.curve.record(step, predict)


def main() -> None:
    options = arguments()
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    dde.config.set_default_float("float64")
    dde.config.set_random_seed(options.seed)
    dde.optimizers.config.LBFGS_options["iter_per_step"] = LBFGS_ITERATIONS
    dde.optimizers.config.LBFGS_options["fun_per_step"] = LBFGS_ITERATIONS * 5 // 4
    best, is_burgers = options.recipe == "best", options.problem == "burgers"
    adam = 200 if best else 15_000
    curve = Curve(options)
    data, network = (burgers if is_burgers else poisson)(best)
    if best:
        points, conditions = f"{data.num_domain} Sobol points", "physml's ansatz"
    else:
        points = f"{data.num_domain} + {data.num_boundary}"
        points += f" + {data.num_initial} points" if is_burgers else " points"
        conditions = "soft conditions"
    depth = len(network.linears) - 1
    curve.about(
        versions=f"DeepXDE {dde.__version__}, torch {torch.__version__}",
        recipe=f"{depth} × 20 tanh, {conditions}, {points}, "
        f"{adam} steps of Adam at 1e-3, then L-BFGS to the end",
    )
    model = dde.Model(data, network)
    measure = Measure(curve, swap=is_burgers)
    model.compile("adam", lr=1e-3)
    model.train(iterations=adam, display_every=1000, callbacks=[measure], verbose=0)
    if not model.stop_training:
        model.compile("L-BFGS")
        model.train(callbacks=[measure], verbose=0)


if __name__ == "__main__":
    main()
