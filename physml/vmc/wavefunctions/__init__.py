"""Wave functions: linen modules from a walker to log ψ."""

from physml.vmc.wavefunctions import plain_network as plain_network
from physml.vmc.wavefunctions.deep_set import DeepSet
from physml.vmc.wavefunctions.fermi_net import FermiNet
from physml.vmc.wavefunctions.gaussian_rbm import GaussianRBM
from physml.vmc.wavefunctions.message_passing import MessagePassing
from physml.vmc.wavefunctions.neural_slater import NeuralSlater
from physml.vmc.wavefunctions.psi_former import PsiFormer
from physml.vmc.wavefunctions.rank_one import one_electron_moves
from physml.vmc.wavefunctions.rbm import RBM
from physml.vmc.wavefunctions.settings import WavefunctionSettings, wavefunction_of
from physml.vmc.wavefunctions.slater import Slater
from physml.vmc.wavefunctions.slater_jastrow import SlaterJastrow
from physml.vmc.wavefunctions.slater_rbm import SlaterRBM

__all__ = [
    "DeepSet",
    "FermiNet",
    "NeuralSlater",
    "PsiFormer",
    "GaussianRBM",
    "RBM",
    "MessagePassing",
    "Slater",
    "SlaterJastrow",
    "SlaterRBM",
    "WavefunctionSettings",
    "one_electron_moves",
    "wavefunction_of",
]
