"""Compare an export with the present content of its folder, and with the store: a plan of decisions (pure).

A crop that is where it was exported says nothing. Of several meanings the safest is taken: a folder that is gone as a
whole changes nothing, and what was decided since the export stays as it is.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from shlex import quote

from familiar.errors import UsageError
from familiar.library.clusters.folders.classification import classify
from familiar.library.clusters.folders.folder_targets import FolderTarget, ImportContext, find_target, import_context
from familiar.library.clusters.folders.manifest import IGNORE, NOT_A_FACE, SPECIAL, ClusterManifest
from familiar.library.clusters.folders.plan import (
    AssignFaces,
    FolderContents,
    IgnoreCluster,
    ImportChange,
    ImportPlan,
    ImportRefusal,
    MergeClusters,
    NameCluster,
    NewCluster,
    NotFaces,
    StoreSnapshot,
    TakeFacesOut,
    Undecided,
    What,
)
from familiar.names import name_key

_ORDER: tuple[What, ...] = ("not a face", "take out", "name", "merge", "new cluster", "place", "ignore")
"""Faces leave clusters before clusters are merged, and clusters are named before more faces join them."""


def plan_changes(manifest: ClusterManifest, contents: FolderContents, snapshot: StoreSnapshot) -> ImportPlan:
    """Return what the changes in an exported folder mean."""
    context = import_context(manifest, classify(manifest, contents, snapshot), snapshot)
    planner = _Planner(context)
    planner.find_targets()
    for folder, target in planner.targets.items():
        planner.plan_names(folder, target)
        planner.plan_merges(folder, target)
        planner.plan_moves(folder, target)
    planner.plan_special()
    for folder in manifest.folders:
        planner.plan_missing(folder)
    return planner.plan()


class _Planner:
    """Collects the changes."""

    def __init__(self, context: ImportContext) -> None:
        self._context = context
        self._changes: list[ImportChange] = []
        self._refused = list(context.found.refused)
        self._left: list[Undecided] = []
        self._faulty: set[str] = set()
        self._missing: set[int] = set()
        self.targets: dict[str, FolderTarget] = {}

    def find_targets(self) -> None:
        """Find the target of each folder that has crops; refuse folders that contradict what holds."""
        claims: dict[int, dict[str, str]] = {}
        for folder in sorted(self._context.contents.keys() - {*SPECIAL}):
            try:
                self.targets[folder] = target = find_target(self._context, folder)
            except UsageError as error:
                self._refuse_folder(folder, str(error).rstrip("."))
                continue
            for cluster in target.names:
                claims.setdefault(cluster, {})[folder] = target.name or ""
        for cluster, names in claims.items():
            if len(set(map(name_key, names.values()))) > 1:
                both = " and ".join(map(repr, names.values()))
                for folder in names.keys() & self.targets.keys():
                    self._refuse_folder(folder, f"cluster {cluster} would get two names, {both}")
                    del self.targets[folder]

    def plan_names(self, folder: str, target: FolderTarget) -> None:
        """Plan names for folders that were renamed."""
        former = self._context.former(folder)[:1]
        for cluster in target.names:
            faces = [face for face in self._still_in(former, folder) if self._cluster_of(face) == cluster]
            note = self._note_on_name(cluster, target.name or "")
            self._add(
                "name",
                faces,
                folder,
                NameCluster(cluster=cluster, name=target.name or ""),
                target=target.name,
                note=note,
            )
        if former and target.name is None and (person := self._context.manifest.folders[former[0]].person) is not None:
            reason = (
                f"{folder!r} is not a name, so the cluster remains {person!r}; `familiar clusters refuse` ends that"
            )
            self._left.append(Undecided(folder=former[0], faces=len(self._still_in(former, folder)), reason=reason))

    def plan_merges(self, folder: str, target: FolderTarget) -> None:
        """Plan merges for folders whose crops were all moved to another folder."""
        renamed = folder not in self._context.manifest.folders
        for source in self._context.former(folder)[int(renamed) :]:
            for cluster in self._context.clusters_of(source):
                if target.cluster is None or cluster in target.own:
                    continue
                faces = [face for face in self._still_in([source], folder) if self._cluster_of(face) == cluster]
                note = f"cluster {cluster} and cluster {target.cluster} become one"
                self._add("merge", faces, folder, MergeClusters(cluster=cluster, into=target.cluster), note=note)

    def plan_moves(self, folder: str, target: FolderTarget) -> None:
        """Plan what crops mean that were moved to a folder one by one."""
        faces = [face for face in self._moved_to(folder) if self._cluster_of(face) not in target.own]
        faces = self._as_exported(faces, folder)
        if not faces:
            return
        if target.cluster is not None:
            self._add("place", faces, folder, AssignFaces(cluster=target.cluster, faces=tuple(faces)))
            return
        note = self._whether_new(target.name) if target.name else ""
        self._add("new cluster", faces, folder, NewCluster(faces=tuple(faces), name=target.name), note=note)

    def plan_special(self) -> None:
        """Plan what crops mean that were moved to the special folders."""
        context = self._context
        for source in (source for source, home in context.homes.items() if home == IGNORE):
            self._plan_ignored(source)
        single = [face for face in self._moved_to(IGNORE) if self._kind_of(face) != "ignored"]
        for faces in self._by_cluster(self._as_exported(single, IGNORE)):
            self._add("ignore", faces, IGNORE, NewCluster(faces=tuple(faces), ignored=True), note="as a new cluster")
        for faces in self._by_cluster(self._as_exported(self._moved_to(NOT_A_FACE), NOT_A_FACE)):
            self._add("not a face", faces, NOT_A_FACE, NotFaces(faces=tuple(faces)))

    def plan_missing(self, folder: str) -> None:
        """Plan what deleted crops mean."""
        context = self._context
        own = [face for face in context.exported.get(folder, ()) if self._cluster_of(face) and context.unmoved(face)]
        missing = [face for face in own if face not in context.found.crops and face not in context.found.spared]
        home = context.homes.get(folder, folder)
        others = bool(self._still_in([folder], home))
        gone = [face for face in missing if not others or context.manifest.faces[face].missing]
        missing = [face for face in missing if face not in gone]
        if gone:
            self._missing.update(gone)
            reason = "all of its crops are gone, which may be an accident, so nothing is decided"
            self._left.append(Undecided(folder=folder, faces=len(gone), reason=reason))
        if missing and context.found.unclear & {home, folder, ""}:
            reason = "they are missing, but may be among the files that are refused"
            self._left.append(Undecided(folder=folder, faces=len(missing), reason=reason))
        elif home in self.targets:
            for faces in self._by_cluster(missing):
                self._add("take out", faces, "", TakeFacesOut(cluster=self._cluster_of(faces[0]), faces=tuple(faces)))

    def plan(self) -> ImportPlan:
        """Return the plan, with the changes in the order in which they are applied."""
        leaving = Counter(
            self._cluster_of(face)
            for change in self._changes
            if isinstance(change.step, NotFaces | TakeFacesOut | AssignFaces | NewCluster)
            for face in change.step.faces
        )
        changes = [self._split_if_possible(change, leaving) for change in self._changes]
        return ImportPlan(
            changes=tuple(sorted(changes, key=lambda change: _ORDER.index(change.what))),
            refused=tuple(self._refused),
            left=tuple(self._left),
            homes=self._context.homes,
            faulty=frozenset(self._faulty),
            missing=frozenset(self._missing),
        )

    def _plan_ignored(self, source: str) -> None:
        for cluster in self._context.clusters_of(source):
            faces = [face for face in self._still_in([source], IGNORE) if self._cluster_of(face) == cluster]
            row = self._context.snapshot.clusters[cluster]
            if row.kind == "named":
                refuse = f"familiar clusters refuse {cluster} {quote(row.name or '')}"
                reason = f"{row.name!r} can't be ignored; if it is somebody else, say so first: {refuse}"
                self._refused.append(ImportRefusal(path=f"{IGNORE}: {source}", reason=reason))
                self._faulty.add(IGNORE)
            elif row.kind == "unnamed":
                self._add("ignore", faces, IGNORE, IgnoreCluster(cluster=cluster))

    def _split_if_possible(self, change: ImportChange, leaving: Counter[int]) -> ImportChange:
        """Split a new cluster off if it comes from one that keeps faces, so that the two are never joined again."""
        if not isinstance(change.step, NewCluster):
            return change
        clusters = {self._cluster_of(face) for face in change.step.faces}
        cluster = clusters.pop()
        row = self._context.snapshot.clusters.get(cluster)
        if clusters or row is None or row.faces <= leaving[cluster]:
            return change
        return replace(change, step=replace(change.step, split_from=cluster))

    def _moved_to(self, folder: str) -> list[int]:
        """Return the faces in a folder that were neither exported into it nor came with a whole folder."""
        context = self._context
        origins = {face: context.origin(face) for face in context.contents.get(folder, ())}
        return [face for face, origin in origins.items() if folder not in {origin, context.homes.get(origin or "")}]

    def _as_exported(self, faces: Sequence[int], folder: str) -> list[int]:
        """Return the faces about which nothing was decided since the export; refuse the others."""
        since = [face for face in faces if self._context.origin(face) is not None and not self._context.unmoved(face)]
        for face in since:
            cluster = self._context.snapshot.cluster_of.get(face)
            where = "in no cluster" if cluster is None else f"in cluster {cluster}"
            reason = f"face {face} is {where} now, decided after the export, so it is not moved; export again"
            self._refused.append(ImportRefusal(path=folder, reason=reason))
        if since:
            self._faulty.add(folder)
        return [face for face in faces if face not in since]

    def _still_in(self, sources: Iterable[str], folder: str) -> list[int]:
        """Return the faces that were exported into one of these folders and are in this one."""
        wanted = set(sources)
        return [face for face in self._context.contents.get(folder, ()) if self._context.origin(face) in wanted]

    def _by_cluster(self, faces: Iterable[int]) -> list[list[int]]:
        grouped: dict[int, list[int]] = {}
        for face in faces:
            grouped.setdefault(self._cluster_of(face), []).append(face)
        return list(grouped.values())

    def _cluster_of(self, face: int) -> int:
        """Return the cluster of a face, 0 for none."""
        return self._context.snapshot.cluster_of.get(face, 0)

    def _kind_of(self, face: int) -> str:
        row = self._context.snapshot.clusters.get(self._cluster_of(face))
        return "" if row is None else row.kind

    def _note_on_name(self, cluster: int, name: str) -> str:
        was = self._context.snapshot.clusters[cluster].name
        if was is None:
            return self._whether_new(name)
        return (
            f"cluster {cluster} is not {was!r} but {name!r}; to give the person another name instead: "
            f"familiar people rename {quote(was)} {quote(name)}"
        )

    def _whether_new(self, name: str) -> str:
        return "" if name in self._context.snapshot.people else "a new person"

    def _refuse_folder(self, folder: str, reason: str) -> None:
        self._refused.append(ImportRefusal(path=folder, reason=reason))
        self._faulty.add(folder)

    def _add(
        self,
        what: What,
        faces: Sequence[int],
        folder: str,
        step: NotFaces | TakeFacesOut | NameCluster | MergeClusters | AssignFaces | NewCluster | IgnoreCluster,
        *,
        target: str | None = None,
        note: str = "",
    ) -> None:
        """Add a change, if there is a crop for it."""
        if not faces:
            return
        origin = sorted({self._context.origin(face) or "" for face in faces})
        change = ImportChange(
            what=what,
            faces=tuple(faces),
            origin=tuple(origin),
            folder=folder,
            target=folder if target is None else target,
            note=note,
            step=step,
        )
        self._changes.append(change)
