"""Scans that walk back through time a row at a time, for experience of many environments."""

from __future__ import annotations

import numpy as np

from agentctl.training.gae.checks import Floats

_BLOCK = 32


def scan(delta: Floats, carry: Floats) -> None:
    """Turn the residuals (T, N) into advantages, where they stand: aₜ = δₜ + cₜ·aₜ₊₁."""
    multiply, add = np.multiply, np.add
    product = np.empty_like(delta[0])
    sums, factors = list(delta), list(carry)
    following = sums.pop()
    factors.pop()
    while sums:
        current = sums.pop()
        multiply(factors.pop(), following, product)
        add(current, product, current)
        following = current


def scan_blocks(delta: Floats, carry: Floats) -> None:
    """Do as `scan` does, blocks of rows at once, for fewer environments. `carry` is destroyed.

    All blocks walk back together; then the advantage at each block's head goes into the block before, times the
    product of the factors in between.
    """
    steps, lanes = delta.shape
    odd = steps % _BLOCK
    sums, factors = (array[odd:].reshape(-1, _BLOCK, lanes) for array in (delta, carry))
    product = np.empty((len(sums), lanes), np.float32)
    for row in range(_BLOCK - 2, -1, -1):
        np.multiply(factors[:, row], sums[:, row + 1], product)
        sums[:, row] += product
        factors[:, row] *= factors[:, row + 1]
    scan(sums[:, 0], factors[:, 0])
    sums[:-1, 1:] += factors[:-1, 1:] * sums[1:, :1]
    if odd:
        scan(delta[: odd + 1], carry[: odd + 1])
