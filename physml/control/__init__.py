"""Control and its equations: judged by what is known exactly."""

from physml.control import catalogue
from physml.control.action_spaces import Continuous, Discrete
from physml.control.actor_critic import ActorCritic, actor_critic
from physml.control.allen_cahn_reaction import AllenCahn
from physml.control.backward_equation import Backward, BackwardEquation
from physml.control.backward_solution import BackwardSolution
from physml.control.black_scholes_barenblatt import BlackScholesBarenblatt
from physml.control.cart_pole import CartPole
from physml.control.deep_bsde import deep_bsde
from physml.control.environment import Environment, Transition, check_environment
from physml.control.finite_horizon import HorizonRegulator, riccati_flow, riccati_recursion
from physml.control.fresh_value import FreshValue
from physml.control.from_gymnax import from_gymnax
from physml.control.hamilton_jacobi_bellman import HamiltonJacobiBellman
from physml.control.jumps import Jumps
from physml.control.lambda_returns import LambdaReturns, lambda_returns
from physml.control.learned_policy import Earned, LearnedPolicy
from physml.control.linear_quadratic import LinearQuadratic
from physml.control.linear_world import LinearWorld
from physml.control.merton import Merton
from physml.control.pendulum import Pendulum
from physml.control.policy_gradient import policy_gradient
from physml.control.ppo import ppo
from physml.control.riccati import Regulator, discrete_riccati, riccati
from physml.control.rollouts import rollouts
from physml.control.tabular import Tabular, grid_world
from physml.control.two_level import TwoLevel
from physml.control.value_gradient import RadialGradient, ScaledValue, SkipGradient
from physml.control.value_iteration import (
    QLearning,
    ValueIteration,
    q_learning,
    value_iteration,
)

__all__ = [
    # linear systems, quadratic costs
    "HorizonRegulator",
    "LinearQuadratic",
    "Regulator",
    "discrete_riccati",
    "riccati",
    "riccati_flow",
    "riccati_recursion",
    # worlds to act in
    "CartPole",
    "Continuous",
    "Discrete",
    "Environment",
    "LinearWorld",
    "Pendulum",
    "Transition",
    "TwoLevel",
    "check_environment",
    "from_gymnax",
    # policies that are learned
    "ActorCritic",
    "Earned",
    "LambdaReturns",
    "LearnedPolicy",
    "actor_critic",
    "lambda_returns",
    "policy_gradient",
    "ppo",
    "rollouts",
    # few states, exactly
    "QLearning",
    "Tabular",
    "ValueIteration",
    "grid_world",
    "q_learning",
    "value_iteration",
    # backward equations in many dimensions
    "AllenCahn",
    "Backward",
    "BackwardEquation",
    "BackwardSolution",
    "BlackScholesBarenblatt",
    "FreshValue",
    "HamiltonJacobiBellman",
    "Jumps",
    "Merton",
    "RadialGradient",
    "ScaledValue",
    "SkipGradient",
    "deep_bsde",
    # entries
    "catalogue",
]
