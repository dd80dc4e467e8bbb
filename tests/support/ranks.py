"""OpenAI's files of ranks without a network: written out of toktok-rs's vocabulary, for tiktoken to read as its own.

Tiktoken checks their SHA-256, so that they are OpenAI's byte for byte, and its counts are a reference.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import toktok

_SOURCE = "https://openaipublic.blob.core.windows.net/encodings/{}.tiktoken"
_SIZES = {"cl100k_base": 100_256, "o200k_base": 199_998}


def write_ranks(directory: Path, *encodings: str) -> None:
    """Fill a directory as tiktoken does its cache, with some encodings or all."""
    directory.mkdir(parents=True, exist_ok=True)
    for encoding in encodings or _SIZES:
        known = toktok._encoding(encoding)
        lines = (
            base64.b64encode(known.decode_single_token_bytes(rank)) + b" %d\n" % rank
            for rank in range(_SIZES[encoding])
        )
        name = hashlib.sha1(_SOURCE.format(encoding).encode(), usedforsecurity=False).hexdigest()
        (directory / name).write_bytes(b"".join(lines))
