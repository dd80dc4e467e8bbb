"""What a run on an environment is made of: all that its result depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from agentctl.training.learner import Hyperparameters
from agentctl.training.network import Shape


@dataclass(frozen=True, slots=True)
class Recipe:
    """A run: same recipe, same parameters.

    Args:
        environment: gymnasium's id.
        steps: how many steps of experience at most, over all environments.
        envs: environments side by side.
        horizon: steps of each between two updates.
    """

    environment: str
    seed: int
    steps: int
    envs: int
    horizon: int
    shape: Shape
    hyperparameters: Hyperparameters

    def as_json(self) -> dict[str, Any]:
        """All of it, for a file."""
        return asdict(self)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Recipe:
        """The recipe that `as_json` made this of.

        Raises:
            KeyError, TypeError: it did not.
        """
        shape = {name: tuple(value) if isinstance(value, list) else value for name, value in document["shape"].items()}
        hyperparameters = Hyperparameters(**document["hyperparameters"])
        return cls(**{**document, "shape": Shape(**shape), "hyperparameters": hyperparameters})
