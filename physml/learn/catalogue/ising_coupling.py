"""The coupling of an Ising model, learned from one snapshot of its spins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.as_whole import whole_fields
from physml.choices import check_choices
from physml.datasets.dataset import Dataset
from physml.datasets.generator import generator
from physml.errors import ConfigurationError
from physml.learn.catalogue.classifier_recipe import check_images
from physml.learn.catalogue.coupling_estimators import (
    ExactLikelihood,
    around,
    pseudo_likelihood,
)
from physml.learn.linear import ordinary_least_squares, ridge
from physml.learn.metrics import root_mean_squared_error as rmse
from physml.learn.regress import regress
from physml.networks.settings import NetworkSettings
from physml.optim.settings import OptimizerSettings
from physml.sampling import ising_spins
from physml.train import Entry, Run, key_for, key_of
from physml.train.callbacks import Callback
from physml.train.study import Panel, Study

_BURN_IN = 50
_PIXEL_STRENGTH = 0.1
_BINS = 10


@dataclass(frozen=True)
class IsingCoupling:
    """Square lattices at temperature 1, each with a coupling J of its own and seen once.

    Attributes:
        side: sites along a side, even.
        lowest: of the couplings, which are drawn evenly.
        highest: of the couplings.
        samples: lattices to train on.
        test: lattices to judge on.
    """

    side: int = 20
    lowest: float = 0.1
    highest: float = 0.6
    samples: int = 4000
    test: int = 1000

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        whole_fields(self)
        if self.side < 4 or self.side % 2:
            raise ConfigurationError(f"side: expected an even number ≥ 4, got {self.side}")
        if not 1e-3 <= self.lowest < self.highest <= 2:
            raise ConfigurationError(
                f"lowest, highest: expected couplings from 0.001 to 2, rising, got {self.lowest} "
                f"and {self.highest}"
            )
        for name in ("samples", "test"):
            if getattr(self, name) < 20:
                raise ConfigurationError(f"{name}: expected at least 20, got {getattr(self, name)}")

    def data(self, key: Array) -> Dataset:
        """Snapshots and their couplings, those to judge on held out.

        Args:
            key: a random key.
        """
        n = self.samples + self.test
        couplings = generator(key).uniform(self.lowest, self.highest, n)
        sampler = ising_spins(
            couplings,
            lambda key: jnp.ones((n, self.side, self.side), jnp.int8),
            sweeps=_BURN_IN,
        )
        state = sampler.init(key_of(key, 0), None)
        _, spins, _ = jax.jit(sampler.sample)(key_of(key, 1), state, None)
        return Dataset(
            np.asarray(spins),
            couplings,
            name="ising-coupling",
            split=np.arange(n) >= self.samples,
            licence="free of any",
            source="made here",
        )


@dataclass(frozen=True, kw_only=True)
class SnapshotRecipe:
    """How it is learned.

    Attributes:
        network: of a snapshot, with one output.
        optimizer: the optimizer.
        size: snapshots of a step.
        epochs: how often each is seen.
    """

    network: NetworkSettings
    optimizer: OptimizerSettings = field(
        default_factory=lambda: OptimizerSettings(name="adam", learning_rate=5e-3)
    )
    size: int = 100
    epochs: int = 20

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        whole_fields(self)
        check_choices(self)
        for name in ("size", "epochs"):
            if getattr(self, name) < 1:
                raise ConfigurationError(f"{name}: expected at least 1, got {getattr(self, name)}")


def usual(subject: IsingCoupling) -> SnapshotRecipe:
    """Windows of 3 × 3 sites, and the mean over all of the lattice."""
    return SnapshotRecipe(
        network=NetworkSettings(
            name="convolution", channels=(16,), pooling=subject.side, periodic=True, width=16
        )
    )


def solve(
    subject: IsingCoupling,
    recipe: SnapshotRecipe,
    *,
    key: Array,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
) -> Study:
    """By a network, beside linear models, pseudo-likelihood, likelihood and the posterior mean."""
    data = subject.data(key_for(key, "data"))
    train, test = data.train, data.test
    model = regress(
        recipe.network.build(outputs=None),
        train,
        optimizer=recipe.optimizer,
        size=min(recipe.size, len(train)),
        epochs=recipe.epochs,
        key=key,
        run=run,
        callbacks=callbacks,
    )
    exact = ExactLikelihood(subject.side, subject.lowest, subject.highest)
    pixels, energies = (x.reshape(len(x), -1) for x in (train.inputs, _energies(train.inputs)))
    by_pixels = ridge(pixels, train.targets, _PIXEL_STRENGTH)
    by_energy = ordinary_least_squares(energies, train.targets)
    energy = _energies(test.inputs)
    told = {
        "network": model.predict(test.inputs),
        "linear in spins": by_pixels.predict(test.inputs.reshape(len(test), -1)),
        "linear in energy": by_energy.predict(energy),
        "pseudo-likelihood": pseudo_likelihood(test.inputs, subject.lowest, subject.highest),
        "likelihood": exact.most_likely(energy[:, 0]),
        "posterior mean": exact.posterior_mean(energy[:, 0]),
    }
    # All know the range of the couplings.
    told = {name: np.clip(j, subject.lowest, subject.highest) for name, j in told.items()}
    errors = {name: rmse(test.targets, j) for name, j in told.items()}
    bound = exact.cramer_rao()
    found = {
        "rmse": errors["network"],
        "loss": model.found["loss"],
        "train": len(train),
        "test": len(test),
        "parameters": model.found["parameters"],
        "spins_rmse": errors["linear in spins"],
        "energy_rmse": errors["linear in energy"],
        "pseudo_likelihood_rmse": errors["pseudo-likelihood"],
        "likelihood_rmse": errors["likelihood"],
        "posterior_rmse": errors["posterior mean"],
        "cramer_rao": bound,
        "trivial_rmse": float(np.sqrt(np.mean((test.targets - train.targets.mean()) ** 2))),
    }
    said = {
        "error": f"{errors['network']:.4g} (root mean square, {len(test)} snapshots to judge)",
        "linear": f"{errors['linear in spins']:.4g} in spins, {errors['linear in energy']:.4g} in "
        f"the energy; the mean alone {found['trivial_rmse']:.4g}",
        "statistics": f"pseudo-likelihood {errors['pseudo-likelihood']:.4g}, likelihood "
        f"{errors['likelihood']:.4g}",
        "least of all": f"posterior mean {errors['posterior mean']:.4g}; Cramér–Rao for unbiased "
        f"ones {bound:.4g}",
    }
    edges = np.linspace(subject.lowest, subject.highest, _BINS + 1)
    place = np.clip(np.digitize(test.targets, edges) - 1, 0, _BINS - 1)
    filled = np.flatnonzero(np.bincount(place, minlength=_BINS))
    middles = ((edges[1:] + edges[:-1]) / 2)[filled]

    def by_bin(values: np.ndarray) -> np.ndarray:
        return np.array([values[place == i].mean() for i in filled])

    missed = {name: j - test.targets for name, j in told.items() if "spins" not in name}
    panels = [
        Panel(
            "J",
            "RMSE",
            {
                name: (middles, np.sqrt(by_bin(missed[name] ** 2)))
                for name in ("network", "likelihood", "posterior mean")
            }
            | {"Cramér–Rao": (exact.couplings, exact.information**-0.5)},
        ),
        Panel(
            "J",
            "mean error",
            {name: (middles, by_bin(d)) for name, d in missed.items()},
        ),
        Panel("step", "loss", {"network": (np.arange(len(model.losses)), model.losses)}, "y"),
    ]
    arrays = {"couplings": test.targets} | {k.replace(" ", "_"): v for k, v in told.items()}
    return Study("ising-coupling", found, said, arrays, panels)


def _energies(spins: np.ndarray) -> np.ndarray:
    """Of a site, ``(n, 1)``: half of the sum over neighbours, which counts each bond twice."""
    return -0.5 * around(spins).mean(axis=(1, 2), dtype=float)[:, None]


def check(subject: IsingCoupling, recipe: SnapshotRecipe) -> None:
    """Build network and optimizer before a run is made.

    Raises:
        ConfigurationError: settings that exclude each other, or pooling beyond the side.
        ShapeError: patches that do not divide it.
    """
    network = recipe.network.build(outputs=None)
    recipe.optimizer.build()
    pooling = getattr(network, "pooling", 1) ** len(getattr(network, "channels", ()))
    if pooling > subject.side:
        raise ConfigurationError(
            f"pooling: expected at most the side, {subject.side}, over all blocks, got {pooling}"
        )
    check_images(network, (subject.side, subject.side))


ENTRY = Entry(
    "ising-coupling",
    "p(s) ∝ exp(J Σ s_i s_j), J from one s",
    "posterior mean by Kaufman's ln Z",
    IsingCoupling(),
    {"default": usual},
    solve,
    extendable=(),
    load=lambda subject, recipe, directory: Study.load(directory),
    check=check,
)
