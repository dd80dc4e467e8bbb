"""What is known of a turn before it is answered: what a policy chooses by, and what is kept of it to learn from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from agentctl.choosing import Situation
from agentctl.economy import tokens
from agentctl.messages import Message, Text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from agentctl.training.features import FeatureSpec
    from agentctl.training.lexical import Context


@dataclass(frozen=True, eq=False)
class Noticed:
    """What is known of a turn, as numbers: those that each policy sees, and those that a decision keeps."""

    prompt: str
    context: Context

    def seen(self, spec: FeatureSpec) -> NDArray[np.float32]:
        """The features that a policy of this specification sees."""
        return self._kept if spec == self._spec else spec.of(self.prompt, self.context)

    @property
    def spec(self) -> str:
        """What the features are that a decision keeps, by content."""
        return self._spec.sha

    @property
    def text(self) -> str:
        """These features, as it keeps them."""
        from agentctl.training.features import encode  # noqa: PLC0415 - numpy, which is loaded already

        return encode(self._kept)

    @cached_property
    def _kept(self) -> NDArray[np.float32]:
        return self._spec.of(self.prompt, self.context)

    @cached_property
    def _spec(self) -> FeatureSpec:
        from agentctl.training.features import DEFAULT  # noqa: PLC0415

        return DEFAULT


def notice(situation: Situation) -> Noticed:
    """Return what is known of a turn.

    Raises:
        ImportError: there is no numpy.
    """
    from agentctl.training import features  # noqa: F401, PLC0415 - numpy, which only learning needs
    from agentctl.training.lexical import Context  # noqa: PLC0415

    said = situation.said
    context = Context(
        turn=sum(map(_is_asked, said)),
        history=tokens.estimate(said) if said else 0,
        tools=len(situation.options.tools),
        tool_errors=sum(result.is_error for message in said for result in message.results),
    )
    prompt = "\n".join(_text(message) for message in situation.added if message.role == "user")
    return Noticed(prompt, context)


def _is_asked(message: Message) -> bool:
    return message.role == "user"


def _text(message: Message) -> str:
    return "\n".join(part.text for part in message.parts if isinstance(part, Text))
