"""How long and by which hyperparameters an environment is learned, where the user does not say.

Those of known environments begin with the ones that RL Baselines3 Zoo found by search, and differ where what was
measured here says so.

Source: https://github.com/DLR-RM/rl-baselines3-zoo/blob/master/hyperparams/ppo.yml
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import get_type_hints

from agentctl.errors import UsageError
from agentctl.training.hyperparameters import Hyperparameters


@dataclass(frozen=True, slots=True)
class Plan:
    """How an environment is learned.

    Args:
        steps: of experience, over all environments.
        envs: environments side by side.
        horizon: steps of each between two updates.
        hidden: units of each hidden layer.
    """

    steps: int = 500_000
    envs: int = 8
    horizon: int = 256
    hidden: tuple[int, ...] = (64, 64)
    hyperparameters: Hyperparameters = field(
        default=Hyperparameters(learning_rate=3e-4, epochs=10, minibatch=256, value_clip=None, entropy=0.0)
    )


_USUAL = Plan()
PLANS: Mapping[str, Plan] = {
    # Of 24 seeds all reach 500; with half the horizon or half the epochs, or twice the clip, some do not.
    "CartPole": Plan(
        steps=100_000,
        horizon=64,
        hyperparameters=replace(_USUAL.hyperparameters, learning_rate=1e-3, epochs=20, clip=0.1, gamma=0.98, lam=0.8),
    ),
    "Acrobot": Plan(steps=500_000, envs=16, hyperparameters=replace(_USUAL.hyperparameters, epochs=4, lam=0.94)),
    "LunarLander": Plan(
        steps=1_000_000,
        envs=16,
        hyperparameters=replace(
            _USUAL.hyperparameters, learning_rate=1e-3, minibatch=512, entropy=0.01, gamma=0.999, lam=0.98
        ),
    ),
}
"""By the name of an environment without its version."""


def plan(environment: str, given: Mapping[str, str]) -> Plan:
    """The plan for an environment, with what the user gave by name: hyperparameters, `horizon`, and `hidden` (64x64).

    Raises:
        UsageError: a name is unknown, or a value makes no sense.
    """
    name = environment.rpartition(":")[2].rpartition("-v")[0] or environment
    chosen = PLANS.get(name, _USUAL)
    kinds = get_type_hints(Hyperparameters)
    known = [*kinds, "horizon", "hidden"]
    for one in given:
        if one not in known:
            near = get_close_matches(one, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
            raise UsageError(f"there is no hyperparameter {one!r}", hint=hint)
    numbers = {one: _value(one, text, str(kinds[one])) for one, text in given.items() if one in kinds}
    try:
        hyperparameters = replace(chosen.hyperparameters, **numbers)  # type: ignore[arg-type]
    except ValueError as error:
        raise UsageError(str(error), hint=f"agentctl train run --set {str(error).partition(' ')[0]}=…") from error
    horizon = _whole("horizon", given["horizon"]) if "horizon" in given else chosen.horizon
    hidden = chosen.hidden
    if "hidden" in given:
        hidden = tuple(_whole("hidden", part) for part in given["hidden"].lower().split("x"))
    return replace(chosen, hyperparameters=hyperparameters, horizon=horizon, hidden=hidden)


def _value(name: str, text: str, kind: str) -> float | bool | None:
    try:
        if "bool" in kind:
            return {"true": True, "false": False}[text.lower()]
        if "None" in kind and text.lower() == "none":
            return None
        return int(text) if "int" in kind else float(text)
    except (ValueError, KeyError) as error:
        wanted = "true or false" if "bool" in kind else "a whole number" if "int" in kind else "a number"
        raise UsageError(f"{name} is {wanted}, and not {text!r}", hint=f"agentctl train run --set {name}=…") from error


def _whole(name: str, text: str) -> int:
    value = int(text) if text.isascii() and text.isdigit() else 0
    if not 0 < value <= 1_000_000:  # noqa: PLR2004 - more is a mistake, and no memory has it
        raise UsageError(f"{name} is {text!r}, and no whole number above 0", hint="--set horizon=128,hidden=64x64")
    return value
