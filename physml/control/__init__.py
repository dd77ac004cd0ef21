"""Control and its equations: judged by what is known exactly."""

from physml.control import catalogue
from physml.control.backward_equations.allen_cahn_reaction import AllenCahn
from physml.control.backward_equations.backward_equation import Backward, BackwardEquation
from physml.control.backward_equations.backward_solution import BackwardSolution
from physml.control.backward_equations.black_scholes_barenblatt import BlackScholesBarenblatt
from physml.control.backward_equations.deep_bsde import deep_bsde
from physml.control.backward_equations.fresh_value import FreshValue
from physml.control.backward_equations.hamilton_jacobi_bellman import HamiltonJacobiBellman
from physml.control.backward_equations.jumps import Jumps
from physml.control.backward_equations.merton import Merton
from physml.control.backward_equations.value_gradient import (
    RadialGradient,
    ScaledValue,
    SkipGradient,
)
from physml.control.policies.actor_critic import ActorCritic, actor_critic
from physml.control.policies.lambda_returns import LambdaReturns, lambda_returns
from physml.control.policies.learned_policy import Earned, LearnedPolicy
from physml.control.policies.policy_gradient import policy_gradient
from physml.control.policies.ppo import ppo
from physml.control.policies.q_learning import QLearning, q_learning
from physml.control.policies.rollouts import rollouts
from physml.control.policies.tabular import Tabular, grid_world
from physml.control.policies.value_iteration import ValueIteration, value_iteration
from physml.control.regulators.finite_horizon import (
    HorizonRegulator,
    riccati_flow,
    riccati_recursion,
)
from physml.control.regulators.linear_quadratic import LinearQuadratic
from physml.control.regulators.riccati import Regulator, discrete_riccati, riccati
from physml.control.worlds.action_spaces import Continuous, Discrete
from physml.control.worlds.cart_pole import CartPole
from physml.control.worlds.environment import Environment, Transition, check_environment
from physml.control.worlds.from_gymnax import from_gymnax
from physml.control.worlds.linear_world import LinearWorld
from physml.control.worlds.pendulum import Pendulum
from physml.control.worlds.two_level import TwoLevel

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
