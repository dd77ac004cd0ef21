"""An emulator of levels: evaluated, differentiated, extrapolated with a bar, drawn and kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from statistics import NormalDist
from typing import Any

import jax
import numpy as np
from jax import Array

from physml.as_numbers import as_numbers
from physml.errors import CheckpointError, ConfigurationError, FingerprintError, ShapeError
from physml.pmm import bars
from physml.pmm.bars import Levels
from physml.pmm.hermitian import CONSTANT, Hermitian
from physml.pmm.level_data import LevelData, Scaling, as_points
from physml.pmm.plots import draw
from physml.pmm.selection import Selection, selections
from physml.train import FitResult, Interval
from physml.train.named_params import from_named, named
from physml.train.study import Study


@dataclass(frozen=True, eq=False)
class Emulator:
    """Matrices whose eigenvalues are the levels seen; a ``Result``.

    Attributes:
        model: with features of points as they are.
        keep: which eigenvalues, a selection a block.
        scaling: of levels and features.
        data: the levels that it was made of.
        params: of the model with scaled features.
        others: the same of other starts that are as good.
        smaller: the model of a row less in each block, with its parameters; None where there is
            none.
        losses: at each step of the start taken, of scaled levels.
        found: numbers, plain data: ``rmse`` and ``largest_error`` on the levels that it was made
            of, ``loss``, ``parameters``, ``train``, ``starts``, ``good_starts``, ``steps``,
            ``seconds``.
        result: of the start taken; None where it was loaded.
    """

    model: Hermitian
    keep: tuple[Selection, ...]
    scaling: Scaling
    data: LevelData
    params: Any
    others: tuple[Any, ...]
    smaller: tuple[Hermitian, Any] | None
    losses: np.ndarray
    found: Mapping[str, Any]
    result: FitResult | None = None

    @property
    def parameters(self) -> int:
        """How many real numbers."""
        return sum(leaf.size for leaf in jax.tree.leaves(self.params))

    def __call__(self, x: Any) -> np.ndarray:
        """Levels at a point or at many.

        Args:
            x: ``()`` or ``(d,)``, or with a leading axis ``(n,)`` or ``(n, d)``.

        Returns:
            ``(m,)``, or ``(n, m)``; without the last axis where ``y`` had none.

        Raises:
            ShapeError: points of another shape, or not finite.
        """
        return self._asked(x, self._many)

    def derivative(self, x: Any) -> np.ndarray:
        """``∂λ/∂x``, like the levels, ``(..., m)``, with a last axis ``d`` where points have one.

        By Hellmann–Feynman; at a crossing within a block it is one-sided.

        Raises:
            ShapeError: points of another shape, or not finite.
        """
        return self._asked(x, self._slopes)

    def standard_deviation(self, x: Any) -> np.ndarray:
        """How far the levels may be off, like them: rows, other starts and a smaller matrix.

        The three add in squares; see ``docs/pmm.md``. Far outside of the points it is a judgement
        of the model by itself: it knows no level that appears only there.

        Raises:
            ShapeError: points of another shape, or not finite.
        """
        return self._asked(x, self._deviations)

    def interval(self, x: Any, level: float = 0.9) -> Interval:
        """Ends ``λ ± t σ`` with the normal quantile ``t``.

        Args:
            x: as for the levels.
            level: the probability inside, at each point.

        Raises:
            ConfigurationError: a level outside (0, 1).
            ShapeError: points of another shape, or not finite.
        """
        if not 0 < level < 1:
            raise ConfigurationError(f"level: expected a probability in (0, 1), got {level}")
        off = NormalDist().inv_cdf(0.5 + 0.5 * level) * self.standard_deviation(x)
        told = self(x)
        return Interval(told - off, told + off)

    def matrices(self) -> dict[str, tuple[np.ndarray, ...]]:
        """``M₀``, ``constant``, and ``M_l`` by name, of points and levels as they are.

        The eigenvalues of ``M₀ + Σ f_l(x) M_l`` are the levels, in the units of the data.
        """
        mean, deviation, centre, width = self.scaling
        scaled = self._scaled.matrices(self.params)
        made: dict[str, tuple[np.ndarray, ...]] = {}
        constant = [
            mean * np.eye(n) + deviation * np.asarray(m)
            for n, m in zip(self.model.blocks, scaled[CONSTANT], strict=True)
        ]
        for number, name in enumerate(self.model.names):
            each = [deviation / width[number] * np.asarray(m) for m in scaled[name]]
            constant = [c - centre[number] * m for c, m in zip(constant, each, strict=True)]
            made[name] = tuple(each)
        return {CONSTANT: tuple(constant), **made}

    def numbers(self) -> dict[str, Any]:
        """What was found on the levels that it was made of."""
        return dict(self.found)

    def words(self) -> dict[str, str]:
        """The same for a reader."""
        found = self.found
        said = {
            "on training points": f"{found['rmse']:.2e} root mean square, "
            f"{found['largest_error']:.2e} at most, {found['train']} points",
            "parameters": f"{found['parameters']}, size {self.model.size}",
            "starts": f"{found['good_starts']} of {found['starts']} as good as the best, "
            f"{found['steps']} steps",
        }
        if self.smaller is None:
            said["bar"] = "of rows and other starts alone: no smaller matrix has so many levels"
        return said

    def plot(self, path: str | Path) -> Path:
        """Save a figure: levels with their bar, of points with one coordinate, and the matrices.

        Raises:
            MissingDependencyError: without matplotlib.
        """
        return draw(self, path)

    def save(self, directory: str | Path) -> Path:
        """Keep it in a directory: all parameters, the scaling and the data.

        Raises:
            CheckpointError: where something stands already, or it cannot be written.
        """
        arrays = {
            "x": self.data.x,
            "y": self.data.y[:, 0] if self.data.single else self.data.y,
            "scale": np.array([self.scaling.mean, self.scaling.deviation]),
            "centre": self.scaling.centre,
            "width": self.scaling.width,
            "answers": self._many(self.data.x),
            "losses": self.losses,
        }
        for number, params in enumerate((self.params, *self.others)):
            arrays |= named(params, f"start/{number}")
        if self.smaller is not None:
            arrays |= named(self.smaller[1], "smaller")
        return Study("emulator", self.found, {}, arrays).save(directory)

    @classmethod
    def load(cls, directory: str | Path, model: Hermitian, keep: Any = None) -> Emulator:
        """Read what ``save`` wrote.

        Args:
            directory: where.
            model: of what it was made; its features are functions and not kept.
            keep: as it was given to ``emulate``.

        Raises:
            CheckpointError: it is missing, altered, or of another model.
            FingerprintError: of other features or other eigenvalues.
        """
        kept = Study.load(directory)
        read = kept.arrays
        try:
            data = LevelData.of(read["x"], read["y"])
            mean, deviation = read["scale"]
            scaling = Scaling(float(mean), float(deviation), read["centre"], read["width"])
            outline = partial(_outline, point=as_points(data.x)[0], scaling=scaling)
            starts = sum(name.startswith("start/") for name in read) // len(
                jax.tree.leaves(outline(model))
            )
            all_params = [
                from_named(outline(model), read, directory, f"start/{n}") for n in range(starts)
            ]
            smaller = None
            if any(name.startswith("smaller") for name in read):
                less = model.with_fewer_rows()
                smaller = (less, from_named(outline(less), read, directory, "smaller"))
            chosen = selections(data.y.shape[1] if keep is None else keep, model.blocks)
            found = cls(
                model,
                chosen,
                scaling,
                data,
                all_params[0],
                others=tuple(all_params[1:]),
                smaller=smaller,
                losses=read["losses"],
                found=kept.found,
            )
        except (KeyError, ValueError, IndexError) as error:
            raise CheckpointError(
                f"{directory}: expected an emulator by {model}, keep={keep!r} ({error})"
            ) from error
        told = found._many(data.x)
        if told.shape != read["answers"].shape or not np.allclose(
            told, read["answers"], rtol=0.0, atol=1e-4 * scaling.deviation
        ):
            raise FingerprintError(
                f"{directory}: the model gives other levels than the one that was saved; expected "
                "the same features, blocks and keep="
            )
        return found

    @property
    def _scaled(self) -> Hermitian:
        return self.scaling.model(self.model)

    def _asked(self, x: Any, answer: Any) -> np.ndarray:
        points, rank = as_numbers("x", x), self.data.x.ndim
        if (
            points.ndim not in (rank - 1, rank)
            or points.shape[points.ndim - rank + 1 :] != (self.data.x.shape[1:])
        ):
            own = self.data.x.shape[1:]
            raise ShapeError(f"x: expected {own} or {('n', *own)}, got {points.shape}")
        if not np.isfinite(points).all():
            raise ShapeError("x: expected finite numbers, got a NaN or an infinity among them")
        many = points.ndim == rank
        found = answer(points if many else points[None])
        found = found[:, 0] if self.data.single else found
        return np.asarray(found if many else found[0])

    def _levels(self, model: Hermitian) -> Levels:
        """Scaled levels of one point."""
        scaled, kept = self.scaling.model(model), self.scaling.keep(self.keep)
        return lambda params, point: scaled.levels(params, point, kept)

    # Compiled once: a program made at each call would cost a thousand times what it computes.
    @cached_property
    def _at_points(self) -> Levels:
        return jax.jit(jax.vmap(self._levels(self.model), (None, 0)))

    @cached_property
    def _smaller_at_points(self) -> Levels:
        return jax.jit(jax.vmap(self._levels(self.model.with_fewer_rows()), (None, 0)))

    @cached_property
    def _slopes_at_points(self) -> Levels:
        return jax.jit(jax.vmap(jax.jacfwd(self._levels(self.model), argnums=1), (None, 0)))

    @cached_property
    def _rows_at_points(self) -> bars.Rows:
        return bars.rows_of(self._levels(self.model), self.params)

    def _with(self, params: Any, x: np.ndarray) -> np.ndarray:
        """Scaled levels, ``(n, m)``."""
        return np.asarray(self._at_points(params, as_points(x)), np.float64)

    def _many(self, x: np.ndarray) -> np.ndarray:
        return self.scaling.mean + self.scaling.deviation * self._with(self.params, x)

    def _slopes(self, x: np.ndarray) -> np.ndarray:
        return self.scaling.deviation * np.asarray(
            self._slopes_at_points(self.params, as_points(x))
        )

    def _deviations(self, x: np.ndarray) -> np.ndarray:
        told, points = self._with(self.params, x), as_points(x)
        observed = (self.data.y - self.scaling.mean) / self.scaling.deviation
        residual = (self._with(self.params, self.data.x) - observed).ravel()
        by_rows = bars.of_rows(self._rows_at_points, residual, as_points(self.data.x), points)
        by_starts = bars.of_others(told, [self._with(params, x) for params in self.others])
        by_size = np.zeros_like(told)
        if self.smaller is not None:
            fewer = self._smaller_at_points(self.smaller[1], points)
            by_size = np.asarray(fewer, np.float64) - told
        return self.scaling.deviation * np.sqrt(by_rows**2 + by_starts**2 + by_size**2)


def _outline(model: Hermitian, *, point: Array, scaling: Scaling) -> Any:
    return jax.eval_shape(scaling.model(model).init, jax.random.key(0), point)
