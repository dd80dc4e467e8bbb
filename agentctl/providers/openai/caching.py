"""How a cache plan is said to OpenAI. Pure.

Sources: https://developers.openai.com/api/docs/guides/prompt-caching; openai 3.54 types/responses, types/chat.
"""

from __future__ import annotations

from typing import Any

from agentctl.breakpoints import CachePlan
from agentctl.providers.versions import keeps_a_day, takes_marks

Json = dict[str, Any]

MARK: Json = {"prompt_cache_breakpoint": {"mode": "explicit"}}
"""What a part has at whose end a beginning ends that is to be kept."""


def options(plan: CachePlan | None, model: str) -> Json:
    """Return the fields of a request that say what is kept beside its marks; none where the default is right."""
    if plan is None:
        return {}
    ttl = {} if plan.ttl is None else {"ttl": plan.ttl}
    if takes_marks(model):
        mode = "implicit" if plan.implicit else "explicit"
        return {} if plan.implicit and not ttl else {"prompt_cache_options": {"mode": mode, **ttl}}
    return {"prompt_cache_retention": plan.ttl} if ttl and keeps_a_day(model) else {}


def marked(content: str | list[Json], mark: Json, kind: str = "text") -> list[Json]:
    """Return the parts of a content with a mark on the last; a plain text becomes a part of this type."""
    *before, last = [{"type": kind, "text": content}] if isinstance(content, str) else content
    return [*before, last | mark]
