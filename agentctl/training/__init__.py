"""Reinforcement learning in numpy: advantages, networks, PPO, policies, and estimates of their worth from logs.

Pure: no file, no database, no model is known here.
"""
