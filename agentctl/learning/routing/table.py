"""Tasks with every action's outcome, as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Table:
    """Tasks of which the outcome of every action is known.

    Args:
        ids: of the tasks, each once.
        prompts: what was asked.
        actions: the names of what may answer.
        success: from 0 to 1, `(tasks, actions)`.
        answers: each action's answer to each task, `answers[task][action]`, None where it was not kept.
        costs: what each action's calls cost on average, `(actions,)`, if every outcome says what it cost.
        sha256: of the file.
        kinds: what each task is about, if the file says that of every one.
    """

    ids: Sequence[str]
    prompts: Sequence[str]
    actions: tuple[str, ...]
    success: NDArray[np.float64]
    answers: Sequence[Sequence[str | None]]
    costs: NDArray[np.float64] | None
    sha256: str
    kinds: Sequence[str] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, which: NDArray[np.int64]) -> Table:
        """Some of the tasks, in the order asked for."""
        places = which.tolist()
        return Table(
            [self.ids[place] for place in places],
            [self.prompts[place] for place in places],
            self.actions,
            self.success[which],
            [self.answers[place] for place in places],
            self.costs,
            self.sha256,
            None if self.kinds is None else [self.kinds[place] for place in places],
        )

    def renamed(self, names: Mapping[str, str]) -> Table:
        """The same with other names for some of the actions.

        Raises:
            ValueError: one is none of those that there are, or two would have the same name.
        """
        if unknown := [name for name in names if name not in self.actions]:
            raise ValueError(f"{unknown[0]!r} is none of the actions {', '.join(self.actions)}")
        actions = tuple(names.get(name, name) for name in self.actions)
        if len(set(actions)) < len(actions):
            raise ValueError(f"two actions would have the same name: {', '.join(actions)}")
        return replace(self, actions=actions)

    def among(self, actions: tuple[str, ...]) -> Table:
        """The same with the actions in another order, or with some of them alone.

        Raises:
            ValueError: one is none of those that there are.
        """
        places = [self.actions.index(name) for name in actions]
        answers = [[row[place] for place in places] for row in self.answers]
        costs = None if self.costs is None else self.costs[places]
        return replace(self, actions=actions, success=self.success[:, places], answers=answers, costs=costs)


def split(table: Table, seed: int, share: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The places of two parts of the tasks, the second with `share` of each kind; who succeeded makes the kind."""
    rng = np.random.default_rng((seed, 1))
    _, kinds = np.unique(table.success >= 0.5, axis=0, return_inverse=True)  # noqa: PLR2004 - half a success
    order = rng.permutation(len(table))
    kept, held = [], []
    seen = taken = 0
    for kind in range(int(kinds.max()) + 1):
        alike = order[kinds.ravel()[order] == kind]
        # What is rounded off goes to the next kind: of many actions most kinds have a task or two.
        seen += len(alike)
        count = round(seen * share) - taken
        taken += count
        held.append(alike[:count])
        kept.append(alike[count:])
    return np.sort(np.concatenate(kept)), np.sort(np.concatenate(held))
