"""Which methods and functions a component may call: only those that say so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])

_MARK = "_exported_to_components"


def exported(function: F) -> F:
    """Mark a method, or with `classmethod` above it a static function, as one that components may call by its name."""
    setattr(function, _MARK, True)
    return function


def find(kind: type, name: str, *, static: bool) -> Callable[..., Any] | None:
    """The method of a resource by the name that WIT gives it; its first argument is checked unless it is static."""
    found = vars(kind).get(name.replace("-", "_"))
    plain = found.__func__ if isinstance(found, classmethod) else found
    if not getattr(plain, _MARK, False) or isinstance(found, classmethod) is not static:
        return None
    if static:
        return cast("Callable[..., Any]", getattr(kind, name.replace("-", "_")))

    def method(self: object, *arguments: Any) -> Any:
        if not isinstance(self, kind):
            raise TypeError(f"{name} is no method of {type(self).__name__}")
        return cast("Callable[..., Any]", plain)(self, *arguments)

    return method
