"""The couplings of an Ising chain, learned from energies of random states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jax import Array

from physml.as_whole import whole_fields
from physml.datasets.dataset import Dataset
from physml.datasets.generator import generator
from physml.errors import ConfigurationError
from physml.learn.linear import LinearModel, lasso, ridge
from physml.learn.metrics import r2
from physml.learn.metrics import root_mean_squared_error as rmse
from physml.train import Entry, Run, key_for
from physml.train.callbacks import Callback
from physml.train.study import Panel, Study


@dataclass(frozen=True)
class IsingEnergies:
    """``E = −J Σ s_i s_{i+1}`` of a ring, known at random states; all pairs are asked.

    Attributes:
        spins: in the ring.
        coupling: ``J``.
        samples: states to train on, fewer than there are pairs as a rule.
        test: states to judge on.
    """

    spins: int = 40
    coupling: float = 1.0
    samples: int = 400
    test: int = 200

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        whole_fields(self)
        for name, least in (("spins", 3), ("samples", 2), ("test", 2)):
            if getattr(self, name) < least:
                raise ConfigurationError(
                    f"{name}: expected at least {least}, got {getattr(self, name)}"
                )
        if not np.isfinite(self.coupling) or self.coupling == 0:
            raise ConfigurationError(f"coupling: expected a number but 0, got {self.coupling}")

    @property
    def couplings(self) -> np.ndarray:
        """``J_ij`` of all pairs ``i < j``, in the order of the inputs."""
        i, j = np.triu_indices(self.spins, 1)
        near = (j - i == 1) | ((i == 0) & (j == self.spins - 1))
        return np.where(near, self.coupling, 0.0)

    def data(self, key: Array) -> Dataset:
        """States and their energies, ``E = −Σ_{i<j} J_ij s_i s_j``, those to judge on held out.

        Args:
            key: a random key.
        """
        n = self.samples + self.test
        s = generator(key).choice([-1.0, 1.0], (n, self.spins))
        i, j = np.triu_indices(self.spins, 1)
        energy = -self.coupling * np.sum(s * np.roll(s, 1, axis=1), axis=1)
        return Dataset(
            -s[:, i] * s[:, j],
            energy,
            name="ising energies",
            split=np.arange(n) >= self.samples,
            licence="free of any",
            source="a formula and random numbers",
        )


@dataclass(frozen=True, kw_only=True)
class CouplingRecipe:
    """What is tried.

    Attributes:
        strengths: penalties λ of lasso and of ridge; the couplings told are lasso's at the first.
    """

    strengths: tuple[float, ...] = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)

    def __post_init__(self) -> None:
        """Check all before anything is made or overwritten."""
        if not self.strengths or not all(0 < s < np.inf for s in self.strengths):
            raise ConfigurationError(f"strengths: expected numbers > 0, got {self.strengths}")


def solve(
    subject: IsingEnergies,
    recipe: CouplingRecipe,
    *,
    key: Array,
    run: Run | None = None,
    callbacks: Sequence[Callback] = (),
) -> Study:
    """By lasso, with ridge beside; nothing is trained step by step, so that no run keeps any."""
    del run, callbacks
    data, exact = subject.data(key_for(key, "data")), subject.couplings
    train, test = data.train, data.test
    rows: dict[str, list[Any]] = {"lasso": [], "ridge": []}
    models: dict[str, LinearModel] = {}
    for name, find in (("lasso", lasso), ("ridge", ridge)):
        for strength in recipe.strengths:
            model = find(train.inputs, train.targets, strength)
            told = model.predict(test.inputs)
            worst = np.abs(model.coefficients - exact).max()
            rows[name].append((worst, rmse(test.targets, told), r2(test.targets, told)))
            models.setdefault(name, model)
    model, (worst, error, explained) = models["lasso"], rows["lasso"][0]
    misses = train.targets - model.predict(train.inputs)
    strength = recipe.strengths[0]
    found = {
        "rmse": error,
        "loss": float(np.mean(misses**2) + strength * np.sum(np.abs(model.coefficients))),
        "train": len(train),
        "test": len(test),
        "parameters": model.numbers(),
        "coupling_error": float(worst),
        "ridge_coupling_error": float(rows["ridge"][0][0]),
        "r2": explained,
        "ridge_r2": rows["ridge"][0][2],
    }
    said = {
        "couplings": f"largest error {worst:.2e} of {len(exact)} pairs, by lasso, λ = {strength:g}",
        "beside": f"ridge: largest error {rows['ridge'][0][0]:.2e}, R² {rows['ridge'][0][2]:.3f}",
        "energies": f"RMSE {error:.2e}, R² {explained:.6f} on {len(test)} states, "
        f"{len(train)} trained on",
    }
    labels = ("largest error of a coupling", "RMSE of energies on test")
    panels = [
        Panel(
            "λ",
            label,
            {name: (recipe.strengths, np.array(row)[:, i]) for name, row in rows.items()},
            "xy",
        )
        for i, label in enumerate(labels)
    ]
    places = np.arange(len(exact))
    panels.append(
        Panel("pair", "coupling", {n: (places, m.coefficients) for n, m in models.items()})
    )
    arrays = {"couplings": model.coefficients, "intercept": model.intercept}
    return Study("ising-energies", found, said, arrays, panels)


ENTRY = Entry(
    "ising-energies",
    "E = −Σ J_ij s_i s_j of a ring, J_ij of all pairs asked",
    "exact",
    IsingEnergies(),
    {"default": CouplingRecipe()},
    solve,
    extendable=(),
    load=lambda subject, recipe, directory: Study.load(directory),
)
