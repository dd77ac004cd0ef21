"""Control and its equations: judged by what is known exactly."""

from physml.control.action_spaces import Continuous, Discrete
from physml.control.actor_critic import ActorCritic, actor_critic
from physml.control.cart_pole import CartPole
from physml.control.environment import Environment, Transition, check_environment
from physml.control.finite_horizon import HorizonRegulator, riccati_flow, riccati_recursion
from physml.control.lambda_returns import LambdaReturns, lambda_returns
from physml.control.learned_policy import Earned, LearnedPolicy
from physml.control.linear_quadratic import LinearQuadratic
from physml.control.linear_world import LinearWorld
from physml.control.pendulum import Pendulum
from physml.control.policy_gradient import policy_gradient
from physml.control.ppo import ppo
from physml.control.riccati import Regulator, discrete_riccati, riccati
from physml.control.rollouts import rollouts
from physml.control.tabular import Tabular, grid_world
from physml.control.two_level import TwoLevel
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
]
