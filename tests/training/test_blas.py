"""One thread for matrices."""

from __future__ import annotations

from threadpoolctl import threadpool_info

from agentctl.training.blas import one_thread


def threads() -> set[int]:
    """How many threads each BLAS would use."""
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_one_thread_as_long_as_it_lasts() -> None:
    """What was before is again afterwards."""
    before = threads()
    with one_thread():
        assert threads() == {1}
    assert threads() == before
