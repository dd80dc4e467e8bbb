"""Learns which action is to answer a prompt, from tasks of which every action's outcome is known."""
