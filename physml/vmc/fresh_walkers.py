"""Fresh walkers at fixed parameters: where they start, and the program that moves them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from physml.memory import Need, check_memory
from physml.train import fingerprint, key_for
from physml.train.data_arguments import split
from physml.train.devices import mesh_of, on_all, over_devices, placed, working_on
from physml.train.dispatch import compiled, strong
from physml.train.program import exact, numbers, program
from physml.train.state import TrainState
from physml.types import LocalOperator, Sampler
from physml.vmc.local_energies import local_energies
from physml.vmc.ratio_check import check_ratios
from physml.vmc.signed_log import LogPsi, at_params
from physml.vmc.walk import APART, BLOCK, Walk, at_start, key_of_step

STATE = "the state"
"""The part of a fingerprint that tells the parameters."""

# Walkers at which the operator is looked at.
_FEW = 16


class FreshWalkers:
    """Fresh walkers at fixed parameters: where they start, and the program that moves them."""

    def __init__(
        self,
        log_psi: LogPsi,
        params: Any,
        local_energy: LocalOperator,
        moves: Callable[..., Sampler],
        key: Array,
        devices: int,
    ) -> None:
        self._log_psi, self.params, self._local_energy = log_psi, params, local_energy
        self._moves, self._key, self._devices = moves, key, devices
        self._arrays, self._params_of = split(params)
        self._sampler = over_devices(moves(), devices)
        self._mesh = mesh_of(self._sampler)
        with working_on(self._mesh):
            self.first = self._sampler.init(key_for(key, "walkers"), params)
        self._program: Callable[..., tuple[Any, ...]] | None = None
        self.compile_seconds = 0.0

    def start(self, phase: str, after: Walk | None = None) -> Walk:
        """A walk of no step, from the first walkers or from where another one ended."""
        sampler = self.first if after is None else after.chain.sampler
        chain = TrainState(jnp.int32(0), (), (), (), sampler, key_for(self._key, phase))
        chain = jax.tree.map(strong, chain)
        return at_start(chain, self._shapes, burn_in=0 if after is None else int(after.step))

    def placed(self, walk: Walk) -> Walk:
        """A walk with its walkers on their devices."""
        chain = on_all(walk.chain._replace(sampler=()), self._mesh)
        sampler = placed(self._sampler, self._key, walk.chain.sampler, self.params)
        return walk._replace(chain=chain._replace(sampler=sampler))

    def advance(self, chain: TrainState, *, adapt: bool) -> Callable[..., tuple[Any, ...]]:
        """Compile, once for both phases, what takes a chain further by up to a block.

        Args:
            chain: such as it will be given, on its devices.
            adapt: whether the moves adapt, as in burn-in, whose blocks are counted from 1.

        Returns:
            ``(chain, count) -> (chain, seen, advanced, finite, ended)``.
        """
        data = on_all([jnp.bool_(adapt), *self._arrays], self._mesh)
        if self._program is None:
            began = time.perf_counter()
            with working_on(self._mesh):
                self._program = compiled(
                    self._step,
                    data,
                    chain,
                    until=None,
                    mesh=self._mesh,
                    longest=BLOCK,
                    name="a block of the measurement",
                    lower="walkers or sweeps, or the sizes of the model",
                )
            self.compile_seconds = time.perf_counter() - began
        program = self._program
        return lambda chain, count: program(data, chain, count, jnp.bool_(True))

    def check_records(self, steps: int) -> None:
        """Refuse more steps than this machine's memory can hold the records of.

        Raises:
            ConfigurationError: with the sum, what the machine has, and what to lower.
        """
        local, walkers = self._shapes["local_energies"], self._shapes["walkers"]
        kept = f"{steps // APART} × {len(walkers)} walkers"
        needs = [
            Need(
                f"{steps} × {len(walkers)} local energies", steps * local.size, local.dtype.itemsize
            ),
            Need(kept, steps // APART * walkers.size, walkers.dtype.itemsize),
        ]
        check_memory("steps", needs, "steps or walkers", host=True)

    def look(self, walkers: Array) -> None:
        """Refuse an operator that loses the sign of ψ, at a few walkers."""
        few = walkers[:_FEW]
        check_ratios(self._local_energy, self._log_psi, self.params, few, name="local_energy")

    def fingerprint(self, bounded: bool) -> dict[str, Any]:
        """Of all that decides a walk but its length; devices do not."""
        walkers, sampler = self._shapes["walkers"], self._moves()
        one = jax.ShapeDtypeStruct(walkers.shape[1:], walkers.dtype)

        def sample(values: Sequence[Array], key: Array, state: Any) -> Any:
            return sampler.sample(key, state, self._params_of(values))

        def energy(values: Sequence[Array], x: Array) -> Array:
            return self._local_energy(at_params(self._log_psi, self._params_of(values)), x)

        programs = {
            "the moves": program(sample, self._arrays, self._key, self.first)[0],
            "the local energy": program(energy, self._arrays, one)[0],
        }
        values = {
            "the seed": exact(self._key),
            "the walkers": [list(walkers.shape), str(walkers.dtype)],
            "bounded": bounded,
            STATE: [exact(leaf) or numbers([leaf]).digest for leaf in self._arrays],
        }
        return fingerprint.of_programs(programs, values)

    @cached_property
    def _shapes(self) -> Mapping[str, Any]:
        """Shapes and types of what a step shows."""
        chain = TrainState(jnp.int32(0), (), (), (), self.first, self._key)
        shapes: Mapping[str, Any] = jax.eval_shape(
            self._step, [jnp.bool_(True), *self._arrays], chain
        )[1]
        return shapes

    @cached_property
    def _step(self) -> Callable[..., tuple[TrainState, dict[str, Array]]]:
        """``(data, chain) -> (chain, seen)``; traced once for its shapes and its program."""

        def step(data: Sequence[Array], chain: TrainState) -> tuple[TrainState, dict[str, Array]]:
            adapt, *values = data
            params, sampler = self._params_of(values), self._moves(adapt=adapt)
            key = key_of_step(chain.key, chain.step, first=adapt.astype(jnp.int32))
            moved, walkers, metrics = over_devices(sampler, self._devices).sample(
                key, chain.sampler, params
            )
            local = local_energies(self._local_energy, self._log_psi, params, walkers)
            seen = {"local_energies": local, "walkers": walkers}
            # The loss ends no dispatch: what is not finite is counted.
            seen |= {"acceptance": metrics["acceptance"], "loss": jnp.zeros(())}
            return chain._replace(step=chain.step + 1, sampler=moved), seen

        return jax.jit(step)
