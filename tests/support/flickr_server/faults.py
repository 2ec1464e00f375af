"""The ways in which the server fails, when it is told to."""

import random
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from support.flickr_server import pictures

HTML = b"<!DOCTYPE html><html><head><title>Flickr</title></head><body><h1>Bad, bad panda!</h1></body></html>"
LOST = "lost"

# These answer in place of the method, which isn't called; `error:CODE` does so with a code of the API.
REFUSALS = ("429", "429-retry-after", "500", "502", "503", "error:105", "error:106", "error:201", "hang", "reset")
# These spoil an answer that was made: what was requested is done.
SPOILED_ANSWERS = (
    "half",
    "short",
    "stall",
    "html",
    "empty",
    "slow",
    "drip",
    "drip-head",
    LOST,
    "lost-hang",
    "lost-500",
    "lost-502",
)
OF_THE_API = REFUSALS + SPOILED_ANSWERS
HANGING = ("hang", "stall", "drip", "drip-head", "lost-hang")
OF_IMAGES = (
    "429", "429-retry-after", "500", "502", "503", "hang", "reset",
    "half", "short", "stall", "html", "disguised", "empty", "slow", "drip", "drip-head", "png",
)  # fmt: skip


@dataclass(kw_only=True)
class Script:
    """A fault for the next `times` requests after `after` more of a method, of `image`s, or of everything (`*`)."""

    kind: str
    method: str = "*"
    times: int = 1
    after: int = 0


@dataclass(frozen=True, kw_only=True)
class Chance:
    """A fault with some probability, drawn from `kinds`."""

    probability: float
    kinds: tuple[str, ...]
    dice: random.Random = field(repr=False)


class Faults:
    """What is to go wrong next.

    A kind is one of `OF_THE_API` or `OF_IMAGES`: a half answer with the right length (`half`) or that of the whole
    (`short`), one that stops in the middle (`stall`), one byte by byte (`drip`) or with such headers (`drip-head`),
    HTML in place of it (`html`) that says it were a picture (`disguised`), another picture (`png`, or `picture:PATH`).
    `text:...` is another answer, `text400:...` one with that status. `hang_seconds` is how long a hanging request
    hangs, `retry_after_seconds` what `429-retry-after` asks for.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.hang_seconds = 30.0
        self.retry_after_seconds = 1
        self._scripts: list[Script] = []
        self._chances: dict[str, Chance] = {}

    def next(self, kind: str, *, method: str = "*", times: int = 1, after: int = 0) -> None:
        """Let the next requests fail: of a method by its full name, of `image`, `oauth`, or of everything."""
        with self.lock:
            self._scripts.append(Script(kind=kind, method=method, times=times, after=after))

    def at_random(
        self, probability: float, *, seed: int, room: str = "api", kinds: Iterable[str] | None = None
    ) -> None:
        """Let requests of a room (`api` or `image`) fail with a probability, in all ways or in those named."""
        every = OF_IMAGES if room == "image" else OF_THE_API
        chance = Chance(probability=probability, kinds=tuple(kinds or every), dice=random.Random(seed))
        with self.lock:
            self._chances[room] = chance

    def stop(self) -> None:
        """Let nothing fail any more."""
        with self.lock:
            self._scripts.clear()
            self._chances.clear()

    def draw(self, room: str, name: str) -> str | None:
        """Return what is to go wrong with a request, if anything."""
        with self.lock:
            for script in self._scripts:
                if script.method in {"*", room, name}:
                    if script.after:
                        script.after -= 1
                        continue
                    return self._use(script)
            chance = self._chances.get(room)
            if chance and chance.dice.random() < chance.probability:
                return chance.dice.choice(chance.kinds)
            return None

    def _use(self, script: Script) -> str:
        script.times -= 1
        if not script.times:
            self._scripts.remove(script)
        return script.kind


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer on its way.

    `length`: what Content-Length says, if it isn't the truth; `hang_seconds`: how long nothing comes, after the body if
    there is one, and nothing more.
    """

    status: int
    body: bytes
    content_type: str
    headers: tuple[tuple[str, str], ...] = ()
    length: int | None = None
    hang_seconds: float = 0.0
    is_slow: bool = False
    drips: bool = False
    drips_head: bool = False
    is_reset: bool = False


def refusal(kind: str, faults: Faults) -> Reply | None:
    """Return the answer that a fault gives without calling the method, or None if the fault spoils the method's own."""
    name = kind.removeprefix("lost-")
    if name in {"500", "502", "503", "429", "429-retry-after"}:
        wait = (("Retry-After", str(faults.retry_after_seconds)),) if name == "429-retry-after" else ()
        return Reply(status=int(name[:3]), body=HTML, content_type="text/html; charset=utf-8", headers=wait)
    if name.startswith("text") and ":" in name:
        status, _, text = name.removeprefix("text").partition(":")
        return Reply(status=int(status or 200), body=text.encode(), content_type="text/plain; charset=utf-8")
    if name == "hang":
        return Reply(status=0, body=b"", content_type="", hang_seconds=faults.hang_seconds, is_reset=True)
    if name in {"reset", LOST}:
        return Reply(status=0, body=b"", content_type="", is_reset=True)
    return None


def spoil(kind: str, reply: Reply, faults: Faults) -> Reply:
    """Return a good answer as the fault lets it arrive."""
    if kind.startswith("picture:"):
        other = Path(kind.removeprefix("picture:")).read_bytes()
        return Reply(status=reply.status, body=other, content_type=reply.content_type)
    half = reply.body[: len(reply.body) // 2]
    spoiled = {
        "half": Reply(status=reply.status, body=half, content_type=reply.content_type),
        "short": Reply(status=reply.status, body=half, content_type=reply.content_type, length=len(reply.body)),
        "stall": Reply(
            status=reply.status,
            body=half,
            content_type=reply.content_type,
            length=len(reply.body),
            hang_seconds=faults.hang_seconds,
        ),
        "html": Reply(status=200, body=HTML, content_type="text/html; charset=utf-8"),
        "disguised": Reply(status=200, body=HTML, content_type=reply.content_type),
        "empty": Reply(status=200, body=b"", content_type=reply.content_type),
        "slow": Reply(status=reply.status, body=reply.body, content_type=reply.content_type, is_slow=True),
        "drip": Reply(status=reply.status, body=reply.body, content_type=reply.content_type, drips=True),
        "drip-head": Reply(status=reply.status, body=reply.body, content_type=reply.content_type, drips_head=True),
        "png": Reply(status=200, body=pictures.tiny_png(), content_type=reply.content_type),
    }
    found = spoiled.get(kind) or refusal(kind, faults)
    if found is None:
        raise ValueError(f"There is no fault {kind!r}.")
    return found
