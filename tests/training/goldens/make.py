"""Write the goldens of PPO: what CleanRL's loss, gradient clipping and Adam make of the same parameters and samples.

    python tests/training/goldens/make.py

It needs torch (the extra `bench`), in float32 and with one thread. For each case an .npz has the samples, the first
parameters, the rows of every minibatch, and after each step torch's parameters and losses.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from support.samples import CASES, sample
from support.torch_ppo import CleanRL, flat, tensors

HERE = Path(__file__).parent
STEPS = 8
SIZE = 32


def make(name: str, seed: int) -> dict[str, Any]:
    """The golden of a case."""
    shape, hyper, masked = CASES[name]
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    batch = sample(shape, 4 * SIZE, rng, masked=masked)
    peer = CleanRL(shape, hyper)
    first = flat(peer)
    columns = tensors(batch)
    rows = np.stack([rng.permutation(len(batch))[:SIZE] for _ in range(STEPS)])
    losses, parameters = [], []
    for some in rows:
        losses.append(peer.step(tuple(None if column is None else column[some] for column in columns)))
        parameters.append(flat(peer))
    found = {field: getattr(batch, field) for field in batch.__dataclass_fields__ if getattr(batch, field) is not None}
    return found | {"first": first, "rows": rows, "losses": np.array(losses), "parameters": np.array(parameters)}


def main() -> None:
    """Write them all."""
    torch.set_num_threads(1)
    for seed, name in enumerate(CASES):
        np.savez_compressed(HERE / f"{name}.npz", **make(name, seed))


if __name__ == "__main__":
    main()
