"""Learns to act in gymnasium's environments."""
