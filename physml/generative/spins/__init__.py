"""Spins in equilibrium, and densities that draw them one after another."""
