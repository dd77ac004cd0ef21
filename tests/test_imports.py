"""The floors of the house: imports run downwards only, and callers use the public names.

    4  cli
    3  pinn   vmc   pmm   learn   generative   control       never import one another
    2  train                                                  knows no network
    1  calculus   networks   optim   sampling   figures   datasets   ising    never one another
    0  types   errors   lazy_jacobian   dense_layers   as_numbers   as_whole   ranges   memory
       sample_axis   choices   plain_types   fokker_planck   cole_hopf

Everything here reads source text; nothing of physml is imported.
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]

FLOORS = [
    {
        "types",
        "errors",
        "lazy_jacobian",
        "dense_layers",
        "fokker_planck",
        "cole_hopf",
        "as_numbers",
        "as_whole",
        "ranges",
        "memory",
        "moved_names",
        "sample_axis",
        "choices",
        "plain_types",
        "real_parts",
        "version",
    },
    {"calculus", "networks", "optim", "sampling", "figures", "datasets", "ising"},
    {"train"},
    {"pinn", "vmc", "pmm", "learn", "generative", "control"},
    {"cli"},
]
ROOMS = set[str]().union(*FLOORS)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
TOP = FLOOR["cli"]

VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "base"}
UNSAFE_MODULES = {"pickle", "cloudpickle", "dill", "marshal", "shelve"}
UNSAFE_CALLS = {"eval", "exec"}
IMPORT_CALLS = {"importlib.import_module", "import_module", "__import__"}


def imported_modules(tree: ast.AST, package: str) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything imported, at any depth, relative imports resolved.

    ``from a import b`` gives ``a.b``, since ``b`` may be a module.
    """
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                parents = package.split(".")
                start = parents[: len(parents) - level + 1] if level else []
                origin = ".".join([*start, module] if module else start)
                yield from ((node.lineno, f"{origin}.{alias.name}") for alias in names)
            case ast.Call(func=function, args=[ast.Constant(value=str(name)), *_]):
                if ast.unparse(function) in IMPORT_CALLS:
                    yield node.lineno, name


def floor_violation(room: str, other: str) -> str | None:
    """Why a file of one room must not import another, or None where it may."""
    if room == other:
        return None
    if room not in FLOOR:
        return f"{room!r} has no floor: give it one in FLOORS here and in docs/design.md"
    here = FLOOR[room]
    if other not in FLOOR:
        if here == TOP:
            return None
        return (
            f"{room} imports {other!r} from the package itself, which stands above it: "
            "import the room that defines the name"
        )
    there = FLOOR[other]
    if there > here:
        return (
            f"{room} (floor {here}) imports {other} (floor {there}), upwards: move what it needs "
            f"to floor {here} or below, or pass it in as an argument"
        )
    if there == here > 0:
        return (
            f"{room} and {other} share floor {here} and must not know one another: move what both "
            "need down a floor, under a name of its own"
        )
    if (room, other) == ("train", "networks"):
        return "train knows no network: take a function of (params, x) as an argument"
    return None


def library_violations(root: Path) -> Iterator[str]:
    """Imports against the floors, and unsafe calls, in every file of physml/."""
    for path in sorted((root / "physml").rglob("*.py")):
        where = path.relative_to(root)
        tree = ast.parse(path.read_text(encoding="utf-8"), str(where))
        room = where.with_suffix("").parts[1]
        for line, name in imported_modules(tree, ".".join(where.parts[:-1])):
            top, *inner = name.split(".")
            if top in UNSAFE_MODULES:
                yield (
                    f"{where}:{line}: imports {name}, which runs code found in a file: "
                    "store arrays with orbax or numpy, and settings as JSON"
                )
            if top == "physml" and room not in {"__init__", "__main__"}:
                reason = floor_violation(room, inner[0] if inner else "physml")
                if reason:
                    yield f"{where}:{line}: {reason}"
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Name(id=call)) if call in UNSAFE_CALLS:
                    yield f"{where}:{node.lineno}: calls {call}: pass a function instead of text"
                case ast.keyword(arg="allow_pickle", value=ast.Constant(value=True)):
                    yield (
                        f"{where}:{node.value.lineno}: allow_pickle=True runs code found in a "
                        "file: store plain arrays"
                    )


def script_violations(root: Path) -> Iterator[str]:
    """Scripts reach physml by its public names only; experiments never import one another."""
    for folder in ("experiments", "benchmarks"):
        scripts = sorted((root / folder).rglob("*.py"))
        siblings = {path.stem for path in scripts} | {folder}
        for path in scripts:
            where = path.relative_to(root)
            tree = ast.parse(path.read_text(encoding="utf-8"), str(where))
            aliases = {"physml"}
            for node in ast.walk(tree):
                if isinstance(node, ast.Import):
                    aliases |= {a.asname for a in node.names if a.name == "physml" and a.asname}
            for line, name in imported_modules(tree, folder):
                top, *inner = name.split(".")
                if top == "physml" and inner and not is_public(*inner):
                    yield f"{where}:{line}: imports {name}: write `import physml as pm` and `pm.…`"
                if folder == "experiments" and top in siblings:
                    yield (
                        f"{where}:{line}: imports {name}: an experiment stands alone; "
                        "move what two of them need into the library"
                    )
            for node in ast.walk(tree):
                match node:
                    case ast.Attribute(
                        value=ast.Attribute(value=ast.Name(id=alias), attr=room), attr=attr
                    ) if room in ROOMS:
                        name = [room, attr]
                    case ast.Attribute(value=ast.Name(id=alias), attr=attr):
                        name = [attr]
                    case _:
                        continue
                if alias in aliases and not is_public(*name):
                    yield (
                        f"{where}:{node.lineno}: uses {alias}.{'.'.join(name)}, no public name: "
                        "list what is needed in the __all__ of its package"
                    )


def is_public(*name: str) -> bool:
    """Whether users are meant to write ``pm.name`` or ``pm.room.name``: its package lists it."""
    if len(name) > 2:
        return False
    package = ROOT / "physml"
    for part in name:
        if part != "__version__" and part not in listed_names(package):
            return False
        package = package / part
    return True


@cache
def listed_names(package: Path) -> frozenset[str]:
    """The ``__all__`` of a package; of a module without one, all that has no underscore."""
    if not package.is_dir():
        tree = ast.parse(package.with_suffix(".py").read_text(encoding="utf-8"))
        names = (getattr(node, "name", "_") for node in tree.body)
        return frozenset(name for name in names if not name.startswith("_"))
    tree = ast.parse((package / "__init__.py").read_text(encoding="utf-8"))
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id="__all__")], value=names):
                return frozenset(ast.literal_eval(names))
    return frozenset()


def name_violations(root: Path) -> Iterator[str]:
    """Files and folders whose name says nothing of the idea they hold."""
    for folder in ("physml", "tests", "experiments", "benchmarks"):
        for path in sorted((root / folder).rglob("*")):
            vague = path.stem.strip("_").lower() in VAGUE_NAMES
            if vague and (path.is_dir() or path.suffix == ".py"):
                yield f"{path.relative_to(root)}:1: name the one idea this holds, not {path.stem!r}"


def pins(root: Path) -> list[Requirement]:
    lines = (root / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def listed(violations: Iterator[str]) -> str:
    return "\n".join(violations)


def test_library_imports_run_downwards() -> None:
    found = listed(library_violations(ROOT))
    assert not found, f"\n{found}"


def test_scripts_use_the_public_names() -> None:
    found = listed(script_violations(ROOT))
    assert not found, f"\n{found}"


def test_names_say_what_a_file_holds() -> None:
    found = listed(name_violations(ROOT))
    assert not found, f"\n{found}"


def test_constraints_hold_no_address() -> None:
    for number, line in enumerate((ROOT / "constraints.txt").read_text().splitlines(), start=1):
        assert "://" not in line, f"constraints.txt:{number}: leave the address out, keep the pin"
        assert not re.match(r"\s*-|.* @ ", line), f"constraints.txt:{number}: write name==version"


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_every_dependency_is_pinned_within_its_range(python: str) -> None:
    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project, building = document["project"], document["build-system"]["requires"]
    extras = project["optional-dependencies"]
    asked = [*project["dependencies"], *(r for e in extras if "cuda" not in e for r in extras[e])]
    asked += building
    environment = {"python_version": python}
    pinned = {
        canonicalize_name(pin.name): str(pin.specifier).removeprefix("==")
        for pin in pins(ROOT)
        if pin.marker is None or pin.marker.evaluate(environment)
    }
    for requirement in map(Requirement, asked):
        version = pinned.get(canonicalize_name(requirement.name))
        assert version, f"constraints.txt: pin {requirement.name} for Python {python}"
        assert version in requirement.specifier, f"{requirement} excludes its pin {version}"


@pytest.mark.parametrize(
    ("file", "source", "reason"),
    [
        ("physml/types.py", "import physml.train", "upwards"),
        ("physml/optim/soap.py", "from physml.calculus import laplacian", "share floor 1"),
        ("physml/optim/soap.py", "from ..sampling import sobol", "share floor 1"),
        ("physml/optim/soap.py", "def f():\n    from physml import train", "upwards"),
        ("physml/optim/soap.py", "from physml import MLP", "import the room that defines"),
        ("physml/vmc/energy.py", "import importlib as i\n__import__('physml.pinn')", "share"),
        ("physml/vmc/systems/atom.py", "from ...cli import main", "upwards"),
        ("physml/train/loop.py", "from physml.networks import MLP", "knows no network"),
        ("physml/plasma/wave.py", "from physml import types", "has no floor"),
        ("physml/train/checkpoint.py", "import pickle", "runs code"),
        ("physml/train/checkpoint.py", "numpy.load(f, allow_pickle=True)", "runs code"),
        ("physml/cli/solve.py", "eval('1')", "pass a function"),
        ("experiments/dot.py", "from physml.vmc.energy import energy", "import physml as pm"),
        ("experiments/dot.py", "import physml.cli", "import physml as pm"),
        ("experiments/dot.py", "import physml as pm\npm.vmc.chunk_size", "no public name"),
        ("experiments/dot.py", "import physml as pm\npm.Slater", "no public name"),
        ("experiments/dot.py", "import dot", "stands alone"),
        ("benchmarks/step.py", "from physml import _secret", "import physml as pm"),
        ("physml/optim/utils.py", "", "name the one idea"),
    ],
)
def test_checker_catches(tmp_path: Path, file: str, source: str, reason: str) -> None:
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    path.write_text(source)
    checks = (library_violations, script_violations, name_violations)
    found = [violation for check in checks for violation in check(tmp_path)]
    assert len(found) == 1, found
    assert found[0].startswith(f"{file}:{source.count(chr(10)) + 1}: ")
    assert reason in found[0]


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("physml/__init__.py", "from physml.vmc import ground_state\nfrom physml.cli import main"),
        ("physml/types.py", "from physml.lazy_jacobian import Jacobian"),
        ("physml/pinn/solve.py", "from physml.train import fit\nfrom .box import Box"),
        ("physml/cli/solve.py", "import physml as pm\nfrom physml import solve"),
        ("physml/networks/mlp.py", "model.eval()"),
        ("experiments/dot.py", "import physml as pm\nfrom physml import solve\npm.MLP"),
        ("experiments/dot.py", "import physml as pm\npm.vmc.Slater\npm.errors.ShapeError"),
    ],
)
def test_checker_allows(tmp_path: Path, file: str, source: str) -> None:
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    path.write_text(source)
    assert not [*library_violations(tmp_path), *script_violations(tmp_path)]
