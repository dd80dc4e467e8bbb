"""The providers that are known by name, and what is documented of them."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from support.config import Home
from support.provider_table import DOCUMENT, with_table

from agentctl.economy.catalog import Catalog
from agentctl.providers.base import EFFORTS, Capabilities
from agentctl.providers.known import COMPATIBLE, KNOWN
from agentctl.settings import table

DATA = Path(__file__).parents[2] / "agentctl/economy/data"


def test_the_documented_table_is_the_one_in_code() -> None:
    """docs/providers.md lists every provider as the code knows it."""
    text = DOCUMENT.read_text()
    assert text == with_table(text)


def test_what_the_document_names_is_there(tmp_path: Path) -> None:
    """Its examples can be copied, and its settings and files exist."""
    text = DOCUMENT.read_text()
    example = re.search(r"```toml\n(.*?)```", text, re.DOTALL)
    assert example
    home = Home(tmp_path)
    home.write("user", example[1])
    assert home.load().servers["mine"].api == "chat"
    for name in re.findall(r"--route ([a-z_.]+)=", text):
        assert table.find(("openrouter", *name.split(".")))
    for path in re.findall(r"`((?:agentctl|tests|docs)/[\w./]+)`", text):
        assert (DOCUMENT.parents[1] / path).exists(), path


@pytest.mark.parametrize("name", KNOWN)
def test_each_is_one_value_and_one_file(name: str) -> None:
    """Each has an address, prices, a way to give it a key, and a name of its own."""
    one = KNOWN[name]
    parts = urlsplit(one.base_url)
    assert parts.scheme == "https" or parts.hostname == "localhost"
    assert not one.base_url.endswith("/")
    assert (DATA / f"{name}.json").exists()
    assert f"keys set {name}" in one.key_hint
    assert all(variable in one.key_hint for variable in one.key_variables[:1])
    assert re.compile(one.tool_id)
    assert set(one.efforts) <= set(EFFORTS)
    assert one.efforts
    assert Catalog({}).find(f"{name}/no-such-model").name == f"{name}/no-such-model"


def test_no_two_share_a_key_or_an_address() -> None:
    """A key goes to one provider only, and each is somewhere else."""
    variables = [name for one in KNOWN.values() for name in one.key_variables]
    assert len(variables) == len(set(variables))
    addresses = [one.base_url for one in KNOWN.values()]
    assert len(addresses) == len(set(addresses))


def test_of_an_unknown_server_nothing_is_assumed() -> None:
    """It is sent what Chat Completions have, and any file."""
    plain = Capabilities(
        "compatible", key_variables=COMPATIBLE.key_variables, key_hint=COMPATIBLE.key_hint, media_types=("",)
    )
    assert plain == COMPATIBLE
