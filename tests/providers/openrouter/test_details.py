"""Blocks of reasoning that come in pieces."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agentctl.providers.openrouter import details

# Pieces as providers send them, and as none should: every field may be missing, null or of another type.
ODD = st.none() | st.integers(0, 2) | st.text(max_size=3) | st.lists(st.integers(), max_size=1)
PIECES = st.fixed_dictionaries(
    {"type": st.sampled_from(["reasoning.text", "reasoning.summary", "reasoning.encrypted", "new", None, ["x"]])},
    optional={
        "text": st.text(max_size=3) | st.none(),
        "summary": st.text(max_size=3) | ODD,
        "data": st.text(max_size=3),
        "signature": st.sampled_from(["", "s1", "s2", None]),
        "format": st.sampled_from(["anthropic-claude-v1", None]),
        "id": st.sampled_from(["a", "b", None]),
        "index": st.sampled_from([0, 1, None]),
    },
)


def text(value: str = "", **more: Any) -> dict[str, Any]:
    return {"type": "reasoning.text", "text": value, "index": 0, **more}


def test_a_text_grows_and_its_signature_ends_it() -> None:
    """Pieces of one index are one block; text after the signature begins another."""
    pieces = [text("a"), text("b"), {"type": "reasoning.text", "index": 0, "signature": "s"}, text("c")]
    assert details.merge(pieces) == [text("ab", signature="s"), text("c")]


def test_an_empty_signature_is_none_yet() -> None:
    """Some servers announce a block with a signature that is still empty."""
    pieces = [text("", signature=""), text("a"), {"type": "reasoning.text", "index": 0, "signature": "s"}]
    assert details.merge(pieces) == [text("a", signature="s")]


def test_blocks_are_told_apart_by_type_index_and_id() -> None:
    """A summary and encrypted data of the same index are two blocks, and so are two texts of different indexes."""
    summary = {"type": "reasoning.summary", "index": 0, "summary": "s"}
    hidden = {"type": "reasoning.encrypted", "index": 0, "data": "x", "id": "rs_1"}
    other = {**hidden, "id": "rs_2"}
    pieces = [summary, text("a"), hidden, text("b", index=1), other, text("c"), summary]
    assert details.merge(pieces) == [{**summary, "summary": "ss"}, text("ac"), hidden, text("b", index=1), other]


def test_data_comes_whole() -> None:
    """Data without an id is a block each time; with the same id it is a later word on the same."""
    plain = {"type": "reasoning.encrypted", "data": "x"}
    named = {"type": "reasoning.encrypted", "data": "x", "id": "rs_1"}
    assert details.merge([plain, plain]) == [plain, plain]
    assert details.merge([named, {**named, "data": "y"}]) == [{**named, "data": "y"}]


@given(st.lists(PIECES, max_size=8), st.data())
def test_merging_a_part_first_changes_nothing(pieces: list[dict[str, Any]], data: st.DataObject) -> None:
    """However the pieces are cut into runs that are merged, dumped and loaded, the blocks are the same."""
    cut = data.draw(st.integers(0, len(pieces)))
    runs = (pieces[:cut], pieces[cut:])
    kept = [block for run in runs for block in details.load(details.dump(run))]
    assert details.merge(kept) == details.merge(pieces)


@given(st.lists(PIECES, max_size=8))
def test_nothing_readable_is_lost(pieces: list[dict[str, Any]]) -> None:
    """Every character of the pieces is in the blocks."""
    read = sorted("".join(map(details.readable, pieces)))
    assert sorted("".join(map(details.readable, details.merge(pieces)))) == read


@given(st.text() | st.none())
def test_a_foreign_signature_has_no_blocks(signature: str | None) -> None:
    """What another codec wrote is no block, and no error."""
    blocks = details.load(signature)
    assert all(isinstance(block, dict) for block in blocks)


def test_a_deep_signature_has_no_blocks() -> None:
    """Nor is what nests too deeply."""
    assert details.load("[" * 100_000) == []


def test_half_characters_survive() -> None:
    """A character whose halves come in two pieces is one again."""
    pieces = [json.loads('{"type": "reasoning.text", "text": "\\ud83d"}'), {"type": "reasoning.text", "text": "\ude00"}]
    assert details.load(details.dump(pieces)) == [{"type": "reasoning.text", "text": "😀"}]


def test_what_is_no_json_is_not_kept() -> None:
    """A number that JSON has no form for, or endless depth, would make every later request of the session nonsense."""
    deep: Any = "x"
    for _ in range(5000):
        deep = [deep]
    odd = [text("a", index=float("inf")), text("b", index=1, more=deep), text("c", index=2, more=float("nan"))]
    assert details.load(details.dump([*odd, text("d")])) == [text("d")]
    assert details.load('[{"type": "reasoning.text", "index": Infinity}]') == []  # of an older version's session
