"""What a policy that was trained on relative costs makes of dollars.

Relative costs say how dear actions are beside each other, and a cost weight in their unit says nothing of dollars.
What carries over is the gain in success that the dear action had to bring to be worth its cost: with a prompt and
answers of the size that they had in training, at the prices of today, it has to bring as much. That makes one weight
for all turns, so that a longer prompt costs more, as it does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from agentctl.errors import AgentctlError


class NoAdviceError(AgentctlError):
    """A policy can't say what to choose."""


@dataclass(frozen=True, slots=True)
class Scale:
    """What there was in training.

    Args:
        cheap, dear: the actions that cost least and most in training.
        worth: the success that the dear one had to bring more than the cheap one, to be worth its cost.
        input: tokens of a prompt there.
    """

    cheap: str
    dear: str
    worth: float
    input: int

    def weight(self, dollars: Callable[[str, int], float | None]) -> float:
        """The success that a dollar is worth: at today's prices the dear action has to bring as much more as it had to.

        Args:
            dollars: what an action is expected to cost with so many input tokens; None if that is unknown.

        Raises:
            NoAdviceError: their prices are unknown, or the dear one is no longer the dearer.
        """
        cheap, dear = dollars(self.cheap, self.input), dollars(self.dear, self.input)
        if cheap is None or dear is None or dear <= cheap:
            raise NoAdviceError(
                f"the policy was trained on relative costs, and the prices of {self.cheap} and {self.dear} do not tell "
                "what a dollar is worth",
                hint="agentctl config set routing.cost_weight 20",
            )
        return self.worth / (dear - cheap)


def scale_of(manifest: Mapping[str, Any], cost_weight: float) -> Scale | None:
    """What a manifest says of it; None where a cost is worth nothing.

    Raises:
        KeyError, TypeError, ValueError: it makes no sense.
    """
    prices = {str(name): float(price) for name, price in dict(manifest["prices"]).items()}
    cheap, dear = min(prices, key=lambda name: prices[name]), max(prices, key=lambda name: prices[name])
    worth = cost_weight * (prices[dear] - prices[cheap])
    return Scale(cheap, dear, worth, int(manifest["input_tokens"])) if 0 < worth < math.inf else None
