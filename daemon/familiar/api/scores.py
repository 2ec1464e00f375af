"""The similarity of photos to a person."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from familiar.api.session import Session
from familiar.errors import FamiliarError, UsageError
from familiar.library.photo_folders import folder_at
from familiar.library.photo_scores import PhotoScores
from familiar.library.qualities import check_quality, face_of_quality, rate_for
from familiar.library.score_files import ALL_NAME, left_over, read_score_files, write_score_files
from familiar.library.survey import IndexedFile, photos_of, unusable
from familiar.plurals import counted


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenScores:
    """The result of writing scores into folders.

    Attributes:
        person: the person, under the registered name.
        scores: by path, of each file in which a face was found.
        files: the files that were written; the last one has all scores.
        without_face: how many files have no face that is good enough.
        failed: files that can't be read, each with the reason.
        older: files of scores from an earlier run, which were left unchanged, because no photo in their folder was
        scored.
    """

    person: str
    scores: Mapping[Path, float]
    files: tuple[Path, ...]
    without_face: int
    failed: tuple[IndexedFile, ...]
    older: tuple[Path, ...]


def scores(session: Session, person: str | None, source: Path | None, *, min_quality: float) -> PhotoScores:
    """Return scores of all known photos, or from files; see `Library.scores`."""
    if (source is None) == (person is None):
        raise UsageError("Give either a file or folder with scores, or --person for all known photos.")
    check_quality(min_quality)
    if source is not None:
        if min_quality:
            raise UsageError("--min-quality requires --person: a file of scores has no faces.")
        return PhotoScores.of(read_score_files(source), subject=str(source))
    assert person is not None
    rate_for(session.store(), min_quality)
    found = session.scorer_of(person).score(person, min_quality=min_quality)
    paths = session.store().sightings.all_paths()
    scored = {str(paths[photo][0]): score for photo, score in found.items() if photo in paths}
    if not scored:
        remedy = "lower --min-quality" if min_quality else "scan photos first: familiar scan ~/Pictures"
        raise FamiliarError(f"No known photo has a {face_of_quality(min_quality)}; {remedy}")
    return PhotoScores.of(scored, subject=person)


def write_scores(
    session: Session, folder: Path, person: str, *, recursive: bool, min_quality: float, out: Path | None
) -> WrittenScores:
    """Score the photos in a folder, and write files of scores there; see `Library.write_scores`."""
    check_quality(min_quality)
    where = folder_at(folder, files=False).model_copy(update={"recursive": recursive})
    name = session.store().people.find(person).name
    indexed_files = session.index([where])
    photos = photos_of(indexed_files)
    rate_for(session.store(), min_quality)
    found = session.scorer_of(name, list(photos)).score(name, list(photos), min_quality=min_quality)
    if not found:
        wanted, seen = face_of_quality(min_quality), counted(len(photos), "photo")
        unread = unusable([(one.path, one.reason or "not readable") for one in indexed_files if one.photo is None])
        raise FamiliarError(f"{where.path}: no {wanted} found in {seen}; nothing was written.{unread}")
    scored = {path: found[photo] for photo, paths in photos.items() if photo in found for path in paths}
    files = write_score_files(scored, together=out or where.path / ALL_NAME)
    return WrittenScores(
        person=name,
        scores=scored,
        files=files,
        without_face=sum(len(paths) for photo, paths in photos.items() if photo not in found),
        failed=tuple(indexed for indexed in indexed_files if indexed.photo is None),
        older=tuple(left_over(where.path, files, recursive=recursive)),
    )
