"""What a policy sees of a prompt: hashed word n-grams and a few figures, the same on every machine. Pure.

The hash is CRC-32 of the words' bytes, mixed by integer arithmetic alone: no seed of a process, no table of Unicode and
no locale has a part in it.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cached_property
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from agentctl.training.lexical import FIGURES, Context, figures

_PLAIN = bytes(byte if bytes((byte,)).isalnum() or byte & 0x80 else 32 for byte in range(256)).lower()
_ODD = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio: spreads what differs in few bits
_ORDER = np.uint64(0xC2B2AE3D27D4EB4F)
_KEPT = np.uint64(32)
_REVISION = 1  # of the hashing and the figures: it goes up with whatever changes a feature's meaning

Sparse = tuple[NDArray[np.int32], NDArray[np.float32]]
"""The places of the features that are not zero, ascending, and their values."""


@dataclass(frozen=True)
class FeatureSpec:
    """How a prompt becomes numbers.

    The first features are the figures of `lexical`; the rest is a table that n-grams are hashed into, each place
    the root of its count, together of Euclidean length 1.

    Args:
        dims: the number of features.
        words: the longest n-gram of words.
        limit: bytes of the prompt that are read, half from its beginning and half from its end.
    """

    dims: int = 512
    words: int = 2
    limit: int = 16_384

    def __post_init__(self) -> None:
        """Check it.

        Raises:
            ValueError: there is no place for n-grams, or nothing to hash.
        """
        if not FIGURES < self.dims <= 1 << 20 or not 1 <= self.words <= 8 or self.limit < 2:  # noqa: PLR2004
            raise ValueError(f"no features come of {self}")

    @cached_property
    def sha(self) -> str:
        """The hash that tells whether two features mean the same."""
        canonical = json.dumps({"revision": _REVISION, **asdict(self)}, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    def of(self, prompt: str, context: Context | None = None) -> NDArray[np.float32]:
        """The features of a prompt, `(dims,)`."""
        return dense(self.sparse(prompt, context), self.dims)

    def matrix(self, prompts: Iterable[str]) -> NDArray[np.float32]:
        """The features of many prompts, `(prompts, dims)`."""
        rows = [self.of(prompt) for prompt in prompts]
        return np.stack(rows) if rows else np.zeros((0, self.dims), dtype=np.float32)

    def sparse(self, prompt: str, context: Context | None = None) -> Sparse:
        """The features of a prompt that are not zero."""
        data = self._read(prompt)
        words = data.translate(_PLAIN).split()
        counts = np.bincount(self._places(words), minlength=self.dims - FIGURES)
        places = np.flatnonzero(counts)
        values = np.sqrt(counts[places] / max(1, counts.sum()))  # correctly rounded on every processor, as ln is not
        head = np.array(figures(data, words, context or Context()), dtype=np.float32)
        shown = np.flatnonzero(head)
        return (
            np.concatenate((shown, places + FIGURES)).astype(np.int32),
            np.concatenate((head[shown], values)).astype(np.float32),
        )

    def _read(self, prompt: str) -> bytes:
        """The bytes of a prompt that count; of each end more characters are taken than can be needed, and no more."""
        if len(prompt) > 2 * self.limit:
            prompt = prompt[: self.limit] + prompt[-self.limit :]
        data = prompt.encode("utf-8", "surrogatepass")
        half = self.limit // 2
        return data if len(data) <= self.limit else data[:half] + b" " + data[-half:]

    def _places(self, words: list[bytes]) -> NDArray[np.int64]:
        """Where each n-gram is counted; a longer one is hashed from the hash of the one that it begins with."""
        single = np.array([*map(crc32, words)], dtype=np.uint64)
        grams, found = single, [single]
        for length in range(2, self.words + 1):
            if len(words) >= length:
                grams = (grams[:-1] * _ODD ^ single[length - 1 :]) * _ORDER
                found.append(grams)
        mixed = np.concatenate(found) * _ODD >> _KEPT
        return (mixed % np.uint64(self.dims - FIGURES)).astype(np.int64)


DEFAULT = FeatureSpec()
"""What a conversation's decisions are recorded with."""


def dense(features: Sparse, dims: int) -> NDArray[np.float32]:
    """The features with their zeros, `(dims,)`."""
    row = np.zeros(dims, dtype=np.float32)
    row[features[0]] = features[1]
    return row


def encode(features: NDArray[np.float32]) -> str:
    """The features as a decision's row keeps them: base64 of the places and values that are not zero."""
    places = np.flatnonzero(features)
    return base64.b64encode(places.astype("<u4").tobytes() + features[places].astype("<f4").tobytes()).decode()


def decode(text: str, dims: int) -> NDArray[np.float32]:
    """The features that were encoded, `(dims,)`.

    Raises:
        ValueError: these are no features of so many dimensions.
    """
    if len(text) > dims * 11 + 4:  # 8 bytes a place, and base64's third
        raise ValueError(f"the features are more than {dims}")
    data = base64.b64decode(text, validate=True)
    if len(data) % 8:
        raise ValueError("the features break off")
    places = np.frombuffer(data, "<u4", len(data) // 8).astype(np.int64)
    values = np.frombuffer(data, "<f4", offset=len(data) // 2).astype(np.float32)
    if len(places) and (places[-1] >= dims or not (np.diff(places) > 0).all() or not np.isfinite(values).all()):
        raise ValueError(f"the features are not {dims} numbers")
    return dense((places.astype(np.int32), values), dims)
