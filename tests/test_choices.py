"""What is chosen by name: a front function and the dataclass made of it, for every kind alike."""

from __future__ import annotations

import copy
import dataclasses
import json
from typing import Literal

import pytest

from physml.choices import Choice
from physml.errors import ConfigurationError, UnknownNameError
from physml.networks import NetworkSettings
from physml.optim import OptimizerSettings
from physml.train.plain_data import read


class Drink(Choice, kind="drink", usual="tea", kept=("sugar",)):
    def build(self, cup: str) -> tuple:
        return self.construct(cup)


@Drink.offer("tea")
def tea(cup: str, *, sugar: int = 1, leaves: Literal["green", "black"] | None = None):
    """Leaves in hot water.

    Args:
        cup: what it is in.
        sugar: lumps.
        leaves: green or black; a mixture if None.
    """
    if sugar < 0:
        raise ConfigurationError(f"sugar: expected lumps ≥ 0, got {sugar}")
    return cup, "tea", sugar, leaves


@Drink.offer("coffee")
def coffee(cup: str, *, sugar: int = 0, strength: float = 1.0, shots: tuple[float, ...] = ()):
    """Roasted beans.

    Args:
        cup: what it is in.
        sugar: lumps.
        strength: of one cup.
        shots: each in ml,
            in turn.
    """
    if not strength > 0:
        raise ConfigurationError("too weak")
    return cup, "coffee", sugar, strength, shots


def untyped(*, a=1):
    """A.

    Args:
        a: one.
    """


def without_default(*, a: int):
    """A.

    Args:
        a: one.
    """


def without_words(*, a: int = 1):
    """A."""


def of_functions(*, a: type[int] = int):
    """A.

    Args:
        a: one.
    """


def of_a_pair(*, a: tuple[int, str] = (1, "x")):
    """A.

    Args:
        a: one.
    """


def of_another_default(*, a: int = "x"):
    """A.

    Args:
        a: one.
    """


@pytest.mark.parametrize(
    "front", [untyped, without_default, without_words, of_functions, of_a_pair, of_another_default]
)
def test_a_front_function_is_plain_and_documented(front):
    with pytest.raises(TypeError, match="drink water: a: expected"):
        Drink.offer("water")(front)
    assert Drink.names() == ("tea", "coffee")


def test_a_name_is_offered_once():
    with pytest.raises(ConfigurationError, match="drink: tea is offered already"):
        Drink.offer("tea")(coffee)
    assert Drink.offer("tea")(tea) is tea  # as when a notebook's cell runs again
    assert Drink().build("cup") == ("cup", "tea", 1, None)


def test_it_builds_what_the_function_builds():
    assert Drink().build("cup") == ("cup", "tea", 1, None)
    built = Drink(name="coffee", strength=2, shots=(20.0,)).build("mug")
    assert built == ("mug", "coffee", 0, 2.0, (20.0,))


def test_settings_are_plain_frozen_data():
    found = Drink(name="coffee", strength=2)
    assert dataclasses.asdict(found) == {
        "name": "coffee",
        "sugar": 0,
        "strength": 2.0,
        "shots": (),
    }
    assert type(found.strength) is float
    assert found == Drink(name="coffee", strength=2.0) != Drink(name="coffee")
    assert hash(found) == hash(Drink(name="coffee", strength=2.0))
    assert repr(found) == "Drink(name='coffee', sugar=0, strength=2.0, shots=())"
    assert isinstance(found, Drink) and copy.deepcopy(found) == found
    assert dataclasses.replace(found, sugar=3) == Drink(name="coffee", strength=2.0, sugar=3)
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.sugar = 2


def test_words_and_types_are_those_of_the_function():
    made = Drink.named("tea")
    assert "leaves: green or black" in made.__doc__ and "Args:" not in made.__doc__
    assert made.__annotations__["name"] == Literal["coffee", "tea"]
    assert made.__annotations__["sugar"] is int


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"name": "cofee"}, UnknownNameError, "unknown drink 'cofee'. Did you mean 'coffee'"),
        ({"leaves": "red"}, UnknownNameError, r"unknown drink.leaves 'red'.*black, green"),
        (
            {"strength": 2.0},
            ConfigurationError,
            r"drink.strength: no option of tea, which takes sugar, leaves; it belongs to coffee",
        ),
        ({"sugr": 2}, ConfigurationError, "drink.sugr: .*; drink.sugar belongs to tea, coffee"),
        ({"sugar": "two"}, ConfigurationError, "drink.sugar: expected int, got 'two'"),
        ({"sugar": True}, ConfigurationError, "drink.sugar: expected int, got True"),
        ({"sugar": 1.5}, ConfigurationError, "drink.sugar: expected a whole number, got 1.5"),
        ({"name": "coffee", "strength": None}, ConfigurationError, "strength: expected float"),
        ({"name": "coffee", "shots": (1.0, "x")}, ConfigurationError, "shots: expected tuple"),
    ],
)
def test_what_cannot_be_meant_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        Drink(**options)


def test_numbers_are_checked_where_it_is_built():
    with pytest.raises(ConfigurationError, match=r"^drink\.sugar: expected lumps ≥ 0, got -1"):
        Drink(sugar=-1).build("cup")
    with pytest.raises(ConfigurationError, match=r"^drink: too weak"):
        Drink(name="coffee", strength=0.0).build("cup")


def test_another_name_keeps_what_the_kind_keeps():
    assert Drink(sugar=5, leaves="green").renamed("coffee") == Drink(name="coffee", sugar=5)
    assert Drink(leaves="green").renamed("tea") == Drink(leaves="green")
    with pytest.raises(ConfigurationError, match="expected tea, whose options these are"):
        dataclasses.replace(Drink(), name="coffee")


def test_a_kind_without_a_usual_name_asks_for_one():
    with pytest.raises(ConfigurationError, match=r"optimizer.name: expected adam"):
        OptimizerSettings()


def test_stored_data_are_read_as_they_would_be_written_today():
    made, full = Drink.stored({"name": "coffee", "sugar": 2, "leaves": None, "strength": None})
    assert made(**full) == Drink(name="coffee", sugar=2)
    with pytest.raises(ConfigurationError, match="leaves: no option of coffee"):
        Drink.stored({"name": "coffee", "leaves": "green"})
    with pytest.raises(ConfigurationError, match=r"drink.sugr: no option of tea"):
        Drink.stored({"name": "tea", "sugr": None})
    with pytest.raises(UnknownNameError, match="cocoa"):
        Drink.stored({"name": "cocoa"})
    with pytest.raises(ConfigurationError, match="missing key 'name'"):
        Drink.stored({"sugar": 1})


@pytest.mark.parametrize("kind", [OptimizerSettings, NetworkSettings])
def test_every_choice_survives_a_file(kind):
    for name in kind.names():
        chosen = kind(name=name)
        stored = json.loads(json.dumps(dataclasses.asdict(chosen)))
        assert read(kind, stored, where="file") == chosen
        chosen.build()


def test_what_is_chosen_can_be_pickled_and_copied():
    import copy
    import pickle

    from physml.networks import NetworkSettings

    chosen = NetworkSettings(name="mlp", width=3)
    for again in (pickle.loads(pickle.dumps(chosen)), copy.deepcopy(chosen)):
        assert again == chosen and type(again) is type(chosen)
