"""What the service needs of the machine: folders that it may write, groups, the network."""

import grp
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from familiar.errors import UsageError
from familiar.plurals import counted

_HOMES = (Path("/home"), Path("/root"), Path("/run/user"))
"""What `ProtectHome=yes` hides."""
_SHARED = frozenset(
    map(
        Path,
        (
            *("/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib64", "/media", "/mnt", "/opt", "/proc"),
            *("/root", "/run", "/run/media", "/run/user", "/sbin", "/srv", "/sys", "/usr", "/var", "/var/lib"),
        ),
    )
)
"""Folders that the service is never given as a whole: too much is below them that is not meant."""
_PRIVATE = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108 - not used
"""Of what `PrivateTmp=yes` makes for the service alone."""
_OWN = (Path("/var/lib/familiar"), Path("/var/cache/familiar"), Path("/etc/familiar"))
"""Where the service keeps what is its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What the drop-in of a unit allows.

    `writable` are the folders of photos and of the targets of rules, `groups` those of their files. `serves_here` says
    that only this computer has to reach the service, for the review page. `doubts` says what the service can't do with
    the folders, and how that can be changed.
    """

    writable: tuple[Path, ...] = ()
    groups: tuple[str, ...] = ()
    has_homes: bool = False
    has_network: bool = False
    serves_here: bool = False
    doubts: tuple[str, ...] = ()


def needs_of(
    folders: Iterable[Path],
    *,
    targets: Iterable[Path] = (),
    network: bool,
    serves_here: bool = False,
    may_write: Callable[[Path, Sequence[str]], bool],
    groups_before: Sequence[str] = (),
) -> Needs:
    """Return what a system service needs for watched folders and targets of rules.

    Args:
        folders: the watched ones; the disk of one may be away.
        targets: the folders of rules; one need not exist yet.
        network: whether it needs the network.
        serves_here: whether it serves the review page to this computer.
        may_write: says whether the user of the service may write to a folder, with some groups more.
        groups_before: those that it has now, which are kept while a folder is away.
    """
    writable, doubts = writable_folders(folders, targets)
    groups = [] if all(folder.exists() for folder in writable) else list(groups_before)
    for folder in writable:
        if not folder.exists() or may_write(folder, groups):
            continue
        group = _group_of(folder)
        if group is not None and may_write(folder, [*groups, group]):
            groups.append(group)
        else:
            doubts.append(
                f"the user of the service may not write to {folder}; give it the right, with its files: "
                f"sudo setfacl -R -m u:familiar:rwX,d:u:familiar:rwX {folder}"
            )
    return Needs(
        writable=tuple(writable),
        groups=tuple(groups),
        has_homes=any(is_in_home(folder) for folder in writable),
        has_network=network,
        serves_here=serves_here,
        doubts=tuple(doubts),
    )


def writable_folders(folders: Iterable[Path], targets: Iterable[Path] = ()) -> tuple[list[Path], list[str]]:
    """Return the folders to name in `ReadWritePaths=`, and what is doubtful about them.

    Each of them is a mount for the service, between which a move is a copy: so those on one disk have one, the folder
    that contains them, unless too much else is in it. A watched folder is named whether or not it is there: its disk
    may be away.
    """
    trees: dict[tuple[int, Path], list[Path]] = {}
    doubts = []
    for folder, is_target in [*((folder, False) for folder in folders), *((folder, True) for folder in targets)]:
        real = Path(os.path.realpath(folder))
        there = next(path for path in (real, *real.parents) if path.exists())
        trouble = why_not_given(folder)
        if trouble is not None:
            doubts.append(trouble)
            continue
        if there in _SHARED:
            doubts.append(
                f"{folder} does not exist; create it, or connect its disk, then run `familiar service upgrade`"
            )
        named = real if not is_target else _tree_of(real) if there in _SHARED else there
        trees.setdefault((there.stat().st_dev, _tree_of(named)), []).append(named)
    chosen = {key: Path(os.path.commonpath(group)) for key, group in trees.items()}
    return list(chosen.values()), [*doubts, *_doubts_of_mounts(chosen)]


def why_not_given(folder: Path) -> str | None:
    """Return why the service can't be given a folder, whether or not it is there; None if it can."""
    real = Path(os.path.realpath(folder))
    if real in _SHARED:
        return f"{folder} is a folder of the system, which is not given to the service as a whole; name a folder in it"
    if any(real.is_relative_to(own) for own in _OWN):
        return f"{folder} has the service's own files; name a folder of photos"
    return None


def why_hidden(folder: Path) -> str | None:
    """Return why the service does not see a folder that it is given; None if it does."""
    if any(Path(os.path.realpath(folder)).is_relative_to(private) for private in _PRIVATE):
        return f"{folder} is hidden from the service, which has its own /tmp (PrivateTmp=yes); choose another folder"
    return None


def _doubts_of_mounts(chosen: Mapping[tuple[int, Path], Path]) -> Iterator[str]:
    """Give what is doubtful about folders that are several mounts on one disk, as far as they are there."""
    for disk in {device for device, _ in chosen}:
        apart = sorted(folder for (device, _), folder in chosen.items() if device == disk and folder.exists())
        if len(apart) > 1:
            named = ", ".join(map(str, apart))
            yield (
                f"for the service, {named} are {counted(len(apart), 'mount')}: between them a move is a copy, and "
                "no hard link is possible; put them into one folder for that"
            )


def is_in_home(path: Path) -> bool:
    """Return whether a path is hidden from a service by `ProtectHome=yes`."""
    return any(path.is_relative_to(home) for home in _HOMES)


def check_reachable(program: Path, python: Iterable[Path]) -> None:
    """Check that a system service can read an installation: its program, and where its Python is.

    Raises:
        UsageError: it is in a home, or only its owner may read it.
    """
    own = "install it with a Python of its own: uv sync --managed-python (README, As a service), or use --user."
    there = "install familiar in /opt (README, As a service), or use --user."
    for path, whose, remedy in [
        (program, "", there),
        *((path, "the Python of this installation ", own) for path in python),
    ]:
        real = Path(os.path.realpath(path))
        if is_in_home(real):
            raise UsageError(f"{whose}{real} is in a home, which is hidden from the service; {remedy}")
        closed = [part for part in real.parents if not part.stat().st_mode & 0o001]
        if closed:
            raise UsageError(f"{closed[-1]} may be entered by its owner only, and {whose}{real} is in it; {remedy}")


def _tree_of(folder: Path) -> Path:
    """Return the highest folder above one, or it, that the service may be given as a whole."""
    return next(path for path in reversed([folder, *folder.parents]) if path not in _SHARED)


def _group_of(folder: Path) -> str | None:
    """Return the group of a folder, by which a service may write to it; that of root has too many rights."""
    number = folder.stat().st_gid
    try:
        return None if number == 0 else grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
