"""Networks that know no physics: flax.linen modules from a point to a value."""

from physml.networks.activations import ACTIVATIONS
from physml.networks.embeddings import FourierFeatures, PeriodicEmbedding
from physml.networks.mlp import MLP, ScaledInitializer, glorot_normal, orthogonal

__all__ = [
    "ACTIVATIONS",
    "MLP",
    "FourierFeatures",
    "PeriodicEmbedding",
    "ScaledInitializer",
    "glorot_normal",
    "orthogonal",
]
