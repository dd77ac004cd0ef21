"""Pairs lifted out of the Fermi sea: the sum of their determinants, the symmetry of the cell."""

from __future__ import annotations

from functools import partial
from itertools import combinations

import jax
import numpy as np
import pytest

import physml as pm

GAS = pm.vmc.ElectronGas(n_up=5, n_down=5, rs=1.0, dimension=2)


def lifted_state(system, scale=0.1):
    """``walker -> SignedLog`` of message passing as it starts, but with random amplitudes."""
    psi = pm.vmc.MessagePassing(system, width=4, iterations=1)
    params = jax.jit(psi.init)(jax.random.key(0), system.walkers(jax.random.key(1), 1)[0])
    draw = np.random.default_rng(0).normal

    def change(path, leaf):
        return draw(scale=scale, size=leaf.shape) if "pairs" in jax.tree_util.keystr(path) else leaf

    return psi, params, jax.tree_util.tree_map_with_path(change, params)


def waves(system, count):
    """Integers of the lowest waves."""
    return np.rint(system.cell.waves(count) * system.cell.lengths[0] / (2 * np.pi)).astype(int)


def determinant(columns, positions, system):
    phase = 2j * np.pi / system.cell.lengths[0] * (positions @ np.array(columns).T)
    return np.linalg.det(np.exp(phase))


@pytest.mark.slow
def test_one_class_is_the_sum_of_its_determinants():
    """Amplitudes of classes against the determinants themselves, of complex plane waves."""
    psi, start, _ = lifted_state(GAS)
    x = np.asarray(GAS.walkers(jax.random.key(3), 1)[0])
    # At the start backflow is the cusp's alone: where pairs are told apart, it is switched off.
    start = jax.tree_util.tree_map_with_path(
        lambda path, leaf: leaf - 9.0 if "log_range" in jax.tree_util.keystr(path) else leaf, start
    )
    apply = jax.jit(psi.apply)
    bare = apply(start, x)
    occupied, every = waves(GAS, 5), waves(GAS, GAS.electrons.pairs.virtual(x[0]).size + 5)
    empty = [tuple(k) for k in every[5:]]
    up, down = x[:5], x[5:]
    whole = determinant(occupied, up, GAS) * determinant(occupied, down, GAS)

    def lifted(spin, moves):
        columns = [tuple(k) for k in occupied]
        for k, p in moves:
            columns[columns.index(tuple(k))] = p
        return determinant(columns, spin, GAS) / determinant(occupied, spin, GAS)

    square = lambda k: int(np.dot(k, k))
    unlike: dict = {}
    for k in occupied:
        for m in occupied:
            for p in empty:
                q = tuple(np.add(k, m) - p)
                if q in empty:
                    moves = sorted([(square(k), square(p)), (square(m), square(q))])
                    key = (*moves, square(np.subtract(p, k)), int(k @ m))
                    unlike.setdefault(key, []).append(lifted(up, [(k, p)]) * lifted(down, [(m, q)]))
    sums = np.array([np.sum(found) / np.sqrt(len(found)) for found in unlike.values()])
    np.testing.assert_allclose(sums.imag, 0, atol=1e-9)
    assert len(sums) == GAS.electrons.pairs.unlike.classes > 5
    for kind in range(len(sums)):
        with_one = jax.tree_util.tree_map_with_path(
            lambda path, leaf, kind=kind: (
                leaf.at[kind].set(0.3) if "unlike" in jax.tree_util.keystr(path) else leaf
            ),
            start,
        )
        value = apply(with_one, x)
        ratio = value.sign * bare.sign * np.exp(value.log - bare.log)
        np.testing.assert_allclose(ratio, 1 + 0.3 * sums[kind].real, rtol=1e-8, atol=1e-9)
    assert abs(whole) > 0


@pytest.mark.slow
@pytest.mark.parametrize("n_down", [0, 1])
def test_pairs_of_like_spins_are_two_by_two_determinants(n_down):
    """With all amplitudes equal, against the determinants with two columns replaced."""
    polarised = pm.vmc.ElectronGas(n_up=5, n_down=n_down, rs=1.0, dimension=2)
    psi, start, _ = lifted_state(polarised)
    walker = np.asarray(polarised.walkers(jax.random.key(3), 1)[0])
    # At the start backflow is the cusp's alone: where pairs are told apart, it is switched off.
    start = jax.tree_util.tree_map_with_path(
        lambda path, leaf: leaf - 9.0 if "log_range" in jax.tree_util.keystr(path) else leaf, start
    )
    x = walker[:5]
    pairs = polarised.electrons.pairs
    occupied = waves(polarised, 5)
    empty = [tuple(k) for k in waves(polarised, pairs.virtual(x[0]).size + 5)[5:]]
    found: dict = {}
    square = lambda k: int(np.dot(k, k))
    for (a, k), (b, m) in combinations(enumerate(occupied), 2):
        for p in empty:
            q = tuple(np.add(k, m) - p)
            if q in empty and q != p:
                columns = [tuple(c) for c in occupied]
                columns[a], columns[b] = p, q
                moves = sorted([(square(k), square(p)), (square(m), square(q))])
                key = (*moves, square(np.subtract(p, k)), int(k @ m))
                found.setdefault(key, []).append(
                    determinant(columns, x, polarised) / determinant(occupied, x, polarised)
                )
    assert len(found) == pairs.like.classes
    expected = 1 + 0.2 * sum(np.sum(one) / np.sqrt(len(one)) for one in found.values())
    equal = jax.tree_util.tree_map_with_path(
        lambda path, leaf: leaf + 0.2 if "'like'" in jax.tree_util.keystr(path) else leaf, start
    )
    apply = jax.jit(psi.apply)
    bare, value = apply(start, walker), apply(equal, walker)
    ratio = value.sign * bare.sign * np.exp(value.log - bare.log)
    np.testing.assert_allclose(ratio, expected.real, rtol=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize(
    "system", [GAS, pm.vmc.ElectronGas(n_up=7, n_down=7, rs=2.0)], ids=["2D", "3D"]
)
def test_they_keep_the_symmetry_of_the_cell(system):
    psi, start, params = lifted_state(system)
    x = system.walkers(jax.random.key(5), 1)[0]
    apply = jax.jit(psi.apply)
    value = partial(apply, params)
    log, sign = value(x)
    assert abs(log - apply(start, x).log) > 1e-3
    mirrored = x.at[:, 0].multiply(-1)
    for y in (x + 0.37, x[:, ::-1], -x, mirrored):
        np.testing.assert_allclose(value(y).log, log, rtol=1e-11)
    assert float(value(x + 0.37).sign) == float(sign)


@pytest.mark.slow
def test_single_precision_holds_where_the_bare_determinant_has_a_node():
    """ψ is not zero there, but logarithms of its two factors are infinite and cancel.

    Their Laplacians, of order 1/d², would leave an error of order ε/d² in the local energy: at the
    d of 1e-4 sought here, a thousand per cent in float32.
    """
    x = np.asarray(GAS.walkers(jax.random.key(3), 1)[0])
    psi, start, params = lifted_state(GAS)
    bare = jax.jit(lambda y: psi.apply(start, y).sign)
    along = np.zeros_like(x)
    along[0] = 1.0
    steps = np.linspace(0, float(GAS.cell.lengths[0]), 60)
    signs = [float(bare(x + s * along)) for s in steps]
    i = next(i for i in range(59) if signs[i] != signs[i + 1])
    low, high = steps[i], steps[i + 1]
    while high - low > 1e-4:
        middle = (low + high) / 2
        low, high = (middle, high) if float(bare(x + middle * along)) == signs[i] else (low, middle)
    found = {}
    for x64 in (True, False):
        with jax.enable_x64(x64):
            kind = np.float64 if x64 else np.float32
            same = jax.tree.map(lambda leaf, kind=kind: kind(np.float32(leaf)), params)
            y = kind(np.float32(x + low * along))
            log = lambda z, same=same: psi.apply(same, z).log
            quick = {"xla_backend_optimization_level": 0}  # compiling is nearly all of its time
            found[x64] = float(jax.jit(pm.kinetic_energy(log), compiler_options=quick)(y))
    np.testing.assert_allclose(found[False], found[True], rtol=2e-3)


def test_a_twisted_gas_has_no_pairs():
    twisted = pm.vmc.ElectronGas(n_up=1, n_down=1, rs=1.0, twist=(0.1, 0.0, 0.0))
    assert twisted.electrons.pairs is None
