"""A linear system with a quadratic cost: what has to hold of its four matrices."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from physml.as_numbers import as_numbers
from physml.errors import ConfigurationError, NonFiniteError, ShapeError

# Eigenvalues and ranks are told to this part of the largest entry: √ε of float64.
_TOLERANCE = 1e-8


class LinearQuadratic(NamedTuple):
    """``ẋ = A x + B u`` or ``x' = A x + B u``, with the cost ``xᵀQx + uᵀRu``.

    Attributes:
        A: ``(n, n)``.
        B: ``(n, m)``.
        Q: ``(n, n)``, symmetric, no negative eigenvalue.
        R: ``(m, m)``, symmetric, positive.
    """

    A: np.ndarray
    B: np.ndarray
    Q: np.ndarray
    R: np.ndarray


def checked(A: Any, B: Any, Q: Any, R: Any) -> LinearQuadratic:
    """The four matrices, of which a number is a matrix of one entry, and ``B`` may be a column.

    Raises:
        ShapeError: shapes that do not belong together.
        NonFiniteError: a NaN or an infinity.
        ConfigurationError: ``Q`` or ``R`` is not symmetric, ``Q`` has a negative eigenvalue, ``R``
            one that is not positive.
    """
    given = {"A": A, "B": B, "Q": Q, "R": R}
    made = {name: as_numbers(name, matrix) for name, matrix in given.items()}
    for name, matrix in made.items():
        if not np.isfinite(matrix).all():
            raise NonFiniteError(f"{name}: expected finite numbers, got {matrix.tolist()}")
        if matrix.ndim == 0:
            made[name] = matrix.reshape(1, 1)
    if made["B"].ndim == 1:
        made["B"] = made["B"][:, None]
    n = len(made["A"])
    inputs = made["B"].shape[-1]
    shapes = {"A": (n, n), "B": (n, inputs), "Q": (n, n), "R": (inputs, inputs)}
    for name, shape in shapes.items():
        if made[name].shape != shape or 0 in shape:
            raise ShapeError(
                f"{name}: expected {shape} beside A {made['A'].shape} and B {made['B'].shape}, "
                f"got {made[name].shape}"
            )
    made["Q"] = definite("Q", made["Q"], or_zero=True)
    made["R"] = definite("R", made["R"], or_zero=False)
    return LinearQuadratic(**made)


def definite(name: str, matrix: np.ndarray, *, or_zero: bool) -> np.ndarray:
    """A symmetric matrix, exactly so, whose eigenvalues are positive, or not negative.

    Raises:
        ConfigurationError: for another.
    """
    size = np.abs(matrix).max()
    if not np.allclose(matrix, matrix.T, rtol=0.0, atol=1e-12 * size):
        i, j = np.unravel_index(np.abs(matrix - matrix.T).argmax(), matrix.shape)
        raise ConfigurationError(
            f"{name}: expected a symmetric matrix, got {matrix[i, j]:.6g} and {matrix[j, i]:.6g} "
            f"at ({i}, {j}) and ({j}, {i}); ½({name} + {name}ᵀ) costs the same"
        )
    matrix = 0.5 * (matrix + matrix.T)
    least = np.linalg.eigvalsh(matrix)[0]
    if least < -1e-12 * size or (not or_zero and least <= 1e-14 * size):
        kind = "not negative" if or_zero else "positive"
        raise ConfigurationError(f"{name}: expected eigenvalues that are {kind}, got {least:.6g}")
    return matrix


def check_stabilisable(system: LinearQuadratic, *, discrete: bool) -> None:
    """Refuse what no input can hold, and what grows without a cost.

        rank [λ − A, B] = n   and   rank [λ − A; Q] = n   where Re λ ≥ 0, or |λ| ≥ 1  (Hautus)

    Raises:
        ConfigurationError: with the eigenvalue.
    """
    # Each matrix by its own size: in other units of state or cost the answer is the same.
    n, size = len(system.A), float(np.abs(system.A).max())
    for value in np.linalg.eigvals(system.A):
        decays = abs(value) < 1 - _TOLERANCE if discrete else value.real < -_TOLERANCE * size
        if decays:
            continue
        shifted = value * np.eye(n) - system.A
        if _rank(np.hstack([shifted / (size or 1.0), _of_size_one(system.B)])) < n:
            raise ConfigurationError(
                f"B: expected inputs that can hold every mode which does not decay, got the "
                f"eigenvalue {value:.6g} of A out of their reach: (A, B) cannot be stabilised"
            )
        if _rank(np.vstack([shifted / (size or 1.0), _of_size_one(system.Q)])) < n:
            raise ConfigurationError(
                f"Q: expected a cost of every mode which does not decay, got none of the "
                f"eigenvalue {value:.6g} of A: (A, Q) cannot be detected, and the least cost "
                "leaves that mode as it is"
            )


def _of_size_one(matrix: np.ndarray) -> np.ndarray:
    return matrix / (np.abs(matrix).max() or 1.0)


def _rank(matrix: np.ndarray) -> int:
    values = np.linalg.svd(matrix, compute_uv=False)
    return int(np.sum(values > _TOLERANCE * values[0]))
