"""One plotting style, and the plots that several rooms share."""

from physml.figures.style import figure

__all__ = ["figure"]
