"""Who is in an image, and which known photos show the same people."""

from dataclasses import dataclass
from pathlib import Path

from familiar.api.session import Session
from familiar.errors import FamiliarError, RetryError, SetAsideError, UsageError
from familiar.library.arguments import check_distance, check_number
from familiar.library.indexing import Indexer
from familiar.library.locations import places_of
from familiar.library.search import Finder, SearchQuery, SearchResult
from familiar.model import Photo


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The result for one face of an image, and the path of each found photo; None if its file is gone."""

    result: SearchResult
    paths: dict[int, Path | None]


def find(session: Session, image: Path, query: SearchQuery) -> list[Found]:
    """Return the result for each face in an image; see `Library.find`."""
    check_number("most", query.most, 1)
    check_distance("threshold", query.threshold)
    if not image.is_file():
        raise UsageError(f"{image}: {'is not a regular file' if image.exists() else 'no such file'}.")
    store = session.store()
    photo = session.run(_glance(session, image))
    if not photo.faces:
        raise FamiliarError(f"{image}: no face found.")
    results = Finder(store, session.settings.matching, session.model).find(photo.faces, query)
    paths = {each.photo: next(places_of(store, each.photo), None) for one in results for each in one.photos}
    return [Found(result=result, paths={each.photo: paths[each.photo] for each in result.photos}) for result in results]


async def _glance(session: Session, image: Path) -> Photo:
    async with session.workers(1) as workers:
        try:
            return await Indexer(store=session.store(), workers=workers).glance(image, session.model)
        except (SetAsideError, RetryError) as error:
            raise FamiliarError(f"{image}: can't be read: {error}.") from error
