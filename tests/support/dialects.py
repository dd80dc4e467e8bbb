"""Servers that speak a vendor's dialect of Chat Completions and refuse, as the vendor documents, what is not in it.

`DIALECTS` names for each vendor the fields of a request, of those that agentctl could ever send, and the rest of what
sets it apart. Sources: groq 1.7 types/chat/completion_create_params.py and console.groq.com/docs/structured-outputs
(streaming is not supported with them); mistralai 3.7 models/chatcompletionstreamrequest.py, thinkchunk.py and
mistral_common's validator (ids of calls); api-docs.deepseek.com/guides/thinking_mode and /json_mode; docs.x.ai
(reasoning, images); together 3.1, fireworks-ai 1.2 and cerebras_cloud_sdk 1.91 types/chat/completion_create_params.py;
docs.ollama.com/api/openai-compatibility; docs.vllm.ai/en/latest/serving/openai_compatible_server.html;
lmstudio.ai/docs/developer/openai-compat.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from support.server import Recorded
from support.vendors.bill import Tokens
from support.vendors.chat import Chat
from support.vendors.chat_rules import check_request
from support.vendors.checks import Json, RefusedError, check, names, stranger
from support.vendors.plan import Part, Plan, Think, pieces
from support.vendors.vendor import Asked, Event

_COMMON = names("model messages stream temperature tools response_format")
_PLAIN = frozenset({"none", "low", "medium", "high"})


@dataclass(frozen=True, slots=True)
class Dialect:
    """What sets a vendor apart.

    Args:
        path: of the base URL.
        more: its fields beyond those that all have.
        efforts: the values of `reasoning_effort`.
        schema: how answers that follow a JSON schema come.
        images: the media types of images.
        call_id: what ids of calls look like.
        reasoning: where its own reasoning must stand in an answer that called tools.
        unasked: where usage is told that nobody asked for.
        key: whether it wants one.
        off: what turns thinking off, if anything does.
    """

    more: frozenset[str]
    path: str = "/v1"
    efforts: frozenset[str] = _PLAIN
    schema: Literal["streamed", "whole", "never"] = "streamed"
    images: frozenset[str] = frozenset({"png", "jpeg", "webp", "gif"})
    call_id: str = ".+"
    reasoning: Literal["", "reasoning_content", "content"] = ""
    unasked: Literal["", "usage", "x_groq"] = ""
    key: bool = True
    off: tuple[str, Any] | None = ("reasoning_effort", "none")


def _fields(text: str) -> frozenset[str]:
    return frozenset(names(text))


DIALECTS = {
    "groq": Dialect(
        _fields("max_completion_tokens max_tokens reasoning_effort"),
        path="/openai/v1",
        schema="whole",
        unasked="x_groq",
    ),
    "mistral": Dialect(
        _fields("max_tokens reasoning_effort prompt_cache_key"),
        efforts=_PLAIN | {"minimal", "xhigh", "max"},
        call_id="[a-zA-Z0-9]{9}",
        reasoning="content",
        unasked="usage",
    ),
    "deepseek": Dialect(
        _fields("max_tokens reasoning_effort thinking stream_options"),
        path="",
        efforts=(_PLAIN | {"minimal", "xhigh", "max"}) - {"none"},
        schema="never",
        images=frozenset(),
        reasoning="reasoning_content",
        off=("thinking", {"type": "disabled"}),
    ),
    "xai": Dialect(
        _fields("max_completion_tokens max_tokens reasoning_effort stream_options"), images=frozenset({"png", "jpeg"})
    ),
    "together": Dialect(_fields("max_tokens reasoning_effort"), efforts=_PLAIN - {"none"}, unasked="usage", off=None),
    "fireworks": Dialect(
        _fields("max_tokens max_completion_tokens reasoning_effort"), path="/inference/v1", unasked="usage"
    ),
    "cerebras": Dialect(_fields("max_completion_tokens reasoning_effort stream_options")),
    "ollama": Dialect(_fields("max_tokens reasoning_effort stream_options"), key=False),
    "vllm": Dialect(_fields("max_tokens max_completion_tokens reasoning_effort stream_options"), key=False),
    "lmstudio": Dialect(_fields("max_tokens stream_options"), efforts=frozenset(), key=False, off=None),
}


class Speaker(Chat):
    """A server that speaks a dialect."""

    def __init__(self, dialect: Dialect, *plans: Plan, **options: Any) -> None:
        super().__init__(*plans, **options)
        self._dialect = dialect
        self._thought = False
        self.prefix = dialect.path

    def authenticate(self, request: Recorded) -> None:
        """Look for the key, or see that there is none where nobody needs one."""
        if self._dialect.key:
            super().authenticate(request)
        else:
            check("authorization" not in request.headers, "this server was sent a key that it never asked for")

    def check(self, body: Json) -> None:
        """Refuse what the vendor refuses."""
        fields = _COMMON | self._dialect.more
        if odd := stranger(body, fields):
            raise RefusedError(f"Extra inputs are not permitted: {odd}", status=422)
        check(body.get("reasoning_effort", "low") in self._dialect.efforts | {"low"}, "Invalid reasoning_effort")
        check(body.get("thinking") in (None, {"type": "disabled"}), "Invalid thinking")
        self._check_schema(body)
        plain = [self._plain(message) for message in body["messages"]]
        more = ("reasoning_content",) if self._dialect.reasoning == "reasoning_content" else ()
        check_request({**body, "messages": plain}, fields, more=more)

    def _check_schema(self, body: Json) -> None:
        if "response_format" in body:
            check(self._dialect.schema != "never", "This response_format type is unavailable now")
            check(self._dialect.schema == "streamed" or not body["stream"], "Streaming is not supported with it")

    def _plain(self, message: Json) -> Json:
        """The message without what is the vendor's own, which is checked here."""
        calls = message.get("tool_calls") or ()
        check(all(re.fullmatch(self._dialect.call_id, call["id"]) for call in calls), "Invalid tool call id")
        content = message.get("content")
        for part in content if isinstance(content, list) else ():
            kind = str((part.get("image_url") or {}).get("url", "")).partition(";")[0].removeprefix("data:image/")
            check(part["type"] != "image_url" or kind in self._dialect.images, f"Unsupported image: {kind}")
        if message["role"] == "assistant" and self._dialect.reasoning == "reasoning_content" and calls:
            check("reasoning_content" in message, "The reasoning_content in the thinking mode must be passed back")
        if message["role"] == "assistant" and self._dialect.reasoning == "content" and isinstance(content, list):
            text = "".join(part["text"] for part in content if part["type"] == "text")
            thoughts = [part for part in content if part["type"] == "thinking"]
            check(all(one["thinking"][0]["type"] == "text" for one in thoughts), "Invalid thinking chunk")
            return {**message, "content": text or None}
        check(not (calls and self._thought), "the reasoning of this model is missing")
        return message

    def deltas(self, part: Part, number: int) -> Iterator[tuple[Json, str]]:
        """As others, but for reasoning that comes as parts of the content."""
        if isinstance(part, Think) and self._dialect.reasoning == "content":
            self._thought = True
            for piece in pieces(part.text):
                yield {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": piece}]}]}, piece
        else:
            yield from super().deltas(part, number)

    def ending(self, asked: Asked, plan: Plan, spent: Tokens) -> Iterator[Event]:
        """The reason it ended, with usage in the same chunk where nobody asks for it."""
        if not self._dialect.unasked:
            yield from super().ending(asked, plan, spent)
            return
        usage: Json = {"usage": self.usage(asked, spent)}
        told = {"x_groq": {"id": "req_1", **usage}} if self._dialect.unasked == "x_groq" else usage
        finish = "tool_calls" if plan.stop == "tool_use" else "stop"
        chunk = json.loads(self.chunk(asked, {}, finish=finish).removeprefix(b"data: ")) | told
        yield Event(f"data: {json.dumps(chunk)}\n\n".encode(), spent, spent)
        yield Event(b"data: [DONE]\n\n", spent, spent)
