"""The policies that were trained here, each in a directory that has its hash for a name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentctl import atomic
from agentctl.errors import StorageError, UsageError
from agentctl.learning.artifacts.artifact import ARRAYS, MANIFEST, Artifact, Kept, read, unpack
from agentctl.learning.channels import CHANNELS, Channels

_SHA = re.compile("[0-9a-f]{64}")
_PREFIX = re.compile("[0-9a-f]{4,64}")
_SHORT = 12  # digits of a hash that tell policies apart to people


@dataclass(frozen=True, slots=True)
class Entry:
    """A policy of the library.

    Args:
        sha: its hash, of 64 hex digits.
        path: the directory that it is in.
        added_at: epoch µs.
        manifest: what it is; empty if it can't be used.
        flaw: why it can't be used.
    """

    sha: str
    path: Path
    added_at: int
    manifest: Mapping[str, Any]
    flaw: StorageError | None = None


class Library:
    """The policies in `directory`, which need not exist, and the channels that point to them."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.channels = Channels(directory / "channels")

    def add(self, artifact: Artifact) -> Path:
        """Keep a policy, durably, and return its directory; one that is there already stays as it is.

        Raises:
            StorageError: it can't be written.
        """
        return self.keep(artifact.kept)

    def keep(self, policy: Kept) -> Path:
        """Keep a policy as its files have it: see `add`."""
        directory = self._directory / policy.sha
        try:
            read(directory, policy.sha)
        except StorageError:  # it is not there, or not whole
            try:
                atomic.replace(directory / ARRAYS, policy.packed)
                # Last of all: what has no manifest is no policy yet.
                atomic.replace(directory / MANIFEST, policy.written)
            except OSError as error:
                hint = "make room there, or set AGENTCTL_DATA_DIR to a directory that can be written"
                raise StorageError(f"can't keep the policy in {directory}: {error.strerror}", hint=hint) from error
        return directory

    def find(self, reference: str) -> Artifact:
        """The policy called so: the beginning of its hash (4 digits or more), a channel, or a path to it.

        Raises:
            UsageError: there is none, or more than one.
            StorageError: it is damaged.
            ConfigError: there is no numpy.
        """
        return unpack(self.kept(reference))

    def kept(self, reference: str) -> Kept:
        """The policy called so, as its files have it: see `find`; no numpy is needed."""
        if reference in CHANNELS:
            return self._in_channel(reference)
        found = self._called(reference) if _PREFIX.fullmatch(reference) else []
        if len(found) > 1:
            names = ", ".join(sha[:_SHORT] for sha in found[:5])
            raise UsageError(f"{reference} may be any of {len(found)} policies: {names}", hint="give more digits")
        if found:
            return read(self._directory / found[0], found[0])
        return self._at(reference)

    def all(self) -> list[Entry]:
        """All policies, the newest first; each is checked."""
        entries = [self._entry(sha) for sha in self._called("")]
        return sorted(entries, key=lambda one: (one.added_at, one.sha), reverse=True)

    def _called(self, prefix: str) -> list[str]:
        if not self._directory.is_dir():
            return []
        found = self._directory.glob(f"{prefix}*/{MANIFEST}")
        return sorted(one.parent.name for one in found if _SHA.fullmatch(one.parent.name))

    def _entry(self, sha: str) -> Entry:
        path = self._directory / sha
        added_at = (path / MANIFEST).stat().st_mtime_ns // 1000
        try:
            return Entry(sha, path, added_at, read(path, sha).manifest)
        except StorageError as error:
            return Entry(sha, path, added_at, {}, error)

    def _in_channel(self, name: str) -> Kept:
        pointer = self.channels.current(name)
        if pointer is None:
            raise UsageError(f"there is no policy in {name}", hint=f"agentctl train promote POLICY --channel {name}")
        return read(self._directory / pointer.policy, pointer.policy)

    def _at(self, reference: str) -> Kept:
        path = Path(reference).expanduser()
        if path.name in {ARRAYS, MANIFEST} and path.is_file():
            path = path.parent
        if not path.is_dir() and not path.is_file():
            hint = "agentctl train list; the beginning of a hash has 4 digits or more"
            raise UsageError(f"there is no policy {reference[:80]!r}", hint=hint)
        if not (path / MANIFEST).is_file():
            hint = f"a policy is a directory with {MANIFEST} and {ARRAYS}; agentctl train list"
            raise UsageError(f"{reference[:80]!r} is no policy", hint=hint)
        # A directory that is called by a hash has to be that policy; another name says nothing.
        name = path.resolve().name
        return read(path, name if _SHA.fullmatch(name) else None)
