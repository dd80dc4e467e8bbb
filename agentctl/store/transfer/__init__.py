"""Copies a whole store into another one, whatever database each is in."""

from __future__ import annotations

from agentctl.store.transfer.compare import Contents
from agentctl.store.transfer.mark import admit, identity, refuse_itself
from agentctl.store.transfer.run import Progress, counts, transfer

__all__ = ["Contents", "Progress", "admit", "counts", "identity", "refuse_itself", "transfer"]
