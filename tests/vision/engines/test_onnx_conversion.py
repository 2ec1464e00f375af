"""Networks are rebuilt with the same results, whatever comes after a rectifier."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from familiar.vision.engines.onnx_conversion import ForeignNetwork, rebuild
from familiar.vision.engines.onnx_graph import Graph
from familiar.vision.engines.onnx_sessions import open_session, run

_RANDOM = np.random.default_rng(5)
_CHANNELS = 16


def weights(name: str, *shape: int) -> onnx.TensorProto:
    return numpy_helper.from_array(_RANDOM.normal(size=shape).astype(np.float32), name)


def slopes(name: str, values: Sequence[float]) -> onnx.TensorProto:
    """Return slopes of a rectifier, among them these."""
    drawn = _RANDOM.uniform(-0.6, 0.9, _CHANNELS)
    drawn[: len(values)] = values
    return numpy_helper.from_array(drawn.astype(np.float32).reshape(-1, 1, 1), name)


def network(nodes: Sequence[Any], constants: Sequence[onnx.TensorProto]) -> onnx.ModelProto:
    given = helper.make_tensor_value_info("given", TensorProto.FLOAT, ["n", 3, 12, 12])
    output = helper.make_tensor_value_info("output", TensorProto.FLOAT, None)
    graph = helper.make_graph(list(nodes), "network", [given], [output], list(constants))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def largest_difference(model: onnx.ModelProto) -> float:
    """Return how far what the rebuilt network gives is from what it should be, as a share of the largest value."""
    given = _RANDOM.normal(size=(2, 3, 12, 12)).astype(np.float32)
    expected, found = (
        run(open_session(each.SerializeToString(), "network", gpu=False), {"given": given})
        for each in (model, rebuilt(model))
    )
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def rebuilt(model: onnx.ModelProto) -> onnx.ModelProto:
    foreign = ForeignNetwork.of(model)
    graph = Graph(opset=foreign.opset)
    (output,) = rebuild(foreign, graph, {"given": "given"})
    return graph.model([model.graph.input[0]], output, ["n", "channels", "y", "x"])


PADDED: dict[str, Any] = {"pads": [1, 1, 1, 1]}


@pytest.mark.parametrize("values", [[], [1.0], [1.2], [1.0005, 1.3], [-0.5, 0.0, 0.9999]])
def test_rectifiers_between_convolutions_give_the_same_numbers_for_all_slopes(values: list[float]) -> None:
    model = network(
        [
            helper.make_node("Conv", ["given", "w1", "b1"], ["y1"], **PADDED),
            helper.make_node("BatchNormalization", ["y1", "f", "o", "m", "v"], ["n1"]),
            helper.make_node("PRelu", ["n1", "s1"], ["x1"]),
            helper.make_node("Conv", ["x1", "w2", "b2"], ["y2"], group=_CHANNELS, strides=[2, 2], **PADDED),
            helper.make_node("PRelu", ["y2", "s2"], ["x2"]),
            helper.make_node("Conv", ["x2", "w3"], ["y3"]),
            helper.make_node("PRelu", ["y3", "s3"], ["output"]),
        ],
        [
            weights("w1", _CHANNELS, 3, 3, 3), weights("b1", _CHANNELS), slopes("s1", values),
            weights("f", _CHANNELS), weights("o", _CHANNELS), weights("m", _CHANNELS),
            numpy_helper.from_array(np.full(_CHANNELS, 2, np.float32), "v"),
            weights("w2", _CHANNELS, 1, 3, 3), weights("b2", _CHANNELS), slopes("s2", values),
            weights("w3", _CHANNELS, _CHANNELS, 1, 1), slopes("s3", values),
        ],
    )  # fmt: skip
    assert largest_difference(model) < 2e-6


def test_a_rectified_value_that_goes_to_more_than_one_layer_is_the_same_for_both() -> None:
    model = network(
        [
            helper.make_node("Conv", ["given", "w1"], ["y1"], **PADDED),
            helper.make_node("PRelu", ["y1", "s1"], ["x1"]),
            helper.make_node("Conv", ["x1", "w2"], ["y2"], group=_CHANNELS, **PADDED),
            helper.make_node("PRelu", ["y2", "s2"], ["x2"]),
            helper.make_node("Add", ["x1", "x2"], ["x3"]),
            helper.make_node("Conv", ["x3", "w3"], ["y3"]),
            helper.make_node("Add", ["y3", "x2"], ["output"]),
        ],
        [
            weights("w1", _CHANNELS, 3, 3, 3), slopes("s1", [1.3]),
            weights("w2", _CHANNELS, 1, 3, 3), slopes("s2", [1.4]), weights("w3", _CHANNELS, _CHANNELS, 1, 1),
        ],
    )  # fmt: skip
    assert largest_difference(model) < 2e-6


def test_groups_of_channels_and_several_results_of_a_channel_are_scaled_rightly() -> None:
    model = network(
        [
            helper.make_node("Conv", ["given", "w1"], ["y1"], **PADDED),
            helper.make_node("PRelu", ["y1", "s1"], ["x1"]),
            helper.make_node("Conv", ["x1", "w2"], ["y2"], group=4),
            helper.make_node("PRelu", ["y2", "s2"], ["x2"]),
            helper.make_node("Conv", ["x2", "w3"], ["output"], group=_CHANNELS),
        ],
        [
            weights("w1", _CHANNELS, 3, 3, 3), slopes("s1", []), weights("w2", _CHANNELS, _CHANNELS // 4, 1, 1),
            slopes("s2", []), weights("w3", 2 * _CHANNELS, 1, 1, 1),
        ],
    )  # fmt: skip
    assert largest_difference(model) < 2e-6


def test_what_follows_a_rectifier_and_is_no_convolution_gets_its_numbers() -> None:
    model = network(
        [
            helper.make_node("Conv", ["given", "w1"], ["y1"], **PADDED),
            helper.make_node("PRelu", ["y1", "s1"], ["x1"]),
            helper.make_node("MaxPool", ["x1"], ["output"], kernel_shape=[2, 2], strides=[2, 2]),
        ],
        [weights("w1", _CHANNELS, 3, 3, 3), slopes("s1", [1.5])],
    )
    assert largest_difference(model) < 2e-6


def test_a_network_in_two_parts_gives_the_same_numbers_as_in_one() -> None:
    model = network(
        [
            helper.make_node("Conv", ["given", "w1"], ["y1"], **PADDED),
            helper.make_node("Flatten", ["y1"], ["line"]),
            helper.make_node("Gemm", ["line", "w2", "b2"], ["output"], transB=1),
        ],
        [weights("w1", 4, 3, 3, 3), weights("w2", 7, 4 * 144), weights("b2", 7)],
    )
    given = _RANDOM.normal(size=(3, 3, 12, 12)).astype(np.float32)
    expected = run(open_session(model.SerializeToString(), "network", gpu=False), {"given": given})
    value: npt.NDArray[np.float32] = given
    for part in ForeignNetwork.of(model).split():
        graph = Graph(opset=part.opset)
        (output,) = rebuild(part, graph, {part.inputs[0].name: "value"})
        info = helper.make_tensor_value_info("value", TensorProto.FLOAT, ["n", *map(str, range(value.ndim - 1))])
        value = run(open_session(graph.model([info], output, ["n", "m"]).SerializeToString(), "part", gpu=False),
                    {"value": value})  # fmt: skip
    assert np.abs(value - expected).max() < 1e-4
