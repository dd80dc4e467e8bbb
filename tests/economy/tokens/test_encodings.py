"""Counts of text, beside tiktoken's."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
import tiktoken
from hypothesis import given
from hypothesis import strategies as st
from support.corpus import mixed
from support.ranks import write_ranks

from agentctl.economy.tokens.encodings import Encoding, count_text, lengths, ranks_file

ENCODINGS: tuple[Encoding, ...] = ("cl100k_base", "o200k_base")


@pytest.fixture(scope="module")
def ranks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory like tiktoken's cache."""
    directory = tmp_path_factory.mktemp("ranks")
    write_ranks(directory)
    return directory


@pytest.fixture(scope="module")
def reference(ranks: Path) -> Mapping[Encoding, tiktoken.Encoding]:
    """Tiktoken's encodings, of ranks that it has verified."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIKTOKEN_CACHE_DIR", str(ranks))
        return {encoding: tiktoken.get_encoding(encoding) for encoding in ENCODINGS}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_counts_are_those_of_tiktoken(encoding: Encoding, reference: Mapping[Encoding, tiktoken.Encoding]) -> None:
    """More than 5 MB of code, prose, JSON, base 64 and any characters: each of 10,000 pieces has the same tokens."""
    texts = [text[at : at + 600] for text in mixed() for at in range(0, len(text), 600)]
    assert sum(len(text.encode()) for text in texts) > 5_000_000
    theirs = [len(tokens) for tokens in reference[encoding].encode_ordinary_batch(texts, num_threads=2)]
    assert lengths(texts, encoding) == theirs


def test_whole_texts_are_counted_like_their_pieces(reference: Mapping[Encoding, tiktoken.Encoding]) -> None:
    """The same texts in one piece each."""
    texts = [*mixed()]
    assert lengths(texts, "o200k_base") == [len(reference["o200k_base"].encode_ordinary(text)) for text in texts]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=5))
def test_any_text_counts_as_with_tiktoken(reference: Mapping[Encoding, tiktoken.Encoding], texts: list[str]) -> None:
    """Also what looks like a special token, and NUL."""
    for encoding in ENCODINGS:
        for text in (*texts, "".join(texts), "<|endoftext|>\0".join(texts)):
            assert count_text(text, encoding) == len(reference[encoding].encode_ordinary(text))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_long_texts_are_cut_where_no_token_is(
    encoding: Encoding, reference: Mapping[Encoding, tiktoken.Encoding]
) -> None:
    """A long text is counted in pieces, on all cores, and has the tokens that it has in one piece."""
    dice = random.Random(7)
    for size in (3, 18):
        words = [
            "a b",
            " a",
            "a",
            "'s b",
            "'S",
            "  ",
            " é",
            "\n",
            "1",
            ".",
            "/",
            "\u0301 x",
            "xyz Q",
            "\t",
            "a' b",
            "的 c",
            '": "q',
            "_x1",
        ]
        text = "".join(dice.choice(dice.sample(words, size)) for _ in range(250_000))
        assert count_text(text, encoding) == len(reference[encoding].encode_ordinary(text))


@given(st.text(st.one_of(st.sampled_from("aZs'\"/ .\n\r\t1_\u0301é的"), st.characters(exclude_categories=["Cs"]))))
def test_no_token_reaches_over_the_end_of_a_word(reference: Mapping[Encoding, tiktoken.Encoding], text: str) -> None:
    """Where an ASCII letter comes before other ASCII but an apostrophe, a text can be cut: what the pieces rely on."""
    pieces = re.split(r"(?<=[A-Za-z])(?=[^A-Za-z'\u0080-\U0010ffff])", text)
    for encoding in ENCODINGS:
        whole = len(reference[encoding].encode_ordinary(text))
        assert sum(len(reference[encoding].encode_ordinary(piece)) for piece in pieces) == whole


def test_known_counts() -> None:
    """Counts that OpenAI's cookbook has."""
    assert count_text("tiktoken is great!") == 6
    assert count_text("お誕生日おめでとう", "cl100k_base") == 9
    assert count_text("お誕生日おめでとう") == 8
    assert count_text("") == 0
    assert lengths([], "o200k_base") == []


@given(st.text(st.characters()))
def test_half_a_character_counts_as_what_is_sent_for_it(text: str) -> None:
    """Lone surrogates count as U+FFFD, and two that belong together as the character that they are."""
    assert count_text(text) == count_text(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


@pytest.mark.parametrize("text", ["a", " ", "\n", "1", "的", "\0", "\u0301", "😂", "ab", " \n", "-", "A1"])
def test_a_long_run_takes_no_longer_by_the_character(text: str) -> None:
    """A run of a million characters is not quadratic: it takes far less than 100 times what a tenth of it takes."""
    short, long = (text * (size // len(text)) for size in (100_000, 1_000_000))
    count_text(text)
    assert _seconds(long) < 40 * _seconds(short) + 0.05


def _seconds(text: str) -> float:
    """CPU time, whatever else the machine does."""
    times = []
    for _ in range(3):
        began = time.process_time()
        count_text(text)
        times.append(time.process_time() - began)
    return min(times)


# What a process without toktok-rs counts; whoever opens a connection ends it.
WITHOUT = """
import sys
sys.modules["toktok"] = None
sys.addaudithook(lambda event, _: event.startswith("socket.") and sys.exit(f"would use the network: {event}"))
from agentctl.economy.tokens.counting import count
from agentctl.economy.tokens.encodings import lengths
from agentctl.economy.tokens.prompt import Prompt
from agentctl.messages import user
print(lengths(["tiktoken is great!", "\\ud800"], "o200k_base"), lengths(["x"], "cl100k_base"))
counted = count(Prompt((user("tiktoken is great!"),)), "openai/gpt-4o")
print(counted.exact, counted.tokens - counted.error_bar <= 13 <= counted.bound, counted.how)
print(*sorted({"requests", "tiktoken"} & set(sys.modules)))
"""


def _without(**environ: str) -> list[str]:
    environment = {key: value for key, value in os.environ.items() if key not in ("TIKTOKEN_CACHE_DIR", "TMPDIR")}
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT], env={**environment, **environ}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("variable", ["TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR"])
def test_without_toktok_tiktoken_counts_by_ranks_that_are_there(variable: str, ranks: Path) -> None:
    """Where there is no wheel of toktok-rs, tiktoken's own cache serves."""
    first, second, _ = _without(**{variable: str(ranks)})
    assert first == "[6, 1] [1]"
    assert second == "True True o200k_base"


def test_the_default_cache_of_tiktoken_serves_too(tmp_path: Path) -> None:
    """It is a directory among the temporary files; an encoding that is not in it is not counted with."""
    write_ranks(tmp_path / "data-gym-cache", "o200k_base")
    assert _without(TMPDIR=str(tmp_path))[0] == "[6, 1] None"


def test_ranks_are_never_fetched(tmp_path: Path) -> None:
    """Without ranks, and with broken ones, which tiktoken would fetch anew, the count is a rough one, and says so."""
    rough = ["None None", "False True 4 bytes a token x 1.00", ""]
    assert _without(TIKTOKEN_CACHE_DIR=str(tmp_path / "none")) == rough
    assert _without(TIKTOKEN_CACHE_DIR="") == rough
    write_ranks(tmp_path, "o200k_base")
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-1])
    assert _without(TIKTOKEN_CACHE_DIR=str(tmp_path)) == rough
    assert file.exists()


def test_ranks_are_where_tiktoken_looks_for_them(ranks: Path) -> None:
    """The names of the files are tiktoken's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIKTOKEN_CACHE_DIR", str(ranks))
        files = {ranks_file(encoding) for encoding in ENCODINGS}
    assert files == {*ranks.iterdir()}
