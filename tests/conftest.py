"""Double precision, no silent broadcasting between ranks, and the same examples in every run."""

import os

os.environ.setdefault("MPLBACKEND", "Agg")  # figures are saved, never shown

import hypothesis
import jax
import pytest

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_rank_promotion", "raise")
hypothesis.settings.register_profile("physml", deadline=None, derandomize=True)
hypothesis.settings.load_profile("physml")


@pytest.fixture
def key() -> jax.Array:
    return jax.random.key(0)
