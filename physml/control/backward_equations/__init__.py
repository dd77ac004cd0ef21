"""Parabolic equations in many dimensions, along paths back from the end."""
