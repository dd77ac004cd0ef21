"""The first modes of a linear operator, in order."""
