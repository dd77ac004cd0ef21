"""What a system may offer are members with defaults: nothing asks in the dark for them."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import physml as pm
from physml.errors import ConfigurationError, ShapeError
from physml.vmc.catalogue import SYSTEMS
from physml.vmc.systems.quantum_dot import harmonic_orbitals
from physml.vmc.systems.system import check_system, first_walkers

ROOT = Path(__file__).parents[2]
LIBRARY = [entry.subject for entry in SYSTEMS.values()]


def trap(log_psi, x):
    return pm.kinetic_energy(log_psi)(x) + 0.5 * jnp.sum(x**2)


def free(log_psi, x):
    return pm.kinetic_energy(log_psi)(x)


def hermite(x, scale):
    return harmonic_orbitals(x, scale, omega=1.0, count=3)


def plane_waves(x, scale):
    del scale
    phase = 2 * jnp.pi * x[0] / 3.0
    return jnp.zeros(()), jnp.stack([jnp.ones(()), jnp.cos(phase), jnp.sin(phase)])


def ups_and_downs(key, count):
    return jax.random.rademacher(key, (count, 4, 1), dtype=float)


def asked_in_the_dark(source: str) -> list[int]:
    """Lines that ask a system for an attribute by text, or do not say that it is one."""
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name(id="getattr" | "hasattr"), args=[asked, *_]):
                if ast.unparse(asked).split(".")[-1] == "system":
                    found.append(node.lineno)
            case ast.FunctionDef(args=given):
                for one in [*given.posonlyargs, *given.args, *given.kwonlyargs]:
                    said = "Any" if one.annotation is None else ast.unparse(one.annotation)
                    if one.arg == "system" and said.startswith("Any"):
                        found.append(node.lineno)
            case ast.AnnAssign(target=ast.Name(id="system"), annotation=ast.Name(id="Any")):
                found.append(node.lineno)
    return found


def test_nothing_asks_a_system_in_the_dark():
    rooms = (ROOT / "physml" / room for room in ("vmc", "cli"))
    files = [path for room in rooms for path in room.rglob("*.py")]
    found = {str(path): asked_in_the_dark(path.read_text(encoding="utf-8")) for path in files}
    assert len(files) > 50
    assert not {path: lines for path, lines in found.items() if lines}


@pytest.mark.parametrize(
    "source",
    [
        "getattr(system, 'cell', None)",
        "hasattr(self.system, 'stride')",
        "def f(system: Any): ...",
        "def f(system): ...",
        "class A:\n    system: Any",
    ],
)
def test_the_search_for_such_questions_finds_them(source):
    assert asked_in_the_dark(source)


@pytest.mark.parametrize("system", LIBRARY, ids=lambda system: system.name)
def test_every_library_system_has_every_member(system):
    assert isinstance(system, pm.vmc.QuantumSystem)
    check_system(system, "test")
    n, d = system.shape
    walkers = first_walkers(system, jax.random.key(0), 3)
    assert walkers.shape == (3, n, d)
    assert system.stride is None or system.stride(walkers).shape == (3, n, 1)
    assert system.potential_energy is None or system.potential_energy(walkers[0]).shape == ()
    assert system.proposal is None or system.proposal(jax.random.key(1), walkers[0]).shape == (n, d)
    assert system.twist is None
    assert (system.places is None) == (system.charges is None)


@pytest.mark.slow
def test_the_defaults_of_a_class_of_ones_own():
    """A shape and a local energy are enough; its name is that of the class."""

    class Quartic(pm.vmc.QuantumSystem):
        shape = 1, 1

        def local_energy(self, log_psi, x):
            return pm.kinetic_energy(log_psi)(x) + jnp.sum(x**4)

        def ansatz(self, N, x):
            return N(x) - jnp.sum(x**2)

    quartic = Quartic()
    check_system(quartic, "test")
    assert (quartic.name, quartic.length, quartic.reference) == ("Quartic", 1.0, None)
    state = pm.ground_state(quartic, pm.MLP((4,)), walkers=32, sweeps=2, steps=5, measurements=8)
    assert 0.6 < state.energy.mean < 1.0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("system", "exact"),
    [
        (
            pm.System(trap, (3, 1), electrons=pm.vmc.Electrons(3, 0, hermite, cusps=False)),
            4.5,
        ),
        (
            pm.System(trap, (4, 1), electrons=pm.vmc.Electrons(3, 1, hermite, cusps=False)),
            5.0,
        ),
        (
            pm.System(
                free,
                (3, 1),
                cell=pm.vmc.Cell((3.0,)),
                electrons=pm.vmc.Electrons(3, 0, plane_waves, (0, 1, 1), cusps=False),
            ),
            (2 * np.pi / 3) ** 2,
        ),
    ],
    ids=["one spin", "two spins", "in a cell"],
)
def test_fermions_of_a_hamiltonian_of_ones_own(system, exact):
    """Their determinant is exact, where particles told apart would have less energy.

    Three bosons in the trap have 1.5, in the cell 0.
    """
    psi = pm.vmc.Slater(system)
    walkers = first_walkers(system, jax.random.key(0), 8)
    params = psi.init(jax.random.key(1), walkers[0])

    def local(x):
        return system.local_energy(lambda y: psi.apply(params, y).log, x)

    with jax.enable_x64(True):
        found = jax.jit(jax.vmap(local))(walkers.astype(float))
    np.testing.assert_allclose(found, exact, rtol=1e-3)
    with pytest.raises(ConfigurationError, match="expected ψ to be multiplied by"):
        pm.ground_state(system, pm.MLP((4,)), walkers=32, steps=0, measurements=20)


def test_walkers_without_a_word_fill_a_cell():
    system = pm.System(free, (4, 2), cell=pm.vmc.Cell((2.0, 6.0)))
    walkers = np.asarray(first_walkers(system, jax.random.key(0), 500))
    assert walkers.min() > 0
    np.testing.assert_allclose(walkers.max(axis=(0, 1)), [2.0, 6.0], rtol=0.01)


def test_members_serve_the_measurements_that_need_them():
    nucleus = pm.System(
        lambda log_psi, x: pm.kinetic_energy(log_psi)(x) - 1 / jnp.linalg.norm(x),
        (1, 3),
        potential_energy=lambda x: -1 / jnp.linalg.norm(x),
        places=np.zeros((1, 3)),
        charges=np.ones(1),
    )
    x = np.random.default_rng(0).normal(size=(20, 50, 1, 3))
    forces = pm.vmc.nuclear_forces(nucleus, lambda x: -jnp.linalg.norm(x), x)
    assert np.abs(forces.values).max() < 1e-4
    parts = pm.vmc.energy_parts(nucleus, lambda x: -jnp.linalg.norm(x), x)
    assert parts.kinetic.mean + parts.potential.mean == pytest.approx(-0.5, abs=1e-4)


@pytest.mark.slow
def test_a_system_of_spins_of_ones_own():
    """Free spins in a field along x: every flip is as likely, ``E = −N h`` without a variance."""

    def hamiltonian(log_psi, x):
        here = log_psi(x)
        flipped = jax.vmap(lambda site: log_psi(x.at[site].multiply(-1)))(jnp.arange(4))
        return -jnp.sum(jnp.exp(flipped - here[None]))

    spins = pm.System(
        hamiltonian, (4, 1), lattice=(2, 2), proposal=pm.sampling.flip, walkers=ups_and_downs
    )
    flat = pm.vmc.RBM(density=1, translations=True, lattice=(2, 2))
    state = pm.ground_state(spins, flat, walkers=32, steps=2, measurements=8)
    assert state.energy.mean == pytest.approx(-4.0, abs=1e-2)
    with pytest.raises(ConfigurationError, match=r"lattice \(2, 2\)"):
        pm.ground_state(spins, pm.vmc.RBM(density=1, translations=True), walkers=64)


CHILDREN = [
    pm.vmc.HarmonicOscillator(),
    pm.QuantumDot(),
    pm.vmc.DoubleWell(),
    pm.vmc.Molecule(name="LiH"),
    pm.vmc.HeisenbergChain(sites=20),
    pm.vmc.IsingChain(),
]


@pytest.mark.parametrize("parent", CHILDREN, ids=lambda system: system.name)
def test_a_subclass_does_not_inherit_its_parents_reference(parent):
    """Whatever it changes, the parent's exact energy is not its own; what it says itself is."""

    class Mine(type(parent)):
        def local_energy(self, log_psi, x):
            return 2 * super().local_energy(log_psi, x)

    class Said(Mine):
        reference = pm.vmc.Reference(1.0, 0.0, "said")

    class Kept(type(parent)):
        reference = type(parent).reference

    assert parent.reference is not None
    assert Mine().reference is None
    assert Said().reference.energy == 1.0
    if not isinstance(parent, pm.vmc.DoubleWell):  # a cached property is bound to the parent's name
        assert Kept().reference == type(parent)().reference


def test_a_subclass_that_is_a_dataclass_has_no_reference_either():
    @dataclass(frozen=True, kw_only=True)
    class Stiffer(pm.vmc.HarmonicOscillator):
        quartic: float = 1.0

    assert Stiffer(omega=2.0).reference is None
    assert replace(Stiffer(), quartic=2.0).reference is None


def test_a_subclass_of_system_is_told_its_reference():
    class Told(pm.System):
        pass

    known = pm.vmc.Reference(0.5, 0.0, "exact")
    assert Told(trap, (1, 1)).reference is None
    assert Told(trap, (1, 1), reference=known).reference == known


DUCK = SimpleNamespace(
    name="duck",
    shape=(1, 1),
    length=1.0,
    reference=None,
    local_energy=trap,
    ansatz=lambda N, x: N(x),
)


@pytest.mark.parametrize(
    "use",
    [
        lambda: pm.ground_state(DUCK, pm.MLP((4,))),
        lambda: pm.vmc.energy_parts(DUCK, lambda x: x, np.ones((4, 4, 1, 1))),
        lambda: pm.vmc.nuclear_forces(DUCK, lambda x: x, np.ones((4, 4, 1, 1))),
    ],
    ids=["ground_state", "energy_parts", "nuclear_forces"],
)
def test_what_only_looks_like_a_system_is_refused(use):
    with pytest.raises(ConfigurationError, match=r"expected a QuantumSystem.*SimpleNamespace"):
        use()


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"electrons": pm.vmc.Electrons(2, 0, hermite)}, "electrons: expected an Electrons of 3"),
        ({"electrons": (2, 1)}, "electrons: expected an Electrons of 3"),
        ({"cell": pm.vmc.Cell((1.0, 1.0))}, "cell: expected a Cell of 1 lengths"),
        ({"cell": (1.0,)}, "cell: expected a Cell of 1 lengths"),
        ({"twist": (0.1,)}, "twist: expected that of a system with a cell"),
        ({"lattice": (2, 2)}, "lattice: expected axes whose product is 3"),
        ({"proposal": pm.sampling.flip}, "walkers: expected a function"),
        ({"charges": np.ones(1)}, "places, charges: expected both or neither"),
        ({"places": np.zeros((1, 3)), "charges": np.ones(1)}, "places: .* 3 dimensions, got 1"),
        ({"electrons": pm.vmc.Electrons(4, -1, hermite)}, "electrons: expected an Electrons of 3"),
        ({"reference": 4.5}, r"reference: expected a Reference\(energy, .*, got 4.5"),
    ],
)
def test_members_that_do_not_belong_together_are_refused(members, message):
    with pytest.raises(ConfigurationError, match=message):
        pm.System(trap, (3, 1), **members)


@pytest.mark.parametrize(
    ("system", "name"),
    [
        (pm.vmc.DoubleWell(quadratic=np.nan), "quadratic"),
        (pm.QuantumDot(omega=np.inf), "omega"),
        (pm.vmc.Calogero(beta=np.inf), "beta"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_numbers_that_are_not_finite_are_refused(system, name):
    with pytest.raises(ConfigurationError, match=f"{name}: expected a finite number"):
        pm.ground_state(system, pm.MLP((4,)))


def test_axes_of_a_lattice_may_be_a_list():
    """The translations of ``RBM`` are compared with them."""
    system = pm.System(
        trap, (4, 1), lattice=[2, 2], proposal=pm.sampling.flip, walkers=ups_and_downs
    )
    assert system.lattice == (2, 2)


@pytest.mark.parametrize("shape", [(2.0, 1), (0, 1), (2,), [2, 1]])
def test_a_class_with_a_shape_that_is_none_is_refused(shape):
    class Misshapen(pm.vmc.QuantumSystem):
        def local_energy(self, log_psi, x):
            return trap(log_psi, x)

    Misshapen.shape = shape
    with pytest.raises(ConfigurationError, match=r"Misshapen: shape: expected \(particles, dim"):
        pm.ground_state(Misshapen(), pm.MLP((4,)))


def test_walkers_of_another_shape_are_refused():
    system = pm.System(trap, (3, 1), walkers=ups_and_downs)
    with pytest.raises(ShapeError, match=r"walkers: expected \(5, 3, 1\), got \(5, 4, 1\)"):
        first_walkers(system, jax.random.key(0), 5)


@pytest.mark.parametrize("wavefunction", [pm.vmc.Slater, pm.SlaterJastrow, pm.vmc.MessagePassing])
def test_wave_functions_of_electrons_ask_for_them(wavefunction):
    """The advice is to say the electrons: a network would find the state of bosons."""
    system = pm.System(trap, (3, 2))
    with pytest.raises(ConfigurationError, match=r"say electrons=pm\.vmc\.Electrons.*bosons"):
        pm.ground_state(system, wavefunction(system))
