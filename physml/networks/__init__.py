"""Networks that know no physics: flax.linen modules from a point, image or series to a value."""

from physml.networks.activations import ACTIVATIONS, Activation, ActivationName, activation_of
from physml.networks.as_module import as_module
from physml.networks.attention import attention
from physml.networks.autoencoder import Autoencoder, Deconvolution, convolutional_autoencoder
from physml.networks.boltzmann import BoltzmannMachine, RestrictedBoltzmannMachine
from physml.networks.constant import Constant
from physml.networks.continuous_flow import Adaptive, ContinuousFlow, RungeKutta, Velocity
from physml.networks.convolution import Convolution, WindowedDense
from physml.networks.coupling import RealNVP
from physml.networks.dropout import Dropout, RegularisedMLP
from physml.networks.embeddings import FourierFeatures, PeriodicEmbedding
from physml.networks.fourier_series import FourierSeries
from physml.networks.initializers import (
    InitialName,
    ScaledInitializer,
    glorot_normal,
    initializer,
    orthogonal,
)
from physml.networks.last_layer import fit_last_layer
from physml.networks.lattice_border import LatticeBorder
from physml.networks.lattice_velocity import LatticeVelocity
from physml.networks.masked_convolution import MaskedConvolution
from physml.networks.masked_mlp import MaskedMLP
from physml.networks.mlp import MLP
from physml.networks.pirate_net import PirateNet
from physml.networks.recurrent import Recurrent
from physml.networks.separable import Separable
from physml.networks.settings import NetworkSettings, network_of
from physml.networks.siren import SIREN
from physml.networks.tensor_grid import factors, grid_partial
from physml.networks.transformer import Transformer
from physml.networks.unit_energy import UnitEnergy
from physml.networks.weight_factorisation import FactorisedDense

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "Adaptive",
    "Autoencoder",
    "BoltzmannMachine",
    "ContinuousFlow",
    "Convolution",
    "Deconvolution",
    "InitialName",
    "LatticeBorder",
    "LatticeVelocity",
    "MLP",
    "MaskedConvolution",
    "MaskedMLP",
    "NetworkSettings",
    "RealNVP",
    "RungeKutta",
    "SIREN",
    "ActivationName",
    "activation_of",
    "as_module",
    "Constant",
    "Dropout",
    "FactorisedDense",
    "FourierFeatures",
    "FourierSeries",
    "PeriodicEmbedding",
    "PirateNet",
    "Recurrent",
    "RestrictedBoltzmannMachine",
    "RegularisedMLP",
    "ScaledInitializer",
    "Separable",
    "Transformer",
    "UnitEnergy",
    "Velocity",
    "WindowedDense",
    "attention",
    "convolutional_autoencoder",
    "factors",
    "fit_last_layer",
    "glorot_normal",
    "initializer",
    "grid_partial",
    "network_of",
    "orthogonal",
]
