"""Find the companions of a photo among the names in its folder (pure)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from familiar.companions.forms import SHORT_SIDECAR, SIDECARS, Form, is_pair, owns, pair_form
from familiar.companions.names import alike, key, stem


@dataclass(frozen=True, slots=True, kw_only=True)
class Companion:
    """A file that belongs to a photo: its name, and the form by which it belongs to it."""

    name: str
    form: Form

    @property
    def is_sidecar(self) -> bool:
        """Whether it is a sidecar (XMP)."""
        return self.form.tail.lower().endswith(SHORT_SIDECAR.tail)


class Companions:
    """Knows which files belong to a photo."""

    def __init__(self, forms: Iterable[str], *, pairs: bool) -> None:
        """Take the forms besides those of sidecars; with `pairs`, a RAW file and a picture of its name go together."""
        self._forms = (*SIDECARS, *map(Form, forms))
        self._pairs = pairs
        self._tails = tuple(dict.fromkeys(form.tail.lower() for form in self._forms))

    def of(self, photo: str, among: Sequence[str]) -> list[Companion]:
        """Return the companions of a photo among the names in its folder: first the other one of its pair."""
        others = [name for name in among if is_pair(name, photo)] if self._pairs else []
        pairs = [Companion(name=other, form=pair_form(other)) for other in others]
        begins = tuple({form.begin(one) for one in (photo, *others) for form in self._forms})
        candidates = [name for name in among if name.lower().endswith(self._tails) and key(name).startswith(begins)]
        found = {one.name: one for one in pairs}
        for one in (*self._own(photo, candidates, among), *self._of_pairs(photo, others, candidates, among)):
            found.setdefault(one.name, one)
        return list(found.values())

    def _own(self, photo: str, candidates: Iterable[str], among: Sequence[str]) -> Iterator[Companion]:
        for form in self._forms:
            for name in candidates:
                if form.renamed(name, photo, photo) is not None and owns(form, name, photo, among):
                    yield Companion(name=name, form=form)

    def _of_pairs(
        self, photo: str, others: Iterable[str], candidates: Sequence[str], among: Sequence[str]
    ) -> Iterator[Companion]:
        """Yield what belongs to the other one of a pair; its name has the stem of the photo, too."""
        for other in others:
            for one in self._own(other, candidates, among):
                if alike(one.name[: len(stem(photo))], stem(photo)):
                    yield Companion(name=one.name, form=Form("{stem}" + one.name[len(stem(photo)) :]))
