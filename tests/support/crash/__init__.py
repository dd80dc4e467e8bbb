"""Losing power and processes: what a disk may be left with, and whether the store is then as it was told to be."""
