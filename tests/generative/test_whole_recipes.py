"""Whole floats in recipes are ints afterwards: arrays are shaped by them."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

import physml as pm
from physml.errors import ConfigurationError

ENTRIES = pm.generative.catalogue.ENTRIES


@pytest.mark.parametrize("name", ENTRIES)
def test_whole_floats_become_ints(name):
    for given in (ENTRIES[name].subject, ENTRIES[name].recipe):
        whole = [f.name for f in fields(given) if type(getattr(given, f.name)) is int]
        made = replace(given, **{field: float(getattr(given, field)) for field in whole})
        assert [type(getattr(made, field)) for field in whole] == [int] * len(whole)


def test_a_flow_is_judged_by_enough_for_its_chains():
    recipe = ENTRIES["phi4-chain"].recipe
    assert replace(recipe, judge=32).judge == 32
    with pytest.raises(ConfigurationError, match="judge: expected at least 32"):
        replace(recipe, judge=31)
