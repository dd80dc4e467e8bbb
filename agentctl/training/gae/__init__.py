"""Generalised advantage estimation: how much better each action was than its state's value said.

One function for every layout of experience, and a kernel a file for the shapes that each is fastest at.
"""

from agentctl.training.gae.dispatch import advantages

__all__ = ["advantages"]
