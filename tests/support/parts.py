"""Hypothesis strategies for what conversations are made of."""

import json

from hypothesis import strategies as st

from agentctl.events import Delta, TextDelta, ThinkingDelta, ToolCallDelta
from agentctl.messages import KINDS, Attachment, Message, Part, Summary, Text, Thinking, ToolCall, ToolResult, Unknown

# Any code point, NUL and lone surrogates included: models and users send them all. (The two halves of a pair side by
# side are left out: in JSON they are one character.)
TEXTS = st.text(st.characters(exclude_categories=()), max_size=20).filter(lambda t: json.loads(json.dumps(t)) == t)
NAMES = st.none() | st.text(min_size=1, max_size=8)

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)


def _unknown(kind: str, fields: dict[str, object]) -> Unknown:
    return Unknown(json.dumps(fields | {"type": kind}, separators=(",", ":")))


SENDABLE: st.SearchStrategy[Part] = st.one_of(
    st.builds(Text, TEXTS, NAMES),
    st.builds(Thinking, TEXTS, st.none() | TEXTS, NAMES),
    st.builds(ToolCall, TEXTS, TEXTS, TEXTS, NAMES),
    st.builds(ToolResult, TEXTS, TEXTS, st.booleans()),
    st.builds(Attachment, TEXTS, TEXTS, st.binary(max_size=20)),
)
PARTS: st.SearchStrategy[Part] = st.one_of(
    SENDABLE,
    st.builds(Summary, TEXTS, st.integers(0, 9)),
    st.builds(_unknown, TEXTS.filter(lambda kind: kind not in KINDS), st.dictionaries(TEXTS, _JSON, max_size=2)),
)


def _messages(parts: st.SearchStrategy[Part]) -> st.SearchStrategy[Message]:
    return st.builds(
        Message,
        st.sampled_from(["system", "user", "assistant", "tool"]),
        st.lists(parts, max_size=4).map(tuple),
        NAMES,
        st.sampled_from([None, "end_turn", "cancelled"]),
    )


MESSAGES = _messages(PARTS)
SENT = _messages(SENDABLE)  # what requests are made of
DELTAS: st.SearchStrategy[Delta] = st.one_of(
    st.builds(TextDelta, TEXTS, NAMES),
    st.builds(ThinkingDelta, TEXTS, NAMES),
    st.builds(ToolCallDelta, st.integers(0, 2), NAMES, NAMES, TEXTS, NAMES),
)
