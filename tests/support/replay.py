"""A server of several models that answers each prompt as a table says: the same question, the same answer."""

from __future__ import annotations

from collections.abc import Callable

from support.completions import completion
from support.server import Recorded, Responder, Step

Answering = Callable[[str, str], str]
"""What a model (its name at the server) answers to a prompt."""


def tokens(text: str) -> int:
    """About how many tokens a text has, as the server counts them."""
    return max(1, len(text) // 4)


def replaying(answering: Answering, finish: str = "stop") -> Responder:
    """What answers a request for a chat completion: the last thing that the user said is the prompt."""

    def respond(request: Recorded) -> list[Step]:
        asked = request.json
        said = [one["content"] for one in asked["messages"] if one["role"] == "user"][-1]
        prompt = said if isinstance(said, str) else "".join(part.get("text", "") for part in said)
        text = answering(asked["model"], prompt)
        counted = tokens("".join(str(one["content"]) for one in asked["messages"]))
        used = {"prompt_tokens": counted, "completion_tokens": tokens(text)}
        usage = {**used, "total_tokens": sum(used.values())}
        return completion(text, usage=usage, finish=finish, model=asked["model"])

    return respond
