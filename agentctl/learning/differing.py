"""What differs between two policies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agentctl.learning.artifacts import Artifact

_APART = frozenset({"arrays", "actions", "metrics"})  # told on their own


@dataclass(frozen=True, slots=True)
class Distance:
    """How far two arrays of one name and shape are apart.

    Args:
        name: of the array.
        absolute: the Euclidean norm of the difference.
        relative: that over the norm of the first array; None where that is 0.
    """

    name: str
    absolute: float
    relative: float | None


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed from one policy to another; a value is None where there is none.

    Args:
        manifest: the values that differ, by their path, `hyperparameters.gamma`.
        metrics: the same of what training measured.
        added, removed: actions.
        distances: of the arrays that both have, of those that differ.
        unlike: arrays that only one has, or that have another shape.
    """

    manifest: Mapping[str, tuple[Any, Any]]
    metrics: Mapping[str, tuple[Any, Any]]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    distances: tuple[Distance, ...]
    unlike: tuple[str, ...]


def compare(first: Artifact, second: Artifact) -> Difference:
    """Say what changed from the first policy to the second."""
    one, other = (_actions(each) for each in (first, second))
    shared = sorted(first.arrays.keys() & second.arrays.keys())
    alike = [name for name in shared if first.arrays[name].shape == second.arrays[name].shape]
    distances = (_distance(name, first.arrays[name], second.arrays[name]) for name in alike)
    return Difference(
        _changed(_settings(first), _settings(second)),
        _changed(first.manifest.get("metrics"), second.manifest.get("metrics")),
        tuple(name for name in other if name not in one),
        tuple(name for name in one if name not in other),
        tuple(each for each in distances if each.absolute != 0),
        tuple(sorted((first.arrays.keys() | second.arrays.keys()) - set(alike))),
    )


def _settings(artifact: Artifact) -> dict[str, Any]:
    """What is not told on its own; of the gate's report its sentence says enough."""
    kept = {name: value for name, value in artifact.manifest.items() if name not in _APART}
    gate = kept.get("gate")
    return {**kept, "gate": gate.get("reason")} if isinstance(gate, Mapping) else kept


def _actions(artifact: Artifact) -> tuple[str, ...]:
    listed = artifact.manifest.get("actions")
    return tuple(map(str, listed)) if isinstance(listed, list) else ()


def _changed(first: Any, second: Any) -> dict[str, tuple[Any, Any]]:
    one, other = dict(_leaves(first)), dict(_leaves(second))
    pairs = {path: (one.get(path), other.get(path)) for path in sorted(one.keys() | other.keys())}
    return {path: pair for path, pair in pairs.items() if pair[0] != pair[1]}


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}" if path else str(name))
    elif path:
        yield path, value


def _distance(name: str, first: NDArray[Any], second: NDArray[Any]) -> Distance:
    one, other = first.astype(np.float64), second.astype(np.float64)
    absolute, length = float(np.linalg.norm(other - one)), float(np.linalg.norm(one))
    return Distance(name, absolute, absolute / length if length else None)
