"""familiar doctor: what is wrong with this installation, and how to mend it."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import click

from familiar.cli.console.output import FAILED, console, json_option, print_json, say
from familiar.cli.context import Context, pass_context
from familiar.cli.disks import targets_of
from familiar.errors import FamiliarError, NoStoreError, StoreError
from familiar.filesystem.mounts import is_network
from familiar.media import has_raw_decoder
from familiar.rules.planning import Rules
from familiar.settings import FolderSettings, Settings
from familiar.sources.limits import watch_limit
from familiar.sources.roots import look_at
from familiar.state import LOCK_NAME, holder
from familiar.vision.workers.pool import Workers

_LITTLE_SPACE = 500 * 1024 * 1024
_GPU = Path("/dev/nvidia0")
_GPU_REMEDY = "install ONNX Runtime's build for GPUs: uv sync --no-group cpu --extra gpu (docs/detection.md)"
_CUDA_REMEDY = "see that nvidia-smi finds the GPU, or install the build for the CPU: uv sync (docs/detection.md)"
_COLOURS = {"good": "green", "warning": "yellow", "bad": "red"}

_PROBE = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108020000009077"
    "53de0000000c4944415408d763f8ffff3f0005fe02fea735818100000000"
    "49454e44ae426082"
)
"""A PNG of one pixel: looking at it loads the decoders and the engine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at; `remedy` says what to do where it is not good."""

    subject: str
    verdict: Literal["good", "warning", "bad"]
    detail: str
    remedy: str | None = None


@click.command(epilog="Example: familiar doctor")
@json_option
@pass_context
def doctor(context: Context, *, as_json: bool) -> None:
    """Check this installation, and say how to mend it.

    Looks at configuration, rules, store, folders, limits of the kernel, and the engine.
    """
    findings = list(_examine(context))
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        _show(findings)
    if any(finding.verdict == "bad" for finding in findings):
        raise SystemExit(FAILED)


def _examine(context: Context) -> Iterator[Finding]:
    settings = Settings()
    try:
        settings = context.settings()
        yield _good("configuration", str(context.config or "none; defaults hold"))
        rules_path = context.rules_path(settings)
        rules = context.rules(rules_path)
        yield _good("rules", f"{rules_path}: {len(rules.rules)} rules" if rules_path else "none")
        yield from _examine_targets(context, rules)
    except FamiliarError as error:
        yield _bad("configuration", str(error), "mend the file; familiar config check tells when it is good")
    yield from _examine_state(context)
    if settings.flickr.enabled:
        yield _examine_flickr(context)
    for folder in settings.folders:
        yield from _examine_folder(folder)
    yield _examine_engine(settings, context.models)
    yield _examine_raw()


def _examine_state(context: Context) -> Iterator[Finding]:
    pid = holder(context.state)
    yield _good("daemon", f"runs, pid {pid}" if pid else "does not run")
    yield _examine_store(context)
    place = next(folder for folder in (context.state, *context.state.parents) if folder.is_dir())
    free = shutil.disk_usage(place).free
    detail = f"{free // 2**20} MiB are free in {place}"
    yield _good("space", detail) if free > _LITTLE_SPACE else _warning("space", detail, "free some space")


def _examine_store(context: Context) -> Finding:
    try:
        with context.store() as store:
            damage = store.damage()
    except NoStoreError as error:
        if not os.path.lexists(context.state / LOCK_NAME):
            return _good("store", f"none yet: {context.state} was never used")
        return _warning("store", str(error), "if there was one, put it or a backup of it there first")
    except FamiliarError as error:
        return _bad("store", str(error), "mend what it says, or name another folder with --state")
    if damage:
        return _bad("store", damage, "put a backup in its place, or try: sqlite3 FILE .recover")
    return _good("store", f"{context.store_path} is whole")


def _examine_flickr(context: Context) -> Finding:
    try:
        _, login = context.credentials.needed()
        trouble = None
        with suppress(NoStoreError), context.store() as store:
            trouble = store.flickr.fact("trouble")
    except FamiliarError as error:
        return _bad("Flickr", str(error), "log in: familiar flickr login")
    if trouble:
        return _bad("Flickr", trouble, "do what it says; the daemon goes on by itself")
    return _good("Flickr", f"{login.username} is logged in, who may {login.perms}")


def _examine_folder(folder: FolderSettings) -> Iterator[Finding]:
    view = look_at(folder.path)
    subject = f"folder {folder.path}"
    if view.error is not None:
        yield _bad(subject, view.error, "mount it, or mend its rights; until then it counts as offline")
        return
    if is_network(folder.path):
        yield _good(subject, "on a network file system: it is polled")
        return
    count, limit = sum(1 for _ in os.walk(folder.path)), watch_limit()
    detail = f"{count} folders to watch"
    if limit is not None and count > limit:
        remedy = f"sudo sysctl fs.inotify.max_user_watches={2 * count}"
        yield _warning(subject, f"{detail}, but only {limit} may be watched", remedy)
    else:
        yield _good(subject, detail)


def _examine_targets(context: Context, rules: Rules) -> Iterator[Finding]:
    """Look at the disks of the folders that rules put photos into; the store is judged elsewhere."""
    try:
        found = targets_of(context, rules)
    except StoreError:
        return
    for target in found:
        subject = f"target {target.folder}"
        if target.trouble is None:
            yield _good(subject, f"on {target.disk}")
        else:
            yield _bad(subject, target.trouble.removeprefix(f"{target.folder}: "), "until then operations there wait")


def _examine_engine(settings: Settings, models: Path) -> Finding:
    async def probe(path: Path) -> tuple[str, str, str | None]:
        async with Workers(settings=settings.vision, models=models, tasks=1) as workers:
            photo = await workers.look(path, await workers.fingerprint(path))
            return photo.engine, await workers.devices(), workers.health().fallback

    with tempfile.TemporaryDirectory(prefix="familiar-") as folder:
        path = Path(folder, "probe.png")
        path.write_bytes(_PROBE)
        try:
            engine, devices, fallback = asyncio.run(probe(path))
        except FamiliarError as error:
            return _bad("engine", str(error), "install familiar again: its models or decoders are missing")
    if fallback is not None:
        remedy = _CUDA_REMEDY if "CUDA" in fallback else "mend that: until then only speed is lost"
        return _warning("engine", f"{fallback}; {engine} works, with {devices}", remedy)
    if _GPU.exists() and "GPU" not in devices:
        return _warning("engine", f"{engine} works, with {devices}, though there is a GPU", _GPU_REMEDY)
    return _good("engine", f"{engine} works in a worker process, with {devices}")


def _examine_raw() -> Finding:
    if has_raw_decoder():
        return _good("RAW files", "their embedded pictures are decoded by rawpy")
    return _good("RAW files", "left alone, as rawpy is not installed (uv sync --extra raw)")


def _show(findings: list[Finding]) -> None:
    for finding in findings:
        colour = _COLOURS[finding.verdict]
        console().print(f"[{colour}]{finding.verdict:8}[/{colour}]", end="")
        say(f"{finding.subject}: {finding.detail}")
        if finding.remedy:
            say(f"        {finding.remedy}")


def _good(subject: str, detail: str) -> Finding:
    return Finding(subject=subject, verdict="good", detail=detail)


def _warning(subject: str, detail: str, remedy: str) -> Finding:
    return Finding(subject=subject, verdict="warning", detail=detail, remedy=remedy)


def _bad(subject: str, detail: str, remedy: str) -> Finding:
    return Finding(subject=subject, verdict="bad", detail=detail, remedy=remedy)
