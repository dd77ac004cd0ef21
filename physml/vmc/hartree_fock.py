"""Hartree–Fock orbitals of atoms and molecules, by pyscf, as a pure function of a walker.

    Ψ = det φ_j↑(x_i↑) · det φ_j↓(x_i↓),    φ_j = Σ_k C_kj χ_k

A determinant tells its orbitals up to an invertible linear map of those of each spin. Of all that
have the same determinant these are the ones next to the system's own ``φ⁰``, from which a wave
function starts: ``φ_j = Σ_i |i⟩⟨i|φ_j⁰⟩`` over the occupied orbitals ``i``. So they have the order,
the orientation and the size of the system's, and no network has to learn a rotation.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from physml.errors import ConfigurationError, MissingDependencyError, ShapeError
from physml.vmc.gaussian_basis import Shell, gaussians
from physml.vmc.signed_log import SignedLog
from physml.vmc.systems.atom import Atom
from physml.vmc.systems.molecule import Molecule
from physml.vmc.systems.system import QuantumSystem
from physml.vmc.wavefunctions.determinants import slater_determinants

# The cosine of the largest angle between the occupied space and that of the system's orbitals,
# below which projecting one on the other tells nothing.
_LEAST_OVERLAP = 0.1

# The last change of the energy in hartree; orbitals err by its root.
_CONVERGED = 1e-11


class HartreeFock(NamedTuple):
    """A self-consistent single determinant in a basis, of unrestricted orbitals.

    Attributes:
        energy: in hartree.
        basis: its name.
        n_up: electrons with spin up.
        orbitals: ``(walker (N, 3)) -> (N, M)``: the row of an electron has the orbitals of its spin
            at its place, in bohr^{−3/2}; ``M`` is the larger count, and columns that a spin does
            not occupy are zero.
    """

    energy: float
    basis: str
    n_up: int
    orbitals: Callable[[Array], Array]

    def __call__(self, x: Array) -> SignedLog:
        """``log|Ψ|`` and the sign at a walker ``(N, 3)``, not normalised."""
        return slater_determinants(self.orbitals(x)[None], self.n_up)


def hartree_fock(system: Atom | Molecule, *, basis: str = "cc-pvtz") -> HartreeFock:
    """Solve the unrestricted Hartree–Fock equations of an atom or a molecule.

    The self-consistent field starts from the system's own orbitals, so that of degenerate ones it
    fills those from which a wave function starts.

    Args:
        system: whose electrons and nuclei.
        basis: a name that pyscf knows.

    Returns:
        The energy and the orbitals, a function that jits and vmaps.

    Raises:
        MissingDependencyError: without pyscf.
        ConfigurationError: another system, an unknown basis, no self-consistent field, or one whose
            orbitals have nothing to do with the system's.

    Sources: Roothaan (1951), doi:10.1103/RevModPhys.23.69; Pople and Nesbet (1954),
    doi:10.1063/1.1740120 (unrestricted).
    """
    check_nuclei(system)
    molecule = _molecule(system, basis)
    points, weights = _quadrature(molecule)
    found = jax.jit(jax.vmap(lambda x: _own_orbitals(system, x)))(jnp.asarray(points))
    own = np.asarray(found, float)
    projected = molecule.eval_gto("GTOval_sph", points).T @ (weights[:, None] * own)
    norms = own.T @ (weights[:, None] * own)
    metric = molecule.intor("int1e_ovlp")
    counts = system.n_up, system.n_down
    density = [_density(projected[:, :n], metric) for n in counts]
    energy, occupied = _self_consistent(molecule, np.stack(density), system.name, basis)
    shells = shells_of(molecule)
    coefficients = np.zeros((2, len(metric), max(counts)))
    for spin, (n, filled) in enumerate(zip(counts, occupied, strict=True)):
        overlap = filled.T @ projected[:, :n]
        _check_overlap(overlap, norms[:n, :n], system.name, basis)
        coefficients[spin, :, :n] = filled @ overlap
    of_electrons = coefficients[np.repeat([0, 1], counts)]

    def orbitals(x: Array) -> Array:
        if x.shape != system.shape:
            raise ShapeError(
                f"hartree_fock: expected a walker {system.shape} of {system.name}, got {x.shape}"
            )
        values = jax.vmap(lambda r: gaussians(shells, r))(x)
        return jnp.einsum("ik,ikj->ij", values, jnp.asarray(of_electrons, x.dtype))

    return HartreeFock(energy, basis, system.n_up, orbitals)


def check_nuclei(system: QuantumSystem) -> Atom | Molecule:
    """The system, once it is seen to have nuclei with symbols and pyscf to be there.

    Raises:
        ConfigurationError: for another system than an atom or a molecule.
        MissingDependencyError: without pyscf.
    """
    if not isinstance(system, (Atom, Molecule)):
        raise ConfigurationError(
            f"hartree_fock: expected an Atom or a Molecule, got {system.name}, which has no nuclei "
            "with symbols"
        )
    _pyscf()
    return system


def _pyscf() -> Any:
    try:
        import pyscf
        import pyscf.dft
        import pyscf.gto
        import pyscf.scf
    except ImportError as error:
        raise MissingDependencyError(
            "Hartree–Fock needs pyscf: install it with pip install 'physml[chem]'"
        ) from error
    return pyscf


def _molecule(system: Atom | Molecule, basis: str) -> Any:
    gto = _pyscf().gto
    nuclei = list(zip(system.symbols, system.places.tolist(), strict=True))
    expected = (
        f"basis: expected one that pyscf has for {', '.join(system.symbols)}, such as cc-pvdz or "
        f"cc-pvtz, got {basis!r}"
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of an unknown basis, which is an error here
            molecule = gto.M(
                atom=nuclei,
                unit="bohr",
                basis=basis,
                charge=system.charge,
                spin=system.n_up - system.n_down,
                verbose=0,
                parse_arg=False,
            )
    except (KeyError, RuntimeError) as error:
        raise ConfigurationError(expected) from error
    if molecule.nao < max(system.n_up, system.n_down):
        raise ConfigurationError(f"{expected}, of {molecule.nao} functions")
    return molecule


def _own_orbitals(system: Atom | Molecule, x: Array) -> Array:
    """The orbitals from which wave functions of the system start, ``(K,)`` at a point."""
    envelope, values = system.electrons.orbitals(x, jnp.ones((), x.dtype))
    return jnp.exp(envelope) * values


def _quadrature(molecule: Any) -> tuple[np.ndarray, np.ndarray]:
    """Points ``(G, 3)`` and weights ``(G,)`` of integrals over space, about all nuclei."""
    grid = _pyscf().dft.gen_grid.Grids(molecule)
    grid.build()
    return np.asarray(grid.coords), np.asarray(grid.weights)


def _density(projected: np.ndarray, metric: np.ndarray) -> np.ndarray:
    """The density matrix of orbitals given by their integrals with the basis, ``(K, K)``."""
    vectors = np.linalg.solve(metric, projected)
    norms = vectors.T @ metric @ vectors
    density: np.ndarray = vectors @ np.linalg.solve(norms, vectors.T)
    return density


def _self_consistent(
    molecule: Any, density: np.ndarray, name: str, basis: str
) -> tuple[float, list[np.ndarray]]:
    """The energy in hartree and the occupied orbitals of each spin, ``(K, n)``."""
    field = _pyscf().scf.UHF(molecule)
    field.chkfile = None
    field.conv_tol = _CONVERGED
    with _pyscf().lib.with_omp_threads(1):  # the same bits on every run
        field.kernel(dm0=density)
    if not field.converged:
        raise ConfigurationError(
            f"basis: no self-consistent field for {name} in {basis} after {field.max_cycle} cycles;"
            " try another basis, or nuclei nearer to equilibrium"
        )
    spins = zip(field.mo_coeff, field.mo_occ, strict=True)
    return float(field.e_tot), [vectors[:, filled > 0] for vectors, filled in spins]


def shells_of(molecule: Any) -> tuple[Shell, ...]:
    """The basis of a pyscf molecule, as ``gaussians`` takes it."""
    gto = _pyscf().gto
    shells = []
    for i in range(molecule.nbas):
        l, exponents = molecule.bas_angular(i), molecule.bas_exp(i)
        contraction = gto.gto_norm(l, exponents)[:, None] * molecule.bas_ctr_coeff(i)
        harmonics = np.asarray(gto.mole.cart2sph(l, normalized=None))
        shells.append(Shell(molecule.bas_coord(i), exponents, contraction, harmonics))
    return tuple(shells)


def _check_overlap(overlap: np.ndarray, norms: np.ndarray, name: str, basis: str) -> None:
    if not overlap.size:
        return
    root = np.linalg.cholesky(norms)
    least = np.linalg.svd(np.linalg.solve(root, overlap.T), compute_uv=False).min()
    if not least > _LEAST_OVERLAP:
        raise ConfigurationError(
            f"hartree_fock: {name} in {basis}: expected occupied orbitals that resemble those from "
            f"which wave functions start, got an overlap of {least:.2g}, below {_LEAST_OVERLAP}: "
            "Hartree–Fock fills orbitals of another symmetry; do without pre-training"
        )
