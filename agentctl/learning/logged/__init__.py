"""Learns from decisions that were made in sessions, and from how good their answers were."""
