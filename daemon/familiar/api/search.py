"""Who is in an image, and which known photos show the same people."""

import asyncio
import os
from dataclasses import dataclass, replace
from pathlib import Path

from familiar.api.session import Session
from familiar.embedding_models import Model
from familiar.errors import FamiliarError, RetryError, SetAsideError, UsageError, WorkersError
from familiar.library.arguments import check_distance, check_number
from familiar.library.indexing import Indexer, unreadable
from familiar.library.locations import places_of
from familiar.library.qualities import check_quality, face_of_quality, rate_for
from familiar.library.scoring import model_for
from familiar.library.search import Finder, SearchQuery, SearchResult
from familiar.model import Embeddings, Photo
from familiar.vision.workers.tasks import EncodedFaces, EncodeTask


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The result for one face of an image, and the path of each found photo; None if its file is gone."""

    result: SearchResult
    paths: dict[int, Path | None]


def find(session: Session, image: Path, query: SearchQuery) -> list[Found]:
    """Return the result for each face in an image; see `Library.find`."""
    check_number("most", query.most, 1)
    check_distance("threshold", query.threshold)
    check_quality(query.min_quality)
    if not image.is_file():
        raise UsageError(f"{image}: {'is not a regular file' if image.exists() else 'no such file'}.")
    store = session.store()
    rate_for(store, query.min_quality)
    file = Path(os.path.abspath(image))  # worker processes may have started in another folder
    photo = session.run(_glance(session, file))
    photo = replace(photo, faces=tuple(face for face in photo.faces if face.has_quality(query.min_quality)))
    if not photo.faces:
        raise FamiliarError(f"{image}: no {face_of_quality(query.min_quality)} found.")
    others = _by_other_models(session, file, photo)
    finder = Finder(store, session.settings.matching, session.model, galleries=session.recogniser.galleries)
    results = finder.find(
        photo.faces,
        query,
        among=_photos_of(session, query),
        others=others,
    )
    paths = {
        each.photo: next(places_of(store, each.photo, session.unread), None) for one in results for each in one.photos
    }
    return [Found(result=result, paths={each.photo: paths[each.photo] for each in result.photos}) for result in results]


async def _glance(session: Session, image: Path) -> Photo:
    indexer = Indexer(store=session.store(), workers=session.kept_workers())
    seen = asyncio.create_task(indexer.glance(image, session.model))
    await asyncio.sleep(0)
    session.recogniser.galleries.of(session.model)  # while the worker starts
    try:
        return await seen
    except WorkersError:
        raise  # not the image's fault
    except (SetAsideError, RetryError) as error:
        raise FamiliarError(unreadable(image, error)) from error


def _by_other_models(session: Session, image: Path, photo: Photo) -> dict[str, Embeddings]:
    """Return the faces of an image as the models see them that alone have encoded the references of some people."""
    unmatched = session.store().people.unmatched(session.model)
    ids = {id_ for own in unmatched.values() for id_ in own}
    found = {model.id: _by_model(session, image, photo, model) for model in session.known_models if model.id in ids}
    return {id_: embeddings for id_, embeddings in found.items() if embeddings is not None}


def _by_model(session: Session, image: Path, photo: Photo, model: Model) -> "Embeddings | None":
    """Return the faces of an image as a model sees them; for a known photo it is asked once."""
    store = session.store()
    faces, known = [face.id for face in photo.faces if face.id is not None], store.photos.find(photo.hash)
    if known is not None and len(faces) == len(photo.faces):
        session.encode_missing(model, [known.id])
        return store.embeddings.kept_of(faces, model.id)

    async def encode() -> EncodedFaces | FamiliarError:
        async with session.workers_for(model) as workers:
            return (
                await workers.encode([EncodeTask(path=image, hash=photo.hash, faces=photo.faces, turn=photo.turn)])
            )[0]

    encoded = session.run(encode())
    return None if isinstance(encoded, FamiliarError) else encoded.embeddings


def _photos_of(session: Session, query: SearchQuery) -> list[int] | None:
    """Return the photos of the person who is named, if matching does not know them: those that score high enough."""
    if query.person is None:
        return None
    person = session.store().people.find(query.person)
    if model_for(session.store(), person.name, in_use=session.model_in_use) == session.model_in_use:
        return None
    own = session.settings.matching.threshold if person.threshold is None else person.threshold
    scores = session.scorer_of(person.name).score(person.name)
    return [photo for photo, score in scores.items() if score >= 1 / (1 + own)]
