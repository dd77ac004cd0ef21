"""Data into noise and back: diffusion, its score, walkers in a potential."""
