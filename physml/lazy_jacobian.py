"""The lazy Jacobian of a stacked residual: rows on demand, in chunks, never stored by default.

    J = [ s_k (∂f_k/∂θ)(θ, x_ki) ]          one row a sample and component, (n, p)

A block of rows is one term: a row function of one sample, the samples, and their scale (``1/√n``
times the root of the term's weight). A centred block subtracts its mean row, ``J = P J₀`` with the
projection ``P = I − 11ᵀ/n`` on the sample side, as the covariances of variational Monte Carlo need.

A complex parameter is two real ones, each with a column of its own, see ``real_parts``.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from jax.tree_util import Partial

from physml.dense_layers import (
    DenseLayers,
    dense_layers,
    inputs_and_derivatives,
    layer_products,
)
from physml.real_parts import as_complex, as_real, ravel_real, real_type
from physml.sample_axis import devices_at_hand, gather, in_chunks, map_samples, spread

DEFAULT_MEMORY = 2**30
"""Bytes that the rows of a Jacobian may fill at once, unless the user says otherwise."""

# A vmapped reverse pass keeps about as many intermediates as it returns numbers: rows are built in
# chunks of this many bytes, which bounds both. Smaller chunks were no faster, and compile slower.
_CHUNK_BYTES = 2**26


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["row", "batch", "scale"],
    meta_fields=["centred", "by_layer"],
)
@dataclasses.dataclass(frozen=True)
class Block:
    """The rows of one term.

    Attributes:
        row: ``(params, sample) -> () or (m,)``, real; static, so define it once. The arrays of a
            ``jax.tree_util.Partial`` are data like the batch.
        batch: the samples, a pytree with leading axis ``n``.
        scale: ``()`` or ``(n,)``; multiplies the rows and the values.
        centred: subtract the mean over samples, component by component.
        by_layer: products of rows by the leaves of dense layers are made without the rows, from the
            layers' inputs and derivatives; see ``dense_layers``.
    """

    row: Callable[[Any, Any], Array]
    batch: Any
    scale: Array
    centred: bool = False
    by_layer: bool = False

    def __post_init__(self) -> None:
        """A plain function is one without data."""
        if not isinstance(self.row, Partial):
            object.__setattr__(self, "row", Partial(self.row))

    def value(self, params: Any, sample: Any) -> Array:
        """The row of one sample, in the precision of the parameters."""
        value, dtype = jnp.asarray(self.row(params, sample)), real_type(params)
        return value.astype(dtype) if jnp.issubdtype(dtype, jnp.floating) else value

    @property
    def samples(self) -> int:
        """The number of samples ``n``."""
        return int(jax.tree.leaves(self.batch)[0].shape[0])

    def project(self, rows: Array) -> Array:
        """Scale, and centre where asked, anything with one leading entry a sample."""
        if self.centred:
            rows = rows - jnp.mean(rows, axis=0, keepdims=True)
        scale = jnp.reshape(self.scale, (-1,) + (1,) * (rows.ndim - 1))
        return jnp.asarray(scale * rows)

    def project_transpose(self, rows: Array) -> Array:
        """The transpose of ``project``: scale first, then centre."""
        rows = jnp.reshape(self.scale, (-1,) + (1,) * (rows.ndim - 1)) * rows
        if self.centred:
            rows = rows - jnp.mean(rows, axis=0, keepdims=True)
        return jnp.asarray(rows)


@partial(jax.tree_util.register_dataclass, data_fields=["params", "blocks", "rows"], meta_fields=[])
@dataclasses.dataclass(frozen=True)
class Jacobian:
    """The rows ``J`` of all terms, evaluated only where a product or a Gram matrix asks for them.

    Attributes:
        params: where the derivative is taken.
        blocks: one a term, in the order of the stacked residual.
        rows: ``J`` itself by blocks, ``(n_k, p)`` each, once it is built; every product then takes
            it. On several devices each has the rows of its own samples.
    """

    params: Any
    blocks: tuple[Block, ...]
    rows: tuple[Array, ...] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """``(n, p)`` from static shapes; costs nothing."""
        rows = sum(math.prod(self._value_shape(block)) for block in self.blocks)
        return rows, sum(_real_size(leaf) for leaf in jax.tree.leaves(self.params))

    @property
    def dtype(self) -> Any:
        """The common type of the parameters, real."""
        return real_type(self.params)

    def built(self, *, memory: int = DEFAULT_MEMORY) -> Jacobian:
        """With its rows, for several products at ``2np`` flops each, if they fit the memory.

        Where dense layers make the Gram matrix without them, products are made without them, too.
        """
        if self.rows is not None or not self._fits(memory) or self._rowless():
            return self
        return dataclasses.replace(self, rows=self._by_block())

    def scaled(self, factor: Array) -> Jacobian:
        """``factor J``, for a number; rows that are built already are multiplied too."""
        blocks = tuple(dataclasses.replace(b, scale=factor * b.scale) for b in self.blocks)
        rows = None if self.rows is None else tuple(factor * rows for rows in self.rows)
        return dataclasses.replace(self, blocks=blocks, rows=rows)

    def mv(self, tangent: Any) -> Array:
        """``J v``: a pytree like the parameters to ``(n,)``, at about two evaluations of r."""
        if self.rows is not None:
            flat, _ = ravel_real(tangent)
            return jnp.concatenate([rows @ flat for rows in self.rows])
        parts = []
        for block in self.blocks:
            values = partial(self._values, block)
            _, change = jax.jvp(values, (self.params,), (tangent,))
            parts.append(block.project(change).reshape(-1))
        return jnp.concatenate(parts)

    def vm(self, rows: Array) -> Any:
        """``Jᵀ r``: ``(n,)`` to a pytree like the parameters, at about three evaluations of r."""
        if self.rows is not None:
            ends = np.cumsum([len(part) for part in self.rows])[:-1]
            parts = zip(jnp.split(rows, ends), self.rows, strict=True)
            flat = sum((part @ block for part, block in parts), jnp.zeros((), self.dtype))
            return ravel_real(self.params)[1](flat)
        total = None
        start = 0
        for block in self.blocks:
            shape = self._value_shape(block)
            size = math.prod(shape)
            part = block.project_transpose(rows[start : start + size].reshape(shape))
            start += size
            _, pull = jax.vjp(partial(self._values, block), self.params)
            (gradient,) = pull(part)
            total = gradient if total is None else jax.tree.map(jnp.add, total, gradient)
        # jax's gradient by a complex number is the conjugate of the direction of steepest ascent.
        return optax.tree.conj(total)

    def dense(self) -> Array:
        """The rows themselves, ``(n, p)``: ``8 n p`` bytes in float64, on every device."""
        return jnp.concatenate([gather(rows) for rows in self._by_block()])

    def sample_gram(self, *, memory: int = DEFAULT_MEMORY) -> Array:
        """``J Jᵀ``, ``(n, n)``, at ``2n²p`` flops; leaf by leaf when the rows exceed ``memory``.

        Blocks that ask for it, ``by_layer``, need no rows of dense layers.
        """
        rowless = self._rowless() if self.rows is None else set()
        if not rowless and self._fits(memory):
            return _products(self._by_block())
        leaves, tree = jax.tree.flatten(as_real(self.params))
        gram = self._products_by_layer() if rowless else jnp.zeros((), self.dtype)
        for i, leaf in enumerate(leaves):
            if i in rowless:
                continue

            def whole(leaf: Array, i: int = i) -> Any:
                return as_complex(jax.tree.unflatten(tree, [*leaves[:i], leaf, *leaves[i + 1 :]]))

            parts = []
            for block in self.blocks:
                rows = self._rows(block, leaf, whole)
                parts.append(block.project(rows).reshape(-1, leaf.size))
            gram = gram + _products(parts)
        return gram

    @property
    def widest(self) -> int:
        """The most numbers that a row has in one leaf, of those whose rows are ever built."""
        rowless = self._rowless()
        leaves = enumerate(jax.tree.leaves(as_real(self.params)))
        return max((leaf.size for i, leaf in leaves if i not in rowless), default=0)

    def parameter_gram(self, *, memory: int = DEFAULT_MEMORY) -> Array:
        """``JᵀJ``, ``(p, p)``, at ``2np²`` flops; over chunks of samples above ``memory``."""
        p = self.shape[1]
        if self._fits(memory):
            total = sum((rows.T @ rows for rows in self._by_block()), jnp.zeros((), self.dtype))
            return gather(total)
        return self.fold(
            lambda gram, rows, _: gather(gram + rows.T @ rows),
            jnp.zeros((p, p), self.dtype),
            memory=memory,
        )

    def fold(
        self, add: Callable[[Any, Array, Array], Any], start: Any, *, memory: int = DEFAULT_MEMORY
    ) -> Any:
        """Go through all rows once, a chunk of samples at a time.

        Args:
            add: ``(carry, rows, index) -> carry`` with rows ``(c, p)`` and where they stand in the
                stacked residual ``(c,)``. The last chunk of a term may hold rows of zeros, whose
                index is ``n``: read with ``r.at[index].get(mode="fill", fill_value=0)``.
            start: the first carry.
            memory: bytes that a chunk may fill on a device; one sample at least.

        Returns:
            The last carry.
        """
        carry, first = start, 0
        for block in self.blocks:
            components = math.prod(self._value_shape(block)[1:])
            size = max(1, memory // (self.shape[1] * components * self.dtype.itemsize))
            carry = self._fold_block(block, first, size, add, carry)
            first += block.samples * components
        return carry

    def _fold_block(
        self,
        block: Block,
        first: int,
        size: int,
        add: Callable[[Any, Array, Array], Any],
        carry: Any,
    ) -> Any:
        n, total = block.samples, self.shape[0]
        size = min(size, n // devices_at_hand() if n % devices_at_hand() == 0 else n)
        components = math.prod(self._value_shape(block)[1:])
        samples = jax.tree.map(lambda leaf: in_chunks(leaf, size), block.batch)
        # What fills the last chunk up is silenced by a zero scale.
        scale = jnp.broadcast_to(block.scale, (n,)).astype(self.dtype)
        scale, index = in_chunks(scale, size, fill=0), in_chunks(jnp.arange(n), size, fill=n)
        place = first + components * index[..., None] + jnp.arange(components)[None, None]
        place = jnp.where(index[..., None] < n, place, total).reshape(len(index), -1)
        mean = self._mean_row(block)[None] if block.centred else None

        def next_chunk(carry: Any, chunk: tuple[Any, Array, Array]) -> tuple[Any, None]:
            samples, weight, place = chunk
            part = dataclasses.replace(block, batch=samples)
            rows = self._rows(part, as_real(self.params), as_complex)
            rows = rows if mean is None else rows - mean
            rows = rows * weight.reshape((-1,) + (1,) * (rows.ndim - 1))
            return add(carry, rows.reshape(-1, rows.shape[-1]), place), None

        carry, _ = jax.lax.scan(next_chunk, carry, (samples, scale, place))
        return carry

    def _mean_row(self, block: Block) -> Array:
        def mean(params: Any) -> Array:
            return jnp.mean(self._values(block, as_complex(params)), axis=0)

        gradient = jax.jacrev(mean)(as_real(self.params))
        components = self._value_shape(block)[1:]
        flat = [leaf.reshape(*components, -1) for leaf in jax.tree.leaves(gradient)]
        return jnp.concatenate(flat, axis=-1)

    def _layers(self, block: Block) -> DenseLayers:
        return dense_layers(block.value, self.params, _outline(block))

    def _rowless(self) -> set[int]:
        """The leaves whose part of ``J Jᵀ`` is made of dense layers, in every block."""
        if not all(block.by_layer for block in self.blocks) or not self.blocks:
            return set()
        if any(jnp.iscomplexobj(leaf) for leaf in jax.tree.leaves(self.params)):
            return set()
        found = [self._layers(block).layers for block in self.blocks]
        named = [{(layer.kernel, layer.bias): layer for layer in layers} for layers in found]
        same = set[tuple[int, int | None]].intersection(*(set(layers) for layers in named))
        return set[int]().union(*(named[0][pair].leaves for pair in same))

    def _products_by_layer(self) -> Array:
        """What dense layers add to ``J Jᵀ``."""
        rowless, parts = self._rowless(), []
        for block in self.blocks:
            found = self._layers(block)
            kept = tuple(layer for layer in found.layers if layer.leaves <= rowless)
            found = found._replace(layers=tuple(sorted(kept)))
            one = partial(inputs_and_derivatives, block.value, self.params, found=found)
            parts.append((block, found.layers, map_samples(one, block.batch)))

        def pair(left: Any, right: Any) -> Array:
            (first, layers, ours), (second, _, theirs) = left, right
            total = sum(map(layer_products, layers, ours, theirs), jnp.zeros((), self.dtype))
            n, m, k, l = total.shape
            total = first.project(total).reshape(n * m, k, l)
            total = second.project(jnp.moveaxis(total, 0, -1))
            return gather(total.reshape(k * l, n * m).T)

        return jnp.block([[pair(left, right) for right in parts] for left in parts])

    def _value_shape(self, block: Block) -> tuple[int, ...]:
        value = jax.eval_shape(block.row, self.params, _outline(block))
        return (block.samples, *value.shape)

    def _values(self, block: Block, params: Any) -> Array:
        return jax.vmap(partial(block.value, params))(block.batch)

    def _rows(self, block: Block, variables: Any, whole: Callable[[Any], Any]) -> Array:
        """Per-sample derivatives by the variables, ``(n, [m,] size)``, before any projection."""
        components = self._value_shape(block)[1:]
        size = sum(leaf.size for leaf in jax.tree.leaves(variables))

        def row(sample: Any) -> Array:
            def value(variables: Any) -> Array:
                return block.value(whole(variables), sample)

            # One reverse pass a component: never the Jacobian of a batched function.
            gradient = jax.jacrev(value)(variables) if components else jax.grad(value)(variables)
            flat = [leaf.reshape(*components, -1) for leaf in jax.tree.leaves(gradient)]
            return jnp.concatenate(flat, axis=-1)

        width = size * math.prod(components) * self.dtype.itemsize
        return jnp.asarray(map_samples(row, block.batch, at_once=max(1, _CHUNK_BYTES // width)))

    def _by_block(self) -> tuple[Array, ...]:
        if self.rows is not None:
            return self.rows
        parts = []
        for block in self.blocks:
            rows = self._rows(block, as_real(self.params), as_complex)
            parts.append(block.project(rows).reshape(-1, rows.shape[-1]))
        return tuple(parts)

    def _fits(self, memory: int) -> bool:
        """Whether each device's share of the rows fills no more bytes."""
        n, p = self.shape
        return n * p * self.dtype.itemsize <= memory * devices_at_hand()


def _outline(block: Block) -> Any:
    """Shapes and types of one sample."""
    return jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape[1:], x.dtype), block.batch)


def _products(parts: Sequence[Array]) -> Array:
    """All products of rows, ``(n, n)``, of blocks ``(n_k, p)``.

    Devices that share samples exchange rows for columns first: each then has ``p/D`` columns of all
    samples, and the matrix is the sum of what they make of them. Whole rows never meet on one.
    """
    devices = devices_at_hand()
    missing = -parts[0].shape[1] % devices
    if missing:
        parts = [jnp.pad(rows, ((0, 0), (0, missing))) for rows in parts]
    rows = jnp.concatenate([spread(rows, axis=1) for rows in parts])
    return jnp.asarray(gather(rows @ rows.T))


def _real_size(leaf: Any) -> int:
    return int(leaf.size) * (2 if jnp.iscomplexobj(leaf) else 1)
