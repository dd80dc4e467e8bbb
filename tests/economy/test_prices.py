"""Prices beyond a price for each bucket: service tiers, hours, fees, regions and the parts of a bucket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.economy.catalog import Catalog
from agentctl.economy.prices import Hours, Mode, PriceList, Prices, Tier, list_at
from agentctl.economy.pricing import bill, price, storage
from agentctl.settings import ModelOverride
from agentctl.usage import Usage

MILLION = 10**6
MODES: tuple[Mode, ...] = ("standard", "batch", "flex", "priority", "fast")


def flat(dollars: str | int, **details: str) -> tuple[Tier, ...]:
    """Return one tier in which all buckets cost the same but for some parts."""
    parts = {name: Decimal(text) for name, text in details.items()}
    return (Tier(0, same(Decimal(dollars), parts)),)


def same(price: Decimal, details: Mapping[str, Decimal]) -> Prices:
    """Return prices that are the same for all buckets."""
    return Prices(price, price, price, price, price, details)


class Card:
    """The least that has a price."""

    def __init__(self, *lists: PriceList) -> None:
        self.prices = lists


def served(mode: str, **more: Any) -> Usage:
    """Return a million tokens of input, served in a way."""
    if mode == "fast":
        return Usage(MILLION, speed="fast", **more)
    return Usage(MILLION, service_tier=mode, **more)  # type: ignore[arg-type]


def moment(text: str) -> int:
    """Return an ISO time in UTC in epoch µs."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000_000)


LISTS = [PriceList("", flat(number + 1), mode) for number, mode in enumerate(MODES)]


@pytest.mark.parametrize(("number", "mode"), [*enumerate(MODES)])
def test_each_way_of_being_served_has_its_list(number: int, mode: Mode) -> None:
    """A call is billed by the list of the way in which it was served, wherever that stands."""
    assert price(served(mode), Card(*LISTS)) == number + 1
    assert price(served(mode), Card(*reversed(LISTS))) == number + 1


@pytest.mark.parametrize("mode", MODES[1:])
def test_a_service_tier_without_a_price_is_unknown(mode: Mode) -> None:
    """A tier that has no list costs what nobody knows, and not the usual price; no tier told is the usual one."""
    assert price(served(mode), Card(LISTS[0])) is None
    assert price(Usage(MILLION), Card(*LISTS)) == 1


def test_fast_and_a_service_tier_at_once_is_unknown() -> None:
    """Nobody offers both, so nobody has a price of it."""
    assert price(Usage(MILLION, service_tier="batch", speed="fast"), Card(*LISTS)) is None
    assert price(Usage(MILLION, service_tier="standard", speed="fast"), Card(*LISTS)) == 5


def test_a_service_tier_begins_on_its_day() -> None:
    """Before the day from which its price is known it is unknown, where a usual list would hold for good."""
    card = Card(PriceList("2026-05-05", flat(2)), PriceList("2026-05-05", flat(1), "batch"))
    day, before = moment("2026-05-05"), moment("2026-05-05") - 1
    assert [price(served("batch"), card, at) for at in (day, before)] == [1, None]
    assert [price(Usage(MILLION), card, at) for at in (day, before)] == [2, 2]


@given(st.integers(0, 1439), st.integers(0, 1439), st.booleans(), st.integers(0, 20_000), st.integers(0, 1439))
def test_hours_hold_as_a_clock_has_them(start: int, end: int, weekdays: bool, day: int, minute: int) -> None:
    """A list holds from its first minute to before its last, over midnight too, and on its days only."""
    card = Card(PriceList("", flat(1)), PriceList("", flat(2), hours=Hours(start, end, weekdays)))
    at = datetime(1990, 1, 1, tzinfo=UTC) + timedelta(days=day, minutes=minute)
    inside = {(start + step) % 1440 for step in range((end - start) % 1440)}
    peak = minute in inside and not (weekdays and at.weekday() in (5, 6))
    assert price(Usage(MILLION), card, int(at.timestamp() * 1_000_000)) == (2 if peak else 1)


def test_a_later_list_ends_the_hours_of_an_earlier_one() -> None:
    """The last list that holds counts: one for the whole day, begun after the hours, is the price at all hours."""
    hours = Hours(0, 720)
    card = Card(PriceList("", flat(1)), PriceList("", flat(2), hours=hours), PriceList("2026-01-01", flat(3)))
    assert price(Usage(MILLION), card, moment("2025-12-31T11:59")) == 2
    assert price(Usage(MILLION), card, moment("2026-01-01T11:59")) == 3


def test_no_list_holds_before_the_first() -> None:
    """Without any list there is none; before all of them the first usual one counts."""
    assert list_at((), at=0) is None
    assert list_at((LISTS[1],), at=0) is None
    later = PriceList("2999-01-01", flat(1))
    assert list_at((later, *LISTS[1:]), at=0) is later


def test_days_of_the_first_millennium_come_first() -> None:
    """A day is compared as a date, also in a year of three digits."""
    card = Card(PriceList("", flat(1)), PriceList("2026-01-01", flat(2)))
    assert price(Usage(MILLION), card, moment("0999-01-01")) == 1


REGIONS = {"us": Decimal("1.1")}
FEES = {"request": Decimal("0.005"), "web_searches": Decimal("0.01")}


def test_a_region_makes_tokens_dearer_and_fees_not() -> None:
    """The surcharge is on every bucket; searches and the request cost what they cost."""
    card = Card(PriceList("", flat(2), fees=FEES, regions=REGIONS))
    usage = Usage(1, 2, 3, 4, 5, details={"web_searches": 2})
    assert price(usage, card) == Decimal("0.00003") + Decimal("0.025")
    assert price(replace(usage, region="us"), card) == Decimal("0.000033") + Decimal("0.025")
    assert price(replace(usage, region="mars"), card) == price(usage, card)


def test_a_search_without_a_fee_is_unknown() -> None:
    """Searches that nobody knows the price of make the whole cost unknown; none at all do not."""
    card = Card(PriceList("", flat(2)))
    assert price(Usage(MILLION, details={"web_searches": 1}), card) is None
    assert price(Usage(MILLION, details={"web_searches": 0}), card) == 2


def test_the_fee_of_a_request_is_due_for_any_request() -> None:
    """A call that used nothing still was a request."""
    assert price(Usage(), Card(PriceList("", flat(2), fees=FEES))) == Decimal("0.005")


PARTS = {
    "audio_input": "uncached_input", "image_input": "uncached_input", "video_input": "uncached_input",
    "audio_read": "cache_read", "image_read": "cache_read", "audio_output": "output", "image_output": "output",
    "video_output": "output", "reasoning": "output", "citations": "output",
}  # fmt: skip


@pytest.mark.parametrize(("part", "bucket"), [*PARTS.items()])
def test_a_part_with_a_price_is_billed_by_it_alone(part: str, bucket: str) -> None:
    """The tokens of a part leave the price of their bucket; without a price of its own a part is like the rest."""
    fields: dict[str, Any] = {bucket: MILLION, "details": {part: MILLION // 4}}
    usage = Usage(**fields)
    assert price(usage, Card(PriceList("", flat(4)))) == 4
    assert price(usage, Card(PriceList("", flat(4, **{part: "40"})))) == 3 + 10


def test_audio_that_was_read_costs_what_audio_does_where_nobody_says_less() -> None:
    """Without a price of cached audio it is no text."""
    usage = Usage(cache_read=MILLION, details={"audio_read": MILLION})
    assert price(usage, Card(PriceList("", flat(1, audio_input="32")))) == 32


counts = st.integers(0, 10**6)


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    """Draw a call with parts of its buckets, none larger than its bucket."""
    usage = draw(st.builds(Usage, counts, counts, counts, counts, counts))
    details: dict[Any, int] = {part: draw(st.integers(0, usage.buckets()[of])) for part, of in PARTS.items()}
    return replace(usage, details=details | {"web_searches": draw(st.integers(0, 9))})


rates = st.integers(0, 999).map(Decimal)
cards = st.builds(
    lambda prices, fees: Card(PriceList("", (Tier(0, prices),), fees=fees)),
    st.builds(Prices, rates, rates, rates, rates, rates, st.dictionaries(st.sampled_from(sorted(PARTS)), rates)),
    st.fixed_dictionaries({"web_searches": rates}, optional={"request": rates}),
)


@given(usages(), cards)
def test_the_lines_of_a_bill_are_each_token_once(usage: Usage, card: Card) -> None:
    """A bill has every token in one line, and its lines add up to the price."""
    made = bill(usage, card)
    assert made
    tokens = [line for line in made.lines if not line.fee]
    assert sum(line.count for line in tokens) == usage.input + usage.output
    with localcontext() as context:
        context.prec = 60
        assert sum((line.cost or 0 for line in made.lines), Decimal(0)) == price(usage, card)


@given(usages(), cards)
def test_a_part_at_the_price_of_its_bucket_changes_nothing(usage: Usage, card: Card) -> None:
    """Split off at the same price, a part costs what it did inside."""
    (one,) = card.prices
    plain = one.tiers[0].prices
    details = {part: getattr(plain, "input" if of == "uncached_input" else of) for part, of in PARTS.items()}
    split = Card(replace(one, tiers=(Tier(0, replace(plain, details=details)),)))
    merged = Card(replace(one, tiers=(Tier(0, replace(plain, details={})),)))
    assert price(usage, split) == price(usage, merged)


@given(usages(), cards, st.sampled_from(sorted(PARTS)))
def test_parts_never_make_more_tokens(usage: Usage, card: Card, part: str) -> None:
    """A part that claims more tokens than its bucket has gets those of the bucket, and no token is billed twice."""
    details: dict[Any, int] = {**usage.details, part: 10**9}
    claimed = replace(usage, details=details)
    made = bill(claimed, card)
    assert made
    assert sum(line.count for line in made.lines if not line.fee) == usage.input + usage.output


@given(
    cards, st.sampled_from(["uncached_input", "cache_read", "cache_write_short", "cache_write_long", "output"]), counts
)
def test_more_tokens_never_cost_less(card: Card, bucket: str, more: int) -> None:
    """Added tokens never lower a cost, whatever else is billed."""
    usage = Usage(5, 5, 5, 5, 5)
    added: dict[str, Any] = {bucket: 5 + more}
    grown = replace(usage, **added)
    before, after = price(usage, card), price(grown, card)
    assert before is not None
    assert after is not None
    assert before <= after


def test_what_a_cache_costs_that_is_kept() -> None:
    """Gemini bills the tokens of an explicit cache by the hour; of any other model nobody says."""
    pro = Catalog().find("google/gemini-2.5-pro")
    assert storage(MILLION, Decimal(1), pro) == Decimal("4.5")
    assert storage(100_000, Decimal("0.5"), pro) == Decimal("0.225")
    assert storage(1, Decimal(1), Catalog().find("openai/gpt-5")) is None
    assert storage(1, Decimal(1), Catalog().find("nobody/nothing")) is None


@pytest.mark.parametrize(("mode", "expected"), [("standard", "3"), ("batch", "1.5"), ("priority", "6"), ("fast", None)])
def test_the_users_price_keeps_what_a_service_tier_makes_of_it(mode: str, expected: str | None) -> None:
    """The settings name the usual price; a tier stays as much cheaper or dearer as the catalog has it."""
    card = Catalog({"openai/gpt-5": ModelOverride(input=Decimal(3))}).find("openai/gpt-5")
    assert price(served(mode), card) == (None if expected is None else Decimal(expected))


def test_the_users_price_in_proportion_is_exact_or_unknown() -> None:
    """A third of a price is no decimal number: it is unknown rather than rounded."""
    card = Catalog(
        {"x/y": ModelOverride(input=Decimal(1))},
        {"x": {"prices": [
            {"id": "y", "equals": ["y"], "source": "s", "date": "2026-01-01", "lists": [
                {"since": "", "tiers": [{"above": 0, "input": "3", "output": "3"}]},
                {"since": "", "mode": "batch", "tiers": [{"above": 0, "input": "1", "output": "0"}]},
            ]},
        ]}},
    ).find("x/y")  # fmt: skip
    assert price(Usage(1), card) == Decimal("0.000001")
    assert price(served("batch"), card) is None


def test_a_price_of_a_model_that_only_the_user_knows_follows_its_provider() -> None:
    """Half for a batch where a provider gives that on all models; unknown where it says nothing."""
    told = ModelOverride(input=Decimal(8), output=Decimal(40))
    names = ("anthropic/new", "openai/new", "compatible/new")
    cards = {name: Catalog({name: told}).find(name) for name in names}
    assert [price(served("batch"), cards[name]) for name in names] == [4, 4, None]
    assert [price(served("flex"), cards[name]) for name in names] == [None, 4, None]


@pytest.mark.parametrize("suffix", [":nitro", ":floor", ":exacto", ":online", ":online:nitro", ":NITRO"])
def test_a_route_at_openrouter_has_the_price_of_its_model(suffix: str) -> None:
    """Suffixes that choose who serves a model change neither its prices nor its ceilings, nor who may set them."""
    plain, routed = (Catalog().find(f"openrouter/openai/gpt-5{end}") for end in ("", suffix))
    assert (routed.prices, routed.window, routed.version) == (plain.prices, plain.window, plain.version)
    assert plain.prices
    ours = Catalog({"openrouter/openai/gpt-5": ModelOverride(window=1)})
    assert ours.find(f"openrouter/openai/gpt-5{suffix}").window == 1


@pytest.mark.parametrize("suffix", [":free", ":batch", ":thinking", ":extended"])
def test_a_variant_at_openrouter_is_a_model_of_its_own(suffix: str) -> None:
    """Suffixes of the catalog make another model, with a price of its own or none."""
    plain, variant = (Catalog().find(f"openrouter/openai/gpt-5{end}") for end in ("", suffix))
    assert variant.prices != plain.prices
    assert (variant.prices is None) == (suffix != ":batch")
    assert price(Usage(MILLION, output=MILLION), Catalog().find("openrouter/openai/gpt-oss-120b:free")) == 0


def test_a_suffix_means_nothing_elsewhere() -> None:
    """Only OpenRouter routes by suffix; other names may have a colon in them."""
    assert Catalog().find("openai/gpt-5:nitro").prices is None


def test_a_model_that_is_served_for_another_has_its_price() -> None:
    """Claude at Google or Azure, where these have no row of their own, costs what Anthropic takes."""
    theirs = Catalog().find("anthropic/claude-sonnet-4-5")
    assert Catalog().find("azure/claude-sonnet-4-5").prices == theirs.prices


def test_a_compact_date_is_a_date() -> None:
    """Routers write the date of a snapshot without dashes; the model and its ceilings are found all the same."""
    compact, dashed = (Catalog().find(f"openai/gpt-4o-{date}") for date in ("20240806", "2024-08-06"))
    assert (compact.prices, compact.max_output) == (dashed.prices, dashed.max_output)
    assert compact.prices
    assert Catalog().find("openai/gpt-4o-20241399").prices is None
