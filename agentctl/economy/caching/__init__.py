"""Prompt caching, planned: what of a request a provider is asked to keep, so that the next ones cost less. Pure.

shape = shape_of(messages, tools, (tools_tokens, tokens_of_each_message))
plan(shape, rules(capabilities, model), prices, least=card.cache_min, gaps=seconds_between_requests)
"""

from agentctl.economy.caching.forecast import Expectation
from agentctl.economy.caching.planner import plan
from agentctl.economy.caching.readable import readable
from agentctl.economy.caching.renting import Rental, rental
from agentctl.economy.caching.shape import Place, Shape, shape_of

__all__ = ["Expectation", "Place", "Rental", "Shape", "plan", "readable", "rental", "shape_of"]
