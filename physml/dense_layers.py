"""Dense layers in a row function, found without knowing the network; products of rows by them.

The row of output ``k`` by the kernel of a layer ``z = Wᵀa + b`` is ``a ⊗ g_k``, ``g_k = ∂f_k/∂z``,
and by its bias ``g_k``. So what the layer adds to the products of all rows is

    (A Aᵀ + 1) ∘ (G Gᵀ)          A: inputs of all samples, G: derivatives of all samples and outputs

at ``n²(d_in + d_out)`` flops for ``n² d_in d_out``. Where a sample passes it several times, or at
several places, it is the sum over all pairs of these.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.extend import core

Row = Callable[[Any, Any], Array]


class DenseLayer(NamedTuple):
    """A layer that a row function passes its sample through.

    Attributes:
        kernel: which leaf of the parameters is its kernel.
        bias: and its bias; None without.
        calls: which calls of the row function are this layer, by their order.
    """

    kernel: int
    bias: int | None
    calls: tuple[int, ...]

    @property
    def leaves(self) -> set[int]:
        """Both."""
        return {self.kernel} | ({self.bias} if self.bias is not None else set())


class DenseLayers(NamedTuple):
    """All layers whose products of rows cost less than the rows do.

    Attributes:
        layers: whose leaves the row function reads nowhere else.
        outputs: shape and type of what each call of a dense layer gives, of these and others.
    """

    layers: tuple[DenseLayer, ...]
    outputs: tuple[jax.ShapeDtypeStruct, ...]

    @property
    def leaves(self) -> set[int]:
        """Of all layers."""
        return set[int]().union(*(layer.leaves for layer in self.layers))


def dense_layers(row: Row, params: Any, sample: Any) -> DenseLayers:
    """The dense layers of a row function, read off one run of it on shapes alone.

    Left out are a leaf that is read anywhere beside them, a layer under a transformation of its own
    (a derivative, a ``vmap``, a scan, a ``jit``), and one whose pairs of places cost more than its
    rows.

    Args:
        row: ``(params, sample) -> () or (m,)``, real.
        params: the parameters.
        sample: one sample, or its shapes.
    """
    leaves, tree = jax.tree.flatten(params)
    found: list[tuple[int, int | None, jax.ShapeDtypeStruct]] = []

    def outline(leaves: list[Array], sample: Any) -> Array:
        place = {id(leaf): i for i, leaf in enumerate(leaves)}

        def stand_in(layer: Any, inputs: Array, output: Array) -> Array:
            numbers = layer.variables["params"]
            kernel = place.get(id(numbers["kernel"]))
            bias = place.get(id(numbers["bias"])) if layer.use_bias else None
            shape = jax.ShapeDtypeStruct(output.shape, output.dtype)
            known = kernel is not None and not (layer.use_bias and bias is None)
            found.append((kernel if known and kernel is not None else -1, bias, shape))
            # Of the same inputs, but not of the parameters: what is read beyond them, shows.
            total = jnp.sum(inputs).astype(output.dtype)
            return jnp.broadcast_to(total, output.shape) if known else output

        return _watched(row, jax.tree.unflatten(tree, leaves), sample, stand_in)

    program, value = jax.make_jaxpr(outline, return_shape=True)(leaves, sample)
    read = _read(program.jaxpr)
    outputs = math.prod(value.shape)
    groups: dict[tuple[int, int | None], tuple[int, ...]] = {}
    for call, (kernel, bias, _) in enumerate(found):
        if kernel >= 0:
            groups[kernel, bias] = (*groups.get((kernel, bias), ()), call)
    owners = [leaf for pair in groups for leaf in pair]
    kept = []
    for (kernel, bias), calls in groups.items():
        layer = DenseLayer(kernel, bias, calls)
        alone = all(owners.count(leaf) == 1 and not read[leaf] for leaf in layer.leaves)
        places = sum(math.prod(found[call][2].shape[:-1]) for call in calls)
        d_in, d_out = leaves[kernel].shape
        if alone and places**2 * (d_in / outputs**2 + d_out + 1) < d_in * d_out:
            kept.append(layer)
    return DenseLayers(tuple(kept), tuple(shape for _, _, shape in found))


def inputs_and_derivatives(
    row: Row, params: Any, sample: Any, found: DenseLayers
) -> tuple[tuple[Array, Array], ...]:
    """``a (c, d_in)`` and ``g (m, c, d_out)`` of each layer, at the ``c`` places of one sample."""

    def shifted(shifts: list[Array]) -> tuple[Array, list[Array]]:
        seen: list[Array] = []

        def shift(layer: Any, inputs: Array, output: Array) -> Array:
            del layer
            seen.append(inputs)
            return output + shifts[len(seen) - 1]

        value = _watched(row, params, sample, shift)
        return value.ravel(), seen

    zeros = [jnp.zeros(output.shape, output.dtype) for output in found.outputs]
    value, pull, inputs = jax.vjp(shifted, zeros, has_aux=True)
    (derivatives,) = jax.vmap(pull)(jnp.eye(len(value), dtype=value.dtype))
    return tuple(
        (
            jnp.concatenate([inputs[c].reshape(-1, inputs[c].shape[-1]) for c in layer.calls]),
            jnp.concatenate(
                [
                    derivatives[c].reshape(len(value), -1, derivatives[c].shape[-1])
                    for c in layer.calls
                ],
                axis=1,
            ),
        )
        for layer in found.layers
    )


def layer_products(
    layer: DenseLayer, left: tuple[Array, Array], right: tuple[Array, Array]
) -> Array:
    """Products of the rows by one layer's leaves, of two sets of samples.

    Args:
        layer: which.
        left: ``A (n, c, d_in)`` and ``G (n, m, c, d_out)``.
        right: of the other set, ``n'`` samples of ``m'`` outputs.

    Returns:
        ``(n, m, n', m')``.
    """
    bias = 0 if layer.bias is None else 1

    def pair(total: Array, place: tuple[Array, Array]) -> tuple[Array, None]:
        i, j = place
        inputs = left[0][:, i] @ right[0][:, j].T + bias
        derivatives = jnp.einsum("nko,mlo->nkml", left[1][:, :, i], right[1][:, :, j])
        return total + inputs[:, None, :, None] * derivatives, None

    places = jnp.meshgrid(
        jnp.arange(left[0].shape[1]), jnp.arange(right[0].shape[1]), indexing="ij"
    )
    shape = (*left[1].shape[:2], *right[1].shape[:2])
    start = jnp.zeros(shape, jnp.result_type(left[1], right[1]))
    if places[0].size == 1:
        return pair(start, (places[0][0, 0], places[1][0, 0]))[0]
    return jax.lax.scan(pair, start, (places[0].ravel(), places[1].ravel()))[0]


def _watched(
    row: Row, params: Any, sample: Any, instead: Callable[[Any, Array, Array], Array]
) -> Array:
    """The row, with ``instead(layer, inputs, output)`` in the place of a dense layer's output."""
    from flax import linen as nn  # with the networks: this file is read with the library

    here = core.get_opaque_trace_state(convention="flax")

    def interceptor(call: Any, args: Any, kwargs: Any, context: Any) -> Any:
        output = call(*args, **kwargs)
        plain = type(context.module) is nn.Dense and context.method_name == "__call__"
        # Under a transformation of its own a value may not be carried out of the row.
        inside = core.get_opaque_trace_state(convention="flax") == here
        if not (plain and inside and len(args) == 1 and _is_linear(context.module)):
            return output
        return instead(context.module, args[0], output)

    with nn.intercept_methods(interceptor):
        return row(params, sample)


def _is_linear(layer: Any) -> bool:
    """Whether its output is ``Wᵀa + b``, and it is applied, not made."""
    from flax import linen as nn

    usual = layer.promote_dtype is nn.Dense.promote_dtype
    plain = layer.dot_general is None and layer.dot_general_cls is None
    return bool(usual and plain and not layer.is_initializing())


def _read(program: core.Jaxpr) -> Sequence[bool]:
    """Which arguments a program's results are made of."""
    needed = {atom for atom in program.outvars if isinstance(atom, core.Var)}
    for equation in reversed(program.eqns):
        if not needed.isdisjoint(equation.outvars):
            needed.update(atom for atom in equation.invars if isinstance(atom, core.Var))
    return [var in needed for var in program.invars]
