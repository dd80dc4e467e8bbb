"""What is known of a turn before it is answered: what a policy chooses by, and what is kept of it to learn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agentctl.choosing import Situation
from agentctl.economy import tokens
from agentctl.messages import Message, Text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Noticed:
    """The features of a turn, what they are by content, and the text that a decision keeps of them."""

    spec: str
    features: NDArray[np.float32]
    text: str


def notice(situation: Situation) -> Noticed:
    """Return the features of a turn.

    Raises:
        ImportError: there is no numpy.
    """
    from agentctl.training.features import DEFAULT, encode  # noqa: PLC0415 - numpy, which only learning needs
    from agentctl.training.lexical import Context  # noqa: PLC0415

    said = situation.said
    context = Context(
        turn=sum(map(_is_asked, said)),
        history=tokens.estimate(said) if said else 0,
        tools=len(situation.options.tools),
        tool_errors=sum(result.is_error for message in said for result in message.results),
    )
    prompt = "\n".join(_text(message) for message in situation.added if message.role == "user")
    features = DEFAULT.of(prompt, context)
    return Noticed(DEFAULT.sha, features, encode(features))


def _is_asked(message: Message) -> bool:
    return message.role == "user"


def _text(message: Message) -> str:
    return "\n".join(part.text for part in message.parts if isinstance(part, Text))
