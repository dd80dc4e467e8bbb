"""Learns from environments, tasks and sessions, keeps the policies that come of it, and lets the best one decide."""
