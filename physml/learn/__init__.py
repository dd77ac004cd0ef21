"""Learning from data: data sets, linear models, back-propagation, resampling and metrics."""

from physml.learn.backpropagation import (
    Activation,
    Cost,
    Layer,
    LayeredNetwork,
    average_pooling,
    convolution,
    dense,
    flatten,
    identity,
    last_of_series,
    leaky_relu,
    logistic_cross_entropy,
    recurrent,
    relu,
    sigmoid,
    softmax_cross_entropy,
    squared_error,
    tanh,
)
from physml.learn.classify import Classifier, classify
from physml.learn.dataset import Dataset
from physml.learn.from_csv import from_csv
from physml.learn.from_idx import from_idx, read_idx
from physml.learn.from_npz import from_npz
from physml.learn.known_sets import breast_cancer, digits, mnist_subset
from physml.learn.linear import (
    LinearClassifier,
    LinearModel,
    closed_form,
    coordinate_descent,
    gradient_descent,
    largest_strength,
    lasso,
    logistic_regression,
    monomials,
    natural_gradient_step,
    ordinary_least_squares,
    ridge,
    softmax_regression,
)
from physml.learn.metrics import (
    Calibration,
    Roc,
    accuracy,
    auc,
    calibration,
    confusion_matrix,
    f1,
    mean_absolute_error,
    mean_squared_error,
    precision,
    r2,
    recall,
    roc_curve,
    root_mean_squared_error,
)
from physml.learn.plots import plot_calibration, plot_confusion, plot_predictions, plot_roc
from physml.learn.regress import Regressor, regress
from physml.learn.resampling import (
    BiasVariance,
    Fold,
    bias_variance,
    bootstrap,
    cross_validated,
    k_fold,
    split,
)
from physml.learn.scaler import Scaler
from physml.learn.study import Panel, Study

__all__ = [
    # data
    "Dataset",
    "Scaler",
    "from_csv",
    "from_idx",
    "from_npz",
    "read_idx",
    # data of other packages
    "breast_cancer",
    "digits",
    "mnist_subset",
    # parts of data
    "BiasVariance",
    "Fold",
    "bias_variance",
    "bootstrap",
    "cross_validated",
    "k_fold",
    "split",
    # any network
    "Classifier",
    "Regressor",
    "classify",
    "regress",
    # linear models
    "LinearClassifier",
    "LinearModel",
    "lasso",
    "largest_strength",
    "logistic_regression",
    "monomials",
    "ordinary_least_squares",
    "ridge",
    "softmax_regression",
    # ways to solve ridge regression
    "closed_form",
    "coordinate_descent",
    "gradient_descent",
    "natural_gradient_step",
    # networks with their back-propagation written out
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
    # metrics
    "Calibration",
    "Roc",
    "accuracy",
    "auc",
    "calibration",
    "confusion_matrix",
    "f1",
    "mean_absolute_error",
    "mean_squared_error",
    "precision",
    "r2",
    "recall",
    "roc_curve",
    "root_mean_squared_error",
    # what an entry found
    "Panel",
    "Study",
    # figures of metrics
    "plot_calibration",
    "plot_confusion",
    "plot_predictions",
    "plot_roc",
]
