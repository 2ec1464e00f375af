"""Read the networks that dlib has written to a file.

dlib's format (`dlib/serialize.h`, `dlib/dnn/layers.h`): an integer is a control byte (low four bits: how many bytes
follow; high bit: negative) and little-endian bytes; a floating-point number is two integers, mantissa and exponent; a
tensor is its version (2), four dimensions, and raw float32. The layers are stored in the order in which they are
computed, each after its name; the values between them (learning rates and the like) are used only in training, and are
skipped.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from familiar.errors import FamiliarError

Array: TypeAlias = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Convolution:
    """Weights, shape (outputs, inputs, size, size); bias, shape (outputs,)."""

    weights: Array
    bias: Array
    stride: int
    padding: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scale:
    """Each channel times its factor plus its offset; both of shape (channels,)."""

    factor: Array
    offset: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Relu:
    """What is negative becomes 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """The largest value, or the mean, of each square; of everything where `size` is 0."""

    largest: bool
    size: int
    stride: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AddSkipped:
    """Add what the residual block began with, or what it became by an average `Pool` just before this."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dense:
    """Weights, shape (inputs, outputs)."""

    weights: Array


Layer: TypeAlias = Convolution | Scale | Relu | Pool | AddSkipped | Dense

_NAMES = re.compile(rb"\x01[\x04-\x20](con_4|affine_|bn_con2|relu_|max_pool_2|avg_pool_2|add_prev_|fc_2)", re.DOTALL)
_TENSOR = 2


def read_layers(data: bytes) -> list[Layer]:
    """Return the layers of a network, with scales folded into the convolutions before them.

    Raises:
        FamiliarError: the bytes are not such a network, or end early.
    """
    try:
        return list(_folded(_layers(_Reader(data))))
    except (IndexError, ValueError) as error:
        raise FamiliarError(f"not a network of dlib, or truncated ({error})") from error


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def next_name(self) -> str | None:
        found = _NAMES.search(self.data, self.at)
        if found is None:
            return None
        self.at = found.end()
        return found[1].decode("ascii")

    def integer(self) -> int:
        control = self.data[self.at]
        count = control & 15
        value = int.from_bytes(self.data[self.at + 1 : self.at + 1 + count], "little")
        self.at += 1 + count
        return -value if control & 128 else value

    def number(self) -> float:
        mantissa = self.integer()
        return float(mantissa * 2.0 ** self.integer())

    def integers(self, count: int) -> list[int]:
        return [self.integer() for _ in range(count)]

    def tensor(self) -> Array:
        """Return a tensor, shape (a, b, c, d)."""
        if self.integer() != _TENSOR:
            raise ValueError(f"no tensor at byte {self.at}")
        shape = self.integers(4)
        values = np.frombuffer(self.data, "<f4", int(np.prod(shape)), self.at).reshape(shape)
        self.at += values.nbytes
        return values.astype(np.float32)


def _layers(reader: _Reader) -> Iterator[Layer]:
    while (name := reader.next_name()) is not None:
        match name:
            case "con_4":
                yield _convolution(reader)
            case "affine_":
                factor, offset = np.split(reader.tensor().ravel(), 2)
                yield Scale(factor=factor, offset=offset)
            case "bn_con2":
                yield _normalisation(reader)
            case "relu_":
                yield Relu()
            case "max_pool_2" | "avg_pool_2":
                size, _, stride, *_ = reader.integers(6)
                yield Pool(largest=name == "max_pool_2", size=size, stride=stride)
            case "add_prev_":
                yield AddSkipped()
            case _:
                reader.integers(2)
                inputs_by_outputs = reader.tensor()
                yield Dense(weights=inputs_by_outputs.reshape(inputs_by_outputs.shape[:2]))


def _convolution(reader: _Reader) -> Convolution:
    values = reader.tensor().ravel()
    outputs, rows, columns, stride, _, padding, _ = reader.integers(7)
    return Convolution(
        weights=values[:-outputs].reshape(outputs, -1, rows, columns),
        bias=values[-outputs:],
        stride=stride,
        padding=padding,
    )


def _normalisation(reader: _Reader) -> Scale:
    """Return a batch normalisation as the scale that it is once a network is trained."""
    factor, offset = np.split(reader.tensor().ravel(), 2)
    reader.integers(2 * 5)  # the position of factor and offset in the tensor
    reader.tensor(), reader.tensor()  # of the last batch
    mean, variance = reader.tensor().ravel(), reader.tensor().ravel()
    reader.integers(2)
    _learning = [reader.number() for _ in range(4)]
    epsilon = reader.number()
    factor = factor / np.sqrt(variance + epsilon)
    return Scale(factor=factor.astype(np.float32), offset=(offset - factor * mean).astype(np.float32))


def _folded(layers: Iterator[Layer]) -> Iterator[Layer]:
    held: Convolution | None = None
    for layer in layers:
        if isinstance(layer, Scale) and held is not None:
            held = Convolution(
                weights=held.weights * layer.factor[:, None, None, None],
                bias=held.bias * layer.factor + layer.offset,
                stride=held.stride,
                padding=held.padding,
            )
            continue
        if held is not None:
            yield held
        held = layer if isinstance(layer, Convolution) else None
        if held is None:
            yield layer
    if held is not None:
        yield held
