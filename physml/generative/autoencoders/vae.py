"""A density with few latent numbers behind it, by the bound that an encoder gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from jax import Array

from physml.as_whole import as_whole
from physml.datasets.dataset import Dataset
from physml.errors import ConfigurationError
from physml.generative.autoencoders.evidence import evidence
from physml.generative.autoencoders.latent_model import LatentModel
from physml.generative.autoencoders.observation_model import ObservationModel, gaussian
from physml.generative.autoencoders.variational_autoencoder import VariationalAutoencoder
from physml.generative.sample_parts import as_parts, as_samples
from physml.networks import MLP
from physml.networks.as_module import as_module
from physml.optim import OptimizerSettings, optimizer_of
from physml.ranges import check_positive
from physml.sampling import fixed, minibatches, with_noise
from physml.train import Rule, Run, fit, key_for
from physml.train.callbacks import Callback
from physml.types import Optimizer


def vae(
    data: Any,
    encoder: Any = None,
    decoder: Any = None,
    *,
    latent: int = 2,
    beta: float = 1.0,
    likelihood: ObservationModel | None = None,
    conditional: bool = False,
    optimizer: Optimizer | OptimizerSettings | str | None = None,
    size: int | None = 64,
    steps: int = 2000,
    draws: int = 1,
    path: bool = False,
    judge: int = 64,
    params: Any = None,
    until: Rule | None = None,
    key: Array | None = None,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
) -> VariationalAutoencoder:
    """Train a variational autoencoder: the least of distortion plus β rate, a mean over samples.

        C = E_q[−ln p(x | z)] + β KL(q(z | x) ‖ N(0, 1)),   q = N(m(x), s(x)²),   z = m + s ε

    in nats; at ``β = 1`` it is ``−ELBO``, and ``ELBO ≤ ln p(x)``. The ``ε`` are drawn by the
    sampler: part of the batch. With one of the likelihoods of this room the objective has the rows
    of generalised Gauss–Newton (``evidence``), for the natural gradient and the trust region;
    Adam serves any.

    Args:
        data: samples ``(n, ...)``, or a ``pm.Dataset``, of which a split is trained on by its
            training part and judged by the other. They are taken as they are: none is scaled but
            for what the encoder sees, by the likelihood's unit.
        encoder: a module of one sample, with outputs ``(2 latent,)``: means, then ``ln s²``;
            one hidden layer of 100 if None.
        decoder: a module of ``(latent,)``, with outputs of a sample's shape, or flat; likewise.
        latent: how many latent numbers.
        beta: β > 0; what is reported are bounds at ``β = 1``, whatever it is.
        likelihood: ``gaussian()`` if None; ``bernoulli()``, ``binomial(trials)``, or your own.
        conditional: whether both networks are told the class of a sample: one-hot, behind the
            flattened sample and behind the latent numbers.
        optimizer: any, or its name; ``optax.adam(1e-3)`` if None.
        size: samples of a step; None for all.
        steps: how many steps.
        draws: of ``ε`` a sample and step.
        path: whether gradients are taken along ``z`` alone, see ``evidence``: of the encoder
            without noise where ``q`` becomes the exact posterior, as of a linear decoder.
        judge: of ``ε`` a sample, at least 2, for the bounds that are told at the end.
        params: to begin with; the networks' own if None.
        until: a rule that may end training before.
        key: a random key; ``jax.random.key(0)`` if None.
        run: a run directory.
        callbacks: see ``fit``.
        progress: whether to show a line.

    Returns:
        The autoencoder: ``encode``, ``decode``, ``sample``, ``bounds``, and a ``Result``.

    Raises:
        ShapeError: samples that the likelihood has no probability of, such as pixels outside
            [0, 1] for ``bernoulli()``; networks with other outputs.
        NonFiniteError: a NaN or an infinity in the data; training that diverged.
        ConfigurationError: a count out of range, β ≤ 0, no classes to condition on.

    Sources: Kingma and Welling (2014), arXiv:1312.6114; β: Higgins et al. (2017), ICLR; what it
    weighs: Alemi et al. (2018), arXiv:1711.00464; path: Roeder, Wu and Duvenaud (2017),
    arXiv:1703.09194.

    >>> import jax, numpy as np, physml as pm
    >>> line = np.linspace(-1, 1, 50)[:, None] * np.array([1.0, 2.0])
    >>> line = line + 0.1 * np.random.default_rng(0).normal(size=line.shape)
    >>> found = pm.generative.vae(line, pm.MLP((), outputs=2), pm.MLP((), outputs=2), latent=1,
    ...                           size=None, steps=20, judge=4, progress=False)
    >>> found.sample(jax.random.key(1), 3).shape, found.encode(line)[0].shape
    ((3, 2), (50, 1))
    """
    steps, draws = as_whole("steps", steps, least=0), as_whole("draws", draws, least=1)
    judge, latent = as_whole("judge", judge, least=2), as_whole("latent", latent, least=1)
    check_positive("beta", beta)
    train, test = as_parts(data)
    likelihood = gaussian() if likelihood is None else likelihood
    if not isinstance(likelihood, ObservationModel):
        raise ConfigurationError(
            f"likelihood: expected one such as pm.generative.bernoulli(), got {likelihood!r}"
        )
    for part in (train, test):
        if part is not None:
            likelihood.check(part.inputs)
    n, shape = len(train), train.inputs.shape[1:]
    if size is not None and not 1 <= (size := as_whole("size", size)) <= n:
        raise ConfigurationError(f"size: expected from 1 to {n} samples, or None, got {size}")
    if conditional and not isinstance(data, Dataset):
        raise ConfigurationError(
            "conditional: expected a pm.Dataset(inputs, labels), got samples without classes"
        )
    classes = data.classes if conditional else 0
    numbers = int(np.prod(shape))
    encoder = MLP((100,), outputs=2 * latent) if encoder is None else encoder
    decoder = MLP((100,), outputs=numbers) if decoder is None else decoder
    model = LatentModel(
        as_module("encoder", encoder),
        as_module("decoder", decoder),
        likelihood,
        latent,
        shape,
        classes,
    )
    key = jax.random.key(0) if key is None else key
    params = jax.jit(model.init)(key_for(key, "params")) if params is None else params
    model.check(params)
    samples = as_samples(train, classes)
    count = n if size is None else size

    def with_draws(key: Array, batch: Any) -> Any:
        return {**batch, "noise": jax.random.normal(key, (count, draws, latent))}

    result = fit(
        evidence(model, float(beta), path=path),
        with_noise(fixed(samples) if size is None else minibatches(samples, size=size), with_draws),
        optimizer_of("adam" if optimizer is None else optimizer),
        params,
        steps=steps,
        key=key_for(key, "fit"),
        until=until,
        run=run,
        callbacks=callbacks,
        progress=progress,
    )
    return VariationalAutoencoder.judged(
        model,
        result.params,
        train if test is None else test,
        held_out=test is not None,
        labelled=isinstance(data, Dataset),
        beta=float(beta),
        draws=judge,
        key=key_for(key, "measure"),
        result=result,
    )
