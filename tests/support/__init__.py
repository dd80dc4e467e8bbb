"""Aids the tests share."""
