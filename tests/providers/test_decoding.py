"""What the decoders of all APIs share."""

from __future__ import annotations

import math
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.assembly import assemble
from agentctl.errors import ProviderError
from agentctl.events import Delta, TextDelta, ThinkingDelta, ToolCallDelta
from agentctl.messages import Message, Text
from agentctl.providers.decoding import Kept, array, ended_early, malformed, mapping, name_or_none, parse, string

SIGNATURE = st.none() | st.text(max_size=3)
DELTAS = st.lists(
    st.builds(TextDelta, st.text(max_size=3), SIGNATURE)
    | st.builds(ThinkingDelta, st.text(max_size=3), SIGNATURE)
    | st.builds(
        ToolCallDelta, st.integers(0, 2), st.none() | st.just("c"), st.none() | st.just("f"), st.text(max_size=3)
    )
)


@given(DELTAS, st.integers(1, 400))
def test_what_is_kept_is_what_came(deltas: list[Delta], times: int) -> None:
    """However long an answer is, its message is the one that all its deltas make."""
    kept = Kept("p", "m")
    for _ in range(times):
        assert kept.keep(deltas) == deltas
    assert kept.message("end_turn") == Message("assistant", assemble(deltas * times, "p"), "p/m", "end_turn")
    assert (kept.partial is None) == (not deltas)


def test_a_long_answer_is_no_heavier_than_its_text() -> None:
    """A hundred thousand deltas are not a hundred thousand objects."""
    kept = Kept("p", "m")
    tracemalloc.start()
    try:
        for _ in range(100_000):
            kept.keep([TextDelta("ab")])
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size < 2_000_000
    assert kept.message("end_turn").text == "ab" * 100_000


def test_what_came_before_an_error_is_kept() -> None:
    """An event that begins well and then makes no sense has told what it told."""

    def deltas() -> Iterator[Delta]:
        yield TextDelta("half")
        raise malformed("nonsense")

    kept = Kept("p", "m")
    with pytest.raises(ProviderError, match="nonsense"):
        kept.keep(deltas())
    assert kept.partial == Message("assistant", (Text("half"),), "p/m", "error")


def test_json_of_the_right_kind() -> None:
    """What has the right kind is returned as it is."""
    assert parse(' {"a": [1]} ') == {"a": [1]}
    assert mapping({}) == {}
    assert array([1]) == [1]
    assert string("") == ""
    assert (name_or_none("n"), name_or_none(7)) == ("n", None)


@pytest.mark.parametrize(
    ("read", "value", "words"),
    [
        (parse, "{", "JSON that does not parse"),
        (parse, "{} {}", "more than one JSON value"),
        (parse, "[]", "a list where an object belongs"),
        (parse, "null", ": null where an object belongs"),
        (mapping, "x", "a text where an object belongs"),
        (mapping, 1.5, "a number where an object belongs"),
        (array, {}, "an object where a list belongs"),
        (array, True, ": true where a list belongs"),
        (string, None, ": null where a text belongs"),
    ],
)
def test_json_of_the_wrong_kind(read: object, value: object, words: str) -> None:
    """What has another kind is told, as an answer that makes no sense."""
    assert callable(read)
    with pytest.raises(ProviderError, match=words):
        read(value)


def test_an_early_end_may_be_mended() -> None:
    """A broken answer can be asked for again, if nobody has to pay for it."""
    assert ended_early("p").transient


def test_a_number_without_end_spoils_nothing_else() -> None:
    """Python refuses to read thousands of digits; what stands beside them is an answer all the same."""
    digits = "9" * 5000
    assert parse(f'{{"a": {digits}, "b": [-{digits}, 7]}}') == {"a": math.inf, "b": [math.inf, 7]}
