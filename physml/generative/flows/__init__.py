"""Normal numbers carried over to a density, and the densities of fields they are judged by."""
