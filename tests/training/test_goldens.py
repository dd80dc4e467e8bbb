"""The same steps as torch takes with CleanRL's loss, gradient clipping and Adam; see goldens/make.py."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.samples import CASES

from agentctl.training.batch import Batch
from agentctl.training.learner import Learner

HERE = Path(__file__).parent / "goldens"
PARAMETERS = 2e-6  # eight steps of 3e-3, in float32 on both sides
LOSSES = 1e-6


@pytest.mark.parametrize("name", CASES)
def test_steps_are_those_of_torch(name: str) -> None:
    """After each of eight minibatches the losses and every parameter are what torch has."""
    shape, hyper, masked = CASES[name]
    with np.load(HERE / f"{name}.npz", allow_pickle=False) as golden:
        arrays = dict(golden)
    names = [field for field in Batch.__dataclass_fields__ if field != "mask" or masked]
    learner = Learner(shape, replace(hyper, epochs=1, minibatch=len(arrays["rows"][0])), 0)
    learner.parameters[:] = arrays["first"]
    for rows, losses, parameters in zip(arrays["rows"], arrays["losses"], arrays["parameters"], strict=True):
        done = learner.update(Batch(**{field: arrays[field][rows] for field in names}), 0)
        ours = (done.policy_loss, done.value_loss, done.entropy, done.kl, done.clip_fraction)
        assert ours == pytest.approx(losses.tolist(), abs=LOSSES, rel=LOSSES)
        assert np.abs(learner.parameters - parameters).max() < PARAMETERS


@pytest.mark.parametrize("name", CASES)
def test_goldens_meet_the_clips(name: str) -> None:
    """What is compared has ratios outside of the clip, and parameters that moved far more than the tolerance."""
    with np.load(HERE / f"{name}.npz", allow_pickle=False) as golden:
        assert 0 < golden["losses"][:, 4].min() < golden["losses"][:, 4].max() < 1
        assert np.abs(golden["parameters"][-1] - golden["first"]).max() > 1000 * PARAMETERS
