"""Names that were flat and are now in their rooms: kept for one version."""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import Any

_NAMES = {
    "calculus": "forward_laplacian linearised nested_forward taylor",
    "figures": "figure",
    "networks": (
        "ACTIVATIONS SIREN Constant FactorisedDense FourierFeatures FourierSeries "
        "PeriodicEmbedding PirateNet Separable fit_last_layer glorot_normal grid_partial orthogonal"
    ),
    "optim": (
        "by_gram by_svd grid_line_search in_parameter_space in_sample_space matrix_free sketched "
        "smallest_side"
    ),
    "pinn": (
        "Ball Condition Disk Domain ErrorCurve ErrorPoint March Phase Polygon Recipe catalogue "
        "collocation continuation hard_dirichlet hard_initial harmonics integral interface "
        "interpolated_start l_shape march neumann periodic require residual_rows robin "
        "trigonometric_interpolant"
    ),
    "sampling": (
        "Blocking Estimate OneElectronMoves Redraw autocorrelation_time blocking by_importance "
        "by_residual estimate exchange flip grid_points latin_hypercube metropolis_one_electron "
        "sobol spin_metropolis split_rhat uniform uniformly"
    ),
    "train": "TrainState Update game gradient_norms make_step ntk_traces power_rule",
    "vmc": (
        "ANGSTROM RBM SYSTEMS Atom Calogero Cell DeepSet DoubleWell ElectronGas Electrons "
        "EnergyParts Ewald Extrapolation FermiNet GaussianRBM HarmonicOscillator HartreeFock "
        "HeisenbergChain HeisenbergSquare Hydrogen IsingChain Measurement MessagePassing Molecule "
        "NeuralSlater NuclearForces Psi PsiFormer QuantumSystem Reference SignedLog Slater "
        "SlaterRBM SpinlessFermions TrappedBosons energy energy_parts extrapolate_in_variance "
        "hartree_fock local_energies log_amplitude measure momentum_distribution nuclear_forces "
        "one_body_density_matrix one_electron_moves pair_correlation pair_distribution pretrain "
        "psi_ratio radial_density spin_correlation spin_squared structure_factor"
    ),
}
_RENAMED = {
    "Errors": "pinn.SolutionErrors",
    "chain": "pinn.compose",
    "data": "pinn.measured",
}
MOVED = {
    **{name: f"{room}.{name}" for room, names in _NAMES.items() for name in names.split()},
    **_RENAMED,
}
"""Old flat name to its new place below ``physml``."""


def found(name: str) -> Any:
    """What ``physml.name`` was, with a warning that says where it is now.

    Raises:
        AttributeError: no such name, now or before.
    """
    if name not in MOVED:
        raise AttributeError(f"module 'physml' has no attribute {name!r}")
    room, now = MOVED[name].split(".")
    warnings.warn(
        f"physml.{name} has moved: write pm.{room}.{now}; the flat name goes in the next version",
        DeprecationWarning,
        stacklevel=3,
    )
    return getattr(import_module(f"physml.{room}"), now)
