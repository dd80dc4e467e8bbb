"""Makes gymnasium's environments by their ids, and says clearly why one can't be made."""

from __future__ import annotations

import difflib
import os
import warnings
from typing import Any

import gymnasium
from gymnasium import error as refused
from gymnasium.wrappers import OrderEnforcing, TimeLimit

from agentctl.errors import ConfigError, UsageError

Environment = gymnasium.Env[Any, Any]

_EXTRAS = {
    "box2d": "pip install box2d pygame",
    "mujoco": "pip install mujoco",
    "toy": "pip install 'gymnasium[toy-text]'",
}


def make(identifier: str) -> tuple[Environment, int | None]:
    """Make an environment, and say after how many steps its episodes are cut short, if they are.

    The wrappers that gymnasium puts around every environment are taken off: they cost a tenth of a fast one's time.

    Args:
        identifier: as `gymnasium.make` takes it, also `module:Id`.

    Raises:
        UsageError: there is none, or it can't be made.
        ConfigError: it needs a package that is missing.
    """
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")  # it greets on stdout, where results are printed
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of newer versions of it
            made: Environment = gymnasium.make(identifier, disable_env_checker=True)
    except (refused.UnregisteredEnv, refused.DeprecatedEnv) as error:
        raise UsageError(f"there is no environment {identifier!r}: {_first(error)}", hint=_near(identifier)) from error
    except (refused.DependencyNotInstalled, ImportError) as error:
        raise ConfigError(f"{identifier} can't be made: {_first(error)}", hint=_install(error)) from error
    except Exception as error:
        what = f"{identifier!r} can't be made: {type(error).__name__}: {_first(error)}"
        raise UsageError(what, hint="`python -c 'import gymnasium; gymnasium.pprint_registry()'` lists ids") from error
    limit = None
    if type(made) is TimeLimit:
        limit = made.spec.max_episode_steps if made.spec else None
        made = made.env
    return (made.env if type(made) is OrderEnforcing else made), limit


def _first(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


def _near(identifier: str) -> str:
    near = difflib.get_close_matches(identifier, gymnasium.registry, n=3, cutoff=0.5)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return "ids are like CartPole-v1, and module:Id for those that a module of yours registers"


def _install(error: Exception) -> str:
    text = str(error).lower()
    found = next((command for word, command in _EXTRAS.items() if word in text), None)
    if found is None and isinstance(error, ImportError) and error.name:
        return f"it needs the module {error.name}"
    return found or "install what it needs"
