"""MTCNN's three networks as ONNX models, from the files of the package `mtcnn`.

Zhang et al., Joint Face Detection and Alignment Using Multi-task Cascaded Convolutional Networks (2016): the first
proposes places, the second refuses most of them, the third decides, and finds eyes, nose and mouth.
"""

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from familiar.vision.engines.onnx_graph import Graph
from familiar.vision.engines.onnx_models import Network, PackageFile

if TYPE_CHECKING:
    import onnx

PROPOSAL_EDGE, REFINEMENT_EDGE, OUTPUT_EDGE = 12, 24, 48
"""Edges of the inputs of the three networks, in pixels."""

_MEAN, _SCALE = 127.5, 1 / 128

_PADDED = {"kernel_shape": [3, 3], "strides": [2, 2], "auto_pad": "SAME_UPPER"}
_INSIDE = {"kernel_shape": [3, 3], "strides": [2, 2]}
_HALVED = {"kernel_shape": [2, 2], "strides": [2, 2], "auto_pad": "SAME_UPPER"}

_Weights = list[npt.NDArray[np.float32]]


def convert_proposal(data: bytes) -> "onnx.ModelProto":
    """Return the first network: `pixels` (n, rows, columns, 3) uint8 to its output for each place.

    `output` is (n, 5, y, x): the log odds of a face, then left, top, right and bottom of the face less those of the
    place, as shares of its edge.
    """
    graph, weights = Graph(), _read(data)
    value = graph.normalised("pixels", _MEAN, _SCALE)
    value = graph.add("MaxPool", _convolved(graph, value, weights), **_HALVED)
    value = _convolved(graph, _convolved(graph, value, weights), weights)
    kernels, bias = _head(weights)
    output = graph.add("Conv", value, graph.constant(kernels.transpose(3, 2, 0, 1)), graph.constant(bias))
    return graph.model([_pixels("rows", "columns")], output, ["n", 5, "y", "x"])


def convert_refinement(data: bytes) -> "onnx.ModelProto":
    """Return the second network: `pixels` (n, 24, 24, 3) uint8 to `output` (n, 5), as that of the first."""
    graph, weights = Graph(), _read(data)
    value = graph.normalised("pixels", _MEAN, _SCALE)
    value = graph.add("MaxPool", _convolved(graph, value, weights), **_PADDED)
    value = graph.add("MaxPool", _convolved(graph, value, weights), **_INSIDE)
    value = _dense(graph, _convolved(graph, value, weights), weights)
    output = graph.add("Gemm", value, *map(graph.constant, _head(weights)))
    return graph.model([_pixels(REFINEMENT_EDGE, REFINEMENT_EDGE)], output, ["n", 5])


def convert_output(data: bytes) -> "onnx.ModelProto":
    """Return the third network: `pixels` (n, 48, 48, 3) uint8 to `output` (n, 15).

    As that of the second, and x of left eye, right eye, nose, left and right corner of the mouth, then their y, as
    shares of the edge.
    """
    graph, weights = Graph(), _read(data)
    value = graph.normalised("pixels", _MEAN, _SCALE)
    value = graph.add("MaxPool", _convolved(graph, value, weights), **_PADDED)
    value = graph.add("MaxPool", _convolved(graph, value, weights), **_INSIDE)
    value = graph.add("MaxPool", _convolved(graph, value, weights), **_HALVED)
    value = _dense(graph, _convolved(graph, value, weights), weights)
    output = graph.add("Gemm", value, *map(graph.constant, _head(weights)))
    return graph.model([_pixels(OUTPUT_EDGE, OUTPUT_EDGE)], output, ["n", 15])


def _read(data: bytes) -> _Weights:
    """Return the arrays of a file of weights, in the order of the layers; its hash was checked: it is a pickle."""
    import joblib  # noqa: PLC0415 - heavy, and only for this

    return list(joblib.load(io.BytesIO(data)))


def _convolved(graph: Graph, value: str, weights: _Weights) -> str:
    """Convolve, without padding, and apply a rectifier whose slope below 0 is each channel's own."""
    kernels, bias, slopes = weights.pop(0), weights.pop(0), weights.pop(0)
    value = graph.add("Conv", value, graph.constant(kernels.transpose(3, 2, 0, 1)), graph.constant(bias))
    return graph.rectified(value, slopes.reshape(-1))


def _dense(graph: Graph, value: str, weights: _Weights) -> str:
    """Lay out columns, rows, channels in one line, as the weights were trained; then as `_convolved`."""
    value = graph.add("Flatten", graph.add("Transpose", value, perm=[0, 3, 2, 1]), axis=1)
    value = graph.add("Gemm", value, graph.constant(weights.pop(0)), graph.constant(weights.pop(0)))
    return graph.add("PRelu", value, graph.constant(weights.pop(0)))


def _head(weights: _Weights) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return the last layers as one: weights and bias of the odds of a face, of its sides and of its points.

    The odds are the difference of the two classes, of which the file has the logits, last of all.
    """
    *others, classes, class_bias = weights
    odds, odds_bias = (part[..., 1:] - part[..., :1] for part in (classes, class_bias))
    return np.concatenate([odds, *others[::2]], axis=-1), np.concatenate([odds_bias, *others[1::2]])


def _pixels(rows: str | int, columns: str | int) -> Any:
    from onnx import TensorProto, helper  # noqa: PLC0415

    return helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["n", rows, columns, 3])


def _of_package(file: str, hash_: str) -> PackageFile:
    return PackageFile(package="mtcnn", release="mtcnn 1.0.0", file=f"assets/weights/{file}", hash=hash_)


PROPOSAL = Network(
    source=_of_package("pnet.lz4", "ea6b0c3e685ebee3165326ad6484acc95f2ef78f1c94fbf40a55704fa989f7b5"),
    convert=convert_proposal,
)
REFINEMENT = Network(
    source=_of_package("rnet.lz4", "cb00e6460f3c98b0bfafaba3c0a0ded4bdf6e62cee7174d969e8670d7e757fee"),
    convert=convert_refinement,
)
OUTPUT = Network(
    source=_of_package("onet.lz4", "94f6ea2f4cf985275ee958cdd762d17b6009348a4fb9d8c6be39ba73ffd22ca3"),
    convert=convert_output,
)
