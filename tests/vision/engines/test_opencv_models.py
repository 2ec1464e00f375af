from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

from familiar.errors import FamiliarError
from familiar.vision.decoding.pictures import Pixels
from familiar.vision.engines.onnx_sessions import open_session, run
from familiar.vision.engines.opencv_models import SFACE, YUNET, convert_sface, convert_sface_head, sface_from

_RANDOM = np.random.default_rng(7)


def pictures(count: int, rows: int, columns: int) -> Pixels:
    return _RANDOM.integers(0, 256, (count, rows, columns, 3), dtype=np.uint8)


def planes(pixels: Pixels) -> npt.NDArray[np.float32]:
    return np.ascontiguousarray(pixels.transpose(0, 3, 1, 2), np.float32)


def published(data: bytes, pixels: npt.NDArray[np.float32]) -> list[npt.NDArray[np.float32]]:
    """Return what the network gives as its file has it, operator by operator."""
    model = onnx.load_from_string(data)
    name = model.graph.input[0].name
    del model.graph.input[1:]  # the weights, which are no inputs
    return list(ReferenceEvaluator(model).run(None, {name: pixels}))


def converted(data: bytes, pixels: Pixels) -> npt.NDArray[np.float32]:
    """Return what SFace gives as it is run here, in two parts."""
    trunk, head = (
        open_session(convert(data).SerializeToString(), "sface", gpu=False)
        for convert in (convert_sface, convert_sface_head)
    )
    found: npt.NDArray[np.float32] = run(head, {"features": run(trunk, {"pixels": pixels})})
    return found


def test_the_converted_sface_gives_the_numbers_of_the_published_one() -> None:
    data = SFACE.source.checked_path().read_bytes()
    pixels = pictures(2, 112, 112)
    expected = np.concatenate([published(data, planes(pixels[number : number + 1]))[0] for number in range(2)])
    found = converted(data, pixels)
    assert np.abs(found - expected).max() < 3e-6  # their length is about 4
    lengths = np.linalg.norm(expected, axis=1, keepdims=True)
    assert np.abs((found - expected) / lengths).max() < 1e-6


@pytest.mark.parametrize(("rows", "columns"), [(64, 96), (160, 32)])
def test_the_converted_yunet_gives_the_numbers_of_the_published_one_for_any_size(rows: int, columns: int) -> None:
    data = YUNET.source.checked_path().read_bytes()
    pixels = pictures(2, rows, columns)
    session = open_session(YUNET.convert(data).SerializeToString(), "yunet", gpu=False)
    found = run(session, {"pixels": pixels})
    for number in range(2):
        outputs = published(data, planes(pixels[number : number + 1, :, :, ::-1]))
        expected = np.concatenate([np.concatenate(outputs[kind : kind + 3], axis=1) for kind in (0, 3, 6, 9)], axis=2)
        assert found[number].shape == (rows * columns // 64 * 21 // 16, 16)
        assert np.abs(found[number] - expected[0]).max() < 2e-6


def test_weights_that_were_never_made_small_integers_are_converted_as_well() -> None:
    data = SFACE.source.checked_path().read_bytes()
    pixels = pictures(1, 112, 112)
    small, whole = converted(data, pixels), converted(in_floats(data), pixels)
    assert np.abs(small - whole).max() < 1e-5


def in_floats(data: bytes) -> bytes:
    """Return the file with its weights in floats, as they were before."""
    model = onnx.load_from_string(data)
    weights = {node.output[0]: node for node in model.graph.node if node.op_type in {"DequantizeLinear", "Reshape"}}
    inner = onnx.helper.make_graph(
        list(weights.values()),
        "weights",
        [],
        [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in weights],
        model.graph.initializer,
    )
    dequantising = onnx.helper.make_model(inner, opset_imports=model.opset_import, ir_version=10)
    values = ReferenceEvaluator(dequantising).run(None, {})
    model.graph.initializer.extend(map(onnx.numpy_helper.from_array, values, weights))
    kept = [node for node in model.graph.node if node.output[0] not in weights]
    del model.graph.node[:]
    model.graph.node.extend(kept)
    return bytes(model.SerializeToString())


def test_a_file_of_sface_serves_where_the_package_is_missing(tmp_path: Path) -> None:
    copy = tmp_path / "sface.onnx"
    copy.write_bytes(SFACE.source.path().read_bytes())
    assert sface_from(copy) == (SFACE, copy)


def test_another_file_than_one_of_sface_is_refused_with_its_hash_and_those_that_would_be_right(tmp_path: Path) -> None:
    other = tmp_path / "other.onnx"
    other.write_bytes(SFACE.source.path().read_bytes()[:-1])
    with pytest.raises(FamiliarError, match=r"other.onnx is not the SFace .*its SHA-256 is \w{64}, expected fb143eea"):
        sface_from(other)
    with pytest.raises(FamiliarError, match=r"vision.model_file: .*missing.onnx: no such file"):
        sface_from(tmp_path / "missing.onnx")
