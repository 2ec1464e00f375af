"""A network of the user's own, an ONNX file of the ArcFace kind: an aligned face in, a vector out.

The file is not trusted. It is read in worker processes only, within their limits; operators, sizes and references that
such a network does not need are refused before anything of it is run, and what it gives is looked at before it is used.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime

from familiar.errors import FamiliarError
from familiar.filesystem.regular_files import open_regular
from familiar.plurals import counted
from familiar.vision.chosen_model import PixelValues
from familiar.vision.engines.onnx_conversion import ForeignNetwork, rebuild
from familiar.vision.engines.onnx_graph import Graph
from familiar.vision.engines.onnx_models import kept
from familiar.vision.engines.onnx_sessions import open_session, run
from familiar.vision.faces.chips import ARCFACE_LAYOUT

if TYPE_CHECKING:
    import onnx

_LARGEST = 1024 * 1024 * 1024
"""Bytes of the largest file that is read; networks of 100 layers have a quarter of that."""

_EDGE = ARCFACE_LAYOUT.edge

_OPSETS = range(7, 24)
"""Versions of ONNX's operators that ONNX Runtime knows."""

_OPERATORS = frozenset(
    [
        "Abs", "Add", "AveragePool", "BatchNormalization", "Cast", "Clip", "Concat", "Constant",
        "ConstantOfShape", "Conv", "DequantizeLinear", "Div", "Dropout", "Elu", "Equal", "Erf", "Exp", "Expand",
        "Flatten", "Gather", "Gelu", "Gemm", "GlobalAveragePool", "GlobalMaxPool", "GroupNormalization",
        "HardSigmoid", "HardSwish", "Identity", "InstanceNormalization", "LayerNormalization", "LeakyRelu",
        "LpNormalization", "MatMul", "Max", "MaxPool", "Min", "Mish", "Mul", "Neg", "PRelu", "Pad", "Pow",
        "QuantizeLinear", "Reciprocal", "ReduceL2", "ReduceMean", "ReduceSum", "Relu", "Reshape", "Shape",
        "Sigmoid", "Slice", "Softmax", "Softplus", "Split", "Sqrt", "Squeeze", "Sub", "Sum", "Tanh",
        "Transpose", "Unsqueeze", "Where"
    ]
)  # fmt: skip
"""What networks that encode pictures are made of. Loops, branches and operators of others are not among it."""


def read_own(path: Path) -> bytes:
    """Return what a file has.

    Raises:
        FamiliarError: it can't be read, or is too large.
    """
    try:
        with open_regular(path) as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise FamiliarError(f"{path}: can't be read: {error.strerror}") from error
    if len(data) > _LARGEST:
        raise FamiliarError(f"{path}: larger than {_LARGEST >> 20} MiB; no network for faces is")
    return data


def convert_own(data: bytes, path: Path, pixels: PixelValues) -> "onnx.ModelProto":
    """Return the network of a file: `pixels` (n, 112, 112, 3) uint8, RGB, to `output` (n, any) float32.

    Raises:
        FamiliarError: it is no such network; the message has `path` and the reason.
    """
    try:
        return _converted(_parsed(data), pixels)
    except MemoryError:
        raise
    except FamiliarError as error:
        raise FamiliarError(f"{path}: {error}") from error
    except Exception as error:  # what onnx and numpy raise on damaged files is not said anywhere
        raise FamiliarError(f"{path}: not a network that can be used: {error or type(error).__name__}") from error


def open_own(path: Path, models: Path, *, pixels: PixelValues, dimension: int) -> onnxruntime.InferenceSession:
    """Load the network of a file, converting it if `models` does not have it yet.

    Raises:
        FamiliarError: the file can't be read, or is no network that gives `dimension` numbers for a face.
    """
    data = read_own(path)
    digest = hashlib.sha256(f"{hashlib.sha256(data).hexdigest()} {pixels}".encode()).hexdigest()
    try:
        model = kept(f"own-{digest[:16]}", models, lambda: convert_own(data, path, pixels))
    except OSError as error:
        raise FamiliarError(f"{error.filename}: {error.strerror}") from error
    session = open_session(model, str(path), gpu=True)
    faces = np.arange(2 * _EDGE * _EDGE * 3).reshape(2, _EDGE, _EDGE, 3) % 251
    try:
        found = run(session, {"pixels": faces.astype(np.uint8)})
    except MemoryError:
        raise
    except Exception as error:  # its errors have no common base but this
        raise FamiliarError(f"{path}: can't be run for 2 faces at once: {error}") from error
    check_output(found, dimension=dimension, path=path)
    return session


def check_output(found: Any, *, dimension: int, path: Path) -> None:
    """Refuse what a network gave for two different pictures, if that can't be embeddings.

    Raises:
        FamiliarError: it can't be; the message has `path` and what would be right.
    """
    shape = np.shape(found)
    if len(shape) != 2 or shape[0] != 2:  # noqa: PLR2004 - rows and columns, two pictures
        raise FamiliarError(f"{path}: gives an array {shape} for 2 faces; (2, {dimension}) would be right")
    if shape[1] != dimension:
        raise FamiliarError(
            f"{path}: gives {shape[1]} numbers for a face, but vision.model_dimension says {dimension}: correct it"
        )
    if not np.isfinite(found).all():
        raise FamiliarError(f"{path}: gives values that are not numbers (NaN or infinite)")
    if not np.any(found[0] != found[1]):
        raise FamiliarError(f"{path}: gives the same numbers for different pictures")


def _parsed(data: bytes) -> "onnx.ModelProto":
    import onnx  # noqa: PLC0415 - only where a model is converted

    try:
        model = onnx.load_from_string(data)
    except Exception as error:  # protobuf's own, which it does not export everywhere
        raise FamiliarError("not an ONNX file, or not whole") from error
    if not model.graph.node:
        raise FamiliarError("not an ONNX file, or one without a network")
    return model


def _converted(model: "onnx.ModelProto", pixels: PixelValues) -> "onnx.ModelProto":
    from onnx import TensorProto, helper  # noqa: PLC0415

    _check_file(model)
    network = ForeignNetwork.of(model)
    _check_network(network)
    graph = Graph(opset=network.opset)
    value = "pixels" if pixels.colours == "rgb" else graph.add("Gather", "pixels", _blue_first(graph), axis=3)
    planes = graph.normalised(value, pixels.mean, 1 / pixels.std)
    (output,) = rebuild(network, graph, {network.inputs[0].name: planes})
    given = helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["n", _EDGE, _EDGE, 3])
    return graph.model([given], output, ["n", "numbers"])


def _blue_first(graph: Graph) -> str:
    return graph.constant([2, 1, 0], np.int64)


def _check_file(model: "onnx.ModelProto") -> None:
    """Refuse what a network for faces has no need of: other files, operators of others, loops and branches."""
    from onnx import TensorProto  # noqa: PLC0415

    if len(model.functions) or len(model.graph.sparse_initializer):
        raise FamiliarError("it has functions or sparse weights of its own, which are not supported")
    for tensor in _tensors(model):
        if tensor.data_location == TensorProto.EXTERNAL or len(tensor.external_data):
            raise FamiliarError(f"{tensor.name!r} is in another file, which is not read; save the model as one file")
    for node in model.graph.node:
        if node.domain not in {"", "ai.onnx"} or node.op_type not in _OPERATORS:
            name = f"{node.domain}.{node.op_type}".removeprefix(".").removeprefix("ai.onnx.")
            raise FamiliarError(f"the operator {name} is not supported: networks for faces do not need it")


def _tensors(model: "onnx.ModelProto") -> Iterator[Any]:
    yield from model.graph.initializer
    for node in model.graph.node:
        for attribute in node.attribute:
            yield from attribute.tensors
            if attribute.HasField("t"):
                yield attribute.t
            if attribute.HasField("g") or len(attribute.graphs) or attribute.HasField("sparse_tensor"):
                raise FamiliarError(f"the operator {node.op_type} has a network within, which is not supported")


def _check_network(network: ForeignNetwork) -> None:
    from onnx import TensorProto  # noqa: PLC0415

    if network.opset not in _OPSETS:
        raise FamiliarError(
            f"it is of ONNX's operators {network.opset}; {_OPSETS[0]} to {_OPSETS[-1]} would be right: convert it"
        )
    if len(network.inputs) != 1 or len(network.outputs) != 1:
        inputs, outputs = counted(len(network.inputs), "input"), counted(len(network.outputs), "output")
        raise FamiliarError(f"it has {inputs} and {outputs}; one of each would be right")
    given = network.inputs[0].type.tensor_type
    sides = [side.dim_value or "n" for side in given.shape.dim]
    usual = (3, _EDGE, _EDGE)
    fits = len(sides) == 1 + len(usual) and all(
        side in {"n", right} for side, right in zip(sides[1:], usual, strict=True)
    )
    if given.elem_type != TensorProto.FLOAT or not fits or sides[0] not in {"n", 1}:
        kind = TensorProto.DataType.Name(given.elem_type)
        shape = ", ".join(map(str, sides))
        raise FamiliarError(f"its input is {kind} ({shape}); FLOAT (n, 3, {_EDGE}, {_EDGE}) would be right")
