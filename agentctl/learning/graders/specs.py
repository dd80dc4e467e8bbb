"""Graders as tasks name them: an object with one member, whose name is the kind of the grader."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from decimal import InvalidOperation
from typing import Any

from agentctl.errors import UsageError
from agentctl.learning.graders.grade import Grader, Judges

_LONGEST_PATTERN = 10_000  # characters


def parse(spec: Any, judges: Judges | None = None) -> Grader:
    """Return the grader that a spec names.

    It is one of `{"exact": TEXT}`, `{"number": TEXT}`, `{"regex": PATTERN}`, `{"schema": SCHEMA}`, `{"command": [WORD,
    …]}` and `{"judge": {"model": NAME, "criterion": TEXT}}`, whose criterion may be left out.

    Args:
        spec: it, as read from JSON.
        judges: makes what asks a model; None where none can be asked.

    Raises:
        UsageError: it names none, or what it looks for is none.
        ConfigError: a package is missing.
    """
    if not isinstance(spec, Mapping) or len(spec) != 1:
        raise _wrong(f"{str(spec)[:80]!r} is no grader")
    ((kind, wanted),) = spec.items()
    if kind == "judge":
        return _judge(wanted, judges)
    if kind not in _KINDS:
        raise _wrong(f"there is no grader {str(kind)[:80]!r}")
    return _KINDS[kind](wanted)


def _exact(wanted: Any) -> Grader:
    from agentctl.learning.graders.comparing import Exact  # noqa: PLC0415 - one kind is enough

    return Exact(_text("exact", wanted))


def _number(wanted: Any) -> Grader:
    from agentctl.learning.graders.comparing import Number, read_number  # noqa: PLC0415

    text = str(wanted) if isinstance(wanted, int) and not isinstance(wanted, bool) else _text("number", wanted)
    try:
        number = read_number(text.strip())
    except InvalidOperation as error:
        raise _wrong(f"{text[:80]!r} is no number") from error
    if not number.is_finite():
        raise _wrong(f"{text[:80]!r} is no number")
    return Number(number)


def _regex(wanted: Any) -> Grader:
    from agentctl.learning.graders.matching import Regex  # noqa: PLC0415

    pattern = _text("regex", wanted)
    if len(pattern) > _LONGEST_PATTERN:
        raise _wrong(f"the pattern has more than {_LONGEST_PATTERN:,} characters")
    try:
        with warnings.catch_warnings(action="ignore"):  # of what may mean something else one day
            re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise _wrong(f"the pattern is no regular expression: {error}") from error
    return Regex(pattern)


def _schema(wanted: Any) -> Grader:
    from agentctl.learning.graders.validating import checked  # noqa: PLC0415

    if not isinstance(wanted, Mapping):
        raise _wrong("a schema is a JSON object")
    return checked(dict(wanted))


def _command(wanted: Any) -> Grader:
    from agentctl.learning.graders.running import found  # noqa: PLC0415

    if not isinstance(wanted, list | tuple) or not all(isinstance(word, str) and "\0" not in word for word in wanted):
        raise _wrong("a command is a list of words")
    return found(wanted)


def _judge(wanted: Any, judges: Judges | None) -> Grader:
    from agentctl.learning.graders.judging import DEFAULT_CRITERION, Judge  # noqa: PLC0415

    if not isinstance(wanted, Mapping) or "model" not in wanted or not set(wanted) <= {"model", "criterion"}:
        raise _wrong("a judge has a model, and may have a criterion")
    if judges is None:
        raise _wrong("no model can be asked here to judge an answer")
    model = _text("model", wanted["model"])
    return Judge(model, judges(model), _text("criterion", wanted.get("criterion", DEFAULT_CRITERION)))


def _text(kind: str, wanted: Any) -> str:
    if not isinstance(wanted, str):
        raise _wrong(f"{kind} is a text, not {str(wanted)[:80]!r}")
    return wanted


def _wrong(what: str) -> UsageError:
    return UsageError(
        what, hint='a grader is {"exact": TEXT} or a number, regex, schema, command or judge in its place'
    )


_KINDS: Mapping[str, Callable[[Any], Grader]] = {
    "exact": _exact,
    "number": _number,
    "regex": _regex,
    "schema": _schema,
    "command": _command,
}
