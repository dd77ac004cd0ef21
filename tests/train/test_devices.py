"""Samples over several devices: what is refused, what is tried, and all of it on two of them."""

from __future__ import annotations

import ast
import inspect
import os
import subprocess
import sys
from pathlib import Path

import jax
import pytest

import physml as pm
from physml.cli import main
from physml.sample_axis import map_samples, spread
from physml.train import over_devices
from physml.train.devices import mesh_of

PROTOCOL = Path(__file__).with_name("on_two_devices.py")
# Two devices, and programs that compile in less time than they would save.
FLAGS = "--xla_force_host_platform_device_count=2 --xla_backend_optimization_level=0"


@pytest.mark.slow
def test_the_same_numbers_on_two_devices():
    """Two simulated devices need a process of their own: they are there before jax starts."""
    environment = {**os.environ, "XLA_FLAGS": FLAGS, "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-x", "--no-header", str(PROTOCOL)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout and "skipped" not in done.stdout


def table(name: str) -> set[str]:
    """The words before the first comma of each key of a dict in the protocol."""
    for node in ast.parse(PROTOCOL.read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            assert isinstance(node.value, ast.Dict)
            return {ast.literal_eval(key).split(",")[0] for key in node.value.keys if key}
    raise AssertionError(name)


@pytest.mark.parametrize(
    ("room", "kind", "name"),
    [
        (pm.optim, "Optimizer", "OPTIMIZERS"),
        (pm.sampling, "Sampler", "SAMPLERS"),
        (pm.train, "Objective", "OBJECTIVES"),
    ],
    ids=["optimizers", "samplers", "objectives"],
)
def test_the_protocol_leaves_nothing_out(room, kind, name):
    """Each public function that returns an optimizer, a sampler or an objective is in its table."""
    public = {
        word
        for word in room.__all__
        if inspect.isfunction(function := getattr(room, word))
        and inspect.signature(function).return_annotation == kind
    }
    assert public and public - {"over_devices", "optimizer_of"} <= table(name)


@pytest.mark.parametrize("devices", [0, -1, jax.device_count() + 1])
def test_more_devices_than_there_are(devices):
    words = rf"devices: expected from 1 to {jax.device_count()}.*got {devices}.*XLA_FLAGS="
    with pytest.raises(pm.errors.ConfigurationError, match=words):
        over_devices(pm.fixed({}), devices)


@pytest.mark.parametrize(
    "words",
    [
        ["run", "heat", "--devices", "99"],
        ["solve", "heat", "--devices", "0"],
        ["ground-state", "hydrogen", "--devices", "99"],
    ],
    ids=" ".join,
)
def test_the_command_line_refuses_them_before_a_run_is_made(words, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    assert f"devices: expected from 1 to {jax.device_count()}" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_one_device_changes_nothing():
    sampler = pm.fixed({})
    assert over_devices(sampler, 1) is sampler and mesh_of(sampler) is None


def test_without_devices_at_hand_nothing_is_shared():
    """The program of a plain fit has no trace of an axis that nobody shares."""
    traced = jax.make_jaxpr(lambda x: map_samples(lambda y: y + 1, spread(x), at_once=2))(
        jax.numpy.arange(6.0)
    )
    assert "shard_map" not in str(traced) and "sharding_constraint" not in str(traced)
