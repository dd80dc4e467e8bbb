"""Runs as they are kept while they last, so that one that was interrupted goes on to the bit."""

from agentctl.learning.runs.checkpoint import Checkpoint
from agentctl.learning.runs.directory import Run, Runs

__all__ = ["Checkpoint", "Run", "Runs"]
