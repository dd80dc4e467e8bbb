"""What providers say of their models, folded into what is known."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.economy.cards import BUCKETS, Row
from agentctl.economy.catalog import Catalog
from agentctl.economy.prices import list_at
from agentctl.economy.pricing import price
from agentctl.economy.refresh import Change, fold
from agentctl.economy.refreshed import Refreshed
from agentctl.providers.listing import Listed, ListedTier
from agentctl.usage import Usage

DAY = "2026-12-24"
BEFORE, AFTER = 1_790_000_000_000_000, 1_800_000_000_000_000  # in September 2026, and in January 2027
KNOWN = "anthropic/claude-sonnet-4.5"  # at OpenRouter, with a tier and cache prices
ASK = Usage(uncached_input=1_000_000)


def tier(above: int = 0, **prices: str) -> ListedTier:
    """A tier of these prices."""
    return ListedTier(above, {bucket: Decimal(amount) for bucket, amount in prices.items()})


def folded(
    *listed: Listed, before: Row | None = None, catalog: Catalog | None = None, day: str = DAY
) -> tuple[Row, list[Change]]:
    """The table of what OpenRouter lists, and the changes."""
    return fold(catalog or Catalog(), "openrouter", listed, before=before or {}, day=day, source="https://or/v1")


def after(table: Row) -> Catalog:
    """The catalog with this table."""
    return Catalog(refreshed={"openrouter": json.loads(json.dumps(table))})


def test_a_new_model_is_known_from_then_on() -> None:
    """A model that nobody knew has its listed prices and ceilings, and each is told as new."""
    table, changes = folded(Listed("New/M", None, 8192, 100_000, (tier(input="2", output="8"),)))
    card = after(table).find("openrouter/New/M")
    assert (card.max_output, card.window, card.source, card.date) == (8192, 100_000, "https://or/v1", DAY)
    assert price(ASK, card, BEFORE) == 2
    assert Change("openrouter/New/M", "max_output", None, 8192) in changes
    assert Change("openrouter/New/M", "input", None, Decimal(2)) in changes
    assert "openrouter/New/M" in [one.name for one in after(table).listing(["openrouter"])]


def test_a_price_that_changed_holds_from_that_day_on() -> None:
    """Calls before the day keep their price, so that a bill can still be explained."""
    was = price(ASK, Catalog().find(f"openrouter/{KNOWN}"), BEFORE)
    table, changes = folded(Listed(KNOWN, tiers=(tier(input="123", output="456"),)))
    card = after(table).find(f"openrouter/{KNOWN}")
    assert (price(ASK, card, BEFORE), price(ASK, card, AFTER)) == (was, Decimal(123))
    assert {change.what for change in changes} >= {"input", "output"}
    assert all(change.model == f"openrouter/{KNOWN}" for change in changes)


def test_what_is_listed_as_it_is_known_changes_nothing() -> None:
    """The prices of the package, listed again, are no news, in any tier."""
    card = Catalog().find(f"openrouter/{KNOWN}")
    usual = list_at(card.prices or ())
    assert usual
    tiers = tuple(
        ListedTier(
            one.above, {bucket: amount for bucket in BUCKETS if (amount := getattr(one.prices, bucket)) is not None}
        )
        for one in usual.tiers
    )
    table, changes = folded(Listed(KNOWN, tiers=tiers))
    assert changes == []
    assert after(table).find(f"openrouter/{KNOWN}").prices == card.prices


AMOUNTS = st.decimals(0, 1000, places=6)
TIERS = st.fixed_dictionaries(
    {"input": AMOUNTS, "output": AMOUNTS}, optional={"cache_read": AMOUNTS, "cache_write_short": AMOUNTS}
)


@given(st.lists(TIERS, min_size=1, max_size=3), st.sampled_from(["new/m", KNOWN, "deepseek/deepseek-chat"]))
def test_folding_twice_changes_once(tiers: list[Mapping[str, Decimal]], name: str) -> None:
    """What was listed yesterday and is listed again is no news, and what is charged is what is listed."""
    listed = Listed(name, tiers=tuple(ListedTier(number * 1000, prices) for number, prices in enumerate(tiers)))
    table, _ = folded(listed)
    again, changes = folded(listed, before=table, catalog=after(table))
    assert changes == []
    card = after(again).find(f"openrouter/{name}")
    for number, prices in enumerate(tiers):
        usage = Usage(uncached_input=number * 1000 + 1)
        assert price(usage, card, AFTER) == prices["input"] * usage.input / 1_000_000


def test_what_is_gone_is_told() -> None:
    """A model that was listed and is not any more is told, and what is known of it stays."""
    table, changes = folded(Listed("a"), before={"names": ["a", KNOWN]})
    assert changes == [Change(f"openrouter/{KNOWN}", "listed", 1, None)]
    assert after(table).find(f"openrouter/{KNOWN}").prices


def test_who_is_gone_keeps_the_last_price() -> None:
    """A model that only a list told of can still be priced once it is gone, for good; the row says of when it is."""
    both = Listed("New/M", None, 8192, 100_000, (tier(input="2", output="8"),)), Listed("a", window=5)
    first, _ = folded(*both)
    second, changes = folded(both[1], before=first, catalog=after(first), day="2026-12-30")
    assert (second["names"], changes) == (["a"], [Change("openrouter/New/M", "listed", 1, None)])
    third, changes = folded(both[1], before=second, catalog=after(second), day="2027-01-02")
    assert changes == []
    card = after(third).find("openrouter/New/M")
    assert (price(ASK, card, AFTER), card.window, card.max_output, card.date) == (Decimal(2), 100_000, 8192, DAY)
    back, _ = folded(*both, before=third, catalog=after(third), day="2027-01-03")
    assert [row["id"] for row in back["prices"]] == ["New/M"]
    assert len(back["ceilings"]) == 2


def test_who_is_listed_without_a_price_keeps_the_last_one() -> None:
    """A list that no longer tells a model's price takes nothing from what it told before."""
    first, _ = folded(Listed("New/M", tiers=(tier(input="2", output="8"),)))
    second, changes = folded(Listed("New/M"), before=first, catalog=after(first))
    assert changes == []
    assert price(ASK, after(second).find("openrouter/New/M"), AFTER) == 2


def test_a_ceiling_that_is_not_listed_stays() -> None:
    """Each ceiling is the newest that is known of it."""
    known = Catalog().find("openai/gpt-5")
    table, changes = fold(Catalog(), "openai", [Listed("gpt-5", window=7)], before={}, day=DAY, source="s")
    card = Catalog(refreshed={"openai": table}).find("openai/gpt-5")
    assert (card.window, card.max_output) == (7, known.max_output)
    assert changes == [Change("openai/gpt-5", "window", known.window, 7)]


def test_tables_are_kept(tmp_path: Path) -> None:
    """What is saved is read again, by whoever looks there."""
    table, _ = folded(Listed("a", window=5))
    Refreshed(tmp_path / "models").save("openrouter", table, DAY)
    found = Refreshed(tmp_path / "models")
    assert (dict(found), len(found)) == ({"openrouter": table}, 1)
    assert found.get("groq") is None


DAMAGES: list[Any] = [
    b"",
    b"{",
    b"[]",
    b"\xff",
    b'{"format": 1}',
    b'{"format": 2, "date": "2099-01-01", "checksum": 0, "table": {}}',
    b'{"format": 1, "date": "2099-01-01", "checksum": 0, "table": {"prices": [{}]}}',
    b"[" * 100_000,
]


@pytest.mark.parametrize("content", DAMAGES)
def test_a_damaged_file_counts_as_none(tmp_path: Path, content: bytes) -> None:
    """A cache can be made anew: a file that is no table stops nobody."""
    (tmp_path / "openrouter.json").write_bytes(content)
    assert dict(Refreshed(tmp_path)) == {}
    assert Catalog(refreshed=Refreshed(tmp_path)).find(f"openrouter/{KNOWN}") == Catalog().find(f"openrouter/{KNOWN}")


def test_what_is_older_than_the_package_counts_as_none(tmp_path: Path) -> None:
    """After an upgrade the package's data are the newer ones."""
    table, _ = folded(Listed("a", window=5))
    Refreshed(tmp_path).save("openrouter", table, "2020-01-01")
    assert dict(Refreshed(tmp_path)) == {}
