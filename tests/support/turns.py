"""Turns that say "hi", to try journals with."""

from agentctl.admission import Gate
from agentctl.economy.cards import ModelCard
from agentctl.economy.ledger import Call
from agentctl.journal import Turn
from agentctl.messages import user
from agentctl.providers.base import Request
from agentctl.providers.scripted import Scripted

REQUEST = Request("m", (user("hi"),))


def turn(call: Call, card: ModelCard, input_tokens: int = 7) -> Turn:
    """A turn of a new session; `input_tokens` is what it is estimated to send."""
    return Turn(call, card, None, (user("hi"),), input_tokens, Gate(Scripted(), card))
