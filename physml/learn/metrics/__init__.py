"""Metrics: of numbers, of classes, of probabilities."""

from physml.learn.metrics.classes import accuracy, confusion_matrix, f1, precision, recall
from physml.learn.metrics.probabilities import Calibration, Roc, auc, calibration, roc_curve
from physml.learn.metrics.regression import (
    mean_absolute_error,
    mean_squared_error,
    r2,
    root_mean_squared_error,
)

__all__ = [
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
]
