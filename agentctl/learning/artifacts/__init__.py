"""Policies as they are kept: a manifest and arrays, named by the hash of both, checked whenever they are read."""

from agentctl.learning.artifacts.artifact import Artifact, pack
from agentctl.learning.artifacts.library import Entry, Library

__all__ = ["Artifact", "Entry", "Library", "pack"]
