"""What the gate says of a policy: whether it may decide, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

Verdict = Literal["better", "not better", "not enough data", "no support"]
Method = Literal["exact", "dr"]

_SHOWN = 12  # digits of a policy's hash


@dataclass(frozen=True, slots=True)
class Difference:
    """By how much more the candidate earns a decision than another policy.

    Args:
        against: the other one: a baseline's name, or a policy's hash.
        value: the difference of mean rewards.
        low, high: its confidence interval.
        rows: how many decisions it is of.
        slice: the kind of those decisions; None for all.
    """

    against: str
    value: float
    low: float
    high: float
    rows: int
    slice: str | None = None

    def __str__(self) -> str:
        where = f" on {self.slice}" if self.slice is not None else ""
        other = self.against[:_SHOWN] if len(self.against) == 64 else self.against  # noqa: PLR2004 - a hash
        return f"{self.value:+.4f} ({self.low:+.4f} to {self.high:+.4f}) against {other}{where}"


@dataclass(frozen=True, slots=True)
class Report:
    """The gate's judgement.

    Args:
        verdict: `better` lets a policy decide, nothing else does.
        method: `exact` where the reward of each policy is known for each task, `dr` where a log was all there was.
        rows: decisions that were looked at.
        support: the share of the candidate's choices that these can tell of.
        value: the candidate's mean reward.
        incumbent: what decided when this was judged, as `against` has it; None for nothing.
        differences: from the incumbent and from the best baseline.
        judged: slices with enough rows to be judged.
        dropped: the slices in which the candidate is worse.
        needed: about how many more sessions or tasks would tell; None where more would not help, or none are needed.
    """

    verdict: Verdict
    method: Method
    rows: int
    support: float
    value: float
    incumbent: str | None
    differences: tuple[Difference, ...]
    judged: int = 0
    dropped: tuple[Difference, ...] = ()
    needed: int | None = None

    @property
    def promotes(self) -> bool:
        """Whether the policy may decide."""
        return self.verdict == "better"

    @property
    def unit(self) -> str:
        """What its rows are."""
        return "tasks" if self.method == "exact" else "sessions"

    @property
    def reason(self) -> str:
        """The verdict in one sentence."""
        found = "; ".join(map(str, self.differences))
        if self.verdict == "no support":
            return (
                f"only {self.support:.0%} of its choices were ever tried: without exploration nobody can tell what "
                "they would earn"
            )
        if self.verdict == "not enough data":
            return f"not enough data: about {self.needed:,} more {self.unit} would tell; so far it earns {found}"
        drops = f"; and it drops: {'; '.join(map(str, self.dropped))}" if self.dropped else ""
        return f"{self.verdict}: it earns {found}{drops}"

    def as_json(self) -> dict[str, Any]:
        """The report as manifests keep it and as `--json` prints it."""
        kept = asdict(self)
        return {**kept, "promotes": self.promotes, "reason": self.reason}

    @classmethod
    def of(cls, kept: Any) -> Report:
        """The report that `as_json` made this of.

        Raises:
            ValueError: it is none.
        """
        if not isinstance(kept, Mapping):
            raise ValueError("the gate's report is no JSON object")  # noqa: TRY004 - what a file has is a value
        try:
            fields = {name: kept[name] for name in cls.__slots__}
            lists = {name: tuple(Difference(**one) for one in fields[name]) for name in ("differences", "dropped")}
            report = cls(**{**fields, **lists})
            known = report.verdict in get_args(Verdict) and report.method in get_args(Method)
            sentence = report.reason
        except (TypeError, KeyError, ValueError) as error:
            raise ValueError(f"the gate's report makes no sense: {error!r}") from error
        if not (known and sentence):
            raise ValueError("the gate's report makes no sense: it has an unknown verdict")
        return report
