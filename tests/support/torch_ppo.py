"""PPO in torch, as CleanRL writes it, and as fast as eager torch gets: peers of benchmarks, and a source of goldens."""

from __future__ import annotations

from itertools import chain, pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.distributions import Categorical
from torch.nn.functional import log_softmax

from agentctl.training.batch import Batch
from agentctl.training.hyperparameters import Hyperparameters
from agentctl.training.network import Shape

Columns = tuple[Any, ...]
"""Tensors of observations, actions, log-probabilities, advantages, returns, values, and a mask or None."""


def perceptron(inputs: int, hidden: tuple[int, ...], outputs: int) -> Any:
    """Linear layers with tanh between."""
    inner = chain.from_iterable((nn.Linear(a, b), nn.Tanh()) for a, b in pairwise((inputs, *hidden)))
    return nn.Sequential(*inner, nn.Linear(hidden[-1], outputs))


def tensors(batch: Batch) -> Columns:
    """The batch's columns."""
    return (
        *map(torch.from_numpy, (batch.observations, batch.actions, batch.log_probabilities)),
        *map(torch.from_numpy, (batch.advantages, batch.returns, batch.values)),
        None if batch.mask is None else torch.from_numpy(batch.mask),
    )


class CleanRL:
    """The loss, clipping and Adam of CleanRL's `ppo.py`, with its two networks; masks and several choices beside."""

    name = "CleanRL"

    def __init__(self, shape: Shape, hyperparameters: Hyperparameters) -> None:
        self.shape, self.hyper = shape, hyperparameters
        self.actor = perceptron(shape.observation, shape.hidden, sum(shape.actions))
        self.critic = perceptron(shape.observation, shape.hidden, 1)
        self.parameters = [*self.actor.parameters(), *self.critic.parameters()]
        self.optimizer = torch.optim.Adam(self.parameters, lr=hyperparameters.learning_rate, eps=1e-5)

    def evaluate(self, observations: Any, actions: Any, mask: Any) -> tuple[Any, Any, Any]:
        """Log-probabilities of the actions, entropies and values."""
        logits = self.actor(observations)
        if mask is not None:
            logits = logits.masked_fill(~mask, -1e8)
        choices: list[Any] = [Categorical(logits=part) for part in logits.split(self.shape.actions, dim=1)]
        chosen = sum(choice.log_prob(actions[:, at]) for at, choice in enumerate(choices))
        return chosen, sum(choice.entropy() for choice in choices), self.critic(observations)

    def step(self, columns: Columns) -> list[float]:
        """Learn from a minibatch; return its losses: policy, value, entropy, approximate KL, clip fraction."""
        hyper = self.hyper
        observations, actions, old, advantages, returns, values, mask = columns
        chosen, entropy, value = self.evaluate(observations, actions, mask)
        difference = chosen - old
        ratio = difference.exp()
        with torch.no_grad():
            kl = ((ratio - 1) - difference).mean()
            outside = ((ratio - 1.0).abs() > hyper.clip).float().mean().item()
        if hyper.normalise:
            advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
        clipped = -advantages * torch.clamp(ratio, 1 - hyper.clip, 1 + hyper.clip)
        policy_loss = torch.max(-advantages * ratio, clipped).mean()
        value = value.view(-1)
        errors = (value - returns) ** 2
        if hyper.value_clip is not None:
            held = values + torch.clamp(value - values, -hyper.value_clip, hyper.value_clip)
            errors = torch.max(errors, (held - returns) ** 2)
        value_loss = 0.5 * errors.mean()
        loss = policy_loss - hyper.entropy * entropy.mean() + value_loss * hyper.value_weight
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.parameters, hyper.max_grad_norm)
        self.optimizer.step()
        return [policy_loss.item(), value_loss.item(), entropy.mean().item(), kl.item(), outside]

    def update(self, columns: Columns, rng: np.random.Generator) -> None:
        """Learn from a batch, as often as there are epochs."""
        order = np.arange(len(columns[0]))
        for _ in range(self.hyper.epochs):
            rng.shuffle(order)
            for start in range(0, len(order), self.hyper.minibatch):
                rows = order[start : start + self.hyper.minibatch]
                self.step(tuple(None if column is None else column[rows] for column in columns))


class Fused(CleanRL):
    """The same objective without what eager torch can do without: fused Adam, one gather an epoch, bare tensors.

    Both networks' first layers are one product, and their next ones one batched product.
    """

    name = "fused"

    def __init__(self, shape: Shape, hyperparameters: Hyperparameters) -> None:
        super().__init__(shape, hyperparameters)
        first, second, _ = zip(self.actor[::2], self.critic[::2], strict=True)
        self.first = [torch.cat([one.weight for one in first]).T.contiguous(), torch.cat([one.bias for one in first])]
        self.second = [
            torch.stack([one.weight.T for one in second]).contiguous(),
            torch.stack([one.bias for one in second])[:, None],
        ]
        joint = [one.detach().clone().requires_grad_() for one in (*self.first, *self.second)]
        self.first, self.second = joint[:2], joint[2:]
        self.parameters = [*joint, *self.actor[-1].parameters(), *self.critic[-1].parameters()]
        self.optimizer = torch.optim.Adam(self.parameters, lr=hyperparameters.learning_rate, eps=1e-5, fused=True)

    def evaluate(self, observations: Any, actions: Any, mask: Any) -> tuple[Any, Any, Any]:
        """Log-probabilities of the actions, entropies and values; of one choice without a mask."""
        units = torch.addmm(self.first[1], observations, self.first[0]).tanh_()
        both = units.view(len(units), 2, -1).transpose(0, 1)
        both = torch.baddbmm(self.second[1], both, self.second[0]).tanh_()
        logarithms = log_softmax(self.actor[-1](both[0]), 1)
        entropy = -(logarithms.exp() * logarithms).sum(1)
        return logarithms.gather(1, actions)[:, 0], entropy, self.critic[-1](both[1])

    def update(self, columns: Columns, rng: np.random.Generator) -> None:
        """Learn from a batch, as often as there are epochs."""
        size = self.hyper.minibatch
        for _ in range(self.hyper.epochs):
            order = torch.from_numpy(rng.permutation(len(columns[0])))
            parts = zip(*(column[order].split(size) for column in columns[:6]), strict=True)
            for part in parts:
                self.lean(part)

    def lean(self, columns: Columns) -> None:
        """Learn from a minibatch; no number leaves torch."""
        hyper = self.hyper
        observations, actions, old, advantages, returns, values = columns
        chosen, entropy, value = self.evaluate(observations, actions, None)
        ratio = (chosen - old).exp()
        deviation, mean = torch.std_mean(advantages)
        advantages = (advantages - mean) / (deviation + 1e-8)
        bounded = torch.clamp(ratio, 1 - hyper.clip, 1 + hyper.clip)
        gain = torch.min(advantages * ratio, advantages * bounded).mean()
        value = value.view(-1)
        held = values + torch.clamp(value - values, -hyper.clip, hyper.clip)
        errors = torch.max((value - returns) ** 2, (held - returns) ** 2).mean()
        loss = errors * (0.5 * hyper.value_weight) - gain - hyper.entropy * entropy.mean()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.parameters, hyper.max_grad_norm, foreach=True)
        self.optimizer.step()


def flat(peer: CleanRL) -> NDArray[np.float32]:
    """The peer's parameters in the order in which a learner of the same shape has them."""
    parts: list[Any] = []
    for layer, pair in enumerate(zip(peer.actor[::2], peer.critic[::2], strict=True)):
        if layer < len(peer.shape.hidden):
            parts += [one.weight for one in pair] + [one.bias for one in pair]
        else:
            parts += [tensor for one in pair for tensor in (one.weight, one.bias)]
    return np.concatenate([part.detach().numpy().ravel() for part in parts]).astype(np.float32)
