"""What an environment shows and takes, as the rows of numbers and choices that a policy works with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from agentctl.errors import UsageError

_MOST = 1_000_000  # numbers of an observation


@dataclass(frozen=True, slots=True)
class Codec:
    """How one environment's observations become rows, and choices its actions.

    Args:
        observation: numbers in a row.
        actions: how many choices there are, by categorical.
        encode: makes a row, or what numpy can assign to one, of an observation.
        decode: makes an action of one choice for each categorical.
    """

    observation: int
    actions: tuple[int, ...]
    encode: Callable[[Any], NDArray[Any]]
    decode: Callable[[Sequence[int]], Any]


def codec(environment: str, observation: spaces.Space[Any], action: spaces.Space[Any]) -> Codec:
    """The codec for these spaces.

    Discrete spaces become one number that is 1 among zeros, composite ones the row of all their parts.

    Raises:
        UsageError: the space of actions is continuous, or observations have no fixed size.
    """
    heads, decode = _actions(environment, action)
    size, encode = _observations(environment, observation)
    return Codec(size, heads, encode, decode)


def _observations(environment: str, space: spaces.Space[Any]) -> tuple[int, Callable[[Any], NDArray[Any]]]:
    try:
        size = spaces.flatdim(space)
    except (ValueError, NotImplementedError, AttributeError) as error:  # the last where it is no space at all
        hint = "wrap it so that what it shows is of a fixed size"
        raise UsageError(f"{environment} shows {space}, which is no row of numbers: {error}", hint=hint) from error
    if not 0 < size <= _MOST:
        raise UsageError(f"{environment} shows {size:,} numbers at a time", hint=f"there may be 1 to {_MOST:,}")
    if isinstance(space, spaces.Box) and len(space.shape) == 1:
        return size, lambda seen: seen  # nothing to do, for most environments
    return size, lambda seen: np.asarray(spaces.flatten(space, seen))


def _actions(environment: str, space: spaces.Space[Any]) -> tuple[tuple[int, ...], Callable[[Sequence[int]], Any]]:
    if isinstance(space, spaces.Discrete):
        start = int(space.start)
        return (int(space.n),), lambda choices: choices[0] + start
    if isinstance(space, spaces.MultiDiscrete):
        first, shape = space.start.ravel(), space.nvec.shape
        heads = tuple(int(n) for n in space.nvec.ravel())
        return heads, lambda choices: (first + choices).astype(space.dtype).reshape(shape)
    if isinstance(space, spaces.MultiBinary):
        shape = space.shape
        return (2,) * int(np.prod(shape)), lambda choices: np.array(choices, np.int8).reshape(shape)
    if isinstance(space, spaces.Box):
        raise UsageError(
            f"{environment} takes continuous actions, and a policy here chooses from a list",
            hint="take one with discrete actions, or wrap it so that its actions are levels to choose from",
        )
    raise UsageError(
        f"{environment} takes actions of {space}, which is no list to choose from",
        hint="take one with Discrete, MultiDiscrete or MultiBinary actions",
    )
