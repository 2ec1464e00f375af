"""Check the rules, preview what they do, and apply them to known photos."""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from familiar.api.disks import targets_of
from familiar.api.session import Session
from familiar.effects.journal import Step
from familiar.errors import NoStoreError
from familiar.library.argument_types import checked_arguments
from familiar.library.arguments import check_number
from familiar.library.companions import CompanionRules
from familiar.library.indexing import Indexer
from familiar.library.named_paths import expanded
from familiar.library.people.unmatched import UnmatchedPerson, unmatched_people
from familiar.library.photo_folders import folders_of, photos_in
from familiar.library.plan_previews import PlanPreview, PlanPreviews
from familiar.library.rule_application import KnownPlans, RuleApplication
from familiar.library.sources import ConfiguredFolders
from familiar.library.targets import Target
from familiar.names import name_key
from familiar.rules.language import rules_schema
from familiar.rules.planning import Rules
from familiar.settings import FolderSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedRules:
    """Rules that are good: their names, the people in them, and their target folders.

    `unknown_people` are not registered; `unmatched_people` only have references of other models, and match no face.
    `warnings` are about what may be meant otherwise.
    """

    file: Path
    rules: tuple[str, ...]
    unknown_people: tuple[str, ...]
    unmatched_people: tuple[UnmatchedPerson, ...]
    targets: tuple[Target, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedRules:
    """The result of applying rules: the number of photos with something to do, and the steps as they are now.

    `unmatched_people` are in the rules, and were found in no photo, as for `CheckedRules`.
    """

    photos: int
    steps: tuple[Step, ...]
    unmatched_people: tuple[UnmatchedPerson, ...] = ()

    @property
    def failed(self) -> tuple[Step, ...]:
        """The steps that failed or were refused."""
        return tuple(step for step in self.steps if step.state in {"failed", "refused"})

    @property
    def waiting(self) -> tuple[Step, ...]:
        """The steps that can't be done before a time that is known; the daemon, or a later scan, does them then."""
        return tuple(step for step in self.steps if step.is_waiting)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPhotos:
    """What the rules would do.

    `plans` has the plan for each photo, by the first of its paths. `copies` are other paths of those photos, each with
    that first path; nothing would be done with them. `failed` are files without a plan, each with the reason.
    `unmatched_people` are in the rules, and were looked for in no photo, as for `CheckedRules`.
    """

    plans: Mapping[Path, PlanPreview]
    copies: tuple[tuple[Path, Path], ...]
    failed: tuple[tuple[Path, str], ...]
    unmatched_people: tuple[UnmatchedPerson, ...] = ()


@checked_arguments
class PhotoRules:
    """The rules."""

    def __init__(self, session: Session) -> None:
        """Take the opened library."""
        self._session = session

    def check(self, file: str | Path | None = None) -> CheckedRules:
        """Check rules, the people in them, and the disks of their target folders.

        Args:
            file: the file with the rules; by default the configured one.

        Raises:
            UsageError: the file does not exist, can't be read, or is wrong; a `ConfigurationError` has all problems.
        """
        environment = self._session.environment
        path = environment.needed_rules_path(self._session.settings) if file is None else expanded(file)
        rules = environment.rules(path)
        known = self._known_people()
        return CheckedRules(
            file=path,
            rules=tuple(rule.name for rule in rules.rules),
            unknown_people=tuple(sorted(name for name in rules.people() if name_key(name) not in known)),
            unmatched_people=_unmatched_in(rules, self._session),
            targets=tuple(targets_of(self._session, rules)),
            warnings=rules.doubts(without_albums=self._session.settings.accounts_without_albums),
        )

    def apply(self, *paths: str | Path) -> AppliedRules:
        """Apply the rules to known photos; `plan` shows beforehand what they would do.

        What was done before is not done again. `undo` reverses it.

        Args:
            paths: only photos at or below these paths; by default all known photos.

        Raises:
            UsageError: there are no rules, or the configuration or the rules are wrong.
            NoStoreError: there is no store yet.
        """
        session = self._session
        rules = _rules(session)
        tops = tuple(Path(os.path.abspath(expanded(path))) for path in paths)
        session.store().qualities.rate_all()
        application = self._application(rules)
        with session.progress("deciding") as count:
            plans = list(application.record(tops, count))
        steps = tuple(session.handover.carry_out(plans))
        photos = len({step.photo_id for step in steps if step.plan_id in set(plans)})
        return AppliedRules(photos=photos, steps=steps, unmatched_people=_unmatched_in(rules, session))

    def preview(self, *, after: int = 0, most: int = 50, seconds: float = 1.0) -> KnownPlans:
        """Return what `apply` would do with known photos that was not planned before; nothing is written or touched.

        Args:
            after: only photos with ids above this one, as the last call returned it.
            most: number of photos with something to do.
            seconds: time after which the call returns with what it has.

        Raises:
            UsageError: there are no rules, or the configuration or the rules are wrong.
            NoStoreError: there is no store yet.
        """
        check_number("after", after, 0)
        check_number("most", most, 1)
        check_number("seconds", seconds, 0)
        end = time.monotonic() + seconds
        application = self._application(_rules(self._session))
        return application.preview(after=after, most=most, until=lambda: time.monotonic() >= end)

    def _application(self, rules: Rules) -> RuleApplication:
        session = self._session
        return RuleApplication(
            store=session.store(),
            recogniser=session.recogniser,
            planner=session.planner(lambda: rules),
            folders=session.settings.folders,
            unread=session.unread,
        )

    def schema(self) -> dict[str, Any]:
        """Return the JSON schema of a rules file, for editors."""
        return rules_schema()

    def _known_people(self) -> set[str]:
        """Return the keys of the names of all people; without a store there are none."""
        try:
            return {name_key(name) for name in self._session.store().people.names()}
        except NoStoreError:
            return set()


def plan(session: Session, paths: Sequence[Path]) -> PlannedPhotos:
    """Return what the rules would do; see `Library.plan`."""
    folders = folders_of(tuple(paths), session.settings, files=True)
    rules = _rules(session)
    session.store(create=True).qualities.rate_all()
    previews = session.run(_plan(session, rules, folders))
    return PlannedPhotos(
        plans=previews.plans,
        copies=tuple(previews.copies),
        failed=tuple(previews.failed),
        unmatched_people=_unmatched_in(rules, session),
    )


async def _plan(session: Session, rules: Rules, folders: Sequence[FolderSettings]) -> PlanPreviews:
    store, photos = session.store(), photos_in(folders, session.unread)
    async with session.workers(len(photos)) as workers:
        await session.reencoder(workers).reencode_references()
        previews = PlanPreviews(
            store=store,
            indexer=Indexer(store=store, workers=workers),
            recogniser=session.recogniser,
            planner=session.planner(lambda: rules),
            source=ConfiguredFolders(folders),
            companions=CompanionRules.of(session.settings),
        )
        with session.progress("looking at photos") as count:
            await previews.add_all(photos, count)
    return previews


def _unmatched_in(rules: Rules, session: Session) -> tuple[UnmatchedPerson, ...]:
    """Return the people in rules of whom only other models have encoded references; without a store there are none."""
    named = {name_key(name) for name in rules.people()}
    try:
        unmatched = unmatched_people(session.store(), session.model_or_default)
    except NoStoreError:
        return ()
    return tuple(one for one in unmatched if name_key(one.name) in named)


def _rules(session: Session) -> Rules:
    return session.environment.rules(session.environment.needed_rules_path(session.settings))
