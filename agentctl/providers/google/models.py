"""What a model's name tells: where it is, and of which generation of Gemini it is. Pure."""

from __future__ import annotations

import re

_COLLECTIONS = ("models/", "tunedModels/")
_VERSION = re.compile(r"gemini-(\d{1,3})(?:\.(\d{1,3}))?")
_NEWEST = (999, 0)  # of names without a number, such as gemini-flash-latest

GEMINI_3 = (3, 0)
"""The generation that wants signatures and ids of calls back, and takes a level of thinking instead of a budget."""


def resource(model: str) -> str:
    """Return the API's full name of a model: `models/gemini-…`, `tunedModels/…`."""
    return model if model.startswith(_COLLECTIONS) else f"models/{model}"


def generation(model: str) -> tuple[int, int]:
    """Return the version that the name has; one that has none is taken for the newest."""
    found = _VERSION.search(model)
    return (int(found[1]), int(found[2] or 0)) if found else _NEWEST
