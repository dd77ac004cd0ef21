"""Problems with known solutions, one a file: equation, domain, exact solution and recipe."""

from physml.pinn.catalogue import advection as _advection
from physml.pinn.catalogue import allen_cahn as _allen_cahn
from physml.pinn.catalogue import black_scholes as _black_scholes
from physml.pinn.catalogue import burgers as _burgers
from physml.pinn.catalogue import burgers_inverse as _burgers_inverse
from physml.pinn.catalogue import burgers_smooth as _burgers_smooth
from physml.pinn.catalogue import cavity as _cavity
from physml.pinn.catalogue import cavity_unit_lid as _cavity_unit_lid
from physml.pinn.catalogue import heat as _heat
from physml.pinn.catalogue import heat_4d as _heat_4d
from physml.pinn.catalogue import helmholtz as _helmholtz
from physml.pinn.catalogue import kdv as _kdv
from physml.pinn.catalogue import kovasznay as _kovasznay
from physml.pinn.catalogue import kuramoto_sivashinsky as _kuramoto_sivashinsky
from physml.pinn.catalogue import lorenz as _lorenz
from physml.pinn.catalogue import oscillator as _oscillator
from physml.pinn.catalogue import poisson_2d as _poisson_2d
from physml.pinn.catalogue import poisson_high as _poisson_high
from physml.pinn.catalogue import poisson_inverse as _poisson_inverse
from physml.pinn.catalogue import poisson_l_shape as _poisson_l_shape
from physml.pinn.catalogue import poisson_multiscale as _poisson_multiscale
from physml.pinn.catalogue import schrodinger as _schrodinger
from physml.pinn.catalogue import wave as _wave
from physml.pinn.catalogue.advection import advection
from physml.pinn.catalogue.allen_cahn import allen_cahn
from physml.pinn.catalogue.black_scholes import black_scholes
from physml.pinn.catalogue.burgers import burgers
from physml.pinn.catalogue.burgers_inverse import burgers_inverse
from physml.pinn.catalogue.burgers_smooth import burgers_smooth
from physml.pinn.catalogue.cavity import cavity
from physml.pinn.catalogue.cavity_unit_lid import cavity_unit_lid, centre_lines
from physml.pinn.catalogue.cole_hopf import cole_hopf
from physml.pinn.catalogue.entry import Entry
from physml.pinn.catalogue.heat import heat
from physml.pinn.catalogue.heat_4d import heat_4d
from physml.pinn.catalogue.helmholtz import helmholtz
from physml.pinn.catalogue.kdv import kdv
from physml.pinn.catalogue.kovasznay import kovasznay
from physml.pinn.catalogue.kuramoto_sivashinsky import kuramoto_sivashinsky
from physml.pinn.catalogue.lorenz import lorenz
from physml.pinn.catalogue.oscillator import oscillator
from physml.pinn.catalogue.poisson_2d import poisson_2d
from physml.pinn.catalogue.poisson_high import poisson_5d, poisson_10d, poisson_100d
from physml.pinn.catalogue.poisson_inverse import poisson_inverse
from physml.pinn.catalogue.poisson_l_shape import poisson_l_shape
from physml.pinn.catalogue.poisson_multiscale import poisson_multiscale
from physml.pinn.catalogue.schrodinger import schrodinger
from physml.pinn.catalogue.wave import wave

PROBLEMS = {
    entry.name: entry
    for entry in (
        _heat.ENTRY,
        _heat_4d.ENTRY,
        _poisson_2d.ENTRY,
        *_poisson_high.ENTRIES,
        _poisson_l_shape.ENTRY,
        _poisson_multiscale.ENTRY,
        _wave.ENTRY,
        _advection.ENTRY,
        _burgers.ENTRY,
        _burgers_smooth.ENTRY,
        _allen_cahn.ENTRY,
        _kdv.ENTRY,
        _kuramoto_sivashinsky.ENTRY,
        _schrodinger.ENTRY,
        _helmholtz.ENTRY,
        _kovasznay.ENTRY,
        _cavity.ENTRY,
        _cavity_unit_lid.ENTRY,
        _black_scholes.ENTRY,
        _oscillator.ENTRY,
        _lorenz.ENTRY,
        _burgers_inverse.ENTRY,
        _poisson_inverse.ENTRY,
    )
}
"""Every problem by the name it has on the command line."""

__all__ = [
    "PROBLEMS",
    "Entry",
    "advection",
    "allen_cahn",
    "black_scholes",
    "burgers",
    "burgers_inverse",
    "burgers_smooth",
    "cavity",
    "cavity_unit_lid",
    "centre_lines",
    "cole_hopf",
    "heat",
    "heat_4d",
    "helmholtz",
    "kdv",
    "kovasznay",
    "kuramoto_sivashinsky",
    "lorenz",
    "oscillator",
    "poisson_100d",
    "poisson_10d",
    "poisson_2d",
    "poisson_5d",
    "poisson_inverse",
    "poisson_l_shape",
    "poisson_multiscale",
    "schrodinger",
    "wave",
]
