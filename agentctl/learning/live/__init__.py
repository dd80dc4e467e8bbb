"""Makes outcome tables of tasks that have none: each action answers, a grader judges, and nothing is paid for twice."""

from __future__ import annotations

from agentctl.learning.live.answers import Answer, Answers
from agentctl.learning.live.collecting import Asked, Collected, Grade, Task, collect

__all__ = ["Answer", "Answers", "Asked", "Collected", "Grade", "Task", "collect"]
