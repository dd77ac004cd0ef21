"""First-order optimizers of optax, and its L-BFGS, by name."""

from __future__ import annotations

import optax

from physml.as_whole import as_whole
from physml.errors import ConfigurationError
from physml.optim.learning_rate import scheduled
from physml.optim.settings import OptimizerSettings
from physml.ranges import check_fraction, check_positive
from physml.types import Optimizer


@OptimizerSettings.offer("adam")
def _adam(
    *,
    learning_rate: float = 1e-3,
    decay: float | None = None,
    cosine: float | None = None,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
) -> Optimizer:
    """Adam: gradients over the root of their mean square, entry by entry.

    Args:
        learning_rate: step length η.
        decay: steps after which the learning rate has halved, η / (1 + step/decay); never if None.
        cosine: steps over which the learning rate falls to a hundredth, along half a cosine.
        b1: decay of the mean of gradients, in [0, 1).
        b2: decay of their mean squares, in [0, 1).
        eps: added to the root.

    Source: Kingma and Ba (2015), arXiv:1412.6980.
    """
    _check(eps, b1=b1, b2=b2)
    adam = optax.adam(scheduled(learning_rate, decay, cosine), b1=b1, b2=b2, eps=eps)
    return optax.with_extra_args_support(adam)


@OptimizerSettings.offer("adamw")
def _adamw(
    *,
    learning_rate: float = 1e-3,
    decay: float | None = None,
    cosine: float | None = None,
    weight_decay: float = 1e-4,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
) -> Optimizer:
    """Adam, and each step shrinks the parameters by η w.

    Args:
        learning_rate: step length η.
        decay: steps after which the learning rate has halved, η / (1 + step/decay); never if None.
        cosine: steps over which the learning rate falls to a hundredth, along half a cosine.
        weight_decay: w ≥ 0.
        b1: decay of the mean of gradients, in [0, 1).
        b2: decay of their mean squares, in [0, 1).
        eps: added to the root.

    Source: Loshchilov and Hutter (2019), arXiv:1711.05101.
    """
    _check(eps, b1=b1, b2=b2)
    check_positive("weight_decay", weight_decay, or_zero=True)
    rate = scheduled(learning_rate, decay, cosine)
    adamw = optax.adamw(rate, b1=b1, b2=b2, eps=eps, weight_decay=weight_decay)
    return optax.with_extra_args_support(adamw)


@OptimizerSettings.offer("sgd")
def _sgd(
    *,
    learning_rate: float = 1e-2,
    decay: float | None = None,
    cosine: float | None = None,
    momentum: float = 0.0,
    nesterov: bool = False,
) -> Optimizer:
    """Stochastic gradient descent, with momentum.

    Args:
        learning_rate: step length η.
        decay: steps after which the learning rate has halved, η / (1 + step/decay); never if None.
        cosine: steps over which the learning rate falls to a hundredth, along half a cosine.
        momentum: part of the last step that is taken again, in [0, 1).
        nesterov: look ahead by the momentum.

    Source: Sutskever, Martens, Dahl and Hinton, "On the importance of initialization and momentum
    in deep learning", ICML 2013.
    """
    _check(momentum=momentum)
    if nesterov and not momentum:
        raise ConfigurationError("nesterov: expected a momentum > 0 beside it, got 0")
    rate = scheduled(learning_rate, decay, cosine)
    sgd = optax.sgd(rate, momentum=momentum or None, nesterov=nesterov)
    return optax.with_extra_args_support(sgd)


@OptimizerSettings.offer("rmsprop")
def _rmsprop(
    *,
    learning_rate: float = 1e-3,
    decay: float | None = None,
    cosine: float | None = None,
    b2: float = 0.9,
    momentum: float = 0.0,
    eps: float = 1e-8,
) -> Optimizer:
    """RMSProp: gradients over the root of their mean square, without Adam's first moment.

    Args:
        learning_rate: step length η.
        decay: steps after which the learning rate has halved, η / (1 + step/decay); never if None.
        cosine: steps over which the learning rate falls to a hundredth, along half a cosine.
        b2: decay of the mean squares, in [0, 1).
        momentum: part of the last step that is taken again, in [0, 1).
        eps: added to the root.

    Source: Tieleman and Hinton, "Lecture 6.5: rmsprop", Coursera 2012.
    """
    _check(eps, b2=b2, momentum=momentum)
    rate = scheduled(learning_rate, decay, cosine)
    rmsprop = optax.rmsprop(rate, decay=b2, eps=eps, momentum=momentum or None)
    return optax.with_extra_args_support(rmsprop)


@OptimizerSettings.offer("adagrad")
def _adagrad(
    *,
    learning_rate: float = 1e-2,
    decay: float | None = None,
    cosine: float | None = None,
    eps: float = 1e-7,
) -> Optimizer:
    """Adagrad: gradients over the root of the sum of their squares so far.

    Args:
        learning_rate: step length η.
        decay: steps after which the learning rate has halved, η / (1 + step/decay); never if None.
        cosine: steps over which the learning rate falls to a hundredth, along half a cosine.
        eps: added to the root.

    Source: Duchi, Hazan and Singer (2011), https://jmlr.org/papers/v12/duchi11a.html.
    """
    _check(eps)
    adagrad = optax.adagrad(scheduled(learning_rate, decay, cosine), eps=eps)
    return optax.with_extra_args_support(adagrad)


@OptimizerSettings.offer("lbfgs")
def _lbfgs(*, memory_size: int = 10, search_steps: int = 20) -> Optimizer:
    """L-BFGS with a strong Wolfe search, on points that stay fixed for a while.

    Args:
        memory_size: past steps that the curvature is made of.
        search_steps: the most evaluations of a line search.

    Source: Liu and Nocedal (1989), doi:10.1007/BF01589116.
    """
    memory_size = as_whole("memory_size", memory_size, least=1)
    search_steps = as_whole("search_steps", search_steps, least=1)
    search = optax.scale_by_zoom_linesearch(search_steps, initial_guess_strategy="one")
    return optax.lbfgs(memory_size=memory_size, linesearch=search)


def _check(eps: float = 1.0, **fractions: float) -> None:
    for name, number in fractions.items():
        check_fraction(name, number)
    check_positive("eps", eps)
