"""The policy that decides now, as what is new has to beat it."""

from __future__ import annotations

from dataclasses import dataclass

from agentctl.errors import StorageError
from agentctl.learning.artifacts import Artifact
from agentctl.training.policy import RoutingPolicy


@dataclass(frozen=True, eq=False)
class Incumbent:
    """The policy that decides now, by its hash."""

    sha: str
    policy: RoutingPolicy

    @classmethod
    def of(cls, artifact: Artifact) -> Incumbent:
        """Read it.

        Raises:
            StorageError: it is none that chooses models, or was made by another version.
        """
        try:
            return cls(artifact.sha, RoutingPolicy.of(dict(artifact.manifest), dict(artifact.arrays)))
        except (ValueError, TypeError, KeyError) as error:
            raise StorageError(
                f"can't use the policy {artifact.sha[:12]}: {error}", hint="agentctl train list"
            ) from error
