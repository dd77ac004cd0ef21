"""Densities that are learned, and drawn from: judged by what physics knows exactly."""

from physml.fokker_planck import FokkerPlanck
from physml.generative import catalogue
from physml.generative.adversaries.adversarial_pair import AdversarialPair
from physml.generative.adversaries.critic_distance import CriticDistance, critic_distance
from physml.generative.adversaries.gan import gan
from physml.generative.adversaries.gan_costs import GanCost, non_saturating, wasserstein
from physml.generative.autoencoders.evidence import evidence
from physml.generative.autoencoders.evidence_bounds import EvidenceBounds, evidence_bounds
from physml.generative.autoencoders.observation_model import (
    ObservationModel,
    bernoulli,
    binomial,
    gaussian,
)
from physml.generative.autoencoders.probabilistic_pca import ProbabilisticPCA, probabilistic_pca
from physml.generative.autoencoders.vae import vae
from physml.generative.autoencoders.variational_autoencoder import VariationalAutoencoder
from physml.generative.denoising.denoiser import BestGaussian, Denoiser
from physml.generative.denoising.diffusion import diffusion
from physml.generative.denoising.diffusion_density import DiffusionDensity
from physml.generative.denoising.gaussian_mixture import GaussianMixture
from physml.generative.denoising.gradient_flow import GradientFlow, gradient_flow
from physml.generative.denoising.noise_schedule import (
    CosineSchedule,
    NoiseSchedule,
    VariancePreserving,
)
from physml.generative.denoising.reverse_steps import ddim, ddpm, probability_flow, reverse_sde
from physml.generative.denoising.score_equation import score_residual
from physml.generative.flows.double_well import DoubleWell
from physml.generative.flows.flow import flow
from physml.generative.flows.flow_density import FlowDensity
from physml.generative.flows.flow_training import reparametrised, scored
from physml.generative.flows.real_model import RealModel, Reals
from physml.generative.flows.scalar_field import ScalarField
from physml.generative.judge.against_mixture import AgainstMixture, against_mixture
from physml.generative.judge.classifier import ClassJudge, class_judge
from physml.generative.judge.enumerated import Enumerated, enumerated
from physml.generative.judge.independence_chain import IndependenceChain, independence_chain
from physml.generative.judge.log_partition import LogPartition, log_partition
from physml.generative.judge.mean_discrepancy import MeanDiscrepancy, mean_discrepancy
from physml.generative.judge.mixture_samples import MixtureSamples, mixture_samples
from physml.generative.judge.mode_coverage import ModeCoverage, mode_coverage
from physml.generative.judge.nearest_images import NearestImages, nearest_images
from physml.generative.judge.share import Share, share
from physml.generative.judge.total_variation import TotalVariation, total_variation
from physml.generative.judge.wasserstein_distance import (
    Distance,
    sliced_wasserstein_distance,
    wasserstein_distance,
)
from physml.generative.judge.weighted_mean import WeightedMean, weighted_mean
from physml.generative.machines.annealed_importance import annealed_importance
from physml.generative.machines.boltzmann import boltzmann
from physml.generative.machines.boltzmann_density import BoltzmannDensity, Likelihood
from physml.generative.machines.chain_settings import ChainSettings
from physml.generative.machines.chains import (
    contrastive_divergence,
    every_state,
    persistent,
    tempering,
)
from physml.generative.machines.energy_based import energy_based
from physml.generative.machines.energy_density import EnergyDensity
from physml.generative.machines.exact_machine import ExactMachine, exact_machine
from physml.generative.machines.exact_partition import exact_log_partition
from physml.generative.spins.autoregressive import autoregressive
from physml.generative.spins.autoregressive_density import AutoregressiveDensity
from physml.generative.spins.ising import Ising
from physml.generative.spins.sherrington_kirkpatrick import SherringtonKirkpatrick
from physml.generative.spins.spin_model import SpinModel, Spins

__all__ = [
    # spins in equilibrium
    "Ising",
    "SherringtonKirkpatrick",
    "SpinModel",
    "Spins",
    # densities of them
    "AutoregressiveDensity",
    "autoregressive",
    "BoltzmannDensity",
    "EnergyDensity",
    "Likelihood",
    "boltzmann",
    "energy_based",
    # a machine's own samples
    "ChainSettings",
    "contrastive_divergence",
    "every_state",
    "persistent",
    "tempering",
    # a machine's partition function
    "ExactMachine",
    "annealed_importance",
    "exact_log_partition",
    "exact_machine",
    # diffusion in a potential
    "FokkerPlanck",
    "GradientFlow",
    "gradient_flow",
    # diffusion of data into noise, and back
    "BestGaussian",
    "CosineSchedule",
    "Denoiser",
    "DiffusionDensity",
    "GaussianMixture",
    "NoiseSchedule",
    "VariancePreserving",
    "ddim",
    "ddpm",
    "diffusion",
    "probability_flow",
    "reverse_sde",
    "score_residual",
    # real numbers, and flows that carry a normal density over to theirs
    "DoubleWell",
    "FlowDensity",
    "RealModel",
    "Reals",
    "ScalarField",
    "flow",
    "reparametrised",
    "scored",
    # densities with few latent numbers behind them
    "EvidenceBounds",
    "ObservationModel",
    "ProbabilisticPCA",
    "VariationalAutoencoder",
    "bernoulli",
    "binomial",
    "evidence",
    "evidence_bounds",
    "gaussian",
    "probabilistic_pca",
    "vae",
    # samples of a generator against a critic
    "AdversarialPair",
    "CriticDistance",
    "GanCost",
    "critic_distance",
    "gan",
    "non_saturating",
    "wasserstein",
    # what samples are beside others
    "ClassJudge",
    "Distance",
    "MeanDiscrepancy",
    "ModeCoverage",
    "Share",
    "class_judge",
    "mean_discrepancy",
    "mode_coverage",
    "share",
    "sliced_wasserstein_distance",
    "wasserstein_distance",
    # entries
    "catalogue",
    # what samples tell
    "AgainstMixture",
    "MixtureSamples",
    "NearestImages",
    "against_mixture",
    "mixture_samples",
    "nearest_images",
    "Enumerated",
    "IndependenceChain",
    "LogPartition",
    "TotalVariation",
    "WeightedMean",
    "enumerated",
    "independence_chain",
    "log_partition",
    "total_variation",
    "weighted_mean",
]
