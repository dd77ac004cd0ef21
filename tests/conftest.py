"""Double precision, no silent broadcasting between ranks, and the same examples in every run.

Nearly all of the suite's time is XLA's. A program that an earlier test compiled is read back, so
that a test which stops and resumes compiles once and not seven times; ``--cache-clear`` forgets.
And the fast tests are compiled quickly: they run each program a few times. With ``-m slow`` and
``-m ""`` all is compiled as for a user.
"""

import gc
import os
import shutil
import signal
from collections.abc import Iterator

os.environ.setdefault("MPLBACKEND", "Agg")  # figures are saved, never shown
# LAPACK's threads wait for one another by spinning: thirty steps of the trust region with 400
# parameters took 17 s of processor time on two shared cores, with one thread 6. Workers are given
# the variable too.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import hypothesis
import jax
import pytest
from jax._src import pjit
from jax._src.interpreters import pxla
from jax._src.lib.mlir import ir

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_rank_promotion", "raise")
hypothesis.settings.register_profile("physml", deadline=None, derandomize=True)
hypothesis.settings.load_profile("physml")

# Rooms that load on first use, loaded before the examples in docstrings are collected: pytest would
# put the file vmc/energy.py where the package has the function of that name.
import physml.control  # noqa: E402
import physml.datasets  # noqa: E402
import physml.generative  # noqa: E402
import physml.ising  # noqa: E402
import physml.learn  # noqa: E402
import physml.pinn  # noqa: E402
import physml.pmm  # noqa: E402
import physml.vmc  # noqa: E402, F401
from physml.train.signals import ENDING  # noqa: E402


def pytest_collection_finish() -> None:
    """Leave what is there to stay, all modules and tests, out of every later collection."""
    gc.collect()
    gc.freeze()


def pytest_configure(config: pytest.Config) -> None:
    """Keep compiled programs in pytest's own cache, a folder for each worker."""
    compile_quickly(config)
    if "JAX_COMPILATION_CACHE_DIR" in os.environ or not hasattr(config, "cache"):
        return
    kept = config.cache.mkdir("compiled")
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is None and sum(f.stat().st_size for f in kept.rglob("*-cache")) > 2**31:
        shutil.rmtree(kept)
    # Workers write without a lock, hence their own folders.
    jax.config.update("jax_compilation_cache_dir", str(kept / (worker or "main")))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.05)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)


# What takes three quarters of the time of compiling and changes what a program computes by rounding
# alone: kernels emitted by MLIR, LLVM's optimizer, a module for each of its threads. XLA ends a
# process that names a flag it does not know: by the release of jax, what it still knows.
QUICK_COMPILATION = {
    "--xla_cpu_use_fusion_emitters": ("false", (0, 11)),
    "--xla_backend_optimization_level": ("0", (0, 13)),
    "--xla_cpu_parallel_codegen_split_count": ("1", (0, 13)),
}


def compile_quickly(config: pytest.Config) -> None:
    """Set XLA's flags, which it reads once, for this process and those that the tests start."""
    given = os.environ.get("XLA_FLAGS", "").split()
    if config.getoption("markexpr") == "not slow":
        names = {flag.partition("=")[0] for flag in given}
        quick = [
            f"{name}={value}"
            for name, (value, before) in QUICK_COMPILATION.items()
            if name not in names and jax.__version_info__ < before
        ]
        os.environ["XLA_FLAGS"] = " ".join(given + quick)


# What a program was before XLA compiled it is kept beside it, with an MLIR context each; and to
# make one more, MLIR goes through all that were ever alive at once: a hundred tiny programs took
# 10 s in a fresh process, 43 s beyond three hundred (jax 0.10). Forgotten this often, the tests of
# ``tests/pinn`` took a fifth less time; with a bound of 24 tests took half as long again as with
# none, by lowering again what Python calls.
MOST_CONTEXTS = 300


def pytest_runtest_teardown() -> None:
    """Forget what was lowered, where that is known to be kept; programs stay compiled."""
    count = getattr(ir.Context, "_get_live_count", None)
    if count is not None and count() > MOST_CONTEXTS:
        for module, name in ((pjit, "_pjit_lower"), (pxla, "_cached_lowering_to_hlo")):
            getattr(getattr(module, name, None), "cache_clear", lambda: None)()


@pytest.fixture
def handlers_of_a_plain_process() -> Iterator[None]:
    """Signals heeded as by a plain Python process; how the tests heed them is put back.

    Where a shell runs the suite in the background, Ctrl-C is ignored, and a test that presses it
    would wait for what never comes.
    """
    before = {kind: signal.getsignal(kind) for kind in ENDING}
    for kind in ENDING:
        usual = signal.default_int_handler if kind == signal.SIGINT else signal.SIG_DFL
        signal.signal(kind, usual)
    yield
    for kind, handler in before.items():
        signal.signal(kind, handler)


@pytest.fixture
def key() -> jax.Array:
    return jax.random.key(0)
