"""What a list of tools takes. Pure.

OpenAI shows tools to its models as TypeScript, and gives a formula of what that takes:
https://github.com/openai/openai-cookbook/blob/main/examples/How_to_count_tokens_with_tiktoken.ipynb. It knows neither
lists nor objects in the parameters; these are counted as the JSON that they are. Others show JSON in some form.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agentctl.economy.tokens.encodings import Encoding
from agentctl.economy.tokens.families import Extra
from agentctl.messages import ToolSpec

_TOOL: Mapping[Encoding, int] = {"o200k_base": 7, "cl100k_base": 10}
_PARAMETERS, _PARAMETER, _ENUM, _CHOICE, _END = 3, 3, -3, 3, 12
_TOLD = {"type", "description", "enum"}  # of a parameter
_AROUND = Extra(8, 64, 8)  # each tool that is shown as JSON


@dataclass(frozen=True, slots=True)
class Shown:
    """Tools as a model sees them: what is counted, what is added to that, and the texts at their longest."""

    texts: tuple[str, ...]
    added: Extra
    longest: tuple[str, ...]


def typed(tools: Sequence[ToolSpec], encoding: Encoding) -> Shown:
    """Return tools by OpenAI's formula."""
    lines = [line for tool in tools for line in _lines(tool, _TOOL[encoding])]
    tokens = _END + sum(tokens for _, tokens in lines)
    return Shown(tuple(text for text, _ in lines), Extra(tokens, 2 * tokens + 128, 4 + tokens // 4), _longest(tools))


def as_json(tools: Sequence[ToolSpec]) -> Shown:
    """Return tools as most vendors are thought to show them."""
    texts = tuple(json.dumps(_form(tool), ensure_ascii=False) for tool in tools)
    return Shown(texts, _times(_AROUND, len(tools)), _longest(tools))


def _times(extra: Extra, number: int) -> Extra:
    return Extra(extra.likely * number, extra.most * number, extra.slack * number)


def _longest(tools: Iterable[ToolSpec]) -> tuple[str, ...]:
    return tuple(json.dumps(_form(tool), indent=4) for tool in tools)


def _form(tool: ToolSpec) -> dict[str, Any]:
    return {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}


def _lines(tool: ToolSpec, tokens: int) -> Iterator[tuple[str, int]]:
    """The lines that are counted, each with the tokens that are added to it."""
    yield f"{tool.name}:{tool.description.removesuffix('.')}", tokens
    properties = tool.parameters.get("properties")
    if isinstance(properties, Mapping) and properties:
        yield "", _PARAMETERS
        for name, schema in properties.items():
            yield from _parameter(str(name), schema if isinstance(schema, Mapping) else {})


def _parameter(name: str, schema: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    description = str(schema.get("description", "")).removesuffix(".")
    choices = schema.get("enum")
    if isinstance(choices, list):
        yield "", _ENUM
        yield from ((str(choice), _CHOICE) for choice in choices)
    yield f"{name}:{schema.get('type', '')}:{description}", _PARAMETER
    rest = {key: value for key, value in schema.items() if key not in _TOLD}
    if rest:
        yield json.dumps(rest, ensure_ascii=False), 0
