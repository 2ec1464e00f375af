"""Bring the folders into the store: what is found settles, and what settled is pending.

Events are hints: each makes the intake look at one path. The truth is the walk: at the start, after lost events, on
request and by a timer every folder is listed and compared with the store. A root is judged before and after each
walk, and what a walk misses is forgotten only where the root is in place both times.
"""

import os
import queue
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from familiar.errors import RetryError
from familiar.logs import EventLog
from familiar.settings import FolderSettings
from familiar.sources.messages import EventsLost, FileHint, FolderHint, Listing, Message, WalkFinished
from familiar.sources.patterns import Patterns
from familiar.sources.roots import judge, look_at, vouches
from familiar.sources.settling import Gone, Ready, settle
from familiar.sources.walking import Walker
from familiar.sources.watching import Watcher
from familiar.store.files import FileRow
from familiar.store.store import Store

_CHECK = 5.0
"""Seconds between two looks at the roots and their watchers."""
_JUDGEMENT = 1.0
"""Seconds for which a root that was found in place is trusted when a file vanishes."""
_SLICE = 0.2
"""Seconds that messages are taken in one go before the loop sees to its other work."""
_BATCH = 500
_SAMPLE = 20
"""Files by which a root on another device is known again."""


@dataclass(slots=True, kw_only=True)
class Walk:
    """One walk under way: what it has found so far."""

    started: float
    listed: set[int] = field(default_factory=set)
    missing: list[Path] = field(default_factory=list)
    files: int = 0
    new: int = 0
    changed: int = 0


@dataclass(slots=True, kw_only=True)
class Root:
    """One watched folder as the intake deals with it."""

    id: int
    settings: FolderSettings
    patterns: Patterns
    watcher: Watcher
    online: bool = False
    reason: str | None = None
    judged_at: float = float("-inf")
    walked_at: float = float("-inf")
    walks: dict[Path, Walk] = field(default_factory=dict)
