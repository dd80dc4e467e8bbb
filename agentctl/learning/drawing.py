"""Draws what is chosen, and says how likely that was: both by one distribution, so that they can't differ. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was drawn: the place of it, how likely each was, and whether chance chose."""

    place: int
    probabilities: tuple[float, ...]
    explored: bool

    @property
    def propensity(self) -> float:
        """How likely that one was."""
        return self.probabilities[self.place]


def draw(best: int, allowed: Sequence[bool], explore: float, rng: Random) -> Drawn:
    """Draw the best one, or with the probability `explore` any one that is allowed, each as likely as the others.

    Args:
        best: the place of the best one, which is allowed.
        allowed: which ones can be drawn.
        explore: from 0 to 1.
        rng: where chance comes from.

    Raises:
        ValueError: the best one is not allowed.
    """
    places = [place for place, one in enumerate(allowed) if one]
    if best not in places:
        raise ValueError(f"{best} is not allowed")
    share = explore / len(places)
    likely = tuple((share + (1 - explore) * (place == best)) if one else 0.0 for place, one in enumerate(allowed))
    likely = tuple(min(one, 1.0) for one in likely)
    if len(places) > 1 and rng.random() < explore:
        return Drawn(rng.choice(places), likely, explored=True)
    return Drawn(best, likely, explored=False)
