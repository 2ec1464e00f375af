"""Link to the photo: a symbolic link, or a hard one."""

import errno
import os
from pathlib import Path

from familiar.effects.attempt import Attempt, SourceFile
from familiar.effects.hidden import Hidden
from familiar.effects.journal import Outcome, Placement, Step
from familiar.effects.kinds.contract import Parameters
from familiar.effects.kinds.file_kind import FileKind, path_as_json, top_from_json
from familiar.effects.kinds.surroundings import Records
from familiar.effects.outlook import Outlook, last_copy
from familiar.effects.placement import hold_photo
from familiar.effects.reversal import Reversal
from familiar.filesystem.files import HeldFile, Pulse, has_content
from familiar.filesystem.folders import Entry, naming
from familiar.filesystem.removal import remove_link
from familiar.model import Link


class LinkKind(FileKind[Link]):
    """The target leads to the photo, or is another name of it."""

    name = "link"
    value = Link

    def parameters(self, wish: Link) -> Parameters:
        """Return what kind of link it is."""
        return {"symbolic": wish.symbolic, "top": None if wish.top is None else path_as_json(wish.top)}

    def read(self, destination: str, rule: str, parameters: Parameters) -> Link:
        """Return the operation of a row in the journal."""
        top = top_from_json(parameters)
        return Link(target=Path(destination), rule=rule, symbolic=parameters["symbolic"], top=top)

    def details(self, wish: Link) -> Parameters:
        """Return what kind of link it is."""
        return {"symbolic": wish.symbolic}

    def carry_out(self, wish: Link, attempt: Attempt) -> Outcome:
        """Make the link under the first free name."""
        hash_, pulse = attempt.step.photo_hash, attempt.pulse

        def place(source: SourceFile, target: Entry, _: Hidden) -> None:
            place_link(source.entry, source.path, target, symbolic=wish.symbolic, hash_=hash_, pulse=pulse)

        def is_there(source: SourceFile, entry: Entry) -> bool:
            return wish.symbolic and entry.link_end() == source.path

        return attempt.put_photo(wish, place, is_there)

    def follow(self, wish: Link, step: Step, records: Records) -> None:
        """Record the photo at its target, too; a hard link is one more name of the file."""
        super().follow(wish, step, records)
        self._relink(wish, step, records)

    def follow_back(self, wish: Link, step: Step, records: Records) -> None:
        """Record that nothing is at the target any more."""
        super().follow_back(wish, step, records)
        self._relink(wish, step, records)

    def _relink(self, wish: Link, step: Step, records: Records) -> None:
        if not wish.symbolic and step.source is not None:
            records.relinked(step.source)

    def hint(self, wish: Link, number: int) -> str:
        """Return the remedy if the target is on another file system."""
        if number != errno.EXDEV:
            return super().hint(wish, number)
        return (
            "; hard links work only within one mount of one file system (each ReadWritePaths= of a service is a "
            "mount); use kind: symbolic, or copy"
        )

    def obstacle_in_reach(self, wish: Link, step: Step, placement: Placement, outlook: Outlook) -> str | None:
        """Return the obstacle if the link is gone or leads elsewhere, or a hard link is the last name of the photo."""
        if not wish.symbolic:
            return super().obstacle_in_reach(wish, step, placement, outlook)
        now = outlook.at(placement.target)
        if now is None:
            return f"{placement.target} no longer exists"
        if now != f"-> {placement.source}":
            return f"{placement.target} is not the link that familiar created"
        outlook.note(placement.target, None)
        return None

    def loss(self, wish: Link, step: Step, placement: Placement, outlook: Outlook) -> str | None:  # noqa: ARG002
        """Return the obstacle if it is the last name of the photo."""
        return None if outlook.has_other_photo(step, placement, by_name=True) else last_copy(placement, "photo")

    def remove(self, wish: Link, target: Entry, reversal: Reversal) -> None:
        """Remove the link; a hard one only if the photo has another name, or another copy."""
        if not wish.symbolic:
            reversal.remove_photo(target, is_name=True)
        elif target.exists or not reversal.is_begun:
            remove_link(target, reversal.placement.source, hidden=reversal.hidden.target)
            target.folder.sync()


def place_link(source: Entry | None, path: Path, target: Entry, *, symbolic: bool, hash_: str, pulse: Pulse) -> None:
    """Link `target` to the file at `source`; `path` is the source's, also where its folder is gone.

    Raises:
        FileExistsError, GoneError, ChangedError, OSError: as `place_move` does.
    """
    if target.exists:
        # The photo may have gone back since a try that was interrupted: of a hard link its content tells then.
        is_there = target.link_end() == path if symbolic else has_content(target, hash_, pulse)
        if not is_there:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target.path))
        return
    with hold_photo(source) as held:
        assert source is not None
        held.verify(hash_, pulse)
        try:
            _link(source, held, target, symbolic=symbolic)
        except OSError:
            if not _is_linked(source, held, target, symbolic=symbolic):  # otherwise it has worked (NFS)
                raise
    target.folder.sync()


def _link(source: Entry, held: HeldFile, target: Entry, *, symbolic: bool) -> None:
    with naming(held.entry.path, target.path):
        if symbolic:
            os.symlink(source.path, target.name, dir_fd=target.folder.descriptor)
        else:  # by the descriptor, to link exactly this file
            own = f"/proc/self/fd/{held.descriptor}"
            os.link(own, target.name, dst_dir_fd=target.folder.descriptor, follow_symlinks=True)


def _is_linked(source: Entry, held: HeldFile, target: Entry, *, symbolic: bool) -> bool:
    return target.link_end() == source.path if symbolic else held.is_at(target)
