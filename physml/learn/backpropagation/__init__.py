"""Networks whose back-propagation is written out, layer by layer."""

from physml.learn.backpropagation.activations import (
    Activation,
    identity,
    leaky_relu,
    relu,
    sigmoid,
    tanh,
)
from physml.learn.backpropagation.convolution import average_pooling, convolution
from physml.learn.backpropagation.costs import (
    Cost,
    logistic_cross_entropy,
    softmax_cross_entropy,
    squared_error,
)
from physml.learn.backpropagation.dense import dense, flatten
from physml.learn.backpropagation.layer import Layer
from physml.learn.backpropagation.network import LayeredNetwork
from physml.learn.backpropagation.recurrent import last_of_series, recurrent

__all__ = [
    "Activation",
    "Cost",
    "Layer",
    "LayeredNetwork",
    "average_pooling",
    "convolution",
    "dense",
    "flatten",
    "identity",
    "last_of_series",
    "leaky_relu",
    "logistic_cross_entropy",
    "recurrent",
    "relu",
    "sigmoid",
    "softmax_cross_entropy",
    "squared_error",
    "tanh",
]
