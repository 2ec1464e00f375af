"""Networks of the ArcFace kind as ONNX files, small enough to be made by a test."""

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

DIMENSION = 24


def own_network(
    *,
    dimension: int = DIMENSION,
    edge: int = 112,
    batch: str | int = "n",
    extra_nodes: tuple[Any, ...] = (),
    extra_outputs: tuple[str, ...] = (),
    extra_inputs: tuple[str, ...] = (),
    weights: float = 1.0,
    is_linear: bool = False,
    opset: int = 17,
) -> onnx.ModelProto:
    """Return a network of a convolution, a normalisation, a rectifier with slopes, and a dense layer.

    A linear one gives strangers that have nothing in common.
    """
    random = np.random.default_rng(5)

    def weight(name: str, *shape: int) -> Any:
        if is_linear and name in {"beta", "mean", "bias"}:
            return numpy_helper.from_array(np.zeros(shape, np.float32), name)
        return numpy_helper.from_array((weights * random.normal(size=shape)).astype(np.float32), name)

    places = 8 * ((edge - 7) // 8 + 1) ** 2
    constants = [
        weight("kernels", 8, 3, 7, 7),
        *[weight(name, 8) for name in ("gamma", "beta", "mean")],
        numpy_helper.from_array(np.full(8, 40, np.float32), "variance"),
        numpy_helper.from_array(np.full((8, 1, 1), 1.0 if is_linear else 0.25, np.float32), "slopes"),
        weight("matrix", dimension, places),
        weight("bias", dimension),
        numpy_helper.from_array(np.array([1, -1]), "flat"),
    ]
    nodes = [
        helper.make_node("Conv", ["data", "kernels"], ["convolved"], strides=[8, 8], kernel_shape=[7, 7]),
        helper.make_node("BatchNormalization", ["convolved", "gamma", "beta", "mean", "variance"], ["normalised"]),
        helper.make_node("PRelu", ["normalised", "slopes"], ["rectified"]),
        helper.make_node("Reshape", ["rectified", "flat"], ["line"]) if batch == 1 else
        helper.make_node("Flatten", ["rectified"], ["line"]),
        helper.make_node("Gemm", ["line", "matrix", "bias"], ["embedding"], transB=1),
        *extra_nodes,
    ]  # fmt: skip
    inputs = [helper.make_tensor_value_info("data", TensorProto.FLOAT, [batch, 3, edge, edge])]
    inputs += [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in extra_inputs]
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("embedding", *extra_outputs)]
    graph = helper.make_graph(nodes, "own", inputs, outputs, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
