"""The numbers of a report, from one snapshot."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from familiar.library.report.reasons import Reason, grouped
from familiar.store.store import Store
from familiar.store.views.statistics import PersonCount, PhotoCount, PhotoLocations, ScoreCount


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Totals; `files` counts files that were set aside, `recognised` counts recognised faces."""

    photos: int
    videos: int
    clips: int
    faces: int
    recognised: int
    people: int
    without_faces: int
    set_aside: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """The number of photos of this type or source."""

    name: str
    photos: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """The number of photos taken in a year; None if the camera wrote no time."""

    year: int | None
    photos: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotosByFaces:
    """The number of photos with this number of faces."""

    faces: int
    photos: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreClass:
    """Faces with scores from `score` to a hundredth above: those that count as the person, and those that do not."""

    score: float
    accepted: int
    others: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFigures:
    """A person: counts, the years of their photos, the minimum score, and the distribution of scores."""

    id: int
    name: str
    photos: int
    faces: int
    references: int
    first_year: int | None
    last_year: int | None
    threshold: float
    scores: tuple[ScoreClass, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterFigures:
    """A cluster without a name."""

    id: int
    faces: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationFigures:
    """The number of operations of a kind in a state."""

    kind: str
    state: str
    operations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """All figures of a report.

    Photos in several sources count in each; those `elsewhere` are in no source, and those `gone` are no longer at their
    last path. `more_people` are not shown. `threshold` is the least score that counts for a person without a threshold
    of their own.
    """

    created: datetime
    totals: Totals
    types: tuple[Count, ...]
    years: tuple[Year, ...]
    sources: tuple[Count, ...]
    elsewhere: int
    gone: int
    crowds: tuple[PhotosByFaces, ...]
    people: tuple[PersonFigures, ...]
    more_people: int
    threshold: float
    scores: tuple[ScoreClass, ...]
    clusters: int
    clustered_faces: int
    junk_clusters: int
    largest_clusters: tuple[ClusterFigures, ...]
    set_aside: tuple[Reason, ...]
    waiting: tuple[Reason, ...]
    operations: tuple[OperationFigures, ...]


def collect(
    store: Store,
    *,
    created: datetime,
    sources: Mapping[Path, str],
    threshold: float,
    most_people: int,
    most_clusters: int,
) -> Figures:
    """Read the numbers of a report, from one snapshot of the store.

    Args:
        store: the store.
        created: when the report is made.
        sources: the name of each watched folder that has one.
        threshold: largest distance at which a face counts as a person.
        most_people: people to show.
        most_clusters: clusters to show.
    """
    with store.reading():
        statistics = store.statistics
        photos, crowds = statistics.photos(), statistics.photos_with_faces()
        scores, people = statistics.scores(), statistics.people(most=most_people)
        unnamed = statistics.unnamed_clusters(most=most_clusters)
        by_person: dict[int, list[ScoreCount]] = {}
        for count in scores:
            by_person.setdefault(count.person, []).append(count)
        where, set_aside = statistics.whereabouts(), grouped(statistics.set_aside())
        registered = statistics.count_people()
        return Figures(
            created=created,
            totals=_totals(photos, crowds, scores, registered, sum(reason.files for reason in set_aside)),
            types=_types(photos),
            years=_years(photos),
            sources=_sources(where, sources),
            elsewhere=where.elsewhere,
            gone=where.gone,
            crowds=_crowds(photos, crowds),
            people=tuple(_person(row, by_person.get(row.id, []), threshold) for row in people),
            more_people=registered - len(people),
            threshold=_score(threshold),
            scores=_classes(scores),
            clusters=unnamed.clusters,
            clustered_faces=unnamed.faces,
            junk_clusters=unnamed.junk,
            largest_clusters=tuple(ClusterFigures(id=row.id, faces=row.faces) for row in unnamed.largest),
            set_aside=set_aside,
            waiting=grouped(statistics.waiting()),
            operations=tuple(
                OperationFigures(kind=kind, state=state, operations=number)
                for kind, state, number in statistics.operations()
            ),
        )


def _totals(
    photos: Sequence[PhotoCount],
    crowds: Mapping[int, int],
    scores: Sequence[ScoreCount],
    people: int,
    set_aside: int,
) -> Totals:
    kinds = Counter({"photo": 0, "video": 0, "clip": 0})
    for row in photos:
        kinds[row.kind] += row.photos
    return Totals(
        photos=kinds["photo"],
        videos=kinds["video"],
        clips=kinds["clip"],
        faces=sum(faces * count for faces, count in crowds.items()),
        recognised=sum(row.faces for row in scores if row.accepted),
        people=people,
        without_faces=kinds["photo"] + kinds["video"] - sum(crowds.values()),
        set_aside=set_aside,
    )


def _types(photos: Sequence[PhotoCount]) -> tuple[Count, ...]:
    counts: Counter[str] = Counter()
    for row in photos:
        if row.kind != "clip":
            counts[f"{row.format} video" if row.kind == "video" else row.format] += row.photos
    return tuple(Count(name=name, photos=count) for name, count in sorted(counts.items(), key=_largest_first))


def _years(photos: Sequence[PhotoCount]) -> tuple[Year, ...]:
    counts: Counter[int | None] = Counter()
    for row in photos:
        if row.kind != "clip":
            counts[row.year] += row.photos
    known = sorted(year for year in counts if year is not None)
    return tuple(Year(year=year, photos=counts[year]) for year in (*known, *([None] if None in counts else [])))


def _sources(where: PhotoLocations, names: Mapping[Path, str]) -> tuple[Count, ...]:
    """Return the number of photos of each source; folders with the same name are shown by path."""
    called = {path: names.get(path) or path.name or str(path) for path, _ in where.roots}
    common = {name for name, folders in Counter(called.values()).items() if folders > 1}
    return tuple(
        Count(name=str(path) if called[path] in common else called[path], photos=photos) for path, photos in where.roots
    )


def _crowds(photos: Sequence[PhotoCount], crowds: Mapping[int, int]) -> tuple[PhotosByFaces, ...]:
    none = sum(row.photos for row in photos if row.kind != "clip") - sum(crowds.values())
    counts = {0: none, **crowds}
    return tuple(PhotosByFaces(faces=faces, photos=counts[faces]) for faces in sorted(counts) if counts[faces])


def _person(row: PersonCount, scores: Sequence[ScoreCount], threshold: float) -> PersonFigures:
    return PersonFigures(
        id=row.id,
        name=row.name,
        photos=row.photos,
        faces=row.faces,
        references=row.references,
        first_year=None if row.first is None else int(row.first[:4]),
        last_year=None if row.last is None else int(row.last[:4]),
        threshold=_score(threshold if row.threshold is None else row.threshold),
        scores=_classes(scores),
    )


def _classes(scores: Sequence[ScoreCount]) -> tuple[ScoreClass, ...]:
    """Return the classes with faces, from the lowest score up."""
    accepted: Counter[int] = Counter()
    others: Counter[int] = Counter()
    for row in scores:
        (accepted if row.accepted else others)[row.bin] += row.faces
    return tuple(
        ScoreClass(score=number / 100, accepted=accepted[number], others=others[number])
        for number in sorted({*accepted, *others})
    )


def _score(distance: float) -> float:
    return 1.0 / (1.0 + distance)


def _largest_first(item: tuple[str, int]) -> tuple[int, str]:
    return -item[1], item[0]
