"""Chooses the model for each turn: by the policy in production, or the usual one, and now and then by chance."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random, SystemRandom
from typing import Protocol

from agentctl import log
from agentctl.asking import last_model
from agentctl.choosing import Choice, Situation
from agentctl.economy import ledger
from agentctl.errors import AgentctlError
from agentctl.events import Considered, Decided
from agentctl.ids import new_id
from agentctl.learning.candidates import USUAL_OUTPUT, Candidate, Roster
from agentctl.learning.drawing import Drawn, draw
from agentctl.learning.noticing import Noticed, notice
from agentctl.learning.pinning import Pinned, pin
from agentctl.learning.policies import Advice, Learned, Option, short
from agentctl.learning.prefix import Prefix, prefix_of
from agentctl.learning.scale import NoAdviceError
from agentctl.providers.base import Provider
from agentctl.store.decisions import Decision
from agentctl.target import Target
from agentctl.usage import Usage

NOTHING_LEARNT = "nothing is learnt yet: the usual model answers (agentctl train run --from-sessions)"
_NOT_KEPT = "what is chosen is not recorded, as there is no numpy: pip install 'agentctl[train]'"


class Advisers(Protocol):
    """Where policies come from; see `policies.Policies`."""

    def deciding(self, session_id: str | None) -> Learned | None:
        """The policy that decides in a session, None without one; raises an AgentctlError where it can't be used."""
        ...

    def shadow(self) -> Learned | None:
        """The policy on trial, None without one; raises an AgentctlError where it can't be used."""
        ...


@dataclass(frozen=True, slots=True)
class Wishes:
    """How is chosen.

    Args:
        default: the place of the usual action.
        explore: how often one is tried at random, from 0 to 1.
        cost_weight: the success that a dollar is worth; None leaves it to the policy.
    """

    default: int
    explore: float = 0.0
    cost_weight: float | None = None


@dataclass(slots=True)
class _Weighed:
    """What came of asking the policy: what it says, or why it says nothing."""

    learned: Learned | None
    cost_weight: float
    advice: Advice | None = None
    trouble: AgentctlError | None = None
    notes: list[str] = field(default_factory=list)


class ModelChooser:
    """`choosing.Chooser` over an allow-list of actions.

    Args:
        roster: what there is to choose among.
        wishes: how.
        advisers: where policies come from.
        rng: where chance comes from.
    """

    def __init__(self, roster: Roster, wishes: Wishes, advisers: Advisers, rng: Random | None = None) -> None:
        self._roster = roster
        self._wishes = wishes
        self._advisers = advisers
        self._rng = rng or SystemRandom()
        self._told: set[str] = set()
        self.decided = 0  # decisions that were made to be recorded

    def providers(self) -> Iterable[Provider]:
        """Whom it has chosen among so far."""
        return [target.provider for target in self._roster.targets]

    def usual(self) -> Target:
        """The usual model, or where it can't be asked at all the first one that can.

        Raises:
            AgentctlError: none can; it says why the usual one can't.
        """
        usual = self._roster.actions[self._wishes.default]
        found = (self._roster.found(one.model) for one in (usual, *self._roster.actions))
        return next((one for one in found if one), None) or self._roster.target(usual)

    def choose(self, situation: Situation) -> Choice:
        """Choose for a turn that is about to begin.

        Raises:
            AgentctlError: nothing can answer, and the usual model can't for this reason.
        """
        weighed = self._policy(situation)
        prefix = self._prefix(situation)
        output = weighed.learned.output if weighed.learned else {}
        candidates = self._roster.candidates(situation, prefix, output)
        noticed = self._notice(situation, weighed)
        self._advise(weighed, candidates, noticed)
        if all(one.masked for one in candidates):
            return self._nothing_can(candidates, weighed)
        best = weighed.advice.best if weighed.advice else self._usual(candidates)
        success = weighed.advice.success if weighed.advice else {}
        pinned = pin(best, candidates, prefix, success, weighed.cost_weight)
        drawn = draw(pinned.best, pinned.allowed, self._wishes.explore, self._rng)
        return self._choice(situation, _Found(candidates, weighed, noticed, pinned, drawn))

    def _policy(self, situation: Situation) -> _Weighed:
        """The policy that decides, if it can be used."""
        wished = self._wishes.cost_weight
        trouble: AgentctlError
        try:
            learned = self._advisers.deciding(situation.session_id)
            own = self._worth(learned) if learned and wished is None else 0.0
            return _Weighed(learned, own if wished is None else wished)
        except AgentctlError as error:
            trouble = error
        except Exception as error:  # noqa: BLE001 - whatever a policy does, the turn goes on without it
            trouble = NoAdviceError(f"the policy can't be used: {error!r}")
        return _Weighed(None, wished or 0.0, trouble=trouble)

    def _worth(self, learned: Learned) -> float:
        """The success that a dollar is worth to a policy.

        Raises:
            NoAdviceError: that can't be told.
        """
        if learned.scale is None:
            return learned.cost_weight

        def dollars(action: str, tokens: int) -> float | None:
            usage = Usage(uncached_input=tokens, output=learned.output.get(action, USUAL_OUTPUT))
            return self._roster.dollars(action, usage)

        return learned.scale.weight(dollars)

    def _prefix(self, situation: Situation) -> Prefix:
        return prefix_of(situation, self._roster.found(last_model(situation.said)))

    def _notice(self, situation: Situation, weighed: _Weighed) -> Noticed | None:
        """The features of the turn, where somebody asks for them."""
        if weighed.learned is None and situation.session_id is None:
            return None
        try:
            return notice(situation)
        except ImportError:
            weighed.notes.append(_NOT_KEPT)
        except Exception as error:  # noqa: BLE001 - a turn does not fail for what is to be learnt from it
            weighed.trouble = NoAdviceError(f"the features of the turn can't be told: {error!r}")
        return None

    def _advise(self, weighed: _Weighed, candidates: Sequence[Candidate], noticed: Noticed | None) -> None:
        """Ask the policy."""
        if weighed.learned is None or noticed is None:
            return
        try:
            options = _options(candidates)
            if any(one.allowed for one in options):
                weighed.advice = weighed.learned.advise(noticed, options, weighed.cost_weight)
        except AgentctlError as error:
            weighed.trouble = error
        except Exception as error:  # noqa: BLE001 - see above
            weighed.trouble = NoAdviceError(f"the policy {short(weighed.learned.sha)} can't be used: {error!r}")

    def _usual(self, candidates: Sequence[Candidate]) -> int:
        places = (self._wishes.default, *range(len(candidates)))
        usual: int = next(one for one in places if candidates[one].masked is None)
        return usual

    def _nothing_can(self, candidates: Sequence[Candidate], weighed: _Weighed) -> Choice:
        """The usual model all the same: its own error says best what is wrong."""
        action = self._roster.actions[self._wishes.default]
        considered = tuple(
            Considered(str(one.action), float(one.action == action), None, one.cost, one.masked) for one in candidates
        )
        why = "nothing can answer, so it is left to the usual model"
        told = Decided(str(action), why, considered, explored=False, cost_weight=weighed.cost_weight)
        return Choice(self._roster.target(action), told, action.effort, notes=(f"{why}: {candidates[0].masked}",))

    def _choice(self, situation: Situation, found: _Found) -> Choice:
        chosen = found.candidates[found.drawn.place]
        assert chosen.target is not None  # noqa: S101  # what can't be connected is masked
        action = chosen.action
        return Choice(
            chosen.target,
            found.told(),
            action.effort,
            None if situation.said else self._roster.prompt(action),
            self._decision(situation, found, chosen.target),
            self._notes(found.weighed),
        )

    def _decision(self, situation: Situation, found: _Found, target: Target) -> Decision | None:
        """What is recorded; nothing where that would not be true: under a router, or with an effort of the user's."""
        noticed, drawn, weighed = found.noticed, found.drawn, found.weighed
        if situation.session_id is None or noticed is None or target.substitutes or situation.options.effort:
            return None
        self.decided += 1
        return Decision(
            id=new_id(),
            session_id=situation.session_id,
            at=ledger.now(),
            policy=found.policy,
            spec=noticed.spec,
            features=noticed.text,
            candidates=tuple(str(one.action) for one in found.candidates),
            mask=found.pinned.allowed,
            action=drawn.place,
            propensity=drawn.propensity,
            cost_weight=weighed.cost_weight,
            explored=drawn.explored,
            shadow=self._shadow(found, noticed),
        )

    def _shadow(self, found: _Found, noticed: Noticed) -> int | None:
        """What the policy on trial would have chosen."""
        with suppress(Exception):
            if shadow := self._advisers.shadow():
                allowed = [Option(str(one.action), one.cost, ok) for one, ok in found.allowed()]
                advice = shadow.advise(noticed, allowed, found.weighed.cost_weight)
                return advice.best
        return None

    def _notes(self, weighed: _Weighed) -> tuple[str, ...]:
        """What the user is told, each once."""
        notes = list(weighed.notes)
        if weighed.trouble:
            log.warning("no policy chose", why=weighed.trouble.message)
            notes += [f"{weighed.trouble.message}: the usual model answers"]
            notes += [f"hint: {weighed.trouble.hint}"] if weighed.trouble.hint else []
        elif weighed.learned is None:
            notes.append(NOTHING_LEARNT)
        fresh = [note for note in notes if note not in self._told]
        self._told |= set(fresh)
        return tuple(fresh)


@dataclass(frozen=True, slots=True)
class _Found:
    """All that led to a choice."""

    candidates: Sequence[Candidate]
    weighed: _Weighed
    noticed: Noticed | None
    pinned: Pinned
    drawn: Drawn

    @property
    def policy(self) -> str | None:
        """The policy that was followed."""
        return self.weighed.learned.sha if self.weighed.advice and self.weighed.learned else None

    def allowed(self) -> Iterable[tuple[Candidate, bool]]:
        """The candidates, and whether each could be chosen."""
        return zip(self.candidates, self.pinned.allowed, strict=True)

    def told(self) -> Decided:
        """What was considered, and why this was chosen."""
        advice = self.weighed.advice
        success = advice.success if advice else {}
        rows = zip(self.candidates, self.pinned.allowed, self.drawn.probabilities, strict=True)
        considered = tuple(
            Considered(
                str(one.action),
                likely,
                success.get(str(one.action)),
                one.cost,
                None if ok else one.masked or self.pinned.stays,
            )
            for one, ok, likely in rows
        )
        return Decided(
            str(self.candidates[self.drawn.place].action),
            self._why(),
            considered,
            self.drawn.explored,
            self.weighed.cost_weight,
            self.policy,
            advice.value if advice else None,
        )

    def _why(self) -> str:
        if self.drawn.explored:
            return "chance chose it, to learn from"
        if self.pinned.stays:
            return self.pinned.stays
        return f"the policy {short(self.policy)} expects most of it" if self.policy else "it is the usual one"


def _options(candidates: Sequence[Candidate]) -> list[Option]:
    return [Option(str(one.action), one.cost, one.masked is None) for one in candidates]
