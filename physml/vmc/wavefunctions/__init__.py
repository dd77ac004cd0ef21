"""Wave functions: linen modules from a walker to log ψ."""

from physml.vmc.wavefunctions.message_passing import MessagePassing
from physml.vmc.wavefunctions.signed_log import SignedLog, log_amplitude
from physml.vmc.wavefunctions.slater_jastrow import SlaterJastrow

__all__ = ["MessagePassing", "SignedLog", "SlaterJastrow", "log_amplitude"]
