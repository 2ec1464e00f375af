"""A builder of an ONNX graph. `onnx` is imported only where a model is converted."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import onnx

_OPSET = 18
_IR = 10


@dataclass(slots=True)
class Graph:
    """A graph under construction; values have names."""

    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add an operator, and return the name of its value."""
        from onnx import helper  # noqa: PLC0415

        name = f"value{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def constant(self, value: npt.ArrayLike, kind: type[np.generic] = np.float32) -> str:
        """Add a constant, and return its name."""
        from onnx import numpy_helper  # noqa: PLC0415

        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value, dtype=kind), name))
        return name

    def normalised(self, pixels: str, mean: npt.ArrayLike, scale: float) -> str:
        """Return pixels (n, rows, columns, 3) uint8 as (n, 3, rows, columns) float32: less a mean, by a scale."""
        from onnx import TensorProto  # noqa: PLC0415

        planes = self.add("Transpose", self.add("Cast", pixels, to=TensorProto.FLOAT), perm=[0, 3, 1, 2])
        centred = self.add("Sub", planes, self.constant(np.reshape(mean, (1, -1, 1, 1))))
        return self.add("Mul", centred, self.constant(scale))

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
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR)
        checker.check_model(model)
        return model
