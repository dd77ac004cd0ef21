"""Names where a function or a module is taken; what is neither is refused, and told what to do."""

import jax
import jax.numpy as jnp
import optax
import pytest
from flax import linen as nn
from flax import nnx
from numpy.testing import assert_array_equal

import physml as pm
from physml.errors import ConfigurationError, UnknownNameError
from physml.networks import NetworkSettings, activation_of, network_of
from physml.optim import OptimizerSettings, optimizer_of
from physml.pinn.named_network import networks_of
from physml.train.balance import balance_of
from physml.vmc import wavefunction_of
from physml.vmc.wavefunctions.correction import Correction

LINE = pm.least_squares({"line": lambda params, x: params * x - 2.0 * x})
DECAY = pm.Problem(
    domain=pm.Box(x=(0, 1)),
    equation=lambda u, z: pm.partial(u, 0)(z) - u(z),
    ansatz=lambda N, z: 1 + z[0] * N(z),
)
DOT = pm.QuantumDot()
KEY, X = jax.random.key(0), jnp.ones(3)


class Halved(nnx.Module):
    pass


def fitted(optimizer, steps=3):
    batch = pm.fixed({"line": jnp.ones(4)})
    return pm.fit(LINE, batch, optimizer, jnp.array(0.0), steps=steps, key=jax.random.key(0))


def test_an_optimizer_by_name_is_that_of_its_settings(key):
    named, built = fitted("adam", steps=3.0), fitted(OptimizerSettings(name="adam").build())
    assert_array_equal(named.params, built.params)
    settings = OptimizerSettings(name="sgd", learning_rate=0.5)
    assert fitted(settings).params == fitted(optax.sgd(0.5)).params


@pytest.mark.parametrize("name", sorted(OptimizerSettings.names()))
def test_every_optimizer_is_known_by_its_name(name):
    assert callable(optimizer_of(name).update)


def test_a_network_by_name_is_as_long_as_its_unknown():
    assert networks_of(DECAY, "siren").widths == (20,) * 4
    pair = pm.Problem(domain=DECAY.domain, equation=lambda u, z: u(z), components=2)
    assert networks_of(pair, NetworkSettings(width=8)).outputs == 2
    two = pm.Problem(
        domain=DECAY.domain, equation=lambda u, z: u["v"](z)[0], components={"v": 2}, name="two"
    )
    found = networks_of(two, {"v": "mlp", "p": pm.MLP((4,))})
    assert (found["v"].outputs, found["p"].widths) == (2, (4,))


def test_an_activation_by_name_is_its_function():
    assert pm.MLP((4,), activation="tanh") == pm.MLP((4,), activation=jnp.tanh)
    programs = {
        str(jax.make_jaxpr(lambda x, how=how: Correction((4.0,), how).init_with_output(KEY, x))(X))
        for how in ("silu", jax.nn.silu)
    }
    assert len(programs) == 1


def test_whole_floats_are_sizes():
    assert pm.MLP([8.0, 4], outputs=2.0) == pm.MLP((8, 4), outputs=2)
    assert pm.networks.Separable((8,), rank=4.0).rank == 4
    assert type(NetworkSettings(width=1e1).width) is int
    assert pm.pinn.Recipe(points=1e2, steps=1e3) == pm.pinn.Recipe(points=100, steps=1000)
    assert pm.vmc.VMCRecipe(walkers=64.0).walkers == 64
    with pytest.raises(ConfigurationError, match=r"walkers: expected a whole number, got 64\.5"):
        pm.ground_state(DOT, pm.SlaterJastrow(DOT), walkers=64.5)
    sampler = pm.pinn.collocation(DECAY, pm.MLP((4,)), points=1e1, condition_points=4.0)
    assert sampler.init(jax.random.key(0), None).batch["equation"].shape == (10, 1)


def test_recipes_take_names():
    assert pm.pinn.Recipe(optimizer="adam", network="siren") == pm.pinn.Recipe(
        optimizer=OptimizerSettings(name="adam"), network=NetworkSettings(name="siren")
    )
    with pytest.raises(
        UnknownNameError, match=r"unknown sampler 'langevn'\. Did you mean 'langevin'"
    ):
        pm.vmc.VMCRecipe(sampler="langevn")
    with pytest.raises(ConfigurationError, match="optimizer: expected a name or OptimizerSettings"):
        pm.pinn.Recipe(optimizer=optax.adam(1e-3))


@pytest.mark.parametrize("element", ["He", 2, 2.0, "2"])
def test_nuclei_by_symbol_and_atomic_number(element):
    assert pm.vmc.Atom(symbol=element) == pm.vmc.Atom(symbol="He")
    places = ((0, 0, 0), (0, 0, 3))
    pair = pm.vmc.Molecule(nuclei=(element, 1), positions=places, spin=1)
    assert pair == pm.vmc.Molecule(nuclei=("He", "H"), positions=places, spin=1)


@pytest.mark.parametrize(
    ("made", "error", "message"),
    [
        (lambda: fitted("adamm"), UnknownNameError, "optimizer 'adamm'. Did you mean 'adam'"),
        (lambda: fitted(optax.adam), ConfigurationError, "call it with its options"),
        (lambda: fitted(None), ConfigurationError, "optimizer: expected an optax transformation"),
        (lambda: activation_of("tan"), UnknownNameError, "Did you mean 'tanh'.*gelu, silu"),
        (lambda: pm.MLP((4,), activation=3), ConfigurationError, "activation: expected a smooth"),
        (lambda: network_of("network", "mpl"), UnknownNameError, "Did you mean 'mlp'"),
        (lambda: pm.solve(DECAY, jnp.sin), ConfigurationError, "got the function"),
        (lambda: pm.solve(DECAY, lambda z: z), ConfigurationError, "has no parameters to train"),
        (lambda: pm.solve(DECAY, pm.MLP), ConfigurationError, r"make one of it, as MLP\(...\)"),
        (lambda: pm.solve(DECAY, Halved()), ConfigurationError, "the nnx module Halved"),
        (lambda: pm.solve(DECAY, 3), ConfigurationError, "network: expected a flax.linen module"),
        (lambda: pm.ground_state(DOT, Halved), ConfigurationError, "wavefunction: .* the class"),
        (lambda: pm.ground_state(DOT, "slater-jastow"), UnknownNameError, "'slater-jastrow'"),
        (lambda: pm.solve(DECAY, "mlp", balance="powr"), UnknownNameError, "Did you mean 'power'"),
        (lambda: pm.Solution.load("x", DECAY, "mpl"), UnknownNameError, "Did you mean 'mlp'"),
        (lambda: pm.Solution(DECAY, jnp.sin, {}), ConfigurationError, "got the function sin"),
        (lambda: DECAY.initial_params("mpl", KEY), UnknownNameError, "Did you mean 'mlp'"),
        (lambda: pm.pinn.residual_rows(DECAY, "mpl"), UnknownNameError, "Did you mean 'mlp'"),
        (lambda: pm.GroundState.load("x", DOT, "slatter"), UnknownNameError, "mean 'slater'"),
        (lambda: pm.vmc.reference_of(DOT, "slatter"), UnknownNameError, "mean 'slater'"),
        (lambda: pm.vmc.one_electron_moves("slater"), ConfigurationError, "module, .*'slater'"),
        (lambda: balance_of(1.0), ConfigurationError, "balance: expected a function"),
        (lambda: pm.vmc.Atom(symbol=11), UnknownNameError, "element '11'.*atomic numbers 1 to 10"),
        (lambda: pm.vmc.Atom(symbol=1.5), UnknownNameError, "element '1.5'"),
        (lambda: pm.vmc.Molecule(nuclei=3), ConfigurationError, "nuclei: expected symbols or"),
    ],
)
def test_what_is_not_offered_is_refused_by_name(made, error, message):
    with pytest.raises(error, match=message):
        made()
    assert issubclass(error, pm.PhysmlError)


def test_wave_functions_by_name_are_those_of_their_settings():
    assert wavefunction_of("slater-jastrow", DOT) == pm.SlaterJastrow(DOT, activation=jnp.tanh)
    mine = nn.Dense(1)
    assert wavefunction_of(mine, DOT) is mine
