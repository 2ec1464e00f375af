"""The rules: checked, tried out, and applied to photos that are known already."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from familiar.api.disks import targets_of
from familiar.api.session import Session
from familiar.effects.journal import Step
from familiar.errors import NoStoreError
from familiar.library.indexing import Indexer
from familiar.library.models import UnmatchedPerson, unmatched_people
from familiar.library.named_paths import expanded
from familiar.library.photo_folders import folders_of, photos_in
from familiar.library.plan_previews import PlanPreview, PlanPreviews
from familiar.library.rule_application import RuleApplication
from familiar.library.sources import folder_source
from familiar.library.targets import Target
from familiar.names import name_key
from familiar.rules.planning import Rules
from familiar.settings import FolderSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedRules:
    """Rules that were found to be good: their names, the people whom they name, and where they put photos.

    `unknown_people` are nobody; `unmatched_people` are found in no photo, as their references are of other models.
    """

    file: Path
    rules: tuple[str, ...]
    unknown_people: tuple[str, ...]
    unmatched_people: tuple[UnmatchedPerson, ...]
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedRules:
    """What came of applying rules: how many photos had something to do, and the steps as they are now."""

    photos: int
    steps: tuple[Step, ...]

    @property
    def failed(self) -> tuple[Step, ...]:
        """The steps that came to nothing."""
        return tuple(step for step in self.steps if step.state in {"failed", "refused"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPhotos:
    """What the rules would do.

    `plans` has the plan for each photo, at the first of its paths; `copies` are other paths of those photos, each with
    that first one, and are left as they are; `failed` are files that can't be planned, each with the reason.
    """

    plans: Mapping[Path, PlanPreview]
    copies: tuple[tuple[Path, Path], ...]
    failed: tuple[tuple[Path, str], ...]


class PhotoRules:
    """The rules by which photos are sorted."""

    def __init__(self, session: Session) -> None:
        """Take the opened library."""
        self._session = session

    def check(self, file: str | Path | None = None) -> CheckedRules:
        """Check rules, the people whom they name, and the disks of the folders that they put photos into.

        Args:
            file: the file with the rules; by default the configured one.

        Raises:
            UsageError: there is none, it can't be read, or it is wrong; a `ConfigurationError` has all that is wrong.
        """
        environment = self._session.environment
        path = environment.needed_rules_path(self._session.settings) if file is None else expanded(file)
        rules = environment.rules(path)
        known, named = self._known_people(), {name_key(name) for name in rules.people()}
        return CheckedRules(
            file=path,
            rules=tuple(rule.name for rule in rules.rules),
            unknown_people=tuple(sorted(name for name in rules.people() if name_key(name) not in known)),
            unmatched_people=tuple(one for one in self._unmatched_people() if name_key(one.name) in named),
            targets=tuple(targets_of(self._session, rules)),
        )

    def apply(self, *paths: str | Path) -> AppliedRules:
        """Apply the rules to photos that are known already; `plan` shows beforehand what they do.

        What was done already is found and not done again. `undo` takes it back.

        Args:
            paths: take the photos at or below these; by default all known ones.

        Raises:
            UsageError: there are no rules, or the configuration or the rules are wrong.
            NoStoreError: there is no store yet.
        """
        session = self._session
        rules = _rules(session)
        tops = tuple(Path(os.path.abspath(expanded(path))) for path in paths)
        store = session.store()
        application = RuleApplication(
            store=store,
            recogniser=session.recogniser,
            planner=session.planner(lambda: rules),
            folders=session.settings.folders,
        )
        with session.progress("deciding") as count:
            plans = list(application.record(tops, count))
        return AppliedRules(photos=len(plans), steps=tuple(session.handover.carry_out(plans)))

    def _unmatched_people(self) -> tuple[UnmatchedPerson, ...]:
        try:
            return unmatched_people(self._session.store(), self._session.model_or_default)
        except NoStoreError:
            return ()

    def _known_people(self) -> set[str]:
        """Return the keys of the names of all people; nobody is known where there is no store yet."""
        try:
            return {name_key(person.name) for person in self._session.store().people.all()}
        except NoStoreError:
            return set()


def plan(session: Session, paths: Sequence[Path]) -> PlannedPhotos:
    """Return what the rules would do; `Library.plan` says more."""
    folders = folders_of(tuple(paths), session.settings, files=True)
    rules = _rules(session)
    session.store(create=True)
    previews = session.run(_plan(session, rules, folders))
    return PlannedPhotos(plans=previews.plans, copies=tuple(previews.copies), failed=tuple(previews.failed))


async def _plan(session: Session, rules: Rules, folders: Sequence[FolderSettings]) -> PlanPreviews:
    store, photos = session.store(), photos_in(folders)
    async with session.workers(len(photos)) as workers:
        await session.reencoder(workers).reencode_references()
        previews = PlanPreviews(
            store=store,
            indexer=Indexer(store=store, workers=workers),
            recogniser=session.recogniser,
            planner=session.planner(lambda: rules),
            source_of=lambda path: folder_source(path, folders),
        )
        with session.progress("looking at photos") as count:
            await previews.add_all(photos, count)
    return previews


def _rules(session: Session) -> Rules:
    return session.environment.rules(session.environment.needed_rules_path(session.settings))
