"""What data tell without targets: principal components, clusters."""

from physml.learn.unsupervised.k_means import Clusters, k_means
from physml.learn.unsupervised.pca import PrincipalComponents, pca

__all__ = ["Clusters", "PrincipalComponents", "k_means", "pca"]
