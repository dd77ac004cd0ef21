"""Where public names live: few are flat, the rest in their rooms; old ones say where they went."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import warnings
from importlib import import_module
from pathlib import Path

import pytest

import physml as pm
from physml.moved_names import MOVED

PACKAGE = Path(pm.__file__).parent
DOCS = PACKAGE.parent / "docs"
PAGES = sorted(path.stem for path in (DOCS / "api").glob("*.md") if path.stem != "index")
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
    seen: dict[str, set[str]] = {}
    for node in block.body:
        seen.setdefault(node.module, set()).update(alias.name for alias in node.names)
    assert seen.pop("physml") == set(pm._ROOMS)
    assert seen == {f"physml.{home}": set(names.split()) for home, names in pm._DOORS.items()}


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
            "import sys, physml as pm; print('jax' in sys.modules); pm.fit; "
            "print(*sorted(sys.modules)); pm.Box; "
            "print('physml.pinn' in sys.modules, 'physml.vmc' in sys.modules); "
            "from physml import vmc; print(vmc.Slater.__name__)",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    jax, loaded, rooms, slater = told.stdout.splitlines()
    slow = {"physml.pinn", "physml.vmc", "physml.cli", "orbax.checkpoint", "scipy.special"}
    assert not slow & set(loaded.split())
    assert not {"matplotlib", "tyro", "pyscf"} & set(loaded.split())
    assert (jax, rooms, slater) == ("False", "True False", "Slater")


def test_the_reference_lists_the_flat_names() -> None:
    page = (DOCS / "api" / "index.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ")][1:]
    listed = [name for row in rows for name in re.findall(r"`(\w+)`", row.partition("|")[2])]
    assert sorted(listed) == sorted(set(pm.__all__) - set(PAGES) - {"__version__"})


def test_the_reference_has_a_page_for_each_room() -> None:
    """Each page tells the whole ``__all__``; building the documentation fails where it does not."""
    index = (DOCS / "api" / "index.md").read_text(encoding="utf-8").splitlines()
    assert {*ROOMS, "types", "errors"} - {"cli"} == set(PAGES)
    for name in PAGES:
        assert name in index
        page = (DOCS / "api" / f"{name}.md").read_text(encoding="utf-8")
        assert f".. automodule:: physml.{name}\n" in page


def test_every_page_stands_in_the_contents() -> None:
    """Under a heading of its subject: no heading has more than seven."""
    contents = (DOCS / "index.md").read_text(encoding="utf-8")
    trees = re.findall(
        r"```\{toctree\}\n:caption: [^\n]+\n:maxdepth: 1\n\n(.*?)```", contents, re.DOTALL
    )
    listed = [tree.split() for tree in trees]
    pages = {
        str(path.relative_to(DOCS).with_suffix(""))
        for path in DOCS.rglob("*.md")
        if not {"_build", "api"} & set(path.relative_to(DOCS).parts)
    }
    assert sorted(page for tree in listed for page in tree) == sorted(
        (pages - {"index"}) | {"api/index"}
    )
    assert max(map(len, listed)) <= 7
