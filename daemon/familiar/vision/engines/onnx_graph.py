"""A builder of an ONNX graph. `onnx` is imported only where a model is converted."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import onnx

OPSET = 18
"""Version of ONNX's operators, where nothing else is requested."""

_IR = 10


@dataclass(slots=True)
class Graph:
    """A graph under construction; values have names. `opset` is the version of ONNX's operators that it is made of."""

    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)
    opset: int = OPSET

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add an operator, and return the name of its value."""
        from onnx import helper  # noqa: PLC0415

        name = f"value{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def split(self, value: str, lengths: Sequence[int], *, axis: int) -> list[str]:
        """Cut a value into parts of these lengths, and return their names."""
        from onnx import helper  # noqa: PLC0415

        names = [f"value{len(self.nodes)}_{number}" for number in range(len(lengths))]
        self.nodes.append(helper.make_node("Split", [value, self.constant(lengths, np.int64)], names, axis=axis))
        return names

    def copy(self, node: Any, inputs: Sequence[str]) -> list[str]:
        """Add an operator of another graph, with these inputs, and return the names of its values."""
        from onnx import NodeProto  # noqa: PLC0415

        names = [f"value{len(self.nodes)}_{number}" if name else "" for number, name in enumerate(node.output)]
        self.nodes.append(NodeProto(op_type=node.op_type, input=inputs, output=names, attribute=node.attribute))
        return names

    def constant(self, value: npt.ArrayLike, kind: type[np.generic] = np.float32) -> str:
        """Add a constant, and return its name."""
        from onnx import numpy_helper  # noqa: PLC0415

        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype=kind, order="C"), name))
        return name

    def planes(self, pixels: str) -> str:
        """Return pixels (n, rows, columns, 3) uint8 as (n, 3, rows, columns) float32."""
        from onnx import TensorProto  # noqa: PLC0415

        return self.add("Cast", self.add("Transpose", pixels, perm=[0, 3, 1, 2]), to=TensorProto.FLOAT)

    def normalised(self, pixels: str, mean: npt.ArrayLike, scale: float) -> str:
        """Return pixels (n, rows, columns, 3) uint8 as (n, 3, rows, columns) float32: less a mean, by a scale."""
        centred = self.add("Sub", self.planes(pixels), self.constant(np.reshape(mean, (1, -1, 1, 1))))
        return self.add("Mul", centred, self.constant(scale))

    def rectified(self, value: str, slopes: npt.NDArray[np.float32]) -> str:
        """Apply a rectifier whose slope below 0 is each channel's own.

        Slope times value, and the rest of what is above 0: ONNX Runtime's own PRelu takes three times as long.
        """
        positive = self.scaled(self.add("Relu", value), 1 - slopes)
        return self.add("Add", self.scaled(value, slopes), positive)

    def scaled(self, value: str, factors: npt.NDArray[np.float32]) -> str:
        """Multiply each channel by its factor."""
        return self.add("Conv", value, self.constant(factors.reshape(-1, 1, 1, 1)), group=len(factors))

    def model(self, inputs: Sequence[Any], output: str, shape: Sequence[str | int]) -> "onnx.ModelProto":
        """Return the whole model.

        Args:
            inputs: value infos.
            output: the value that the model gives, float32, under the name `output`.
            shape: its shape.
        """
        from onnx import TensorProto, checker, helper  # noqa: PLC0415

        self.nodes.append(helper.make_node("Identity", [output], ["output"]))
        info = helper.make_tensor_value_info("output", TensorProto.FLOAT, shape)
        graph = helper.make_graph(self.nodes, "familiar", list(inputs), [info], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=_IR)
        checker.check_model(model)
        return model
