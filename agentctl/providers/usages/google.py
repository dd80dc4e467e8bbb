"""What the `usageMetadata` of Gemini says, in disjoint buckets. Pure.

`promptTokenCount` includes what was read from the cache, and neither it nor `candidatesTokenCount` includes what tools
gave (`toolUsePromptTokenCount`) or what was thought (`thoughtsTokenCount`): all of it is billed.

Sources: google-genai 3.6 types.py, GenerateContentResponseUsageMetadata;
https://ai.google.dev/gemini-api/docs/pricing; https://ai.google.dev/gemini-api/docs/google-search.
"""

from __future__ import annotations

import re

from agentctl.providers.counts import AbsurdError, Object, first, inside, items, kept, part, some, tier, unwrap
from agentctl.usage import Usage

_KINDS = {"AUDIO": "audio", "IMAGE": "image", "DOCUMENT": "image", "VIDEO": "video"}  # a page is billed as an image
_PER_PROMPT = re.compile(r"gemini-[12]\b")  # later models bill each search, these a prompt that searched at all


def read_usage(raw: object) -> Usage | None:
    """Return what a `usageMetadata`, or a response that holds one, says; None if that is nothing or can't be true.

    Of a streamed answer the last one counts.
    """
    usage, answer = unwrap(raw, "usageMetadata")
    if "promptTokenCount" not in usage and "totalTokenCount" not in usage:
        return None
    try:
        return _usage(usage, answer)
    except AbsurdError:
        return None


def _usage(raw: Object, answer: Object) -> Usage:
    prompt, tools = first(raw.get("promptTokenCount")), first(raw.get("toolUsePromptTokenCount"))
    read = min(part(raw.get("cachedContentTokenCount")), prompt)
    output, thoughts = first(raw.get("candidatesTokenCount")), first(raw.get("thoughtsTokenCount"))
    if raw.get("totalTokenCount") != prompt + tools + output:  # else the thoughts are a part of the candidates
        output += thoughts
    given, fetched = _kinds(raw, "promptTokensDetails"), _kinds(raw, "toolUsePromptTokensDetails")
    cached, made = _kinds(raw, "cacheTokensDetails"), _kinds(raw, "candidatesTokensDetails")
    plain = prompt - read + tools
    fresh = {kind: max(given[kind] - cached[kind], 0) + fetched[kind] for kind in given}
    return Usage(
        uncached_input=plain,
        cache_read=read,
        output=output,
        raw=kept(raw),
        details=some(
            reasoning=min(thoughts, output),
            audio_input=min(fresh["audio"], plain),
            image_input=min(fresh["image"], plain),
            video_input=min(fresh["video"], plain),
            audio_read=min(cached["audio"], read),
            image_read=min(cached["image"], read),
            audio_output=min(made["audio"], output),
            image_output=min(made["image"], output),
            video_output=min(made["video"], output),
            web_searches=_searches(answer),
        ),
        service_tier=tier(raw.get("serviceTier"), raw.get("trafficType"), answer.get("serviceTier")),
    )


def _kinds(raw: Object, name: str) -> dict[str, int]:
    """Return the tokens of each kind but text in a list of counts."""
    found = dict.fromkeys(_KINDS.values(), 0)
    for one in map(inside, items(raw.get(name))):
        if kind := _KINDS.get(str(one.get("modality")).upper()):
            found[kind] += part(one.get("tokenCount"))
    return found


def _searches(answer: Object) -> int:
    """Count the searches of a grounded answer that are billed."""
    grounds = (inside(inside(one).get("groundingMetadata")) for one in items(answer.get("candidates")))
    queries = sum(1 for one in grounds for query in items(one.get("webSearchQueries")) if query)
    return min(queries, 1) if _PER_PROMPT.match(str(answer.get("modelVersion"))) else queries
