"""The few types that every room shares.

An objective says two things of its cost ``C(θ)``: rows ``r`` and ``J`` with::

    Jᵀ r = ∇C          the gradient
    Jᵀ J = the metric  Gauss–Newton, generalised Gauss–Newton or Fisher: positive, of first
                       derivatives alone

and ``½|r|²`` need not be the loss. Second-order optimizers read nothing else.

Conventions (tested in ``tests/test_conventions.py``, told in ``docs/conventions.md``): the loss of
a least-squares problem is ``½|r|²``; rows of ``r`` and ``J`` carry ``1/√n`` and the root of their
weight; energies are in hartree, lengths in bohr; updates come negated, ready for
``optax.apply_updates``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import optax
from jax import Array

from physml.lazy_jacobian import Jacobian

Params = Any
"""Any pytree of arrays."""

Field = Callable[[Array], Array]
"""A function of one point: ``(d,)`` to ``()`` or ``(m,)``; of one walker: ``(N, d)`` to log ψ."""

LocalOperator = Callable[[Any, Array], Array]
"""``(field, point) -> value``: a PDE's residual, a local energy. Several unknowns: a dict."""

Batch = Any
"""Any pytree of arrays with a leading sample axis; each term of a loss has its own count."""

Optimizer = optax.GradientTransformationExtraArgs
"""``update(gradient, state, params, *, evaluation, value, grad, value_fn)``, updates negated."""


class ManyPoints:
    """A function of many points at once, ``(n, d)``; its ``field`` is the function of one.

    Operators differentiate functions of one point, and say so where they are given such an object.
    """


class Amplitude:
    """A wave function, whose squared modulus is a density; samplers of a density refuse it."""


class Evaluation(NamedTuple):
    """What an objective returns for one batch: ``Jᵀr = ∇C`` and ``JᵀJ`` = the metric.

    ``residual`` None: the metric alone, of a gradient that no rows give; a second-order step is
    then ``(JᵀJ + λI) δ = ∇C``. ``residual`` and ``jacobian`` None: no metric; first-order
    optimizers serve such a cost, and second-order ones refuse it by a ``NoRowsError``.

    Attributes:
        loss: ``()``; ``½|r|²`` for least squares, the mean energy in hartree for VMC.
        gradient: ``∇C``, which is ``Jᵀr`` where there is a residual, a pytree like the parameters.
        residual: ``(n,)``; the rows ``r``, terms and components stacked; or None.
        jacobian: the rows ``J``, ``(n, p)``; not built unless an optimizer asks; or None.
        metrics: scalars to log.
    """

    loss: Array
    gradient: Params
    residual: Array | None
    jacobian: Jacobian | None
    metrics: dict[str, Array]


class Term(NamedTuple):
    """One term of a cost as a function of one sample, for whoever looks at samples singly.

    Attributes:
        row: ``(params, sample) -> () or (m,)``, real.
        samples: a pytree with leading axis ``n``.
        value: what the row returns, in one word or two.
        sample: what a sample is, in one word.
    """

    row: Callable[[Params, Any], Array]
    samples: Any
    value: str = "residual"
    sample: str = "point"


class Objective(NamedTuple):
    """A cost of parameters on a batch, as pure functions.

    Attributes:
        init: ``(params) -> state``: term weights and the like; ``()`` if there are none.
        evaluate: ``(params, state, batch) -> (Evaluation, state)``.
        value: ``(params, state, batch) -> loss`` for line searches and trust regions, or None
            where the loss at fixed samples means nothing (VMC: its samples follow the parameters).
        terms: ``(batch) -> {name: Term}``, what the cost is made of, sample by sample; None where
            it cannot say.
    """

    init: Callable[[Params], Any]
    evaluate: Callable[[Params, Any, Batch], tuple[Evaluation, Any]]
    value: Callable[[Params, Any, Batch], Array] | None
    terms: Callable[[Batch], dict[str, Term]] | None = None


class Sampler(NamedTuple):
    """A source of batches: collocation points, walkers and minibatches alike.

    Attributes:
        init: ``(key, params) -> state``.
        sample: ``(key, state, params) -> (state, batch, metrics)``.
    """

    init: Callable[[Array, Params], Any]
    sample: Callable[[Array, Any, Params], tuple[Any, Batch, dict[str, Array]]]
