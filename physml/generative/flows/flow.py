"""A normal density carried over to another one by an invertible network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from physml.as_whole import as_whole
from physml.errors import ConfigurationError
from physml.generative.flows.flow_density import FlowDensity
from physml.generative.flows.flow_training import Training, scored
from physml.generative.flows.natural_unit import InUnits, natural_unit
from physml.generative.flows.observables import check_observables
from physml.generative.flows.real_model import RealModel, check_density, check_normalisable
from physml.generative.flows.way_back import check_way_back
from physml.networks import RealNVP
from physml.networks.as_module import as_module
from physml.optim import natural_gradient, optimizer_of
from physml.ranges import check_positive
from physml.train import Rule, Run, fit, key_for
from physml.train.callbacks import Callback


def flow(
    model: RealModel,
    network: Any = None,
    *,
    optimizer: Any = None,
    training: Training = scored,
    size: int = 512,
    steps: int = 200,
    anneal: int = 0,
    unit: float | None = None,
    judge: int = 10_000,
    params: Any = None,
    until: Rule | None = None,
    key: Array | None = None,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
) -> FlowDensity:
    """The density of ``x = u y(z)``, ``z`` normal, of least free energy.

        F[q] = E_q[ln q − ln p̃] ≥ −ln Z,   ln q(x) = ln N(z) − ln|∂y/∂z| − d ln u

    trained by samples of its own, without data. Where ``q`` is exact the gradient of the ``score``
    objective has no noise. It is drawn to modes: what it never draws it does not miss, and no
    error bar tells; let it ``anneal``, and look at the modes.

    Args:
        model: the density, such as ``ScalarField((16,))`` or ``Reals(shape, function)``.
        network: a module ``(z, inverse=False) -> (y, ln|∂y/∂z|)``, invertible, such as
            ``RealNVP()`` or ``ContinuousFlow(LatticeVelocity())``; ``RealNVP()`` if None.
        optimizer: any, or its name; the natural gradient if None.
        training: ``scored``, with rows, for the natural gradient; or ``reparametrised``, the
            gradient through the samples, for Adam; both of ``pm.generative``.
        size: samples of a step, all drawn anew.
        steps: how many steps.
        anneal: steps during which ``p`` grows out of the normal density, ``N^{1−h} p̃^h``; 0 for
            none.
        unit: ``u``, the length in which ``x`` is of order one; if None, the width of the normal
            density of least free energy.
        judge: fresh samples that tell the numbers, 32 at least: eight chains are made of them.
        params: to begin with; the network's own if None.
        until: a rule that may end training before.
        key: a random key.
        run: a run directory.
        callbacks: of the loop.
        progress: whether to show a line.

    Returns:
        The density: ``sample``, ``log_prob``, ``log_partition``, ``mean``, ``chain``; a ``Result``.

    Raises:
        ConfigurationError: a count out of range, a unit that is not positive, a density that does
            not fall at large ``x``, an observable of a name that is taken.
        ShapeError: a density or an observable that is not one real number; a network that changes
            the shape, or is not the inverse of its own way back, or tells another volume than its
            Jacobian's, at first, near to that, or when trained.
        NonFiniteError: a density that is NaN, in training with the sample.

    Sources: Albergo, Kanwar & Shanahan (2019), doi:10.1103/PhysRevD.100.034515; Nicoli et al.
    (2021), doi:10.1103/PhysRevLett.126.032001 (``ln Z``).

    >>> import jax.numpy as jnp, physml as pm
    >>> tilted = pm.generative.Reals((2,), lambda x: -(x[0] ** 2) - (x[1] - x[0]) ** 2)
    >>> found = pm.generative.flow(tilted, pm.networks.RealNVP(2, ()), steps=60, size=64,
    ...                            judge=500, progress=False)
    >>> round(found.log_partition.value, 1)  # ln π = 1.14
    1.1
    """
    if not isinstance(model, RealModel):
        raise ConfigurationError(
            "model: expected a density of real numbers, such as pm.generative.ScalarField((16,)), "
            f"got {type(model).__name__}"
        )
    size, steps = as_whole("size", size, least=2), as_whole("steps", steps, least=0)
    anneal, judge = as_whole("anneal", anneal, least=0), as_whole("judge", judge, least=32)
    if not callable(training):
        raise ConfigurationError(f"training: expected scored or reparametrised, got {training!r}")
    check_density("log_density", model.log_density, model.shape)
    check_normalisable(model)
    check_observables(model)
    if unit is None:
        unit = natural_unit(model)
    check_positive("unit", unit)
    key = jax.random.key(0) if key is None else key
    network = as_module("network", RealNVP() if network is None else network)
    if params is None:
        params = jax.jit(network.init)(key_for(key, "params"), jnp.ones(model.shape))
    check_way_back(network, params, model.shape, beside=True)
    objective, sampler = training(InUnits(model, unit), network, size, anneal)
    result = fit(
        objective,
        sampler,
        natural_gradient(0.2, damping=1e-3, momentum=0.9, max_norm=0.3)
        if optimizer is None
        else optimizer_of(optimizer),
        params,
        steps=steps,
        key=key_for(key, "fit"),
        until=until,
        run=run,
        callbacks=callbacks,
        progress=progress,
    )
    return FlowDensity.judged(
        model,
        network,
        result.params,
        unit=unit,
        samples=judge,
        key=key_for(key, "measure"),
        result=result,
    )
