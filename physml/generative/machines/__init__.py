"""Boltzmann machines, and any network as an energy: learned by chains of their own."""
