"""Channels: pointers that change at once, one after the other, and go back exactly."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentctl.errors import AgentctlError, StorageError, UsageError
from agentctl.learning.channels import CHANNELS, Channels, Pointer

EXAMPLES = 500 if os.environ.get("AGENTCTL_TEST_FULL") else 20
A, B, C = (Pointer(digit * 64) for digit in "abc")
MOVES = st.lists(st.sampled_from([A, B, C, Pointer("d" * 64, 12.5), None]), max_size=12)


@settings(max_examples=EXAMPLES)
@given(moves=MOVES)
def test_a_rollback_undoes_the_last_promotion(
    tmp_path_factory: pytest.TempPathFactory, moves: list[Pointer | None]
) -> None:
    """After any promotions and rollbacks the channel points to what a stack of them would have on top."""
    channels, stack = Channels(tmp_path_factory.mktemp("channels")), list[Pointer]()
    for move in moves:
        now = channels.current("canary")
        assert now == (stack[-1] if stack else None)
        if move is not None:
            assert channels.promote("canary", move, over=now) == now
            stack += [] if move == now else [move]
        elif stack:
            stack.pop()
            assert channels.rollback("canary") == (stack[-1] if stack else None)
        else:
            with pytest.raises(UsageError, match="nothing to take back"):
                channels.rollback("canary")


def test_the_history_is_kept(tmp_path: Path) -> None:
    """Every move stays in the history, also those that were taken back, with its reason."""
    channels = Channels(tmp_path)
    channels.promote("shadow", A, over=None, reason="first")
    channels.rollback("shadow", reason="it failed")
    channels.promote("shadow", B, over=None)
    assert [(one.pointer, one.reason) for one in channels.history("shadow")] == [
        (A, "first"),
        (None, "it failed"),
        (B, None),
    ]
    assert channels.all() == {"shadow": B}


def test_nobody_replaces_what_they_have_not_seen(tmp_path: Path) -> None:
    """A promotion over another policy than the one that is there is refused, and changes nothing."""
    channels = Channels(tmp_path)
    channels.promote("production", A, over=None)
    with pytest.raises(AgentctlError, match="in the meantime"):
        channels.promote("production", B, over=None)
    assert channels.current("production") == A


def test_of_many_rollbacks_of_one_policy_one_counts(tmp_path: Path) -> None:
    """Processes that all see a policy fail take it back once, and not what was before it too."""
    channels = Channels(tmp_path)
    channels.promote("production", A, over=None)
    channels.promote("production", B, over=A)
    threads = [threading.Thread(target=Channels(tmp_path).rollback, args=("production",), kwargs={"of": B.policy})]
    threads += [threading.Thread(target=Channels(tmp_path).rollback, args=("production",), kwargs={"of": B.policy})]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert channels.current("production") == A
    assert len(channels.history("production")) == 3


def test_of_many_promotions_at_once_one_succeeds(tmp_path: Path) -> None:
    """Of those that would all replace the same policy one does, and no move is lost."""
    outcomes: list[bool] = []

    def attempt(number: int) -> None:
        try:
            Channels(tmp_path).promote("production", Pointer(f"{number:064x}"), over=None)
        except AgentctlError:
            outcomes.append(False)
        else:
            outcomes.append(True)

    threads = [threading.Thread(target=attempt, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [False] * 7 + [True]
    assert len(Channels(tmp_path).history("production")) == 1


def test_what_a_killed_writer_left_changes_nothing(tmp_path: Path) -> None:
    """A half-written copy beside the channel's file is none of its lines."""
    channels = Channels(tmp_path)
    channels.promote("production", A, over=None)
    (tmp_path / ".production.jsonl.0123456789ab").write_bytes(b'{"at":1,"poin')
    assert channels.current("production") == A


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "[]",
        "{}",
        '{"at":1,"pointer":{"policy":"../x","percent":null},"reason":null}',
        '{"at":Infinity,"pointer":null,"reason":null}',
        "[" * 100_000,
    ],
)
def test_a_damaged_channel_is_told(tmp_path: Path, text: str) -> None:
    """A file that makes no sense is refused with what to do, and points nowhere."""
    (tmp_path / "production.jsonl").write_text(text)
    with pytest.raises(StorageError, match="can't read the channel production") as caught:
        Channels(tmp_path).current("production")
    assert "promote again" in (caught.value.hint or "")


def test_an_unknown_channel_is_told(tmp_path: Path) -> None:
    """There are four channels, and the user is told which."""
    for act in (Channels(tmp_path).current, Channels(tmp_path).rollback):
        with pytest.raises(UsageError) as caught:
            act("../production")
        assert caught.value.hint == f"it is one of {', '.join(CHANNELS)}"


def test_a_directory_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """Where there is no place for a channel the user is told so."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="can't write"):
        Channels(tmp_path / "file").promote("shadow", A, over=None)
