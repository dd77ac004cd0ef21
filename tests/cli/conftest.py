"""A command line in this process, whose changes to jax's settings are taken back."""

import json
import pwd
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jax
import pytest
from jax.experimental.compilation_cache import compilation_cache

from physml.cli import main

SETTINGS = (
    "jax_enable_x64",
    "jax_default_matmul_precision",
    "jax_compilation_cache_dir",
    "jax_persistent_cache_min_compile_time_secs",
    "jax_persistent_cache_min_entry_size_bytes",
)


class Said(NamedTuple):
    """What a command line gave back."""

    code: int
    out: str
    err: str

    @property
    def object(self) -> dict[str, Any]:
        """The one line of standard output, as JSON."""
        (line,) = self.out.splitlines()
        return json.loads(line)


Physml = Callable[..., Said]


@pytest.fixture(scope="session")
def caches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("caches")


@pytest.fixture
def homeless(physml: Physml, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user without a home, an entry in the passwd file, or a name."""

    def unknown(user: int) -> None:
        raise KeyError(f"getpwuid(): uid not found: {user}")

    for name in ("HOME", "XDG_CACHE_HOME", "USER", "LOGNAME", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)


@pytest.fixture
def physml(
    tmp_path: Path,
    caches: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Physml]:
    """``physml("solve", "heat", ...)`` in an empty directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(caches))
    before = {name: getattr(jax.config, name) for name in SETTINGS}
    jax.config.update("jax_compilation_cache_dir", None)  # as for a user, not that of the tests
    compilation_cache.reset_cache()

    def call(*words: str) -> Said:
        capsys.readouterr()
        code = main(words)
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    yield call
    for name, value in before.items():
        jax.config.update(name, value)
    compilation_cache.reset_cache()
