"""The server in a process of its own, as a test sees it."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.request import Request, urlopen

TESTS = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True)
class Login:
    """What a client needs."""

    url: str
    key: str
    secret: str
    token: str
    token_secret: str
    nsid: str
    username: str


class RemoteFlickr:
    """Start the server, and do to it what `control.Control` names: `flickr.do("tags", photo_id=...)`."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "support.flickr_server", *arguments]
        environment = {**os.environ, "PYTHONPATH": str(TESTS)}
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.login = Login(**json.loads(self.process.stdout.readline()))

    def do(self, wish: str, **arguments: Any) -> Any:
        body = json.dumps({"do": wish, **arguments}).encode()
        request = Request(f"{self.login.url}/control", data=body, headers={"Content-Type": "application/json"})  # noqa: S310 - on the loopback
        with urlopen(request, timeout=60) as answer:  # noqa: S310
            return json.load(answer)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
