"""What is written of a policy beside its arrays, and the checks that it makes sense."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agentctl.learning.artifacts.files import head
from agentctl.learning.artifacts.npz import SIZES, Layout

FORMAT = 1
KINDS = ("environment", "routing")
LARGEST = 1 << 24  # bytes of a manifest
LARGEST_ARRAYS = 1 << 28  # bytes of all arrays together
_MOST_ARRAYS = 4096
_MOST_AXES = 32
_NAME = re.compile(r"[A-Za-z0-9_-]+([./][A-Za-z0-9_-]+)*")
_LONGEST_NAME = 120


def dump(manifest: Mapping[str, Any]) -> bytes:
    """The manifest as the file that it is kept in; the same manifest is always the same bytes.

    Raises:
        ValueError, TypeError: it is not JSON, for one because a figure is no number.
    """
    return (json.dumps(manifest, indent=1, sort_keys=True, allow_nan=False) + "\n").encode()


def load(path: Path) -> tuple[dict[str, Any], bytes]:
    """Read and check a manifest; return it and its bytes.

    Raises:
        ValueError: it makes no sense, or is not as it was written.
        OSError: it can't be read.
    """
    raw = head(path, LARGEST + 1)
    if len(raw) > LARGEST:
        raise ValueError(f"it is larger than {LARGEST:,} bytes")
    try:
        manifest = json.loads(raw)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    check(manifest)
    if dump(manifest) != raw:
        raise ValueError("it was changed since it was written")
    return manifest, raw


def check(manifest: Any) -> None:
    """Check what all policies have in common.

    Raises:
        ValueError: it is no manifest of ours.
    """
    if not isinstance(manifest, dict):
        raise ValueError("it is no JSON object")  # noqa: TRY004 - what a file has is a value
    if (found := manifest.get("format")) != FORMAT or isinstance(found, bool):
        raise ValueError(f"its format is {_short(found)}, and this version of agentctl reads {FORMAT}")
    if manifest.get("kind") not in KINDS:
        raise ValueError(f"its kind is {_short(manifest.get('kind'))}, and none of {', '.join(KINDS)}")
    layouts(manifest)


def layouts(manifest: Mapping[str, Any]) -> dict[str, Layout]:
    """The arrays that a manifest says there are.

    Raises:
        ValueError: it says nothing that makes sense, or they are too large.
    """
    listed = manifest.get("arrays")
    if not isinstance(listed, dict) or len(listed) > _MOST_ARRAYS:
        raise ValueError("it does not say which arrays there are")
    found = {name: _layout(name, one) for name, one in listed.items()}
    if sum(one.size for one in found.values()) > LARGEST_ARRAYS:
        raise ValueError(f"its arrays are larger than {LARGEST_ARRAYS:,} bytes")
    return found


def _layout(name: str, listed: Any) -> Layout:
    if len(name) > _LONGEST_NAME or not _NAME.fullmatch(name):
        raise ValueError(f"{_short(name)} is no name of an array")
    if not isinstance(listed, dict) or listed.keys() != {"dtype", "shape"}:
        raise ValueError(f"it does not say what the array {name} is")
    dtype, shape = listed["dtype"], listed["shape"]
    if not isinstance(dtype, str) or dtype not in SIZES:
        raise ValueError(f"the array {name} has the type {_short(dtype)}, which no policy has")
    if not isinstance(shape, list) or len(shape) > _MOST_AXES or not all(type(n) is int and n >= 0 for n in shape):
        raise ValueError(f"the array {name} has no shape")
    return Layout(dtype, tuple(shape))


def _short(value: Any) -> str:
    return ascii(value)[:40]
