"""Promotion by fresh evidence, where it can be had."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.policies import compared, proven

from agentctl.errors import AgentctlError
from agentctl.learning.artifacts import Artifact, Library
from agentctl.learning.artifacts.artifact import Kept
from agentctl.learning.comparison import Paired
from agentctl.learning.promotion import promote


def test_fresh_evidence_counts_before_what_the_run_found(tmp_path: Path) -> None:
    """Where a comparison with what decides now can be had, it is what counts; where it can't, the run's is."""
    kept = Library(tmp_path)
    first, second = proven(0.2), proven(0.2, 1)
    for one in (first, second):
        kept.add(one)
    asked: list[str | None] = []

    def evidence(gain: float | None) -> Paired | None:
        incumbent = kept.channels.current("production")
        return None if gain is None else compared(gain, incumbent=incumbent.policy if incumbent else None)

    def against(gain: float | None, artifact: Artifact) -> bool:
        def measure(candidate: Kept, incumbent: Kept | None) -> Paired | None:
            assert candidate.sha == artifact.sha
            asked.append(incumbent.sha if incumbent else None)
            return evidence(gain)

        return promote(kept, artifact.sha, evidence=measure).done

    assert not against(-0.2, first)
    assert against(None, first)
    assert not against(-0.2, second)
    with pytest.raises(AgentctlError, match="never compared"):
        against(None, second)
    assert against(0.2, second)
    assert asked == [None, None, first.sha, first.sha, first.sha]
