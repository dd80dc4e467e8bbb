"""An actor and a critic, each a perceptron with tanh units, in one flat vector of parameters.

Arrays stand features first, (units, batch): the actor's and the critic's rows of a buffer are contiguous, a bias is one
number a row, and what is done for each action runs along the batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

Floats = NDArray[np.floating[Any]]
"""float32 where agents learn; float64 where gradients are compared with differences."""

SIZES = 8  # sizes of batch whose buffers are kept: a rollout's, a minibatch's, what remains of it, one row


@dataclass(frozen=True)
class Shape:
    """The sizes of a network.

    Attributes:
        observation: numbers in an observation.
        actions: how many actions each choice has; several choices are made at once (multi-discrete).
        hidden: units in each hidden layer of the actor, and as many in the critic's.

    Raises:
        ValueError: there is no observation, choice, action or hidden layer.
    """

    observation: int
    actions: tuple[int, ...]
    hidden: tuple[int, ...] = (64, 64)

    def __post_init__(self) -> None:
        if not self.actions or not self.hidden or min(self.observation, *self.actions, *self.hidden) < 1:
            raise ValueError(f"a network needs observations, actions and hidden units: {self}")


class Layers:
    """The weights and biases of every layer as views into one flat vector, (outputs, inputs) and (outputs, 1).

    The first layer has the actor's units, then the critic's; the next ones (2, outputs, inputs): the actor's, the
    critic's. The heads give the logits of all choices, and the value.
    """

    def __init__(self, shape: Shape, dtype: DTypeLike) -> None:
        first, units, logits = shape.hidden[0], shape.hidden[-1], sum(shape.actions)
        sizes: list[tuple[int, ...]] = [(2 * first, shape.observation)]
        sizes += [(2, outputs, inputs) for inputs, outputs in pairwise(shape.hidden)]
        sizes += [(logits, units), (1, units)]
        total = sum(int(np.prod(size)) + int(np.prod(size[:-1])) for size in sizes)
        self.flat: Floats = np.zeros(total, dtype)
        at = 0
        views: list[tuple[Floats, Floats]] = []
        for size in sizes:
            weights, biases = int(np.prod(size)), int(np.prod(size[:-1]))
            weight = self.flat[at : at + weights].reshape(size)
            views.append((weight, self.flat[at + weights : at + weights + biases].reshape(*size[:-1], 1)))
            at += weights + biases
        *self.hidden, self.policy, self.value = views

    def initialise(self, rng: np.random.Generator) -> None:
        """Draw orthogonal weights: gain √2 inside, .01 for the policy, 1 for the value; biases are 0."""
        for weight, bias in self.hidden:
            for half in weight.reshape(2, -1, weight.shape[-1]):
                half[:] = _orthogonal(rng, half.shape, np.sqrt(2))
            bias[:] = 0
        for (weight, bias), gain in ((self.policy, 0.01), (self.value, 1.0)):
            weight[:] = _orthogonal(rng, weight.shape, gain)
            bias[:] = 0


def _orthogonal(rng: np.random.Generator, shape: tuple[int, ...], gain: float) -> NDArray[np.float64]:
    """A matrix whose rows or columns, whichever are fewer, are orthogonal and as long as the gain."""
    rows, columns = shape
    q, r = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
    q *= np.sign(np.diagonal(r))
    return np.asarray(gain * (q.T if rows < columns else q))


class _Buffers:
    """What one forward and backward pass of a batch writes to."""

    def __init__(self, shape: Shape, batch: int, dtype: DTypeLike) -> None:
        self.ones: Floats = np.ones((batch, 1), dtype)
        self.units: list[Floats] = [np.empty((2, width, batch), dtype) for width in shape.hidden]
        self.deltas: list[Floats] = [np.empty((2, width, batch), dtype) for width in shape.hidden]
        self.slopes: list[Floats] = [np.empty((2, width, batch), dtype) for width in shape.hidden]
        self.logits: Floats = np.empty((sum(shape.actions), batch), dtype)
        self.values: Floats = np.empty((1, batch), dtype)


class Network:
    """Computes logits and values of observations, and the gradient of a loss with respect to every parameter.

    Args:
        shape: its sizes.
        dtype: float32, or float64 for the comparison with differences.
    """

    def __init__(self, shape: Shape, dtype: DTypeLike = np.float32) -> None:
        self.shape = shape
        self.layers = Layers(shape, dtype)
        self.slopes = Layers(shape, dtype)
        self._dtype = np.dtype(dtype)
        self._buffers: dict[int, _Buffers] = {}

    @property
    def parameters(self) -> Floats:
        """Every parameter, one flat vector; what is written there is what the network computes with."""
        return self.layers.flat

    @property
    def gradient(self) -> Floats:
        """What the last backward pass found, parameter by parameter."""
        return self.slopes.flat

    def forward(self, observations: Floats) -> tuple[Floats, Floats]:
        """The logits (actions, batch) and values (batch,) of observations (batch, numbers), until the next pass."""
        buffers = self._of(len(observations))
        inputs: Floats = observations.T
        for layer, ((weight, bias), units) in enumerate(zip(self.layers.hidden, buffers.units, strict=True)):
            out = units if layer else units.reshape(len(weight), -1)
            np.matmul(weight, inputs, out=out)
            np.add(out, bias, out=out)
            np.tanh(out, out=out)
            inputs = units
        for (weight, bias), half, out in (
            (self.layers.policy, inputs[0], buffers.logits),
            (self.layers.value, inputs[1], buffers.values),
        ):
            np.matmul(weight, half, out=out)
            np.add(out, bias, out=out)
        return buffers.logits, buffers.values[0]

    def backward(self, observations: Floats, by_logits: Floats, by_values: Floats) -> Floats:
        """Write the gradient, given a loss's derivatives by the logits and the values (batch,) of the last pass."""
        buffers = self._of(len(observations))
        self._heads(buffers, by_logits, by_values[None])
        for layer in reversed(range(len(buffers.units))):
            units, delta = buffers.units[layer], buffers.deltas[layer]
            np.multiply(units, units, out=buffers.slopes[layer])
            np.subtract(1, buffers.slopes[layer], out=buffers.slopes[layer])
            np.multiply(delta, buffers.slopes[layer], out=delta)
            by_weight, by_bias = self.slopes.hidden[layer]
            if layer:
                weight = self.layers.hidden[layer][0]
                np.matmul(delta, buffers.units[layer - 1].transpose(0, 2, 1), out=by_weight)
                np.matmul(weight.transpose(0, 2, 1), delta, out=buffers.deltas[layer - 1])
            else:
                delta = delta.reshape(len(by_weight), -1)
                np.matmul(delta, observations, out=by_weight)
            np.matmul(delta, buffers.ones, out=by_bias)
        return self.gradient

    def _heads(self, buffers: _Buffers, by_logits: Floats, by_values: Floats) -> None:
        """The gradient of the heads, and the derivatives by the last units."""
        actor, critic = buffers.units[-1]
        by_actor, by_critic = buffers.deltas[-1]
        by_weight, by_bias = self.slopes.policy
        np.matmul(by_logits, actor.T, out=by_weight)
        np.matmul(by_logits, buffers.ones, out=by_bias)
        np.matmul(self.layers.policy[0].T, by_logits, out=by_actor)
        by_weight, by_bias = self.slopes.value
        np.matmul(by_values, critic.T, out=by_weight)
        np.matmul(by_values, buffers.ones, out=by_bias)
        # a product of matrices, which it is too, takes three times as long
        np.multiply(self.layers.value[0].T, by_values, out=by_critic)

    def single(self, observation: Floats) -> tuple[list[float], float]:
        """The logits and the value of one observation (numbers,), with as few calls as can be."""
        weight, bias = self.layers.hidden[0]
        units = weight.dot(observation)
        units += bias[:, 0]
        np.tanh(units, out=units)
        units = units.reshape(2, -1, 1)
        for weight, bias in self.layers.hidden[1:]:
            units = np.matmul(weight, units)
            units += bias
            np.tanh(units, out=units)
        actor, critic = units[:, :, 0]
        logits = self.layers.policy[0].dot(actor)
        logits += self.layers.policy[1][:, 0]
        return logits.tolist(), float(self.layers.value[0].dot(critic)[0] + self.layers.value[1][0, 0])

    def _of(self, batch: int) -> _Buffers:
        found = self._buffers.get(batch)
        if found is None:
            if len(self._buffers) >= SIZES:
                self._buffers.clear()
            found = self._buffers[batch] = _Buffers(self.shape, batch, self._dtype)
        return found
