"""What users write for a base URL, and the one that they mean. Pure."""

from __future__ import annotations

from urllib.parse import urlsplit

from agentctl.errors import ConfigError

# What APIs put behind a base URL: vendors' examples for curl have it in one with it.
_ENDPOINTS = ("/chat/completions", "/completions", "/responses", "/v1/messages")
_GEMINI = ":generateContent", ":streamGenerateContent"


def with_path(base_url: str, usual: str) -> str:
    """Return a base URL with the path of the provider's `usual` one, if it has no path of its own.

    Raises:
        ConfigError: it goes on to where requests are sent.
    """
    base = _before_endpoint(base_url)
    if base != base_url:
        ending = base_url.removeprefix(base)
        raise ConfigError(f"{base_url} is more than a base URL: agentctl adds {ending} itself", hint=f"write {base}")
    return base_url if urlsplit(base_url).path else base_url + urlsplit(usual).path


def _before_endpoint(base_url: str) -> str:
    if base_url.endswith(_GEMINI):
        return base_url.partition("/models/")[0]
    return next((base_url.removesuffix(one) for one in _ENDPOINTS if base_url.endswith(one)), base_url)
