"""Programs that stood still: batches of LAPACK calls that waited for each other on two threads."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import jax
import physml as pm

jax.config.update("jax_enable_x64", True)
gas = pm.vmc.ElectronGas(n_up=27, n_down=27, rs=1.0)
psi = pm.vmc.Slater(gas)
start = lambda key: gas.length * jax.random.uniform(key, (64, *gas.shape))
params = psi.init(jax.random.key(0), start(jax.random.key(1))[0])
log_density = pm.vmc.log_density(pm.vmc.Psi(psi.apply))
sampler = pm.langevin(log_density, start, sweeps=10, width=0.1)
state = jax.jit(sampler.init)(jax.random.key(2), params)
sample = jax.jit(sampler.sample)
for i in range(100):
    state, walkers, metrics = sample(jax.random.key(i), state, params)
    jax.block_until_ready(walkers)
assert 0.4 < float(metrics["acceptance"]) < 0.8
print("moved")
"""


@pytest.mark.slow
def test_langevin_moves_of_a_large_bare_determinant_go_on():
    """A thousand moves of 54 electrons on two threads; with LAPACK it was over after some 130.

    It takes half a minute of processor time at most; that there is no call of LAPACK in it is held
    by ``tests/calculus/test_log_determinant.py``.
    """
    two = {"NPROC": "2", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=os.environ | two,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.endswith("moved\n")
