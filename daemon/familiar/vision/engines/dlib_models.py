"""dlib's two networks as ONNX models, from the files of `face_recognition_models`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from familiar.errors import FamiliarError
from familiar.vision.engines.dlib_files import AddSkipped, Convolution, Dense, Layer, Pool, Relu, read_layers
from familiar.vision.engines.onnx_graph import Graph
from familiar.vision.engines.onnx_models import Network, PackageFile, kept
from familiar.vision.faces.chips import DLIB_LAYOUT

if TYPE_CHECKING:
    import onnx

_CHIP = DLIB_LAYOUT.edge

MEAN = (122.782, 117.001, 104.298)
"""Red, green and blue that dlib subtracts (`dlib/dnn/input.h`)."""


def convert_encoder(layers: Sequence[Layer]) -> "onnx.ModelProto":
    """Return the embedding network: `chips` (n, 150, 150, 3) uint8 to `output` (n, 128) float32.

    It is dlib's `anet_type` (`dlib/examples/dnn_face_recognition_ex.cpp`): residual blocks whose ends are added, the
    smaller one padded with zeros in channels, rows and columns.
    """
    from onnx import TensorProto, helper  # noqa: PLC0415

    graph = Graph()
    value = _Stage(graph.normalised("chips", MEAN, 1 / 256), 3, _CHIP)
    skipped: _Stage | None = None
    for number, layer in enumerate(layers):
        match layer:
            case Convolution():
                if skipped is None and number > 1:
                    skipped = value  # a residual block begins
                edge = 1 + (value.edge + 2 * layer.padding - layer.weights.shape[2]) // layer.stride
                value = _Stage(_convolved(graph, value.name, layer), layer.weights.shape[0], edge)
            case Relu():
                value = _Stage(graph.add("Relu", value.name), value.channels, value.edge)
            case Pool(size=0):
                axes = graph.constant([2, 3], np.int64)
                value = _Stage(graph.add("ReduceMean", value.name, axes, keepdims=0), value.channels, 1)
            case Pool(largest=True):
                value = _pooled(graph, value, layer)
            case Pool():
                assert skipped is not None, "an average is taken of what a block began with"
                skipped = _pooled(graph, skipped, layer)
            case AddSkipped():
                assert skipped is not None, "a block has a beginning"
                value, skipped = _added(graph, value, skipped), None
            case Dense():
                output = graph.add("MatMul", value.name, graph.constant(layer.weights))
            case _:
                raise FamiliarError(f"{type(layer).__name__} is not known in an embedding network")
    inputs = [helper.make_tensor_value_info("chips", TensorProto.UINT8, ["n", _CHIP, _CHIP, 3])]
    return graph.model(inputs, output, ["n", 128])


def convert_detector(layers: Sequence[Layer]) -> "onnx.ModelProto":
    """Return the detector: `tiles` (n, 3, rows, columns) float32 to `output`, the score of a face at each place."""
    from onnx import TensorProto, helper  # noqa: PLC0415

    graph, value = Graph(), "tiles"
    for layer in layers:
        match layer:
            case Convolution():
                value = _convolved(graph, value, layer)
            case Relu():
                value = graph.add("Relu", value)
            case _:
                raise FamiliarError(f"{type(layer).__name__} is not known in a detector")
    inputs = [helper.make_tensor_value_info("tiles", TensorProto.FLOAT, ["n", 3, "rows", "columns"])]
    return graph.model(inputs, value, ["n", 1, "y", "x"])


def resizing_model(folder: Path) -> bytes:
    """Return the model that resizes `picture` (1, 3, rows, columns) to `sizes` as dlib does, corner to corner."""
    return kept("resizing", folder, _resizing)


def _resizing() -> "onnx.ModelProto":
    from onnx import TensorProto, helper  # noqa: PLC0415

    graph = Graph()
    corner_to_corner = {"mode": "linear", "coordinate_transformation_mode": "align_corners"}
    value = graph.add("Resize", "picture", "", "", "sizes", **corner_to_corner)
    inputs = [
        helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, "rows", "columns"]),
        helper.make_tensor_value_info("sizes", TensorProto.INT64, [4]),
    ]
    return graph.model(inputs, value, [1, 3, "y", "x"])


@dataclass(frozen=True, slots=True)
class _Stage:
    """A value of the graph, with its channels and its edge in pixels."""

    name: str
    channels: int
    edge: int


def _convolved(graph: Graph, value: str, layer: Convolution) -> str:
    return graph.add(
        "Conv",
        value,
        graph.constant(layer.weights),
        graph.constant(layer.bias),
        strides=[layer.stride] * 2,
        pads=[layer.padding] * 4,
    )


def _pooled(graph: Graph, value: _Stage, layer: Pool) -> _Stage:
    operator = "MaxPool" if layer.largest else "AveragePool"
    name = graph.add(operator, value.name, kernel_shape=[layer.size] * 2, strides=[layer.stride] * 2)
    return _Stage(name, value.channels, 1 + (value.edge - layer.size) // layer.stride)


def _added(graph: Graph, one: _Stage, other: _Stage) -> _Stage:
    channels, edge = max(one.channels, other.channels), max(one.edge, other.edge)

    def padded(stage: _Stage) -> str:
        more, rows = channels - stage.channels, edge - stage.edge
        if not more and not rows:
            return stage.name
        return graph.add("Pad", stage.name, graph.constant([0, 0, 0, 0, 0, more, rows, rows], np.int64))

    return _Stage(graph.add("Add", padded(one), padded(other)), channels, edge)


def _of_package(file: str, hash_: str) -> PackageFile:
    return PackageFile(
        package="face_recognition_models",
        release="face_recognition_models 0.3.0",
        file=f"models/{file}",
        hash=hash_,
    )


LANDMARKS = _of_package(
    "shape_predictor_5_face_landmarks.dat", "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888"
)
ENCODER = Network(
    source=_of_package(
        "dlib_face_recognition_resnet_model_v1.dat", "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30"
    ),
    convert=lambda data: convert_encoder(read_layers(data)),
)
DETECTOR = Network(
    source=_of_package(
        "mmod_human_face_detector.dat", "4cb19393e2fbaf2b1609a9319ad5386618c886a6234ec1b971f3e87c85d87fe6"
    ),
    convert=lambda data: convert_detector(read_layers(data)),
)
