"""The rough estimate of a request's tokens."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agentctl.economy.tokens import estimate
from agentctl.messages import Attachment, Message, Text, Thinking, ToolCall, ToolResult, user

texts = st.text(st.characters(), max_size=200)
parts = st.one_of(
    st.builds(Text, texts),
    st.builds(Thinking, texts),
    st.builds(ToolCall, texts, texts, texts),
    st.builds(ToolResult, texts, texts),
    st.builds(Attachment, texts, st.sampled_from(["image/png", "text/plain", "application/pdf"]), st.binary()),
)
messages = st.builds(Message, st.sampled_from(["user", "assistant"]), st.lists(parts, max_size=4).map(tuple))


@given(st.lists(messages, max_size=4), messages)
def test_a_longer_conversation_takes_more(before: list[Message], more: Message) -> None:
    """Each message adds tokens, even an empty one, and the same conversation always gives the same number."""
    assert estimate([*before, more]) > estimate(before) > 0
    assert estimate([more]) == estimate((more,))


@given(st.text(min_size=1))
def test_a_text_takes_no_more_tokens_than_bytes(text: str) -> None:
    """No tokeniser makes more tokens than there are bytes, and neither does the estimate."""
    assert 0 < estimate([user(text)]) - estimate([user("")]) <= len(text.encode())


def test_known_requests_are_estimated_near_their_count() -> None:
    """Known counts: 13 tokens for a short message; 9 for a Japanese sentence of 27 bytes, besides the overhead."""
    assert estimate([user("tiktoken is great!")]) == 12
    assert estimate([user("お誕生日おめでとう")]) - estimate([user("")]) == 7


def test_attachments_are_estimated_by_their_kind() -> None:
    """An image takes the same however many bytes it has; a text file takes what its text takes."""
    bare = estimate([user("")])
    assert estimate([user("", Attachment("a.png", "image/png", b"x" * 10**6))]) - bare == 1500
    assert estimate([user("", Attachment("a.txt", "text/plain", b"x" * 4000))]) - bare == 1000


def test_a_lone_surrogate_is_counted() -> None:
    """Text that UTF-8 does not know, as a broken tool may answer, is estimated like any other."""
    assert estimate([Message("tool", (ToolResult("1", "\ud800"),))]) == 8
