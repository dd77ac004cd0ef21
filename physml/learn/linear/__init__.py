"""Linear models: least squares, ridge, lasso, logistic and softmax regression."""

from physml.learn.linear.features import monomials
from physml.learn.linear.lasso import largest_strength, lasso
from physml.learn.linear.linear_model import LinearClassifier, LinearModel
from physml.learn.linear.logistic import logistic_regression
from physml.learn.linear.ridge import ordinary_least_squares, ridge
from physml.learn.linear.ridge_solvers import (
    closed_form,
    coordinate_descent,
    gradient_descent,
    natural_gradient_step,
)
from physml.learn.linear.softmax import softmax_regression

__all__ = [
    "LinearClassifier",
    "LinearModel",
    "closed_form",
    "coordinate_descent",
    "gradient_descent",
    "largest_strength",
    "lasso",
    "logistic_regression",
    "monomials",
    "natural_gradient_step",
    "ordinary_least_squares",
    "ridge",
    "softmax_regression",
]
