"""The policies that choose for `chat`: found by their channels, checked, and read once in a process."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar
from zlib import crc32

from agentctl.errors import ConfigError, StorageError
from agentctl.learning.artifacts import Library
from agentctl.learning.scale import NoAdviceError, Scale, scale_of

if TYPE_CHECKING:
    from agentctl.learning.noticing import Noticed
    from agentctl.training.policy import RoutingPolicy

T = TypeVar("T")

LONGEST_LOADING = 10.0  # seconds
_CANARY = 10.0  # per cent of the sessions, where the channel does not say
_NONE: Mapping[str, int] = {}


@dataclass(frozen=True, slots=True)
class Option:
    """One that a policy may choose: its name, what it is expected to cost in dollars, and whether it can be chosen."""

    action: str
    cost: Decimal | None
    allowed: bool


@dataclass(frozen=True, slots=True)
class Advice:
    """What a policy says: the place of the best option, what it expects of each that it knows, and the turn's value."""

    best: int
    success: Mapping[str, float]
    value: float


@dataclass(frozen=True, slots=True)
class Learned:
    """A policy that is ready to be asked.

    Args:
        sha: its hash.
        policy: what it learnt.
        cost_weight: the success that a dollar is worth; 0 where its costs were relative.
        output: tokens that an action's answer is expected to have, where that is known.
        scale: what makes dollars of its costs, where these were relative.
    """

    sha: str
    policy: RoutingPolicy
    cost_weight: float
    output: Mapping[str, int]
    scale: Scale | None = None

    def advise(self, noticed: Noticed, options: Sequence[Option], cost_weight: float) -> Advice:
        """Say which option is best.

        Raises:
            NoAdviceError: it knows none of those that are allowed, or comes to no number.
        """
        import numpy as np  # noqa: PLC0415 - it is loaded already

        known = {one.action: place for place, one in enumerate(options)}
        places = [known.get(action) for action in self.policy.actions]
        mask = np.array([place is not None and options[place].allowed for place in places], np.bool_)
        if not mask.any():
            raise NoAdviceError(f"the policy {short(self.sha)} knows none of the models that could answer")
        costs = [0.0 if place is None else float(options[place].cost or 0) for place in places]
        features = noticed.seen(self.policy.spec)
        judged = self.policy.judge(features, costs=np.array(costs, np.float32), cost_weight=cost_weight, mask=mask)
        success = {one: float(p) for one, p in zip(self.policy.actions, judged.expected_success, strict=True)}
        best, value = int(judged.action), float(judged.value)
        place = places[best] if 0 <= best < len(places) else None
        figures = (*success.values(), *map(float, judged.probabilities), value)
        if place is None or not mask[best] or not all(map(math.isfinite, figures)):
            raise NoAdviceError(f"the policy {short(self.sha)} comes to no number")
        return Advice(place, {one: success[one] for one in known if one in success}, value)


class Policies:
    """The policies in use.

    Args:
        library: where they lie.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self._loaded: dict[str, Learned] = {}

    def deciding(self, session_id: str | None) -> Learned | None:
        """The policy that decides in a session: that of production, or for some sessions that of the canary.

        Raises:
            AgentctlError: there is one, and it can't be used.
        """
        canary = self._library.channels.current("canary")
        if canary and session_id and is_canary(session_id, canary.percent):
            return self._get(canary.policy)
        production = self._library.channels.current("production")
        return self._get(production.policy) if production else None

    def shadow(self) -> Learned | None:
        """The policy on trial, which decides nothing.

        Raises:
            AgentctlError: there is one, and it can't be used.
        """
        found = self._library.channels.current("shadow")
        return self._get(found.policy) if found else None

    def _get(self, sha: str) -> Learned:
        if sha not in self._loaded:
            self._loaded[sha] = within(LONGEST_LOADING, lambda: self._load(sha))
        return self._loaded[sha]

    def _load(self, sha: str) -> Learned:
        try:
            artifact = self._library.find(sha)
            from agentctl.training.policy import RoutingPolicy  # noqa: PLC0415 - numpy, which only a policy needs

            if artifact.manifest["kind"] != "routing":
                raise NoAdviceError(f"the policy {short(sha)} was not trained to choose models")
            policy = RoutingPolicy.of(dict(artifact.manifest), dict(artifact.arrays))
        except ImportError as error:
            raise ConfigError("policies need numpy", hint="pip install 'agentctl[train]'") from error
        except (KeyError, TypeError, ValueError) as error:
            raise StorageError(
                f"the policy {short(sha)} makes no sense: {error}", hint="agentctl train list"
            ) from error
        manifest = artifact.manifest
        if manifest.get("cost_unit") == "relative":
            return Learned(sha, policy, 0.0, _output(manifest), scale_of(manifest, _weight(manifest)))
        return Learned(sha, policy, _weight(manifest), _output(manifest))


def is_canary(session_id: str, percent: float | None) -> bool:
    """Whether the policy of the canary decides in a session: always the same for the same session."""
    return crc32(session_id.encode()) % 10_000 < (_CANARY if percent is None else percent) * 100


def short(sha: str) -> str:
    """A hash as people are shown it."""
    return sha[:12]


def within(seconds: float, work: Callable[[], T]) -> T:
    """What `work` returns or raises, if it does so in time; else it is left behind.

    Raises:
        NoAdviceError: it does not.
    """
    found: list[T | BaseException] = []

    def run() -> None:
        try:
            found.append(work())
        except BaseException as error:  # noqa: BLE001 - it is raised where it was asked for
            found.append(error)

    thread = Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if not found:
        raise NoAdviceError(f"the policy was not there after {seconds:g} seconds")
    result = found[0]
    if isinstance(result, BaseException):
        raise result
    return result


def _weight(manifest: Mapping[str, Any]) -> float:
    weight = manifest.get("hyperparameters", {}).get("cost_weight", 0.0)
    return float(weight) if isinstance(weight, int | float) and 0 <= weight < math.inf else 0.0


def _output(manifest: Mapping[str, Any]) -> Mapping[str, int]:
    told = manifest.get("output_tokens", _NONE)
    return {name: int(count) for name, count in told.items()} if isinstance(told, dict) else _NONE
