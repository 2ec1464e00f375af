"""The target of each folder of a changed export (pure): what it was renamed from, its person, and its cluster."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from familiar.errors import UsageError
from familiar.library.clusters.folders.classification import Classification
from familiar.library.clusters.folders.manifest import NOT_A_FACE, SPECIAL, ClusterManifest
from familiar.library.clusters.folders.plan import StoreSnapshot
from familiar.library.folder_names import folder_name
from familiar.names import check_name, name_key

_NO_NAME = re.compile(r"cluster[-_ ]?[0-9]+(\W.*)?", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderTarget:
    """The clusters and the person that a folder stands for.

    More faces join `cluster`; None means a new cluster. `own` are all of its clusters. `name` is the name of its
    person. `names` are those of its clusters that are to get this name.
    """

    cluster: int | None
    own: frozenset[int]
    name: str | None
    names: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportContext:
    """An export, the present content of its folder, and what holds in the store.

    `exported` and `contents` have the faces of each folder, then and now; `theirs` the clusters of each person by the
    key of the name, the largest first. `homes` has the folder that each former folder became: it was renamed to it, or
    all of its crops were moved there.
    """

    manifest: ClusterManifest
    found: Classification
    snapshot: StoreSnapshot
    exported: Mapping[str, Sequence[int]]
    contents: Mapping[str, Sequence[int]]
    theirs: Mapping[str, Sequence[int]]
    homes: Mapping[str, str]

    def origin(self, face: int) -> str | None:
        """Return the folder that a face was exported into; None if this export did not have it."""
        exported = self.manifest.faces.get(face)
        return None if exported is None else exported.folder

    def unmoved(self, face: int) -> bool:
        """Return whether a face is still in the cluster in which it was exported, or still in none."""
        cluster = self.manifest.faces[face].cluster
        then = None if cluster is None else self.snapshot.live.get(cluster)
        return self.snapshot.cluster_of.get(face) == then

    def clusters_of(self, folder: str) -> list[int]:
        """Return the clusters that an exported folder stands for, as they are now, the largest first."""
        live = {self.snapshot.live.get(cluster, 0) for cluster in self.manifest.folders[folder].clusters}
        rows = self.snapshot.clusters
        return sorted(live & rows.keys(), key=lambda cluster: (-rows[cluster].faces, cluster))

    def former(self, folder: str) -> list[str]:
        """Return the former folders of a new one: first the one that it was renamed from, then those moved into it."""
        crops = Counter(map(self.origin, self.contents.get(folder, ())))
        sources = [source for source, home in self.homes.items() if home == folder]
        return sorted(sources, key=lambda one: (not _is(self.manifest.folders[one].person, folder), -crops[one]))


def import_context(manifest: ClusterManifest, found: Classification, snapshot: StoreSnapshot) -> ImportContext:
    """Find the folders that were renamed, or whose crops were all moved to another one."""
    rows = sorted(snapshot.clusters.values(), key=lambda row: (-row.faces, row.id))
    context = ImportContext(
        manifest=manifest,
        found=found,
        snapshot=snapshot,
        exported=_by((exported.folder, face) for face, exported in manifest.faces.items()),
        contents=_by((folder, face) for face, folder in sorted(found.crops.items())),
        theirs=_by((name_key(row.name), row.id) for row in rows if row.name is not None),
        homes={},
    )
    homes = {folder: _home_of(context, folder) for folder in manifest.folders}
    return replace(context, homes={folder: home for folder, home in homes.items() if home is not None})


def _by(pairs: Iterable[tuple[str, int]]) -> dict[str, list[int]]:
    grouped: dict[str, list[int]] = {}
    for key, value in pairs:
        grouped.setdefault(key, []).append(value)
    return grouped


def _is(name: str | None, other: str) -> bool:
    return name is not None and name_key(name) == name_key(other)


def _home_of(context: ImportContext, folder: str) -> str | None:
    """Return the folder that a former one became: a new one with most of its crops, or a known one with all of them."""
    crops = context.found.crops
    if folder in context.found.occupied | context.found.unclear:
        return None
    own = context.exported.get(folder, ())
    there = [face for face in own if face in crops or face in context.found.spared]
    homes = Counter(crops[face] for face in there if face in crops)
    if not homes:
        return None
    home, count = homes.most_common(1)[0]
    if home not in context.manifest.folders and home not in SPECIAL:
        return home if 2 * count > len(there) else None
    wanted = [face for face in own if context.unmoved(face)]
    all_there = bool(wanted) and all(crops.get(face) == home for face in wanted)
    return home if all_there and home != NOT_A_FACE else None


def find_target(context: ImportContext, folder: str) -> FolderTarget:
    """Return the target of a folder.

    Raises:
        UsageError: its name can't be used, or it contradicts what was decided since the export.
    """
    if folder in context.manifest.folders:
        return _exported_target(context, folder)
    name = None if _NO_NAME.fullmatch(folder) else _person(context.snapshot, folder)
    theirs = [] if name is None else context.theirs.get(name_key(name), [])
    former = context.former(folder)
    if not former:
        return FolderTarget(cluster=theirs[0] if theirs else None, own=frozenset(theirs), name=name)
    crops = {
        context.snapshot.cluster_of.get(face) for face in context.contents[folder] if context.origin(face) == former[0]
    }
    clusters = [cluster for cluster in context.clusters_of(former[0]) if cluster in crops]
    if not clusters:
        raise UsageError(f"the clusters that were exported as {former[0]!r} are gone")
    names = () if name is None else tuple(_to_name(context, former[0], clusters, name))
    return FolderTarget(cluster=clusters[0], own=frozenset([*theirs, *clusters]), name=name, names=names)


def _exported_target(context: ImportContext, folder: str) -> FolderTarget:
    person, clusters = context.manifest.folders[folder].person, context.clusters_of(folder)
    if person is not None:
        theirs = context.theirs.get(name_key(person), [])
        if not theirs and person not in context.snapshot.people:  # the person was renamed since
            theirs = [cluster for cluster in clusters if context.snapshot.clusters[cluster].name is not None]
        clusters = list(theirs)
    return FolderTarget(cluster=clusters[0] if clusters else None, own=frozenset(clusters), name=person)


def _to_name(context: ImportContext, source: str, clusters: Iterable[int], name: str) -> Iterable[int]:
    """Give the clusters of a renamed folder that do not have its name yet."""
    person = context.manifest.folders[source].person
    if _is(person, name):
        return
    for cluster in clusters:
        row = context.snapshot.clusters[cluster]
        if row.kind == "ignored":
            raise UsageError(f"cluster {cluster} was ignored after the export; undo that first")
        if row.name is not None and not _is(row.name, person or name) and not _is(row.name, name):
            raise UsageError(f"cluster {cluster} was named {row.name!r} after the export, so it is not named {name!r}")
        if not _is(row.name, name):
            yield cluster


def _person(snapshot: StoreSnapshot, folder: str) -> str:
    """Return the name of the person that a folder's name means; for a new person it is the name of the folder."""
    exact = [name for name in snapshot.people if _is(name, folder)]
    alike = [name for name in snapshot.people if _is(folder_name(name), folder)]
    if exact:
        return exact[0]
    return alike[0] if len(alike) == 1 else check_name(folder)
