"""Wave functions: linen modules from a walker to log ψ."""

from physml.vmc.wavefunctions.signed_log import SignedLog, log_amplitude
from physml.vmc.wavefunctions.slater_jastrow import SlaterJastrow

__all__ = ["SignedLog", "SlaterJastrow", "log_amplitude"]
