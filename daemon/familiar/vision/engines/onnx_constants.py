"""What is computed from constants alone in a foreign ONNX file, before it is run."""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]


def fold(node: Any, constants: dict[str, Array]) -> bool:
    """Add what an operator gives to the constants, if it has only such ones to work with and is known here."""
    known = [constants.get(name) for name in node.input]
    if any(value is None for value in known):
        return False
    values = [value for value in known if value is not None]
    match node.op_type:
        case "Constant" if (value := _constant(node)) is not None:
            constants[node.output[0]] = value
        case "DequantizeLinear":
            constants[node.output[0]] = _dequantized(*values, **attributes_of(node))
        case "Reshape":
            constants[node.output[0]] = values[0].reshape(values[1])
        case "Identity":
            constants[node.output[0]] = values[0]
        case _:
            return False
    return True


def attributes_of(node: Any) -> dict[str, Any]:
    """Return the attributes of an operator by their names."""
    from onnx import helper  # noqa: PLC0415

    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}


def _constant(node: Any) -> Array | None:
    from onnx import numpy_helper  # noqa: PLC0415

    found = attributes_of(node)
    return numpy_helper.to_array(found["value"]) if "value" in found else None


def _dequantized(values: Array, scales: Array, zeros: Array | None = None, **attributes: Any) -> Array:
    """Return integers as the numbers that they stand for, with a scale for all, for a channel, or for a block.

    As `DequantizeLinear` of ONNX: (values - zero) * scale.
    """
    axis, block = attributes.get("axis", 1), attributes.get("block_size", 0)

    def spread(given: Array) -> Array:
        if block:
            return np.repeat(given, block, axis).take(np.arange(values.shape[axis]), axis)
        if given.size == 1:
            return given.reshape(())
        return given.reshape([-1 if place == axis % values.ndim else 1 for place in range(values.ndim)])

    whole = values.astype(np.int32) - (spread(zeros).astype(np.int32) if zeros is not None else 0)
    return (whole.astype(np.float32) * spread(scales)).astype(np.float32)
