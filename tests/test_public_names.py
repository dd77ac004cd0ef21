"""Where public names live: few are flat, the rest in their rooms; old ones say where they went."""

from __future__ import annotations

import ast
import subprocess
import sys
import warnings
from importlib import import_module
from pathlib import Path

import pytest

import physml as pm
from physml.moved_names import MOVED

PACKAGE = Path(pm.__file__).parent
ROOMS = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))


def test_flat_names_are_few_and_there() -> None:
    assert len(pm.__all__) == len(set(pm.__all__))
    flat = [name for name in pm.__all__ if not (PACKAGE / name).is_dir()]
    assert len(flat) <= 60
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in pm.__all__:
            assert getattr(pm, name) is not None
    assert set(pm.__all__) <= set(dir(pm))


def test_doors_are_those_that_type_checkers_see() -> None:
    tree = ast.parse(Path(pm.__file__).read_text(encoding="utf-8"))
    (block,) = (
        node
        for node in tree.body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    )
    seen = {node.module: {alias.name for alias in node.names} for node in block.body}
    assert seen.pop("physml") == set(pm._DOORS)
    assert seen == {f"physml.{room}": set(names) for room, names in pm._DOORS.items()}


def test_flat_names_are_what_their_rooms_hold() -> None:
    rooms = {name: import_module(f"physml.{name}") for name in ROOMS}
    for name in pm.__all__:
        if name in rooms:
            assert getattr(pm, name) is rooms[name]
            continue
        homes = [room for room in rooms.values() if name in room.__all__]
        for home in homes:
            assert getattr(home, name) is getattr(pm, name), (home.__name__, name)


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_list_what_they_offer(room: str) -> None:
    package = import_module(f"physml.{room}")
    names = package.__all__
    assert len(names) == len(set(names))
    assert all(hasattr(package, name) for name in names)


@pytest.mark.parametrize("name", sorted(MOVED))
def test_old_flat_names_say_where_they_are_now(name: str) -> None:
    room, now = MOVED[name].split(".")
    assert name not in pm.__all__
    package = getattr(pm, room)
    assert now in package.__all__
    with pytest.warns(
        DeprecationWarning, match=rf"physml\.{name} has moved: write pm\.{room}\.{now};"
    ) as told:
        assert getattr(pm, name) is getattr(package, now)
    assert told[0].filename == __file__


def test_unknown_names_are_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'sovle'"):
        pm.sovle  # noqa: B018


def test_rooms_load_on_first_use() -> None:
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, physml as pm; print(*sorted(sys.modules)); pm.Box; "
            "print('physml.pinn' in sys.modules, 'physml.vmc' in sys.modules); "
            "from physml import vmc; print(vmc.Slater.__name__)",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded, rooms, slater = told.stdout.splitlines()
    slow = {"physml.pinn", "physml.vmc", "physml.cli", "orbax.checkpoint", "scipy.special"}
    assert not slow & set(loaded.split())
    assert not {"matplotlib", "tyro", "pyscf"} & set(loaded.split())
    assert (rooms, slater) == ("True False", "Slater")
