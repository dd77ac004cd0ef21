"""The job of ``physml ground-state``: optimise, measure with fresh walkers, draw."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

import jax
import numpy as np

from physml.cli.job import Result, draw
from physml.cli.output import complain, number
from physml.errors import NonFiniteError
from physml.sampling import Estimate
from physml.train import Run
from physml.train.callbacks import Callback
from physml.vmc import GroundState, QuantumSystem, Reference
from physml.vmc.catalogue import SystemEntry
from physml.vmc.pretraining import check_pretraining
from physml.vmc.recipe import VMCRecipe


@dataclass(frozen=True, kw_only=True)
class GroundStateJob:
    """A system of the catalogue, its numbers chosen; see ``physml.cli.job.Job``."""

    entry: SystemEntry
    system: QuantumSystem
    recipe: VMCRecipe
    seed: int
    precision: int

    @property
    def name(self) -> str:
        """The system's."""
        return self.entry.name

    @property
    def steps(self) -> int:
        """The recipe's."""
        return self.recipe.steps

    def settings(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "command": "ground-state",
            "name": self.name,
            "seed": self.seed,
            "precision": self.precision,
            "recipe": asdict(self.recipe),
            "system": asdict(cast(Any, self.system)),  # the catalogue's are dataclasses
        }

    def check(self) -> None:
        """Build wave function and optimizer, to no other end."""
        wavefunction = self.entry.wavefunction(self.recipe, self.system)
        if self.recipe.pretrain:
            check_pretraining(self.system, wavefunction)
        self.recipe.optimizer.build()

    def work(self, run: Run, callbacks: Sequence[Callback]) -> Result:
        """Optimise, measure and draw."""
        try:
            state = self.entry.ground_state(
                self.recipe,
                system=self.system,
                key=jax.random.key(self.seed),
                run=run,
                callbacks=callbacks,
            )
        except NonFiniteError as error:
            if isinstance(error.kept, GroundState):
                draw(run, "samples.npz", error.kept.save_samples)
            raise
        if not state.energy.converged:
            complain("the error bar has not converged, it may be too small: --measurements")
        if state.measurement.not_finite:
            complain(_missing(state.measurement.not_finite, state.measurement.first_not_finite))
        draw(run, "state.png", state.plot)
        draw(run, "samples.npz", state.save_samples)
        return self._result(state)

    def _result(self, state: GroundState) -> Result:
        reference, measured = state.reference, state.measurement
        first, imaginary = measured.first_not_finite, measured.imaginary
        return {
            "system": self.name,
            "energy": state.energy.mean,
            "energy_error": state.energy.error,
            "energy_per_particle": state.energy_per_particle.mean,
            "energy_per_particle_error": state.energy_per_particle.error,
            "variance": state.variance,
            "imaginary": None if imaginary is None else imaginary.mean,
            "imaginary_error": None if imaginary is None else imaginary.error,
            "reference": None if reference is None else reference.energy,
            "reference_error": None if reference is None else reference.error,
            "reference_source": None if reference is None else reference.source,
            "acceptance": measured.acceptance,
            "autocorrelation": state.energy.tau,
            "rhat": state.energy.rhat,
            "converged": state.energy.converged,
            "not_finite": measured.not_finite,
            "first_not_finite": None if first is None else first.tolist(),
            "steps": self.steps,
            "parameters": sum(leaf.size for leaf in jax.tree.leaves(state.params)),
            "walkers": self.recipe.walkers,
            "compile_seconds": measured.compile_seconds
            + (0.0 if state.result is None else state.result.compile_seconds),
        }

    def report(self, result: Result) -> dict[str, str]:
        """The result in words."""
        return {
            "system": f"{self.name}: {self.entry.hamiltonian}",
            "energy": f"{energy(result)} hartree after {result['steps']} steps",
            "per particle": f"{energy(result, each='_per_particle')} hartree",
            "reference": self.exact(result),
            "difference": self.difference(result),
            "variance": f"{number(result['variance'])} hartree²",
            **_imaginary(result),
            "acceptance": f"{100 * result['acceptance']:.0f}%",
            "autocorrelation": f"{number(result['autocorrelation'])} measurements",
            **_trust(result),
        }

    def reference(self, result: Result) -> Reference | None:
        """What a result is compared with."""
        if result["reference"] is None:
            return None
        if "reference_source" in result:
            parts = (result["reference"], result["reference_error"], result["reference_source"])
            return Reference(*parts)
        return self.system.reference  # of a result written before it told which

    def exact(self, result: Result) -> str:
        """The reference, its own error and its source."""
        reference = self.reference(result)
        if reference is None:
            return "none known for these numbers"
        value = f"{reference.energy:.12g}"
        if reference.error > 0:
            value = str(_bar(reference.energy, reference.error))
        return f"{value} hartree ({reference.source})"

    def difference(self, result: Result) -> str:
        """The distance to the reference, in hartree and in both errors' σ."""
        reference = self.reference(result)
        if reference is None:
            return "unknown"
        distance = result["energy"] - reference.energy
        error = math.hypot(result["energy_error"], reference.error)
        sigmas = f" ({abs(distance) / error:.1f} σ)" if error > 0 else ""
        return f"{distance:+.2g} hartree{sigmas}"


def energy(result: Result, *, each: str = "") -> str:
    """The energy with its error in brackets, ``3.00002(13)``, and a mark if that is in doubt."""
    mean, error = result[f"energy{each}"], result[f"energy{each}_error"]
    return str(_bar(mean, error)._replace(converged=result.get("converged", True)))


def _bar(mean: float, error: float) -> Estimate:
    return Estimate(mean, error, tau=1.0, rhat=1.0, variance=0.0, samples=1)


def _imaginary(result: Result) -> dict[str, str]:
    """What ought to be zero of a complex ψ, and is not there of a real one."""
    if result.get("imaginary") is None:
        return {}
    return {"imaginary part": f"{_bar(result['imaginary'], result['imaginary_error'])} hartree"}


def _trust(result: Result) -> dict[str, str]:
    """How far to trust the error bar; nothing of a result written before it told."""
    if "rhat" not in result:
        return {}
    said = {
        "split-R̂": f"{result['rhat']:.3f}",
        "error bar": "converged" if result["converged"] else "not converged, may be too small",
    }
    if result["not_finite"]:
        said["left out"] = _missing(result["not_finite"], result["first_not_finite"])
    return said


def _missing(count: int, first: Any) -> str:
    """How many local energies were left out, and the first walker with one."""
    return f"{count} local energies are not finite, first at {np.asarray(first).tolist()} bohr"
