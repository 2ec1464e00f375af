"""Rebuild the network of a foreign ONNX file: the same results, faster, for batches of any size.

- Weights that are kept as small integers become floating-point numbers (`DequantizeLinear`, with blocks or without).
- A batch normalisation becomes a part of the convolution or the dense layer before it.
- A rectifier with a slope below 0 (`PRelu`) becomes two scales and a `Relu`, which ONNX Runtime does in a third of the
  time; the scales become a part of a convolution of single channels after it.
- A shape that says "one picture" says "as many as there are".
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from familiar.errors import FamiliarError
from familiar.vision.engines.onnx_constants import Array, attributes_of, fold
from familiar.vision.engines.onnx_graph import Graph

if TYPE_CHECKING:
    import onnx

_WITHOUT_EFFECT = ("Identity", "Dropout")
_BIAS = 2
"""The place of the bias among the inputs of a convolution or a dense layer."""


@dataclass(slots=True, kw_only=True)
class ForeignNetwork:
    """A network as its file has it: operators in the order in which they are computed, and constants by their names.

    What is computed from constants alone, where it is known how, is a constant, too. `inputs` and `outputs` are value
    infos; weights that a file lists among its inputs are left out.
    """

    nodes: list[Any]
    constants: dict[str, Array]
    inputs: list[Any]
    outputs: list[Any]
    opset: int

    @classmethod
    def of(cls, model: "onnx.ModelProto") -> "ForeignNetwork":
        """Take a model apart.

        Raises:
            FamiliarError: one of its constants is damaged.
        """
        from onnx import numpy_helper  # noqa: PLC0415

        constants = {}
        for tensor in model.graph.initializer:
            try:
                constants[tensor.name] = numpy_helper.to_array(tensor)
            except Exception as error:  # what it raises on damaged ones is not said anywhere
                raise FamiliarError(f"the constant {tensor.name!r} is damaged: {error}") from error
        nodes = [node for node in model.graph.node if not fold(node, constants)]
        used = {name for node in nodes for name in node.input}
        return cls(
            nodes=nodes,
            constants=constants,
            inputs=[info for info in model.graph.input if info.name in used and info.name not in constants],
            outputs=list(model.graph.output),
            opset=max((entry.version for entry in model.opset_import if entry.domain in {"", "ai.onnx"}), default=1),
        )


def rebuild(network: ForeignNetwork, graph: Graph, inputs: Mapping[str, str]) -> list[str]:
    """Add a network to a graph, and return the names of its outputs there.

    Args:
        network: the network.
        graph: what grows; it must be of the network's opset.
        inputs: for each input of the network the name of the value that replaces it.

    Raises:
        FamiliarError: an operator needs what nothing gives.
    """
    rebuilding = _Rebuilding(network, graph, dict(inputs))
    for node in network.nodes:
        rebuilding.add(node)
    return [rebuilding.value(info.name) for info in network.outputs]


class _Rebuilding:
    """A network on its way into a graph; `_names` has the names there of the values that are in it already."""

    def __init__(self, network: ForeignNetwork, graph: Graph, names: dict[str, str]) -> None:
        self._graph = graph
        self._names = names
        self._constants = dict(network.constants)
        self._open_rectifiers: dict[str, tuple[str, Array]] = {}  # what comes after them takes them in
        self._consumers: dict[str, list[Any]] = defaultdict(list)
        for node in network.nodes:
            for name in node.input:
                self._consumers[name].append(node)
        for info in network.outputs:
            self._consumers[info.name].append(None)

    def value(self, name: str) -> str:
        """Return the name in the graph of a value, which is a constant of the graph if it is one here.

        Raises:
            FamiliarError: there is none.
        """
        if name and name not in self._names:
            if name not in self._constants:
                raise FamiliarError(f"the value {name!r} is given by nothing before it is needed")
            self._names[name] = self._graph.constant(self._constants[name], self._constants[name].dtype.type)
        return self._names.get(name, "")

    def add(self, node: Any) -> None:
        if node.output[0] in self._names:
            return  # it became a part of what comes before it
        if node.op_type in _WITHOUT_EFFECT:
            self._names[node.output[0]] = self.value(node.input[0])
        elif node.op_type in {"Conv", "Gemm"}:
            self._add_layer(node)
        elif node.op_type == "PRelu" and self._slopes(node) is not None:
            self._add_rectifier(node)
        else:
            inputs = [self.value(name) for name in node.input]
            if node.op_type == "Reshape" and (shape := self._constants.get(node.input[1])) is not None:
                inputs[1] = self._graph.constant(_for_any_batch(shape), np.int64)
            outputs = self._graph.copy(node, inputs)
            self._names.update(zip(node.output, outputs, strict=True))

    def _add_layer(self, node: Any) -> None:
        """Add a convolution or a dense layer, together with the batch normalisation after it."""
        after = self._consumers[node.output[0]]
        layer = self._layer(node)
        scale = self._normalisation(after[0]) if len(after) == 1 else None
        if layer is None:
            (name,) = self._graph.copy(node, [self.value(each) for each in node.input])
        elif node.input[0] in self._open_rectifiers:
            name = self._rectified_layer(node, layer if scale is None else layer.scaled(*scale))
        else:
            constants = (layer if scale is None else layer.scaled(*scale)).constants(self._graph)
            (name,) = self._graph.copy(node, [self.value(node.input[0]), *constants])
        if layer is not None and scale is not None:
            self._names[after[0].output[0]] = name
        self._names[node.output[0]] = name

    def _layer(self, node: Any) -> "_Layer | None":
        """Return the weights of a convolution or a dense layer; None where they are computed, or scaled once more."""
        weights = self._constants.get(node.input[1])
        bias = self._constants.get(node.input[_BIAS]) if len(node.input) > _BIAS else np.zeros(1, np.float32)
        if weights is None or bias is None or not _is_plain(node):
            return None
        axis = 1 if node.op_type == "Gemm" and not attributes_of(node).get("transB", 0) else 0
        return _Layer(weights=weights, bias=np.broadcast_to(bias, weights.shape[axis]), axis=axis)

    def _rectified_layer(self, node: Any, layer: "_Layer") -> str:
        """Add a rectifier and the convolution after it, of each channel by itself: as two of them, which are added.

        One takes the whole values, the other what is above 0; to scale the values first would be one pass more.
        """
        name, slopes = self._open_rectifiers[node.input[0]]
        whole, above = layer.split(slopes)
        (straight,) = self._graph.copy(node, [name, *whole.constants(self._graph)])
        (rest,) = self._graph.copy(node, [self._graph.add("Relu", name), above.constants(self._graph)[0]])
        return self._graph.add("Add", rest, straight)

    def _normalisation(self, node: Any) -> tuple[Array, Array] | None:
        """Return a batch normalisation as factor and offset of each channel; None where it is something else."""
        if node is None or node.op_type != "BatchNormalization" or len(node.output) != 1:
            return None
        found = [self._constants.get(name) for name in node.input[1:]]
        if any(value is None for value in found):
            return None
        factor, offset, mean, variance = (np.asarray(value, np.float64) for value in found)
        attributes = attributes_of(node)
        if factor.ndim != 1 or attributes.get("training_mode", 0):
            return None
        factor = factor / np.sqrt(variance + attributes.get("epsilon", 1e-5))
        return factor, offset - factor * mean

    def _slopes(self, node: Any) -> Array | None:
        """Return the slopes of a rectifier, one for each channel; None where they are given otherwise."""
        slopes = self._constants.get(node.input[1])
        is_by_channel = slopes is not None and slopes.ndim >= 3 and slopes.size == slopes.shape[-3]  # noqa: PLR2004
        return slopes.reshape(-1) if slopes is not None and is_by_channel else None

    def _add_rectifier(self, node: Any) -> None:
        slopes = self._slopes(node)
        assert slopes is not None, "it was requested before"
        name = self.value(node.input[0])
        after = self._consumers[node.output[0]]
        if len(after) == 1 and self._is_by_channel(after[0], len(slopes)):
            self._open_rectifiers[node.output[0]] = (name, slopes)
        else:
            self._names[node.output[0]] = self._graph.rectified(name, slopes)

    def _is_by_channel(self, node: Any, channels: int) -> bool:
        """Return whether an operator is a convolution of each of so many channels by itself, with known weights."""
        if node is None or node.op_type != "Conv" or self._layer(node) is None:
            return False
        return bool(attributes_of(node).get("group", 1) == channels == len(self._constants[node.input[1]]))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Layer:
    """Weights and bias of a convolution or a dense layer.

    `bias` has the shape (outputs,), and outputs are counted along `axis` of the weights.
    """

    weights: Array
    bias: Array
    axis: int

    def scaled(self, factor: Array, offset: Array) -> "_Layer":
        """Return the layer with each output times its factor plus its offset."""
        return _Layer(weights=self._weights_by(factor), bias=self.bias * factor + offset, axis=self.axis)

    def split(self, slopes: Array) -> "tuple[_Layer, _Layer]":
        """Return what takes the whole values, with the bias, and what takes those above 0."""
        whole = _Layer(weights=self._weights_by(slopes), bias=self.bias, axis=self.axis)
        return whole, _Layer(weights=self._weights_by(1 - slopes), bias=self.bias, axis=self.axis)

    def constants(self, graph: Graph) -> tuple[str, str]:
        """Return the names of weights and bias in a graph."""
        return graph.constant(self.weights), graph.constant(self.bias)

    def _weights_by(self, factors: Array) -> Array:
        return self.weights * factors.reshape([-1 if place == self.axis else 1 for place in range(self.weights.ndim)])


def _for_any_batch(shape: Array) -> Array:
    """Return a shape that begins with one picture as one that begins with as many as come in."""
    return np.concatenate([[0], shape[1:]]) if shape.size > 1 and shape[0] == 1 else shape  # 0: as it comes in


def _is_plain(node: Any) -> bool:
    """Return whether a dense layer is the product and the sum, and nothing else; a convolution is."""
    found = attributes_of(node)
    return bool(found.get("alpha", 1.0) == found.get("beta", 1.0) == 1.0)
