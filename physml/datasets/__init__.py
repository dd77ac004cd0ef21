"""Data to learn from: what has to be known of them, files they are in, parts to judge on."""

from physml.datasets.dataset import Dataset
from physml.datasets.fashion_mnist import fashion_mnist
from physml.datasets.from_csv import from_csv
from physml.datasets.from_idx import from_idx, read_idx
from physml.datasets.from_npz import from_npz
from physml.datasets.known_sets import breast_cancer, digits, mnist_subset
from physml.datasets.nuclear_masses import nuclear_masses
from physml.datasets.parts import Fold, bootstrap, k_fold, split
from physml.datasets.scaler import Scaler
from physml.datasets.text import Text, opticks

__all__ = [
    # data
    "Dataset",
    "Scaler",
    # files
    "from_csv",
    "from_idx",
    "from_npz",
    "read_idx",
    # data of other packages
    "breast_cancer",
    "digits",
    "fashion_mnist",
    "mnist_subset",
    "nuclear_masses",
    # texts
    "Text",
    "opticks",
    # parts of data
    "Fold",
    "bootstrap",
    "k_fold",
    "split",
]
