"""Rebuild the network of a foreign ONNX file: the same results, faster, for batches of any size.

- Weights that are kept as small integers become floating-point numbers (`DequantizeLinear`, with blocks or without).
- A batch normalisation becomes a part of the convolution or the dense layer before it.
- A rectifier with a slope below 0 (`PRelu`) becomes a `Relu` and a sum, which ONNX Runtime does in a third of the time.
- A shape that says "one picture" says "as many as there are".
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from familiar.errors import FamiliarError
from familiar.vision.engines.onnx_constants import Array, attributes_of, fold
from familiar.vision.engines.onnx_graph import Graph
from familiar.vision.engines.onnx_layers import Layer

if TYPE_CHECKING:
    import onnx

_WITHOUT_EFFECT = ("Identity", "Dropout")
_BIAS = 2
"""The place of the bias among the inputs of a convolution or a dense layer."""

_FEW = 32
"""A convolution that sums up to so many values takes less time than two passes over its result."""

_LEAST_FACTOR = 1e-3
"""Values are divided by factors of at least this, and multiplied again by the next layer."""


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

    def producers(self) -> dict[str, Any]:
        """Return the operator that gives each value, by the name of the value."""
        return {name: node for node in self.nodes for name in node.output}

    def giving(self, names: Sequence[str]) -> "ForeignNetwork":
        """Return the part of the network that gives these values."""
        from onnx import TensorProto, helper  # noqa: PLC0415

        needed, nodes = set(names), []
        for node in reversed(self.nodes):
            if not needed.isdisjoint(node.output):
                needed.update(node.input)
                nodes.append(node)
        outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names]
        return replace(self, nodes=nodes[::-1], outputs=outputs)

    def split(self) -> "tuple[ForeignNetwork, ForeignNetwork]":
        """Return the network in two parts: what comes before its last dense layer, and that layer with what follows."""
        last = max(number for number, node in enumerate(self.nodes) if node.op_type == "Gemm")
        first = self.giving(self.nodes[last].input[:1])
        return first, replace(self, nodes=self.nodes[last:], inputs=first.outputs)


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
        self._factors: dict[str, Array] = {}  # by which the layer after a value multiplies each channel of it
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
        elif node.op_type == "PRelu" and (slopes := self._slopes(node)) is not None:
            self._names[node.output[0]] = self._graph.rectified(self.value(node.input[0]), slopes)
        else:
            inputs = [self.value(name) for name in node.input]
            if node.op_type == "Reshape" and (shape := self._constants.get(node.input[1])) is not None:
                inputs[1] = self._graph.constant(_for_any_batch(shape), np.int64)
            outputs = self._graph.copy(node, inputs)
            self._names.update(zip(node.output, outputs, strict=True))

    def _add_layer(self, node: Any) -> None:
        """Add a convolution or a dense layer, together with the batch normalisation and the rectifier after it."""
        layer = self._layer(node)
        if layer is None:
            (self._names[node.output[0]],) = self._graph.copy(node, [self.value(each) for each in node.input])
            return
        merged = [node.output[0]]
        if (after := self._only_consumer(merged[-1])) is not None and (scale := self._normalisation(after)) is not None:
            layer = layer.scaled(*scale)
            merged.append(after.output[0])
        after = self._only_consumer(merged[-1])
        slopes = None if after is None else self._slopes(after)
        if slopes is not None and len(slopes) == len(layer.bias):
            merged.append(after.output[0])
            name = self._rectified_layer(node, layer, slopes, merged[-1])
        else:
            name = self._copied(node, layer)
        self._names.update(dict.fromkeys(merged, name))

    def _layer(self, node: Any) -> Layer | None:
        """Return the weights of a convolution or a dense layer; None where they are computed, or scaled once more."""
        weights = self._constants.get(node.input[1])
        bias = self._constants.get(node.input[_BIAS]) if len(node.input) > _BIAS else np.zeros(1, np.float32)
        if weights is None or bias is None or not _is_plain(node):
            return None
        axis = 1 if node.op_type == "Gemm" and not attributes_of(node).get("transB", 0) else 0
        channels = weights.shape[1] * attributes_of(node).get("group", 1)
        is_by_channel = node.op_type == "Conv" and weights.shape[1] == 1 and channels == len(weights)
        bias = np.broadcast_to(bias, weights.shape[axis])
        layer = Layer(weights=weights, bias=bias, axis=axis, is_by_channel=is_by_channel)
        factors = self._factors.get(node.input[0])
        return layer if factors is None else layer.after(factors)

    def _copied(self, node: Any, layer: Layer) -> str:
        """Add a layer with other weights; return the name of its value."""
        constants = [self._graph.constant(layer.weights), self._graph.constant(layer.bias)]
        (name,) = self._graph.copy(node, [self.value(node.input[0]), *constants])
        return name

    def _rectified_layer(self, node: Any, layer: Layer, slopes: Array, value: str) -> str:
        """Add a layer and the rectifier after it, the result of which is the foreign `value`.

        The rectifier is a·y + (1-a)·Relu(y). A convolution that sums few values takes less time than a pass over its
        result: it is done twice, with weights for either summand. Of other layers' results each channel is divided by
        1-a, which saves one of the passes; the next layer multiplies.
        """
        rest = 1 - slopes
        is_open = self._takes_factors(value, len(slopes))
        if layer.weights[0].size <= _FEW and (is_open or (rest >= 0).all()):
            above = self._graph.add("Relu", self._copied(node, layer.scaled(np.abs(rest))))
            sign = np.where(rest < 0, -1, 1).astype(np.float32)
            whole = self._copied(node, layer.scaled(slopes * sign))
            if (rest < 0).any():
                self._factors[value] = sign
            return self._graph.add("Add", whole, above)
        name = self._copied(node, layer)
        if not is_open or np.abs(rest).min() < _LEAST_FACTOR:
            return self._graph.rectified(name, slopes)
        self._factors[value] = rest
        return self._graph.add("Add", self._graph.scaled(name, slopes / rest), self._graph.add("Relu", name))

    def _takes_factors(self, name: str, channels: int) -> bool:
        """Return whether all that follows a value is one convolution that can multiply each of its channels before."""
        node = self._only_consumer(name)
        if node is None or node.op_type != "Conv" or node.input[0] != name:
            return False
        layer = self._layer(node)
        if layer is None:
            return False
        takes = len(layer.weights) if layer.is_by_channel else layer.weights.shape[1]
        return bool(takes == channels and (layer.is_by_channel or attributes_of(node).get("group", 1) == 1))

    def _only_consumer(self, name: str) -> Any:
        """Return the one operator that a value goes to; None if there are several, or if it is an output."""
        consumers = self._consumers[name]
        return consumers[0] if len(consumers) == 1 else None

    def _normalisation(self, node: Any) -> tuple[Array, Array] | None:
        """Return a batch normalisation as factor and offset of each channel; None where it is something else."""
        if node.op_type != "BatchNormalization" or len(node.output) != 1:
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
        """Return the slopes of a rectifier, one for each channel; None where there are none, or others."""
        if node.op_type != "PRelu":
            return None
        slopes = self._constants.get(node.input[1])
        is_by_channel = slopes is not None and slopes.ndim >= 3 and 1 < slopes.size == slopes.shape[-3]  # noqa: PLR2004
        return slopes.reshape(-1) if slopes is not None and is_by_channel else None


def _for_any_batch(shape: Array) -> Array:
    """Return a shape that begins with one picture as one that begins with as many as come in."""
    return np.concatenate([[0], shape[1:]]) if shape.size > 1 and shape[0] == 1 else shape  # 0: as it comes in


def _is_plain(node: Any) -> bool:
    """Return whether a dense layer is the product and the sum, and nothing else; a convolution is."""
    found = attributes_of(node)
    return bool(found.get("alpha", 1.0) == found.get("beta", 1.0) == 1.0)
