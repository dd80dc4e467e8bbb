"""Identifiers."""

from hypothesis import given
from hypothesis import strategies as st

from agentctl.ids import new_id

MOMENTS = st.integers(min_value=0, max_value=2**48 - 1)


@given(MOMENTS, MOMENTS)
def test_later_ids_sort_later(one: int, other: int) -> None:
    """The order of identifiers is the order of their milliseconds."""
    if one < other:
        assert new_id(one) < new_id(other)


def test_ids_have_one_shape_and_do_not_repeat() -> None:
    """26 characters of Crockford's alphabet, different each time."""
    made = {new_id() for _ in range(1000)}
    assert len(made) == 1000
    assert all(len(one) == 26 and set(one) <= set("0123456789abcdefghjkmnpqrstvwxyz") for one in made)
