"""Who answers a chat: the model that is named, or whatever chooses one for each turn."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from agentctl.app import AUTO, App
from agentctl.cli import routing
from agentctl.errors import UsageError

if TYPE_CHECKING:
    from agentctl.choosing import Chooser
    from agentctl.target import Target


def answerer(
    wired: App, model: str | None, session: str | None, routed: dict[str, object], cost_weight: float | None
) -> tuple[Target, Chooser | None]:
    """The model to talk to, and what chooses another one for each turn, if that is asked for.

    Raises:
        ConfigError, UsageError: there is none, or an option is for the other way.
    """
    if cost_weight is not None and not math.isfinite(cost_weight):
        raise UsageError(f"the cost weight is {cost_weight}", hint="it is the success that a dollar is worth, as in 20")
    if (model or wired.settings.model) == AUTO:
        if routed:
            raise UsageError("--route and --fallback are for one model, and auto chooses it", hint="-m PROVIDER/MODEL")
        chooser = wired.chooser(cost_weight)
        return chooser.usual(), chooser
    if cost_weight is not None:
        raise UsageError("--cost-weight is for a model that is chosen, and one is named", hint="-m auto")
    target = wired.target(wired.model(model, session))
    routing.check(routed, target.name, wired.settings)
    return target, None
