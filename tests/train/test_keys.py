"""Random keys by name: the numbers stay, since a seed of a stored run means them."""

from __future__ import annotations

import jax
import pytest

import physml as pm
from physml.train import key_for, key_of


def test_names_are_what_earlier_versions_split():
    key = jax.random.key(3)
    for names in (("params", "fit", "measure"), ("sampler", "steps"), ("noise", "solve")):
        for name, split in zip(names, jax.random.split(key, len(names)), strict=True):
            assert key_for(key, name) == split
    assert key_for(key, "check") == jax.random.fold_in(key, 3)
    assert key_for(key, "pretrain") == jax.random.fold_in(key, 4)
    assert key_of(key, 7) == jax.random.fold_in(key, 7)


def test_a_verb_s_keys_differ():
    key = jax.random.key(0)
    found = {int(jax.random.bits(key_for(key, name))) for name in ("params", "fit", "measure")}
    assert len(found) == 3


def test_an_unknown_purpose_is_named():
    with pytest.raises(pm.errors.UnknownNameError, match="Did you mean 'params'"):
        key_for(jax.random.key(0), "parms")
