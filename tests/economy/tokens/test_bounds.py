"""The bound of a text's tokens, held against every tokenizer that can be had."""

from __future__ import annotations

import base64
import json
import time
import unicodedata
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.internal.charmap import CategoryName
from support.corpus import LANGUAGES, mixed
from support.llama import ask, llama_server
from support.tokenizers import Tokenizer, local, recorded

from agentctl.economy.tokens.bounds import CLAUDE, KNOWN, UNKNOWN, Rule, most

TOKENIZERS = local()
GROWING = [  # characters that a normal form makes longer
    letter
    for letter in map(chr, range(0xD800))
    if any(len(unicodedata.normalize(form, letter).encode()) > len(letter.encode()) for form in ("NFC", "NFKC"))
]
CATEGORIES: tuple[CategoryName, ...] = ("Mn", "Mc", "Lm", "Lo", "Lu", "Lt", "Nl", "No", "So", "Sk", "Cf", "Zs", "Cc")
RUNS = [" ", "\n", "\t", "\r\n", "-", "=", "a", "0", "A", "é", "的", "\u0301", "\u200d", "\0", "😂"]

anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
texts = st.one_of(
    anything,
    st.text(st.characters(codec="ascii"), max_size=80),
    *(st.text(st.characters(categories=[category]), max_size=30) for category in CATEGORIES),
    st.text(st.sampled_from(GROWING), max_size=20),
    st.text(st.sampled_from("aeqzZ .'\u0301\u0323é"), max_size=40),
    st.builds(str.__mul__, st.sampled_from(RUNS), st.integers(0, 300)),
    st.lists(st.integers(0, 40).map(lambda depth: " " * depth + "x = {1}\n"), max_size=20).map("".join),
    st.binary(max_size=80).map(lambda data: base64.b64encode(data).decode()),
    st.binary(max_size=80).map(bytes.hex),
    st.recursive(st.none() | st.floats() | anything, lambda one: st.lists(one) | st.dictionaries(anything, one)).map(
        lambda value: json.dumps(value, indent=2, ensure_ascii=False)
    ),
    st.sampled_from(LANGUAGES),
)
joined = st.lists(texts, max_size=4).map("".join)


@pytest.fixture(scope="module")
def smollm() -> Iterator[Tokenizer]:
    """The embedded model's tokenizer, as llama.cpp has it."""
    with llama_server() as url:
        yield lambda text: len(ask(url, "/tokenize", {"content": text, "parse_special": False})["tokens"])


@settings(max_examples=300)
@given(joined)
def test_no_tokenizer_makes_more(text: str) -> None:
    """Six vocabularies, over all scripts, code, JSON, base 64, emoji, white space, marks and controls."""
    for name, count in TOKENIZERS.items():
        assert count(text) <= most(text, KNOWN), name


@given(text=joined)
def test_the_embedded_model_makes_no_more(text: str, smollm: Tokenizer) -> None:
    """Of a model of which nothing is known, the bound goes by bytes alone."""
    assert smollm(text) <= most(text, UNKNOWN)


@pytest.mark.parametrize("name", TOKENIZERS)
def test_long_texts_stay_below_it(name: str) -> None:
    """The same for 5 MB of everything, in pieces and whole."""
    for text in mixed():
        assert TOKENIZERS[name](text) <= most(text, KNOWN)
        for at in range(0, len(text), 50_000):
            piece = text[at : at + 300]
            assert TOKENIZERS[name](piece) <= most(piece, KNOWN)


def test_what_was_measured_elsewhere_stays_below_it() -> None:
    """Twelve more vocabularies, Claude's as far as they are known, over the texts that come nearest to the bound."""
    records = [*recorded()]
    assert len({record.vocabulary for record in records}) == 12
    assert [record for record in records if record.tokens > most(record.text, record.rule)] == []


@pytest.mark.parametrize("rule", [KNOWN, CLAUDE, UNKNOWN])
@given(text=st.text(st.characters()))
def test_bytes_that_are_not_spaces_count_in_full(rule: Rule, text: str) -> None:
    """Whatever the rule, and with lone surrogates too; an empty text takes nothing."""
    assert most(text, rule) >= len(text.replace(" ", "").encode("utf-8", "surrogatepass"))
    assert most("", rule) == 0


def test_spaces_cost_less_than_bytes() -> None:
    """What is indented, as code and JSON are, is bounded by less than its bytes: 3 tokens for 8 spaces."""
    text = "        return None\n" * 100
    assert most(text, KNOWN) == 15 * 100 + 2
    assert most(text, UNKNOWN) == 20 * 100 + 2


@pytest.mark.parametrize("text", [LANGUAGES[0], LANGUAGES[5]])
def test_it_takes_a_few_milliseconds_a_megabyte(text: str) -> None:
    """A vocabulary would have to be loaded first, which takes a hundred times as long as a chat's text."""
    text *= 1_000_000 // len(text.encode())
    times = []
    for _ in range(5):
        began = time.process_time()
        most(text, KNOWN)
        times.append(time.process_time() - began)
    assert min(times) < 0.05
