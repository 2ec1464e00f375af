"""All kinds of operations, and the kind of an operation."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from familiar.effects.kinds.contract import Kind, Parameters
from familiar.effects.kinds.copy import CopyKind
from familiar.effects.kinds.crop import CropKind
from familiar.effects.kinds.link import LinkKind
from familiar.effects.kinds.move import MoveKind
from familiar.effects.kinds.move_companion import MoveCompanionKind
from familiar.effects.kinds.move_sidecar import MoveSidecarKind
from familiar.effects.kinds.tag import TagKind
from familiar.effects.kinds.write_sidecar import WriteSidecarKind
from familiar.model import Operation

AnyKind: TypeAlias = Kind[Any]
"""One kind, whatever its values are."""

KINDS: tuple[AnyKind, ...] = (
    MoveKind(),
    CopyKind(),
    LinkKind(),
    CropKind(),
    TagKind(),
    MoveSidecarKind(),
    MoveCompanionKind(),
    WriteSidecarKind(),
)
"""Every kind."""


class Kinds:
    """Kinds by their names in the journal, and by their values."""

    def __init__(self, kinds: Iterable[AnyKind]) -> None:
        """Take all kinds."""
        self.all: Sequence[AnyKind] = tuple(kinds)
        self._by_name = {kind.name: kind for kind in self.all}
        self._by_value = {kind.value: kind for kind in self.all}
        assert len(self._by_name) == len(self._by_value) == len(self.all), "two kinds have the same name or value class"
        assert all(name.isidentifier() for name in self._by_name), "a kind's name is an identifier"

    def of(self, operation: Operation) -> AnyKind:
        """Return the kind of an operation."""
        return self.for_value(type(operation))

    def for_value(self, value: type[Operation]) -> AnyKind:
        """Return the kind whose values are of this class."""
        return self._by_value[value]

    def named(self, name: str) -> AnyKind:
        """Return the kind with this name in the journal."""
        return self._by_name[name]

    def as_json(self, operation: Operation) -> Parameters:
        """Return an operation as JSON."""
        shown = {"kind": operation.kind, "rule": operation.rule, "target": operation.destination}
        return shown | self.of(operation).details(operation)

    def names(self) -> frozenset[str]:
        """Return their names in the journal."""
        return frozenset(self._by_name)


EVERY_KIND = Kinds(KINDS)
"""All kinds."""
