"""Weights of a layer, and how scales before and after it become a part of them."""

from dataclasses import dataclass, replace

from familiar.vision.engines.onnx_constants import Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layer:
    """Weights and bias of a convolution or a dense layer.

    `bias` has the shape (outputs,), and outputs are counted along `axis` of the weights. `is_by_channel` tells whether
    it is a convolution of each channel by itself.
    """

    weights: Array
    bias: Array
    axis: int
    is_by_channel: bool

    def scaled(self, factors: Array, offsets: Array | float = 0.0) -> "Layer":
        """Return the layer with each output times its factor plus its offset."""
        return replace(self, weights=_by(self.weights, factors, self.axis), bias=self.bias * factors + offsets)

    def after(self, factors: Array) -> "Layer":
        """Return the layer with each input channel multiplied by its factor before."""
        return replace(self, weights=_by(self.weights, factors, 0 if self.is_by_channel else 1))


def _by(weights: Array, factors: Array, axis: int) -> Array:
    return weights * factors.reshape([-1 if place == axis else 1 for place in range(weights.ndim)])
