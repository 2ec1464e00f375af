"""The questions that are open, kept in memory: to find them in a large library takes seconds."""

import time
from collections.abc import Iterable, Sequence

from familiar.review.kept_answers import KeptAnswer
from familiar.review.library_thread import LibraryThread
from familiar.store.clusters.suggestions import Suggestion


class SuggestionList:
    """The questions about groups and faces, the best first; those that were just answered are not among them."""

    def __init__(self, library: LibraryThread, background: LibraryThread) -> None:
        """Take the library that pages ask, and another one that finds the questions in the background."""
        self._kept: KeptAnswer[Sequence[Suggestion]] = KeptAnswer(
            library, background, lambda library: library.clusters.suggestions()
        )
        self._decided: dict[tuple[str, int], float] = {}

    async def get(self) -> Sequence[Suggestion]:
        """Return the questions.

        Raises:
            FamiliarError: they can't be found.
        """
        found = await self._kept.get()
        self._decided = {one: at for one, at in self._decided.items() if at > self._kept.began}
        return [one for one in found if self._decided.keys().isdisjoint(_about(one))]

    def decided(self, groups: Iterable[int], faces: Iterable[int]) -> None:
        """Leave out questions about groups and faces that were decided on, until the questions are found anew."""
        now = time.monotonic()
        self._decided.update({("group", group): now for group in groups})
        self._decided.update({("face", face): now for face in faces})

    async def warm_up(self) -> None:
        """Find the questions ahead of the first page."""
        await self._kept.get_soon()

    async def close(self) -> None:
        """Wait for what is looked for."""
        await self._kept.close()


def _about(one: Suggestion) -> Iterable[tuple[str, int]]:
    groups = [("group", group) for group in (one.cluster, one.other) if group is not None]
    return groups if one.face is None else [*groups, ("face", one.face)]
