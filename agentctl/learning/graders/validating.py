"""A grader that holds an answer to a JSON Schema."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from agentctl.errors import AgentctlError, ConfigError, UsageError
from agentctl.learning.graders.grade import Grade, verdict, version

_LARGEST = 1 << 20  # characters of an answer
_SHOWN = 200  # characters of what is wrong with it


@dataclass(frozen=True, slots=True)
class Schema:
    """Whether an answer is JSON that a schema describes. What the schema refers to outside of it is not fetched."""

    schema: dict[str, Any]
    name = "schema"

    @property
    def version(self) -> str:
        """See `Grader`."""
        return version(self.schema)

    def grade(self, prompt: str, answer: str) -> Grade:  # noqa: ARG002 - others need it
        """See `Grader`."""
        try:
            document = json.loads(answer, parse_constant=_refuse) if len(answer) <= _LARGEST else None
        except (ValueError, RecursionError):
            return Grade(0.0, "it is no JSON")
        if len(answer) > _LARGEST:
            return Grade(0.0, f"it has more than {_LARGEST:,} characters")
        wrong = _first_flaw(self.schema, document)
        return verdict(good=wrong is None, otherwise=f"it is not as the schema says: {wrong}")


def checked(schema: dict[str, Any]) -> Schema:
    """Return the grader by a schema.

    Raises:
        UsageError: it is no schema.
        ConfigError: the package that reads schemas is missing.
    """
    try:
        from jsonschema.exceptions import SchemaError  # noqa: PLC0415 - hardly any grader needs it
        from jsonschema.validators import validator_for  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError(
            "grading by a schema needs jsonschema, which is not installed", hint="pip install 'agentctl[train]'"
        ) from error
    try:
        validator_for(schema).check_schema(schema)
    except SchemaError as error:
        raise UsageError(f"it is no JSON Schema: {error.message[:_SHOWN]}", hint="see json-schema.org") from error
    return Schema(schema)


def _first_flaw(schema: dict[str, Any], document: Any) -> str | None:
    from jsonschema.validators import validator_for  # noqa: PLC0415
    from referencing import Registry  # noqa: PLC0415
    from referencing.exceptions import Unresolvable  # noqa: PLC0415

    nothing: Registry[Any] = Registry()  # so that nothing is fetched
    try:
        flaw = next(validator_for(schema)(schema, registry=nothing).iter_errors(document), None)
    except (Unresolvable, RecursionError) as error:
        raise AgentctlError(
            "the schema refers to what is not in it, or to itself without end",
            hint="write what it refers to under $defs",
        ) from error
    return None if flaw is None else f"{flaw.json_path}: {flaw.message}"[:_SHOWN]


def _refuse(constant: str) -> None:
    raise ValueError(constant)
