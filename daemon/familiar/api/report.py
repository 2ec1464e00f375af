"""The report: the store as one page."""

from dataclasses import dataclass
from pathlib import Path

from familiar.api.session import Session
from familiar.effects.replacement import whole_file
from familiar.errors import UsageError
from familiar.library.arguments import check_number
from familiar.library.output_files import check_new
from familiar.library.report.faces import Pictures, cut_pictures
from familiar.library.report.figures import Figures, collect
from familiar.library.report.page import is_report, render
from familiar.library.thumbnails import FaceThumbnails

_CLUSTERS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A written report: its file, its size in bytes, and its numbers."""

    file: Path
    size: int
    figures: Figures


def report(session: Session, file: Path, *, people: int, faces: bool, replace: bool) -> Report:
    """Write a report; see `Library.report`."""
    check_number("people", people, 0)
    check_new(file, replace=replace or _is_report(file))
    settings, store = session.settings, session.store()
    figures = collect(
        store,
        created=store.now(),
        sources={folder.path: folder.source for folder in settings.folders},
        threshold=settings.matching.threshold,
        most_people=people,
        most_clusters=_CLUSTERS,
    )
    pictures = session.run(_cut(session, figures)) if faces else Pictures()
    page = render(figures, pictures, faces=faces).encode()
    # Checked again here: cutting out faces takes minutes.
    with whole_file(file, replace=replace or _is_report(file)) as output:
        output.write(page)
    return Report(file=file, size=len(page), figures=figures)


def _is_report(file: Path) -> bool:
    try:
        return file.is_file() and is_report(file)
    except OSError as error:
        raise UsageError(f"{file}: can't be read: {error.strerror}.") from error


async def _cut(session: Session, figures: Figures) -> Pictures:
    async with session.workers() as workers:
        thumbnails = FaceThumbnails(store=session.store(), workers=workers)
        with session.progress("cutting faces out") as count:
            return await cut_pictures(session.store(), figures, thumbnails, count)
