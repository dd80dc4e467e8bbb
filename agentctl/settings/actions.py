"""What can be chosen for a turn, in words: `MODEL[@EFFORT][+VARIANT]`."""

from __future__ import annotations

import re
from collections.abc import Iterable

_EFFORTS = "none|minimal|low|medium|high|xhigh|max"
_ACTION = re.compile(rf"(?P<model>[^\s+]+?)(?:@(?P<effort>{_EFFORTS}))?(?:\+(?P<variant>[A-Za-z0-9][A-Za-z0-9_-]*))?")
_LONGEST = 256  # characters, as of a model's name


def split(text: str) -> tuple[str, str | None, str | None]:
    """The model, the effort and the variant that `text` names.

    Raises:
        ValueError: it names none.
    """
    found = _ACTION.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        raise ValueError(f"MODEL[@EFFORT][+VARIANT], where EFFORT is one of {_EFFORTS.replace('|', ', ')}")
    return found["model"], found["effort"], found["variant"]


def all_of(texts: Iterable[str]) -> tuple[str, ...]:
    """These texts, each of which names an action, and none twice.

    Raises:
        ValueError: one does not, or is there twice.
    """
    found = tuple(texts)
    for text in found:
        split(text)
    if len({*found}) != len(found):
        raise ValueError("a list of MODEL[@EFFORT][+VARIANT], each of them once")
    return found
