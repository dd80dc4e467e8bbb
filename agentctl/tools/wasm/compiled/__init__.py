"""Compiled components on disk, which run as they are: signed, private, loaded from copies nobody can change."""
