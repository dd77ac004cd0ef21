"""What a command line chooses by name: one line offers a thing, and its options follow."""

from __future__ import annotations

import dataclasses
import json

import pytest
import tyro

import physml as pm
from physml.cli.chosen import with_chosen
from physml.errors import ConfigurationError, UnknownNameError
from physml.networks import NetworkSettings
from physml.optim import OptimizerSettings
from physml.train import BalanceSettings, RuleSettings
from physml.train.plain_data import read
from physml.vmc.sampler_settings import SamplerSettings
from physml.vmc.wavefunctions import WavefunctionSettings

OPTIMIZER = OptimizerSettings(name="natural-gradient", damping=0.5)
NETWORK = NetworkSettings(width=7, activation="sin")
WAVEFUNCTION = WavefunctionSettings(name="message-passing", width=32, determinants=4)
BALANCE = BalanceSettings()
RULE = RuleSettings()
SAMPLER = SamplerSettings()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe:
    """Every kind of choice.

    Attributes:
        optimizer: the optimizer.
        network: the network.
        wavefunction: the wave function.
        balance: the rule for weights.
        sampler: what moves walkers.
        until: the rule that ends a run.
        steps: how many.
    """

    optimizer: OptimizerSettings = OPTIMIZER
    network: NetworkSettings = NETWORK
    wavefunction: WavefunctionSettings = WAVEFUNCTION
    balance: BalanceSettings = BALANCE
    sampler: SamplerSettings = SAMPLER
    until: RuleSettings = RULE
    steps: int = 3


def chosen(*words: str) -> Recipe:
    """A recipe as the command line reads it, and as it comes back from a file."""
    recipe, written = with_chosen(Recipe(), words)
    found = tyro.cli(Recipe, args=written, default=recipe)
    document = json.loads(json.dumps(dataclasses.asdict(found)))
    assert read(Recipe, document, where="config.json") == found
    return found


def toy(*args, strength: float = 2.0):
    """A toy.

    Args:
        args: what a kind gives.
        strength: of the toy.
    """
    return args, strength


@pytest.mark.parametrize(
    ("kind", "field", "given"),
    [
        (OptimizerSettings, "optimizer", ()),
        (NetworkSettings, "network", (None,)),
        (WavefunctionSettings, "wavefunction", ("system",)),
        (BalanceSettings, "balance", ()),
        (RuleSettings, "until", ()),
        (SamplerSettings, "sampler", (pm.QuantumDot(),)),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_a_line_offers_a_toy_of_each_kind(monkeypatch, kind, field, given):
    monkeypatch.setattr(kind, "_offered", dict(kind._offered))
    kind.offer("toy")(toy)
    found = getattr(chosen(f"--{field}", "toy", f"--{field}.strength", "3"), field)
    assert found == kind(name="toy", strength=3.0)
    assert found.build(*[one for one in given if one]) == (given, 3.0)
    assert getattr(chosen(f"--{field}=toy"), field).strength == 2.0


@pytest.mark.parametrize("name", OptimizerSettings.names())
def test_another_optimizer_begins_with_its_own_numbers(name):
    found = chosen("--optimizer.name", name).optimizer
    kept = {"damping": 0.5} if name == "natural-gradient" else {}
    assert found == OptimizerSettings(name=name, **kept)


@pytest.mark.parametrize("name", NetworkSettings.names())
def test_another_network_keeps_its_size(name):
    found = chosen("--network.name", name, "--network.depth=3").network
    assert found.name == name and found.width == 7 and found.depth == 3
    assert getattr(found, "activation", "sin") == "sin"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (
            ("--wavefunction", "message-passing", "--network.width", "8", "--determinants", "2"),
            {"name": "message-passing", "width": 8, "determinants": 2},
        ),
        (("--network.depth=3",), {"name": "message-passing", "width": 32, "depth": 3}),
        (("--wavefunction", "ferminet"), {"name": "ferminet", "width": 32}),
        (("--wavefunction", "rbm", "--network.width", "3"), {"name": "rbm", "density": 3}),
        (("--wavefunction=slater-rbm", "--network.width=3"), {"name": "slater-rbm", "hidden": 3}),
        (("--wavefunction=slater",), {"name": "slater"}),
        (
            ("--wavefunction", "network", "--network.name", "siren", "--network.width", "5"),
            {"name": "network", "network": NetworkSettings(name="siren", width=5, depth=2)},
        ),
    ],
    ids=" ".join,
)
def test_words_that_stood_beside_the_wave_function_are_its_own_options(words, found):
    """As flags were written when all wave functions shared a network's options."""

    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Before:
        wavefunction: WavefunctionSettings = WAVEFUNCTION

    recipe, written = with_chosen(Before(), words)
    wavefunction = tyro.cli(Before, args=written, default=recipe).wavefunction
    if found["name"] == "message-passing":
        found = {"determinants": 4} | found
    assert wavefunction == WavefunctionSettings(**found)


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        (("--optimizer", "adma"), UnknownNameError, "Did you mean 'adam'"),
        (("--optimizer.name=adma",), UnknownNameError, "unknown optimizer 'adma'"),
        (
            ("--optimizer.name", "soap", "--optimizer.damping", "1"),
            ConfigurationError,
            r"optimizer.damping: no option of soap.*belongs to natural-gradient",
        ),
        (("--optimizer.max-nrm", "1"), ConfigurationError, "max_nrm: .*optimizer.max_norm belongs"),
        (
            ("--wavefunction", "slater", "--wavefunction.width", "3"),
            ConfigurationError,
            "wavefunction.width: no option of slater, which takes none",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(words, error, message):
    with pytest.raises(error, match=message):
        chosen(*words)


def test_help_of_an_option_is_that_of_the_name(capsys):
    recipe, words = with_chosen(Recipe(), ["--optimizer", "adam", "--help"])
    with pytest.raises(SystemExit):
        tyro.cli(Recipe, args=words, default=recipe)
    said = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "--optimizer.b2 FLOAT decay of their mean squares, in [0, 1). (default: 0.999)" in said
    assert "--optimizer.damping" not in said


def test_no_balance_is_written_as_it_was():
    assert chosen("--balance", "None").balance == chosen().balance == BalanceSettings(name="none")
    assert chosen("--balance", "power").balance.build() is not None
    assert BalanceSettings().build() is None


OLD_NETWORK = {
    "name": "mlp",
    "width": 6,
    "depth": 1,
    "activation": None,
    "initial": "glorot",
    "frequency": None,
    "scale": None,
    "rank": None,
}


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("message-passing", {"width": 6, "depth": 1, "determinants": 2}),
        ("network", {"network": NetworkSettings(width=6, depth=1, initial="glorot")}),
        ("slater", {}),
        ("rbm", {"density": 6}),
        ("gaussian-rbm", {"hidden": 6}),
        ("deep-set", {"width": 6, "depth": 1, "initial": "glorot"}),
    ],
)
def test_a_wave_function_stored_beside_its_network_is_read(name, options):
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Now:
        wavefunction: WavefunctionSettings
        balance: BalanceSettings
        steps: int

    before = {"wavefunction": name, "network": OLD_NETWORK, "balance": None, "steps": 3}
    before["determinants"] = options.get("determinants", 1)
    found = read(Now, before, where="config.json")
    assert found.wavefunction == WavefunctionSettings(name=name, **options)
    assert found.balance == BalanceSettings(name="none")
