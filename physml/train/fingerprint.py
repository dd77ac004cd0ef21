"""The fingerprint of a fit: what decides its result, so that a stored one is known again.

It has parts by name. Functions enter by their program at one sample, so that no chunk, device or
memory limit can; arrays, literals and weights by their bytes; the seed, the precision, the shapes
and the optimizer's options as they are. ``steps`` and callbacks are no part of it. Versions and
devices are told beside it and do not count, but where versions differ, programs cannot be compared.
"""

from __future__ import annotations

import platform
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from physml.errors import FingerprintError
from physml.train.closure_options import closure_options
from physml.train.data_arguments import split
from physml.train.least_squares import least_squares
from physml.train.program import Numbers, Program, exact, numbers, program
from physml.types import Objective, Optimizer, Sampler
from physml.version import __version__

Part = dict[str, Any]
"""Plain data: ``value`` compared as it is, ``program`` a digest, and ``numbers``."""

UNTRACEABLE = (
    jax.errors.ConcretizationTypeError,
    jax.errors.TracerArrayConversionError,
    jax.errors.TracerBoolConversionError,
    jax.errors.TracerIntegerConversionError,
    jax.errors.NonConcreteBooleanIndexError,
)

# A part that follows from others says nothing where one of those differs already.
_FOLLOWS_FROM = {
    "the start": ("the seed", "the parameters", "the precision"),
    "the objective": ("the parameters", "the precision", "term"),
    "the sampler": ("the parameters", "the precision", "term", "the samples"),
    "term": ("the parameters", "the precision"),
    "the optimizer": ("the parameters", "the precision"),
    "the weight": ("the precision",),
    "the data": ("the precision",),
    "the samples": ("the precision",),
    "the parameters": ("the precision",),
}


def of_fit(
    objective: Objective, sampler: Sampler, optimizer: Optimizer, first: Any, key: Array
) -> dict[str, Any]:
    """The fingerprint of a fit.

    Args:
        objective: the cost.
        sampler: where batches come from.
        optimizer: any optax transformation.
        first: the training state before the first step.
        key: the random key that ``fit`` was given.

    Returns:
        Plain data, for a manifest.
    """
    cost, cost_of = split(objective)
    source, source_of = split(sampler)
    params = first.params
    parts: dict[str, Part] = {
        "the precision": {"value": _precision(params)},
        "the seed": {"value": seed(key)},
        "the parameters": {"value": _structure(params)},
        "the start": _arrays(jax.tree.leaves(params)),
    }
    parts |= {
        f"the data {name}": _arrays(leaves) for name, leaves in _data((objective, sampler)).items()
    }
    for name, leaf in _named(first.objective):
        parts[f"the weight {name}"] = _arrays([leaf])

    def init(source: Any, key: Array, params: Any) -> Any:
        return source_of(source).init(key, params)

    def sample(source: Any, key: Array, state: Any, params: Any) -> Any:
        return source_of(source).sample(key, state, params)

    def evaluate(batch: Any, cost: Any, params: Any, state: Any) -> Any:
        return cost_of(cost).evaluate(params, state, batch)

    draws, (_, batch, _) = program(sample, source, key, first.sampler, params)
    parts["the samples"] = {"value": _counts(batch)}
    parts["the sampler"] = _programs(
        _program_or_value(init, (source, key, params), first.sampler), _program(draws)
    )
    parts["the objective"] = _at_one_sample(evaluate, batch, cost, params, first.objective)
    if objective.terms is not None:
        for name in _names(objective.terms, batch):

            def row(batch: Any, cost: Any, params: Any, name: str = name) -> Any:
                terms: Any = cost_of(cost).terms
                term = terms(batch)[name]
                return term.row(params, jax.tree.map(lambda leaf: leaf[0], term.samples))

            parts[f"term {name!r}"] = _at_one_sample(row, batch, cost, params)
    parts["the optimizer"] = _optimizer(optimizer, first)
    return {"parts": parts, "told": _told()}


def of_programs(programs: Mapping[str, Program], values: Mapping[str, Any]) -> dict[str, Any]:
    """The fingerprint of something else: its programs, and plain data."""
    parts = {name: {"value": value} for name, value in values.items()}
    return {"parts": parts | {n: _program(p) for n, p in programs.items()}, "told": _told()}


def compare(asked: Mapping[str, Any], stored: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """What differs between two fingerprints.

    Returns:
        Differences, in words; and remarks: what differs by rounding alone, or cannot be compared
        since versions differ.
    """
    here, there = asked["parts"], stored["parts"]
    versions = _versions(asked, stored)
    differing: dict[str, str] = {}
    remarks = []
    for name in sorted(here.keys() | there.keys()):
        if name not in here or name not in there:
            differing[name] = f"{name} ({'only asked for' if name in here else 'only stored'})"
            continue
        a, b = here[name], there[name]
        if versions and name == "the optimizer":
            a, b = _known_to_both(a, b)
        if a.get("value") != b.get("value"):
            differing[name] = f"{name} ({_values(a.get('value'), b.get('value'))})"
        elif a.get("program") != b.get("program"):
            if versions:
                remarks.append(f"{name} cannot be compared ({versions})")
            else:
                differing[name] = name
        elif "numbers" in a:
            mine, theirs = Numbers(**a["numbers"]), Numbers(**b["numbers"])
            if not mine.same(theirs):
                differing[name] = name + _first_number(mine, theirs)
            elif mine.digest != theirs.digest:
                remarks.append(f"{name} differs by rounding")
    telling = [
        words
        for name, words in differing.items()
        if not any(
            other != name and other.startswith(cause)
            for follower, causes in _FOLLOWS_FROM.items()
            if name.startswith(follower)
            for cause in causes
            for other in differing
        )
    ]
    return telling, remarks


def check(asked: Mapping[str, Any], stored: Mapping[str, Any] | None, what: str, way: str) -> None:
    """Refuse what is stored of something else than what is asked for.

    Args:
        asked: its fingerprint.
        stored: the one found; None where an earlier version left none.
        what: is stored, for messages.
        way: to go on.

    Raises:
        FingerprintError: says what differs.
    """
    if stored is None:
        warnings.warn(
            f"{what} has no fingerprint, since an earlier version saved it: whether it is what is "
            "asked for now was not checked",
            stacklevel=3,
        )
        return
    differing, remarks = compare(asked, stored)
    if differing:
        raise FingerprintError(
            f"{what} is of something else than what is asked for. It differs in "
            f"{', '.join(differing)}. {way}"
        )
    if remarks:
        warnings.warn(f"{what}: {', '.join(remarks)}; taken as what is asked for", stacklevel=3)


def _optimizer(optimizer: Optimizer, first: Any) -> Part:
    """Its options, and its update at one row of a cost that depends on every parameter."""
    probe = least_squares({"probe": _probe})
    params, weights, batch = first.params, probe.init(first.params), {"probe": jnp.ones(1)}
    extended = optax.with_extra_args_support(optimizer)

    def value_fn(params: Any, evaluation: Any = None) -> Array:
        del evaluation  # as in ``make_step``
        value: Any = probe.value
        return value(params, weights, batch)

    def update(state: Any, params: Any) -> Any:
        evaluation, _ = probe.evaluate(params, weights, batch)
        return extended.update(
            evaluation.gradient,
            state,
            params,
            value=evaluation.loss,
            grad=evaluation.gradient,
            value_fn=value_fn,
            evaluation=evaluation,
        )

    start = _program_or_value(optimizer.init, (params,), first.optimizer)
    moves, _ = program(update, first.optimizer, params)
    return {**_programs(start, _program(moves)), "value": closure_options(optimizer)}


def _probe(params: Any, x: Array) -> Array:
    sums = [jnp.sum(jnp.sin(leaf)).real for leaf in jax.tree.leaves(params)]
    return x * jnp.sum(jnp.stack(sums))


def _at_one_sample(function: Callable[..., Any], batch: Any, *args: Any) -> Part:
    one = jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct((1, *leaf.shape[1:]) if leaf.shape else (), leaf.dtype),
        batch,
    )
    try:
        return _program(program(function, one, *args)[0])
    except Exception:
        # A cost of one's own may need several samples at once; the whole batch is then traced,
        # and what is wrong with the cost itself comes up again.
        return _program(program(function, batch, *args)[0])


def _names(terms: Callable[[Any], Mapping[str, Any]], batch: Any) -> list[str]:
    names: list[str] = []
    jax.eval_shape(lambda batch: names.extend(terms(batch)), batch)
    return names


def _program_or_value(function: Callable[..., Any], args: tuple[Any, ...], value: Any) -> Part:
    """A program, or its value where a function looks at its arguments' values."""
    try:
        return _program(program(function, *args)[0])
    except UNTRACEABLE:
        return _arrays(jax.tree.leaves(value))


def _program(traced: Program) -> Part:
    return {"program": traced.text, "numbers": traced.numbers._asdict()}


def _programs(first: Part, second: Part) -> Part:
    """Two parts in one."""
    a, b = Numbers(**first["numbers"]), Numbers(**second["numbers"])
    both = Numbers(
        f"{a.digest} {b.digest}",
        a.projection + np.sqrt(2.0) * b.projection,
        max(a.tolerance, b.tolerance),
        a.scalars + b.scalars,
    )
    texts = [part.get("program", str(part.get("value"))) for part in (first, second)]
    return {"program": " ".join(texts), "numbers": both._asdict()}


def _arrays(leaves: Iterable[Any]) -> Part:
    arrays = [jnp.asarray(leaf) for leaf in leaves]
    kinds = [f"{_kind(array)} {(exact(array) or '')[:16]}".rstrip() for array in arrays]
    floating = [np.asarray(array) for array in arrays if exact(array) is None]
    return {"value": kinds, "numbers": numbers(floating)._asdict()}


def _kind(leaf: Any) -> str:
    return f"{leaf.dtype}{list(leaf.shape)}"


def _named(tree: Any) -> list[tuple[str, Any]]:
    """Leaves with their names: the keys of dicts on the way, or the way itself."""
    flat, _ = jax.tree_util.tree_flatten_with_path(tree)
    return [(_words(path), leaf) for path, leaf in flat]


def _words(path: tuple[Any, ...]) -> str:
    keys = [entry.key for entry in path if isinstance(entry, jax.tree_util.DictKey)]
    return f"of {'/'.join(map(str, keys))!r}" if keys else jax.tree_util.keystr(path)


def _data(pair: tuple[Objective, Sampler]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    seen: set[int] = set()
    for name, tree in zip(("objective", "sampler"), pair, strict=True):
        for words, leaf in _named(tree):
            if isinstance(leaf, (jax.Array, np.ndarray)) and id(leaf) not in seen:
                seen.add(id(leaf))
                found[words if words.startswith("of") else f"of the {name} ({words})"].append(leaf)
    return found


def _structure(params: Any) -> str:
    flat, _ = jax.tree_util.tree_flatten_with_path(params)
    kinds = [f"{jax.tree_util.keystr(path)} {_kind(leaf)}" for path, leaf in flat]
    total = sum(leaf.size for leaf in jax.tree.leaves(params))
    return f"{total} numbers: {', '.join(kinds)}"


def seed(key: Array) -> str:
    """The part of a fingerprint that tells the key a fit was given."""
    if not jnp.issubdtype(key.dtype, jax.dtypes.prng_key):
        return str(np.asarray(key).tolist())
    return f"{jax.random.key_impl(key)} {np.asarray(jax.random.key_data(key)).tolist()}"


def _precision(params: Any) -> str:
    doubles = "on" if jax.config.read("jax_enable_x64") else "off"
    return f"{jnp.result_type(*jax.tree.leaves(params))}, x64 {doubles}"


def _counts(batch: Any) -> Any:
    if isinstance(batch, Mapping):
        return {str(name): _counts(part) for name, part in batch.items()}
    return [_kind(leaf) for leaf in jax.tree.leaves(batch)]


def _told() -> dict[str, Any]:
    packages = ("jax", "jaxlib", "flax", "optax", "folx", "numpy")
    # Of the code that runs: an editable installation keeps the number that it was made with.
    versions = {"python": platform.python_version(), "physml": __version__}
    versions |= {name: _version(name) for name in packages}
    device = jax.devices()[0]
    return {
        "versions": versions,
        "devices": f"{jax.device_count()} × {device.platform} ({device.device_kind})",
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _versions(asked: Mapping[str, Any], stored: Mapping[str, Any]) -> str:
    here, there = asked["told"]["versions"], stored["told"]["versions"]
    return ", ".join(
        f"{name} {there.get(name)} there, {here.get(name)} here"
        for name in sorted(here.keys() | there.keys())
        if here.get(name) != there.get(name)
    )


def _values(here: Any, there: Any) -> str:
    if isinstance(here, dict) and isinstance(there, dict):
        words = {
            f"{name.split('.')[-1]}: {there.get(name)} stored, {here.get(name)} asked for": None
            for name in {**there, **here}
            if here.get(name) != there.get(name)
        }
        return ", ".join(words)
    both = f"{there} stored, {here} asked for"
    return both if len(both) < 200 else "of another structure"


def _known_to_both(here: Part, there: Part) -> tuple[Part, Part]:
    """Two parts with the options that either version has."""
    mine, theirs = here.get("value", {}), there.get("value", {})
    both = mine.keys() & theirs.keys()
    return (
        {**here, "value": {name: mine[name] for name in both}},
        {**there, "value": {name: theirs[name] for name in both}},
    )


def _first_number(here: Numbers, there: Numbers) -> str:
    """The first single number that differs, in words."""
    for mine, other in zip(here.scalars, there.scalars, strict=False):
        if mine != other and not (np.isnan(mine) and np.isnan(other)):
            return f" ({other:g} stored, {mine:g} asked for)"
    return ""
