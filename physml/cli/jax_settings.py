"""What the command line sets in jax, before anything is built: precision and the compile cache."""

from __future__ import annotations

import os
import tempfile
import warnings
from pathlib import Path

import jax

from physml.errors import PrecisionWarning

PRODUCTS = "highest"
"""The precision of matrix products, that of their factors."""


def use_precision(bits: int) -> None:
    """Compute in 32 or 64 bits, products of matrices in full; who says 32 needs no warning."""
    if bits == 32:
        warnings.simplefilter("ignore", PrecisionWarning)
    jax.config.update("jax_enable_x64", bits == 64)
    jax.config.update("jax_default_matmul_precision", PRODUCTS)


def cache_folder() -> Path | None:
    """Where compiled programs are kept: below the user's cache folder, or where jax was told.

    None of a user who has no home, as in a container whose users are numbers alone.
    """
    told = jax.config.values["jax_compilation_cache_dir"]
    if told:
        return Path(told)
    caches = os.environ.get("XDG_CACHE_HOME")
    try:
        return Path(caches or Path.home() / ".cache") / "physml" / "compiled"
    except RuntimeError:
        return None


def is_writable(folder: Path | None) -> bool:
    """Whether there is a folder in which files can be made; it is made if absent."""
    if folder is None:
        return False
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def keep_compiled_programs() -> None:
    """Keep compiled programs for the next run; do without where the folder cannot be written."""
    folder = cache_folder()
    if not is_writable(folder):
        return
    jax.config.update("jax_compilation_cache_dir", str(folder))
    # Start-up is many small programs besides the large one: keep them all.
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)
