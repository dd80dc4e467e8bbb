"""Usage as it is kept with a call that is under way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

from hypothesis import given
from hypothesis import strategies as st

from agentctl.usage import Detail, ServiceTier, Usage, dump_usage, load_usage

counts = st.integers(0, 10**30)
words = st.none() | st.text()
raws = st.dictionaries(
    st.text(),
    st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(), st.lists),
)
usages = st.builds(
    Usage,
    counts,
    counts,
    counts,
    counts,
    counts,
    raw=st.none() | raws,
    details=st.dictionaries(st.sampled_from(get_args(Detail)), counts),
    service_tier=st.none() | st.sampled_from(get_args(ServiceTier)),
    region=words,
    speed=words,
    reported=st.none() | st.decimals(allow_nan=False),
    served_by=words,
    diagnosis=words,
)


@given(usages)
def test_usage_is_read_back_as_it_was(usage: Usage) -> None:
    """Nothing of it is lost, nor is a digit of a sum, and it is one line of ASCII."""
    text = dump_usage(usage)
    assert load_usage(text) == usage
    assert text.isascii()
    assert "\n" not in text


def test_words_that_nest_too_deep_are_dropped() -> None:
    """The tokens beside them are kept."""
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    usage = Usage(1, 2, output=3, raw={"deep": deep})
    assert load_usage(dump_usage(usage)) == replace(usage, raw=None)
