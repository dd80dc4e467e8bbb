"""Says how good an answer is: by comparing texts, by running a command, or by asking a model."""

from __future__ import annotations

from agentctl.learning.graders.grade import Ask, Grade, Grader, Judges
from agentctl.learning.graders.specs import parse

__all__ = ["Ask", "Grade", "Grader", "Judges", "parse"]
