"""Where a model is, by its name. Pure."""

from __future__ import annotations

_COLLECTIONS = ("models/", "tunedModels/")


def resource(model: str) -> str:
    """Return the API's full name of a model: `models/gemini-…`, `tunedModels/…`."""
    return model if model.startswith(_COLLECTIONS) else f"models/{model}"
