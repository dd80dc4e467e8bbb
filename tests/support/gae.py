"""Experience for estimates of advantages, and the loop in float64 that they are held against."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agentctl.training.gae import advantages

Array = NDArray[Any]
TOLERANCE = 1e-5


@dataclass(frozen=True)
class Segment:
    """Steps of one environment, in order; `last_value` is V of the observation after them."""

    rewards: Array
    values: Array
    terminated: Array
    truncated: Array
    final_values: Array
    last_value: np.float32

    def part(self, start: int, stop: int) -> Segment:
        """The steps from `start` to `stop`."""
        last = self.last_value if stop == len(self.rewards) else self.values[stop]
        return replace(self, last_value=last, **{name: array[start:stop] for name, array in _steps(self).items()})


def segment(seed: int, steps: int, cuts: float = 0.1) -> Segment:
    """Random steps, of which a part `cuts` is terminated, and as many truncated."""
    rng = np.random.default_rng(seed)
    numbers = rng.standard_normal((3, steps)).astype(np.float32)
    flags = rng.random((2, steps)) < cuts
    return Segment(numbers[0], numbers[1], flags[0], flags[1], numbers[2], np.float32(rng.standard_normal()))


def loop(one: Segment, gamma: float, lam: float) -> Array:
    """The advantages by the definition, step by step in float64."""
    result = np.zeros(len(one.rewards))
    after, following = float(one.last_value), 0.0
    for t in range(len(one.rewards) - 1, -1, -1):
        cut = one.terminated[t] or one.truncated[t]
        if cut:
            after = 0.0 if one.terminated[t] else float(one.final_values[t])
        delta = float(one.rewards[t]) + gamma * after - float(one.values[t])
        following = result[t] = delta if cut else delta + gamma * lam * following
        after = float(one.values[t])
    return result


def single(one: Segment, gamma: float = 0.99, lam: float = 0.95) -> Array:
    """The estimate for one trajectory."""
    return advantages(**_steps(one), last_value=one.last_value, gamma=gamma, lam=lam)


def ragged(many: list[Segment], gamma: float = 0.99, lam: float = 0.95) -> list[Array]:
    """The estimate for segments one after the other."""
    lengths = [len(one.rewards) for one in many]
    last = np.array([one.last_value for one in many], np.float32)
    flat = {name: np.concatenate([array, *(_steps(one)[name] for one in many)]) for name, array in _NONE.items()}
    found = advantages(**flat, lengths=np.array(lengths, np.int64), last_value=last, gamma=gamma, lam=lam)
    return np.split(found, np.cumsum(lengths)[:-1]) if many else []


def grid(many: list[Segment], gamma: float = 0.99, lam: float = 0.95) -> Array:
    """The estimate for environments side by side, (T, N)."""
    last = np.array([one.last_value for one in many], np.float32)
    stacked = {name: np.stack([_steps(one)[name] for one in many], axis=1) for name in _NONE}
    return advantages(**stacked, last_value=last, gamma=gamma, lam=lam)


def pad(one: Segment, steps: int, fill: float) -> Segment:
    """Steps of no meaning after the segment's last one, which is truncated there unless it is terminated."""
    more = steps - len(one.rewards)
    truncated, final = one.truncated.copy(), one.final_values.copy()
    if not (one.terminated[-1] or truncated[-1]):
        truncated[-1], final[-1] = True, one.last_value
    rest = np.full(more, fill, np.float32)
    none = np.zeros(more, np.bool_)
    return replace(
        one,
        rewards=np.append(one.rewards, rest),
        values=np.append(one.values, rest),
        terminated=np.append(one.terminated, none),
        truncated=np.append(truncated, none),
        final_values=np.append(final, rest),
        last_value=np.float32(fill),
    )


def same(found: Array, wanted: Array) -> None:
    """Hold an estimate against what it should be, relative to the largest advantage."""
    assert found.shape == wanted.shape
    if wanted.size:
        scale = max(float(np.abs(wanted).max()), 1e-6)
        assert float(np.abs(found - wanted).max()) <= TOLERANCE * scale


_NONE: dict[str, Array] = {
    "rewards": np.zeros(0, np.float32),
    "values": np.zeros(0, np.float32),
    "terminated": np.zeros(0, np.bool_),
    "truncated": np.zeros(0, np.bool_),
    "final_values": np.zeros(0, np.float32),
}


def _steps(one: Segment) -> dict[str, Array]:
    return {name: getattr(one, name) for name in _NONE}
