"""Problems of this installation, and how to fix them."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from familiar.api.disks import targets_of
from familiar.api.session import Session
from familiar.embedding_models import name_of
from familiar.errors import FamiliarError, NoStoreError, OlderStoreError, StoreError, StoreUnavailableError
from familiar.filesystem.mounts import is_network
from familiar.library.people.unmatched import grouped, unmatched_people
from familiar.media import has_raw_decoder
from familiar.model import FLICKR
from familiar.plurals import counted
from familiar.rules.planning import Rules
from familiar.settings import FolderSettings, Settings
from familiar.sources.limits import watch_limit
from familiar.sources.roots import look_at
from familiar.state import LOCK_NAME, holder
from familiar.vision.chosen_model import doubts

_LITTLE_SPACE = 500 * 1024 * 1024
_GPU = Path("/dev/nvidia0")
_GPU_REMEDY = "install ONNX Runtime's build for GPUs: uv sync --no-group cpu --extra gpu (docs/detection.md)"
_CUDA_REMEDY = "see that nvidia-smi finds the GPU, or install the build for the CPU: uv sync (docs/detection.md)"

_ENGINE_REMEDY = "correct vision.model_file, or reinstall familiar; its models or decoders are missing"

_REFUSED_REMEDY = (
    "until then, operations there are refused; create the folder or mount it writable, then run "
    "`familiar service upgrade` for a service, and `familiar rules apply`"
)

_WORKER_REMEDY = "see docs/workers.md; until then it gets no photos"

_PROBE = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108020000009077"
    "53de0000000c4944415408d763f8ffff3f0005fe02fea735818100000000"
    "49454e44ae426082"
)
"""A PNG of one pixel: analysing it loads the decoders and the engine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The result of one check; `remedy` says how to fix a problem."""

    subject: str
    verdict: Literal["good", "warning", "bad"]
    detail: str
    remedy: str | None = None


def examine(session: Session) -> Iterator[Finding]:
    """Check configuration, rules, store, folders, kernel limits, and the engine; nothing is created."""
    settings, environment = Settings(), session.environment
    try:
        settings = session.settings
        yield _good("configuration", str(environment.config or "none (using defaults)"))
        rules_path = environment.rules_path(settings)
        rules = environment.rules(rules_path)
        yield _good("rules", f"{rules_path}: {counted(len(rules.rules), 'rule')}" if rules_path else "none")
        yield from _examine_targets(session, rules)
        for doubt in (*settings.doubts, *rules.doubts(without_albums=settings.accounts_without_albums)):
            yield _warning("patterns", doubt, "see docs/rules.md, Patterns")
    except FamiliarError as error:
        yield _bad("configuration", str(error), "fix the file; check it with familiar config check")
    yield from _examine_state(session)
    yield from _examine_model(session, settings)
    yield from _examine_people(session)
    for account in settings.accounts:
        if account.enabled:
            yield _examine_account(session, account.name)
    for folder in settings.folders:
        yield from _examine_folder(folder)
    yield _examine_engine(session, settings)
    if settings.workers.engine == "dask":
        yield from _examine_workers(session, settings)
    yield _examine_raw()


def _examine_state(session: Session) -> Iterator[Finding]:
    state = session.environment.state
    yield _good("daemon", _daemon_of(session))
    yield _examine_store(session)
    place = next(folder for folder in (state, *state.parents) if folder.is_dir())
    free = shutil.disk_usage(place).free
    detail = f"{free // 2**20} MiB free in {place}"
    yield _good("space", detail) if free > _LITTLE_SPACE else _warning("space", detail, "free disk space")


def _daemon_of(session: Session) -> str:
    pid = holder(session.environment.state)
    if pid is not None:
        return f"running (pid {pid})"
    try:
        session.store()
    except StoreUnavailableError:
        return "not running, unless it waits until the store can be opened (see systemctl status familiar)"
    except StoreError:
        pass  # it is judged by itself
    return "not running"


def _examine_store(session: Session) -> Finding:
    try:
        damage = session.store().damage()
    except NoStoreError as error:
        if not os.path.lexists(session.environment.state / LOCK_NAME):
            return _good("store", f"none: {session.environment.state} was never used")
        return _warning("store", str(error), "if a store existed, restore it or a backup first")
    except OlderStoreError as error:
        return _warning("store", str(error), "start the daemon of this version, or run `familiar migrate`")
    except FamiliarError as error:
        return _bad("store", str(error), "fix this, or choose another folder with --state")
    if damage:
        return _bad("store", damage, "restore a backup, or try: sqlite3 FILE .recover")
    return _good("store", f"{session.environment.store_path}: no damage found")


def _examine_model(session: Session, settings: Settings) -> Iterator[Finding]:
    """Find a model of the store that can't be used, and settings of one that is not used; the store is judged above."""
    with suppress(StoreError):
        if (trouble := session.model_trouble) is not None:
            yield _bad("model", trouble.problem, trouble.remedy)
    for doubt in doubts(settings.vision):
        yield _warning("model", doubt, "correct the configuration (docs/models.md)")


def _examine_people(session: Session) -> Iterator[Finding]:
    """Find people whom matching knows by no reference; the store is judged elsewhere."""
    with suppress(FamiliarError):
        for group in grouped(unmatched_people(session.store(), session.model_or_default)):
            yield _warning("people", group.detail, group.remedy)
        for folder, names in session.store().people.with_one_folder():
            sharing = " and ".join(map(repr, names))
            remedy = f"familiar people rename {names[-1]!r} NAME"
            yield _warning("people", f"{sharing} share the folder {folder!r} in targets of rules", remedy)


def _examine_account(session: Session, name: str) -> Finding:
    subject = "Flickr" if name == FLICKR else f"Flickr account {name}"
    try:
        _, login = session.environment.credentials.of_account(name).needed()
        trouble = None
        with suppress(NoStoreError):
            trouble = session.store().of_account(name).flickr_facts.get("trouble")
    except FamiliarError as error:
        return _bad(subject, str(error), "log in: familiar flickr login")
    if trouble:
        return _bad(subject, trouble, "fix this; the daemon then continues automatically")
    return _good(subject, f"logged in as {login.username}, access: {login.perms}")


def _examine_folder(folder: FolderSettings) -> Iterator[Finding]:
    view = look_at(folder.path)
    subject = f"folder {folder.path}"
    if view.error is not None:
        yield _bad(subject, view.error, "mount it or fix its permissions; until then it counts as offline")
        return
    if is_network(folder.path):
        yield _good(subject, "on a network file system; it is polled")
        return
    count, limit = sum(1 for _ in os.walk(folder.path)), watch_limit()
    detail = f"{counted(count, 'folder')} to watch"
    if limit is not None and count > limit:
        remedy = f"sudo sysctl fs.inotify.max_user_watches={2 * count}"
        yield _warning(subject, f"{detail}, but the kernel limit is {limit}", remedy)
    else:
        yield _good(subject, detail)


def _examine_targets(session: Session, rules: Rules) -> Iterator[Finding]:
    """Check the disks of the target folders of rules; the store is checked elsewhere."""
    try:
        found = targets_of(session, rules)
    except StoreError:
        return
    for target in found:
        subject = f"target {target.folder}"
        if target.trouble is None:
            yield _good(subject, f"on {target.disk}")
        else:
            remedy = _REFUSED_REMEDY if target.is_refused else "until then, operations there wait"
            yield _bad(subject, target.trouble.removeprefix(f"{target.folder}: "), remedy)


def _examine_engine(session: Session, settings: Settings) -> Finding:
    vision, environment = settings.vision, session.environment
    with suppress(FamiliarError):  # which is told elsewhere
        vision = session.vision

    async def probe(path: Path) -> tuple[str, str, str | None]:
        async with environment.workers(settings=vision, models=environment.models, tasks=1) as workers:
            photo = await workers.look(path, await workers.fingerprint(path))
            return photo.engine, await workers.devices(), workers.health().fallback

    with tempfile.TemporaryDirectory(prefix="familiar-") as folder:
        path = Path(folder, "probe.png")
        path.write_bytes(_PROBE)
        try:
            engine, devices, fallback = session.run(probe(path))
            model, _, how = engine.partition(" ")
            engine = f"{name_of(model)} {how}"
        except FamiliarError as error:
            return _bad("engine", str(error), _ENGINE_REMEDY)
    if fallback is not None:
        remedy = _CUDA_REMEDY if "CUDA" in fallback else "fix this for full speed; results are the same"
        return _warning("engine", f"{fallback}; using {engine} with {devices}", remedy)
    if _GPU.exists() and "GPU" not in devices:
        return _warning("engine", f"{engine} works, with {devices}, although a GPU is present", _GPU_REMEDY)
    return _good("engine", f"{engine} works in a worker process, with {devices}")


def _examine_workers(session: Session, settings: Settings) -> Iterator[Finding]:
    """Ask the workers of Dask for their installations."""
    try:
        state = session.remote_workers()
    except FamiliarError as error:
        yield _bad("workers", str(error), "see docs/workers.md")
        return
    from familiar.vision.remote.inspection import expiring_soon  # noqa: PLC0415 - an extra

    if (soon := expiring_soon(settings.workers)) is not None:
        yield _warning("certificates", soon, f"familiar workers certificates {settings.workers.certificates} --renew")
    for worker in state.workers:
        subject = f"worker {worker.address} ({worker.name})"
        if worker.state == "ready":
            yield _good(subject, f"familiar {worker.version}, {counted(worker.threads, 'thread')}")
        else:
            yield _bad(subject, f"{worker.state}: {worker.reason or 'it loads its networks'}", _WORKER_REMEDY)
    if not state.workers:
        yield _bad("workers", state.reason or "none", _WORKER_REMEDY)


def _examine_raw() -> Finding:
    if has_raw_decoder():
        return _good("RAW files", "rawpy decodes their embedded previews")
    return _good("RAW files", "skipped, because rawpy is not installed (uv sync --extra raw)")


def _good(subject: str, detail: str) -> Finding:
    return Finding(subject=subject, verdict="good", detail=detail)


def _warning(subject: str, detail: str, remedy: str) -> Finding:
    return Finding(subject=subject, verdict="warning", detail=detail, remedy=remedy)


def _bad(subject: str, detail: str, remedy: str) -> Finding:
    return Finding(subject=subject, verdict="bad", detail=detail, remedy=remedy)
