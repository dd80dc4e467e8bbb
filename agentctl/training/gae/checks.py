"""What a caller gives is looked at once, here: types, shapes, lengths, and that it lies in memory row after row."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]
Indices = NDArray[np.int64]

NEGLIGIBLE = 1e-8
"""What an advantage may lack, of the largest one: less than float32's own rounding."""

_FLOAT = np.dtype(np.float32)
_FLAG = np.dtype(np.bool_)


def floats(name: str, given: Any, shape: tuple[int, ...]) -> Floats:
    """Return a contiguous float32 array of that shape: the one given if it is one, else a converted copy.

    Raises:
        ValueError: They are not real numbers, or the shape is another.
    """
    array = given if isinstance(given, np.ndarray) else np.asarray(given)
    if array.dtype is not _FLOAT and array.dtype.kind not in "fiu":
        raise ValueError(f"{name} must be real numbers, not {array.dtype}")
    return _laid_out(name, array, _FLOAT, shape)


def flags(name: str, given: Any, shape: tuple[int, ...]) -> Flags:
    """Return a contiguous array of booleans of that shape.

    Raises:
        ValueError: They are not booleans, or the shape is another.
    """
    array = given if isinstance(given, np.ndarray) else np.asarray(given)
    if array.dtype != _FLAG:
        raise ValueError(f"{name} must be booleans, not {array.dtype}")
    return _laid_out(name, array, _FLAG, shape)


def lengths(given: Any, total: int) -> Indices:
    """Return the segments' lengths.

    Raises:
        ValueError: They are not whole numbers ≥ 0 in one row, or their sum is not `total`.
    """
    array = np.asarray(given)
    if array.size and array.dtype.kind not in "iu":
        raise ValueError(f"lengths must be whole numbers, not {array.dtype}")
    if array.ndim != 1:
        raise ValueError(f"lengths must have one dimension, not the shape {array.shape}")
    counts = array.astype(np.int64, copy=False)
    if counts.size and counts.min() < 0:
        raise ValueError("lengths must not be negative")
    if int(counts.sum()) != total:
        raise ValueError(f"lengths add up to {int(counts.sum())}, but there are {total} steps")
    return counts


def fraction(name: str, given: float) -> float:
    """Return the factor.

    Raises:
        ValueError: It is not in [0, 1].
    """
    if not 0 <= given <= 1:
        raise ValueError(f"{name} must be between 0 and 1, not {given}")
    return float(given)


def _laid_out(name: str, array: NDArray[Any], dtype: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    if array.shape != shape:
        raise ValueError(f"{name} must have the shape {shape}, not {array.shape}")
    if array.dtype is dtype and array.flags.c_contiguous:
        return array
    return np.ascontiguousarray(array, dtype)
