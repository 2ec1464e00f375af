"""Rebuild the network of a foreign ONNX file: the same results, faster, for batches of any size.

- Weights that are kept as small integers become floating-point numbers (`DequantizeLinear`, with blocks or without).
- A batch normalisation becomes a part of the convolution or the dense layer before it.
- A rectifier with a slope below 0 (`PRelu`) becomes two scales and a `Relu`, which ONNX Runtime does in a third of the
  time.
- A shape that says "one picture" says "as many as there are".
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from familiar.errors import FamiliarError
from familiar.vision.engines.onnx_graph import Graph

if TYPE_CHECKING:
    import onnx

Array: TypeAlias = npt.NDArray[Any]

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
        nodes = [node for node in model.graph.node if not _fold(node, constants)]
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
        self._consumers: dict[str, list[Any]] = defaultdict(list)
        for node in network.nodes:
            for name in node.input:
                self._consumers[name].append(node)
        for info in network.outputs:
            self._consumers[info.name].append(None)

    def value(self, name: str) -> str:
        """Return the name in the graph of a value, which is a constant of the graph if it is one here."""
        if name and name not in self._names:
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
        weights = self._constants.get(node.input[1])
        bias = self._constants.get(node.input[_BIAS]) if len(node.input) > _BIAS else np.zeros(1, np.float32)
        scale = self._normalisation(after[0]) if len(after) == 1 else None
        names = [self.value(node.input[0]), *node.input[1:]]
        if scale is None or weights is None or bias is None or not _is_plain(node):
            names[1:] = map(self.value, names[1:])
            (name,) = self._graph.copy(node, names)
        else:
            factor, offset = scale
            axis = 1 if node.op_type == "Gemm" and not _attributes(node).get("transB", 0) else 0
            lined_up = [-1 if place == axis else 1 for place in range(weights.ndim)]
            names[1:] = map(self._graph.constant, (weights * factor.reshape(lined_up), bias * factor + offset))
            (name,) = self._graph.copy(node, names)
            self._names[after[0].output[0]] = name
        self._names[node.output[0]] = name

    def _normalisation(self, node: Any) -> tuple[Array, Array] | None:
        """Return a batch normalisation as factor and offset of each channel; None where it is something else."""
        if node is None or node.op_type != "BatchNormalization" or len(node.output) != 1:
            return None
        found = [self._constants.get(name) for name in node.input[1:]]
        if any(value is None for value in found):
            return None
        factor, offset, mean, variance = (np.asarray(value, np.float64) for value in found)
        factor = factor / np.sqrt(variance + _attributes(node).get("epsilon", 1e-5))
        return factor, offset - factor * mean

    def _slopes(self, node: Any) -> Array | None:
        """Return the slopes of a rectifier, one for each channel; None where they are given otherwise."""
        slopes = self._constants.get(node.input[1])
        is_by_channel = slopes is not None and slopes.ndim >= 3 and slopes.size == slopes.shape[-3]  # noqa: PLR2004
        return slopes.reshape(-1) if slopes is not None and is_by_channel else None

    def _add_rectifier(self, node: Any) -> None:
        slopes = self._slopes(node)
        assert slopes is not None, "it was requested before"
        self._names[node.output[0]] = self._graph.rectified(self.value(node.input[0]), slopes)


def _for_any_batch(shape: Array) -> Array:
    """Return a shape that begins with one picture as one that begins with as many as come in."""
    return np.concatenate([[0], shape[1:]]) if shape.size > 1 and shape[0] == 1 else shape  # 0: as it comes in


def _fold(node: Any, constants: dict[str, Array]) -> bool:
    """Add what an operator gives to the constants, if it has only such ones to work with and is known here."""
    known = [constants.get(name) for name in node.input]
    if any(value is None for value in known):
        return False
    values = [value for value in known if value is not None]
    match node.op_type:
        case "Constant" if (value := _constant(node)) is not None:
            constants[node.output[0]] = value
        case "DequantizeLinear":
            constants[node.output[0]] = _dequantized(*values, **_attributes(node))
        case "Reshape":
            constants[node.output[0]] = values[0].reshape(values[1])
        case "Identity":
            constants[node.output[0]] = values[0]
        case _:
            return False
    return True


def _attributes(node: Any) -> dict[str, Any]:
    from onnx import helper  # noqa: PLC0415

    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}


def _is_plain(node: Any) -> bool:
    """Return whether a dense layer is the product and the sum, and nothing else; a convolution is."""
    found = _attributes(node)
    return bool(found.get("alpha", 1.0) == found.get("beta", 1.0) == 1.0)


def _constant(node: Any) -> Array | None:
    from onnx import numpy_helper  # noqa: PLC0415

    found = _attributes(node)
    return numpy_helper.to_array(found["value"]) if "value" in found else None


def _dequantized(values: Array, scales: Array, zeros: Array | None = None, **attributes: Any) -> Array:
    """Return integers as the numbers that they stand for, with a scale for all, for a channel, or for a block.

    As `DequantizeLinear` of ONNX: (values - zero) * scale.
    """
    axis, block = attributes.get("axis", 1), attributes.get("block_size", 0)

    def spread(given: Array) -> Array:
        if block:
            return np.repeat(given, block, axis).take(np.arange(values.shape[axis]), axis)
        if given.size == 1:
            return given.reshape(())
        return given.reshape([-1 if place == axis % values.ndim else 1 for place in range(values.ndim)])

    whole = values.astype(np.int32) - (spread(zeros).astype(np.int32) if zeros is not None else 0)
    return (whole.astype(np.float32) * spread(scales)).astype(np.float32)
