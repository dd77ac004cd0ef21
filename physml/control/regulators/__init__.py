"""The linear–quadratic regulator, by Riccati's equation."""
