"""A policy with the name that its content gives it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from agentctl.errors import AgentctlError, StorageError
from agentctl.learning.artifacts import manifest as manifests
from agentctl.learning.artifacts import npz
from agentctl.learning.artifacts.npz import Layout
from agentctl.learning.extra import need_numpy

if TYPE_CHECKING:  # lists and tables need no arrays
    from numpy.typing import NDArray

MANIFEST = "manifest.json"
ARRAYS = "arrays.npz"


@dataclass(frozen=True, slots=True)
class Kept:
    """A policy as it lies in its two files.

    Args:
        sha: SHA-256 over the manifest, which says the name, type and shape of each array, and over their elements.
        manifest: what it is; read only.
        written: the bytes of the manifest.
        data: the elements of each array.
    """

    sha: str
    manifest: Mapping[str, Any]
    written: bytes
    data: Mapping[str, bytes]

    @property
    def packed(self) -> bytes:
        """The bytes of the arrays' file."""
        return npz.encode(manifests.layouts(self.manifest), self.data)


@dataclass(frozen=True, slots=True, eq=False)
class Artifact:
    """A policy: what it is, and its numbers; none of it can be changed."""

    sha: str
    manifest: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]]
    kept: Kept


def pack(manifest: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Artifact:
    """Make a policy; its manifest gets `arrays`, the type and shape of each.

    Raises:
        AgentctlError: it can't be kept: a figure of the manifest is no number, an array is of Python objects.
    """
    import numpy as np  # noqa: PLC0415 - who only lists policies needs none

    plain = {name: np.asarray(one, dtype=one.dtype.newbyteorder("<")) for name, one in arrays.items()}
    listed = {name: {"dtype": one.dtype.str, "shape": list(one.shape)} for name, one in plain.items()}
    try:
        written = manifests.dump({**manifest, "arrays": listed})
        manifests.check(json.loads(written))
    except (ValueError, TypeError, RecursionError) as error:
        raise AgentctlError(
            f"the policy can't be kept: {error}", hint="train it anew; learning may have diverged"
        ) from error
    return unpack(keep(written, {name: one.tobytes() for name, one in plain.items()}))


def keep(written: bytes, data: Mapping[str, bytes]) -> Kept:
    """Name what is written by its hash."""
    digest = hashlib.sha256(written)
    for name in sorted(data):
        digest.update(data[name])
    return Kept(digest.hexdigest(), MappingProxyType(json.loads(written)), written, MappingProxyType(dict(data)))


def read(directory: Path, sha: str | None = None) -> Kept:
    """Read the policy in a directory, and check that it is the one called `sha`; no numpy is needed.

    Raises:
        StorageError: a file is missing, or is not as it was written.
    """
    path = directory / MANIFEST
    try:
        manifest, written = manifests.load(path)
        path = directory / ARRAYS
        kept = keep(written, npz.decode(path, manifests.layouts(manifest)))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise StorageError(f"can't use the policy in {directory}: {path.name}: {why}", hint=_REPAIR) from error
    if sha is not None and kept.sha != sha:
        raise StorageError(f"can't use the policy in {directory}: its content is not what it is named by", hint=_REPAIR)
    return kept


_REPAIR = "train it again, which makes the same policy of the same data and seed, or copy it again"


def unpack(kept: Kept) -> Artifact:
    """The policy with its arrays, which can be read and not written.

    Raises:
        ConfigError: there is no numpy.
    """
    need_numpy()
    import numpy as np  # noqa: PLC0415 - who only lists policies needs none

    def array(name: str, one: Layout) -> NDArray[Any]:
        return np.frombuffer(kept.data[name], np.dtype(one.dtype)).reshape(one.shape)

    arrays = {name: array(name, one) for name, one in manifests.layouts(kept.manifest).items()}
    return Artifact(kept.sha, kept.manifest, MappingProxyType(arrays), kept)
