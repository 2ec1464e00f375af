from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from familiar.errors import FamiliarError
from familiar.vision.chosen_model import PixelValues
from familiar.vision.engines.onnx_sessions import run
from familiar.vision.engines.own_models import convert_own, open_own
from support.own_network import DIMENSION, own_network

RGB = PixelValues(mean=127.5, std=128.0, colours="rgb")


def kept(model: onnx.ModelProto, folder: Path) -> Path:
    path = folder / "own.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def opened(path: Path, pixels: PixelValues = RGB, dimension: int = DIMENSION) -> Any:
    return open_own(path, path.parent / "models", pixels=pixels, dimension=dimension)


@pytest.mark.parametrize("batch", ["n", 1])
@pytest.mark.parametrize("colours", ["rgb", "bgr"])
def test_a_network_of_ones_own_gives_its_numbers_for_any_number_of_faces(
    tmp_path: Path, batch: str | int, colours: Literal["rgb", "bgr"]
) -> None:
    model = own_network(batch=batch)
    faces = np.random.default_rng(1).integers(0, 256, (3, 112, 112, 3), dtype=np.uint8)
    pixels = PixelValues(mean=100.0, std=50.0, colours=colours)
    found = run(opened(kept(model, tmp_path), pixels), {"pixels": faces})
    order = faces if colours == "rgb" else faces[..., ::-1]
    given_to = (np.ascontiguousarray(order.transpose(0, 3, 1, 2)).astype(np.float32) - 100) / 50
    reference = ReferenceEvaluator(model)
    expected = np.concatenate([next(iter(reference.run(None, {"data": face[None]}))) for face in given_to])
    assert found.shape == (3, DIMENSION)
    assert np.abs(found - expected).max() < 1e-5 * np.abs(expected).max()


def test_a_converted_network_is_kept_for_its_way_to_see_pixels(tmp_path: Path) -> None:
    path = kept(own_network(), tmp_path)
    for pixels in (RGB, RGB, PixelValues(mean=127.5, std=128.0, colours="bgr")):
        opened(path, pixels)
    assert len(list((tmp_path / "models").iterdir())) == 2


def external(model: onnx.ModelProto) -> None:
    tensor = model.graph.initializer[0]
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    tensor.ClearField("raw_data")


def too_large(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].dims[:] = [1 << 20, 1 << 20, 7, 7]


def looped(model: onnx.ModelProto) -> None:
    body = helper.make_graph([], "body", [], [])
    model.graph.node.append(helper.make_node("Loop", ["flat", ""], ["never"], body=body))


def of_others(model: onnx.ModelProto) -> None:
    model.graph.node.append(helper.make_node("Steal", ["embedding"], ["gone"], domain="com.example"))


def never_given(model: onnx.ModelProto) -> None:
    model.graph.node[-1].input[1] = "nowhere"


def in_circles(model: onnx.ModelProto) -> None:
    model.graph.node[0].input[0] = "embedding"


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (external, "'kernels' is in another file, which is not read; save the model as one file"),
        (too_large, "the constant 'kernels' is damaged"),
        (looped, "the operator Loop has a network within, which is not supported"),
        (of_others, "the operator com.example.Steal is not supported: networks for faces do not need it"),
        (never_given, "'nowhere' is given by nothing"),
        (in_circles, "it has 0 inputs and 1 output; one of each would be right"),
    ],
)
def test_a_hostile_network_is_refused_before_it_is_run(
    tmp_path: Path, damage: Callable[[onnx.ModelProto], None], problem: str
) -> None:
    model = own_network()
    damage(model)
    with pytest.raises(FamiliarError, match=rf"own\.onnx: .*({problem})"):
        opened(kept(model, tmp_path))
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize(
    ("model", "problem"),
    [
        (own_network(edge=128), r"its input is FLOAT \(n, 3, 128, 128\); FLOAT \(n, 3, 112, 112\) would be right"),
        (own_network(batch=4), r"its input is FLOAT \(4, 3, 112, 112\)"),
        (own_network(opset=6), "it is of ONNX's operators 6; 7 to 23 would be right"),
        (
            own_network(extra_nodes=(helper.make_node("Relu", ["embedding"], ["b"]),), extra_outputs=("b",)),
            "it has 1 input and 2 outputs; one of each would be right",
        ),
        (
            own_network(extra_nodes=(helper.make_node("Add", ["bias", "b"], ["c"]),), extra_inputs=("b",)),
            "it has 2 inputs and 1 output",
        ),
        (own_network(dimension=30), "gives 30 numbers for a face, but vision.model_dimension says 24: correct it"),
        (own_network(weights=1e18), r"gives values that are not numbers \(NaN or infinite\)"),
        (own_network(weights=0), "gives the same numbers for different pictures"),
    ],
    ids=["edge", "batch", "opset", "outputs", "inputs", "dimension", "overflow", "constant"],
)
def test_another_network_than_one_for_faces_is_refused_with_what_would_be_right(
    tmp_path: Path, model: onnx.ModelProto, problem: str
) -> None:
    with pytest.raises(FamiliarError, match=rf"own\.onnx: .*{problem}"):
        opened(kept(model, tmp_path))


@pytest.mark.parametrize("content", [b"", b"not a network\n", b"\x08\x08", bytes(1000)])
def test_a_file_that_is_none_of_onnx_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "own.onnx").write_bytes(content)
    with pytest.raises(FamiliarError, match=r"own\.onnx: not an ONNX file, or"):
        opened(tmp_path / "own.onnx")


def test_a_file_that_can_not_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FamiliarError, match=r"gone\.onnx: can't be read: No such file"):
        opened(tmp_path / "gone.onnx")
    with pytest.raises(FamiliarError, match=r"can't be read: Is a directory"):
        opened(tmp_path)


@given(st.data())
@settings(deadline=None, max_examples=150)
def test_whatever_is_cut_off_or_changed_in_a_file_it_is_converted_or_refused(data: st.DataObject) -> None:
    content = bytearray(WHOLE)
    for _ in range(data.draw(st.integers(0, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(0, len(content)))]
    with suppress(FamiliarError):
        convert_own(bytes(content), Path("/own.onnx"), RGB)


WHOLE = own_network(dimension=2).SerializeToString()
