"""What the server was asked, and what must never happen."""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from support.flickr_server.faults import Reply
from support.flickr_server.transport import Incoming

HOUR_SECONDS = 3600


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One request.

    `room`: `api`, `image` or `oauth`; `name`: the API's method or the path; `applied`: it took effect.
    """

    time: float
    room: str
    name: str
    parameters: dict[str, str] = field(default_factory=dict)
    user_agent: str = ""
    status: int | None = None
    code: int | None = None
    fault: str | None = None
    applied: bool = True


class Record:
    """All requests since the start, and what was counted of them."""

    def __init__(self, *, now: Callable[[], float]) -> None:
        self._now = now
        self.lock = threading.RLock()
        self.entries: list[Entry] = []
        self.violations: list[str] = []
        self.tags_sent: Counter[tuple[str, str]] = Counter()
        self.tags_added: Counter[tuple[str, str]] = Counter()
        self.tags_removed: list[tuple[str, str]] = []

    def add(
        self,
        request: Incoming,
        room: str,
        name: str,
        reply: Reply,
        *,
        code: int | None = None,
        fault: str | None = None,
        applied: bool = True,
    ) -> None:
        """Write a request down with its answer."""
        agent = request.headers.get("User-Agent", "")
        if not agent or agent.startswith("python-requests"):
            self.violation(f"a request without a User-Agent of its own: {agent or 'none'}")
        entry = Entry(
            time=self._now(),
            room=room,
            name=name,
            parameters={key: value for key, value in request.parameters.items() if not key.startswith("oauth_")},
            user_agent=agent,
            status=reply.status or None,
            code=code,
            fault=fault,
            applied=applied,
        )
        with self.lock:
            self.entries.append(entry)

    def violation(self, what: str) -> None:
        with self.lock:
            self.violations.append(what)

    def clear(self) -> None:
        """Start again, for what comes next."""
        with self.lock:
            for kept in (self.entries, self.violations, self.tags_removed):
                kept.clear()
            self.tags_sent.clear()
            self.tags_added.clear()

    def calls(self, method: str | None = None) -> list[Entry]:
        """Return the calls of the API, or of one of its methods."""
        with self.lock:
            return [entry for entry in self.entries if entry.room == "api" and method in {None, entry.name}]

    def downloads(self) -> Counter[str]:
        """Return how often each picture was delivered whole, by its path."""
        with self.lock:
            whole = [entry for entry in self.entries if entry.room == "image" and entry.status == 200]
            return Counter(entry.name for entry in whole if entry.fault in {None, "slow"})

    def busiest_hour(self, room: str = "api") -> int:
        """Return the largest number of requests within any 3,600 seconds."""
        with self.lock:
            times = sorted(entry.time for entry in self.entries if entry.room == room)
        most = start = 0
        for end, time in enumerate(times):
            while time - times[start] >= HOUR_SECONDS:
                start += 1
            most = max(most, end - start + 1)
        return most

    def summary(self) -> dict[str, Any]:
        """Return everything as plain values, for a test in another process."""
        with self.lock:
            return {
                "entries": [asdict(entry) for entry in self.entries],
                "violations": list(self.violations),
                "tags_sent": [[*key, number] for key, number in self.tags_sent.items()],
                "tags_added": [[*key, number] for key, number in self.tags_added.items()],
                "tags_removed": [list(pair) for pair in self.tags_removed],
            }
