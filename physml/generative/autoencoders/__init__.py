"""A few numbers behind many: variational autoencoders, with bounds of the likelihood."""
