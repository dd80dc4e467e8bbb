"""How policies are shown to people, and in JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from agentctl.cli.render import plain
from agentctl.learning.channels import Channels, Pointer
from agentctl.learning.verdict import Report

_SHORT = 12  # digits of a hash
_LONGEST = 120  # characters of a value in a table
_MOST_FIGURES = 3
_FIRST_FIGURES = ("mean_return_100", "mean_return", "apgr", "reward", "cost")


def short(sha: str) -> str:
    """A hash as people read it."""
    return sha[:_SHORT]


def channels_of(channels: Channels) -> dict[str, dict[str, Pointer]]:
    """The channels that each policy is in, by its hash."""
    found: dict[str, dict[str, Pointer]] = {}
    for name, pointer in channels.all().items():
        found.setdefault(pointer.policy, {})[name] = pointer
    return found


def places(channels: Mapping[str, Pointer]) -> str:
    """The channels of a policy in one line."""
    return ", ".join(place(name, pointer) for name, pointer in channels.items())


def documents(channels: Mapping[str, Pointer]) -> list[dict[str, Any]]:
    """The channels of a policy as JSON has them."""
    return [{"channel": name, "percent": pointer.percent} for name, pointer in channels.items()]


def place(channel: str, pointer: Pointer | None) -> str:
    """A channel, and how much a canary decides: `canary (10 %)`."""
    return channel if pointer is None or pointer.percent is None else f"{channel} ({pointer.percent:g} %)"


def source(manifest: Mapping[str, Any]) -> str:
    """What a policy learned from, in one line."""
    found = manifest.get("source")
    return value(", ".join(f"{name}={one}" for name, one in leaves(found)) if isinstance(found, Mapping) else found)


def figures(manifest: Mapping[str, Any]) -> str:
    """The main figures of a policy, in one line; of several learners those of the one that chooses."""
    measured = manifest.get("metrics")
    learners = measured.get("learners") if isinstance(measured, Mapping) else None
    selected = learners.get(manifest.get("selected")) if isinstance(learners, Mapping) else None
    found = {name: one for name, one in leaves(selected or measured) if type(one) in {int, float}}
    order = sorted(found, key=lambda name: (name not in _FIRST_FIGURES, list(found).index(name)))
    return "  ".join(f"{plain(name)} {value(found[name])}" for name in order[:_MOST_FIGURES])


def leaves(values: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The values of an object in objects, each by its path: `hyperparameters.gamma`."""
    if isinstance(values, Mapping) and values:
        for name, inner in values.items():
            yield from leaves(inner, f"{path}.{name}" if path else str(name))
    elif path:
        yield path, values


def value(one: Any) -> str:
    """A value of a manifest in one short line."""
    if isinstance(one, float):
        return f"{one:.4g}"
    text = "" if one is None else one if isinstance(one, str) else json.dumps(one)
    shown = plain(text[: _LONGEST + 1])
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"


def verdict(report: Report) -> str:
    """The gate's judgement in one line."""
    return plain(report.reason)
