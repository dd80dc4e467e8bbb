"""Puts a policy into a channel, past the gate where it would decide there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agentctl.errors import AgentctlError, StorageError, UsageError
from agentctl.learning.artifacts.artifact import Kept
from agentctl.learning.artifacts.library import Library
from agentctl.learning.channels import Pointer
from agentctl.learning.verdict import Report
from agentctl.settings import actions

if TYPE_CHECKING:  # most promotions go by what the manifest says
    from agentctl.learning.comparison import Paired

GATED = ("canary", "production")
"""The channels that decide; what is in the others is only watched."""

PRODUCTION = "production"
CANARY = "canary"
CANARY_PERCENT = 10.0
_SHOWN = 12  # digits of a hash

Evidence = Callable[[Kept, Kept | None], "Paired | None"]
"""Compares a candidate with the incumbent, where there is one, and with baselines; None where it has no data."""


@dataclass(frozen=True, slots=True)
class Promotion:
    """What became of it.

    Args:
        policy: the hash of the policy.
        channel: where it was to go.
        pointer: what the channel points to now.
        former: what it pointed to before.
        report: the gate's, where it was asked.
    """

    policy: str
    channel: str
    pointer: Pointer | None
    former: Pointer | None
    report: Report | None

    @property
    def done(self) -> bool:
        """Whether the gate let it pass."""
        return self.report is None or self.report.promotes


def promote(
    library: Library,
    reference: str,
    channel: str = PRODUCTION,
    *,
    percent: float | None = None,
    evidence: Evidence | None = None,
) -> Promotion:
    """Let `channel` point to a policy, if the gate lets it pass or the channel decides nothing.

    Args:
        library: the policies.
        reference: the policy: see `Library.find`.
        channel: where it is to go.
        percent: of the questions that a canary decides, 10 if None.
        evidence: fresh evidence; without it, or where it has none, what the training run found is what counts.

    Raises:
        UsageError: there is no such policy or channel, or the policy has no place there.
        AgentctlError: nothing was ever measured of it that would count, or the channel was changed in the meantime.
        StorageError: the policy is damaged, or something can't be written.
    """
    kept = library.kept(reference)
    _check(kept, channel, percent)
    incumbent, former = library.channels.current(PRODUCTION), library.channels.current(channel)
    pointer = Pointer(kept.sha, (CANARY_PERCENT if percent is None else percent) if channel == CANARY else None)
    decides = None if incumbent is None else incumbent.policy
    report = None
    if channel in GATED and decides != kept.sha:
        report = _fresh(library, kept, decides, evidence) or _stored(kept, decides)
        if not report.promotes:
            return Promotion(kept.sha, channel, former, former, report)
    library.keep(kept)  # it may lie somewhere else so far
    library.channels.promote(channel, pointer, over=former)
    return Promotion(kept.sha, channel, pointer, former, report)


def _check(kept: Kept, channel: str, percent: float | None) -> None:
    if kept.manifest["kind"] != "routing":
        raise UsageError(
            f"the policy {kept.sha[:_SHOWN]} plays {_environment(kept)}: it has nothing to decide in a chat",
            hint="agentctl train run --tasks FILE, or --from-sessions, trains one that chooses models",
        )
    if odd := [name for name in kept.manifest.get("actions", ()) if not _can_be_asked(name)]:
        raise UsageError(
            f"the policy {kept.sha[:_SHOWN]} chooses {odd[0]!a}, which is no model that a chat can ask",
            hint=f"agentctl train run --tasks FILE --action {_plain(odd[0])}=PROVIDER/MODEL,… says what it stands for",
        )
    if percent is not None and channel != CANARY:
        raise UsageError(f"{channel} decides all or nothing", hint="--percent goes with --channel canary")
    if percent is not None and not 0 < percent <= 100:  # noqa: PLR2004 - per cent
        raise UsageError(f"--percent is {percent:g}", hint="it is above 0 and at most 100")


def _can_be_asked(name: object) -> bool:
    """Whether it is `PROVIDER/MODEL[@EFFORT][+VARIANT]`."""
    try:
        return "/" in actions.split(str(name))[0]
    except ValueError:
        return False


def _plain(name: object) -> str:
    return ascii(name)[1:-1]


def _environment(kept: Kept) -> str:
    source = kept.manifest.get("source")
    return _plain(source["environment"]) if isinstance(source, dict) and "environment" in source else "an environment"


def _fresh(library: Library, kept: Kept, decides: str | None, evidence: Evidence | None) -> Report | None:
    if evidence is None:
        return None
    paired = evidence(kept, None if decides is None else library.kept(decides))
    if paired is None:
        return None
    from agentctl.learning.gate import judge  # noqa: PLC0415 - what the run found needs no numpy to be read

    return judge(paired)


def _stored(kept: Kept, decides: str | None) -> Report:
    """What the training run found, if that says anything of what decides now.

    Raises:
        AgentctlError: it does not.
        StorageError: it makes no sense.
    """
    block: Any = kept.manifest.get("gate")
    anew = f"agentctl train promote {kept.sha[:_SHOWN]} --tasks FILE compares it by tasks that are new to it"
    if block is None:
        raise AgentctlError(f"nothing was measured that speaks for the policy {kept.sha[:_SHOWN]}", hint=anew)
    try:
        report = Report.of(block)
    except ValueError as error:
        raise StorageError(f"can't use the policy {kept.sha[:_SHOWN]}: {error}", hint="train it again") from error
    # What beat the best baseline then does so without the incumbent of that time too.
    if report.promotes and decides is not None and report.incumbent != decides:
        raise AgentctlError(
            f"the policy {kept.sha[:_SHOWN]} was never compared with {decides[:_SHOWN]}, which decides now",
            hint=anew,
        )
    return report
