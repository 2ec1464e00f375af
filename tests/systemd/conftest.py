"""One container for all tests of the units, with familiar as the README installs it."""

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.photos import MODELS
from systemd.container import Container, booted

REPOSITORY = Path(__file__).parents[2]
PYTHON = f"/opt/python/bin/python{sys.version_info.major}.{sys.version_info.minor}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """familiar as a service in a container."""

    container: Container
    since: float = 0.0
    """When the test began, in seconds since 1970: what the journal has from before is left out."""

    def systemctl(self, *arguments: str, check: bool = True) -> str:
        return self.container.run("systemctl", *arguments, check=check)

    def shown(self, name: str) -> str:
        """Return a property of the unit."""
        return self.systemctl("show", "familiar", "--value", "-p", name).strip()

    def familiar(self, *arguments: str) -> str:
        """Run a command as the user of the service."""
        return self.container.run("runuser", "-u", "familiar", "--", "familiar", *arguments)

    def journal(self, *arguments: str) -> list[dict[str, Any]]:
        """Return the lines of the journal."""
        since = f"--since=@{self.since:.3f}"
        text = self.container.run("journalctl", "-u", "familiar", "-o", "json", since, *arguments)
        return [json.loads(line) for line in text.splitlines()]

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the events of this name."""
        texts = [line["MESSAGE"] for line in self.journal("-t", "familiar") if isinstance(line["MESSAGE"], str)]
        found = [json.loads(text) for text in texts if text.startswith("{")]
        return [event for event in found if event["event"] == name]

    def configure(self, text: str) -> None:
        self.container.write("/etc/familiar/familiar.yaml", text)

    def drop_in(self, name: str, *lines: str) -> None:
        """Write a drop-in of the unit."""
        text = "\n".join(["[Service]", *lines, ""])
        self.container.write(f"/etc/systemd/system/familiar.service.d/{name}.conf", text)
        self.systemctl("daemon-reload")

    def put(self, photo: Path, name: str) -> bytes:
        """Put a photo that no test had before into the watched folder, as its owner does; return its content."""
        path = self.container.path(f"/srv/photos/inbox/{name}")
        content = photo.read_bytes() + os.urandom(16)  # after its end
        path.with_suffix(".part").write_bytes(content)
        path.with_suffix(".part").rename(path)
        self.container.run("chown", "familiar:familiar", f"/srv/photos/inbox/{name}")
        return content

    def wait(self, condition: Callable[[], bool], within: float = 60) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            if condition():
                return
            time.sleep(0.2)
        log = "\n".join(str(line.get("MESSAGE")) for line in self.journal()[-30:])
        raise AssertionError(f"it is not so within {within:g} s; the journal ends with:\n{log}")


SETTINGS = "folders: [/srv/photos/inbox]\nsettle: 0.2\nvision: {workers: 1}\nclustering: {every: null}\n"


@pytest.fixture(scope="session")
def container(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    with booted(tmp_path_factory.mktemp("systemd") / "container") as made:
        for needed in (REPOSITORY / "daemon", Path(sys.prefix), Path(sys.base_prefix)):
            if not made.path(str(needed)).exists():
                pytest.skip(f"{needed} is not on the disk of the system, which is what the container has")
        _install(made)
        yield made


@pytest.fixture
def service(container: Container) -> Iterator[Service]:
    """The service as it runs; at the end of a test it is as it was."""
    made = Service(container=container, since=time.time())
    made.configure(SETTINGS)
    made.systemctl("restart", "familiar")
    yield made
    container.run("rm", "-rf", "/etc/systemd/system/familiar.service.d/test.conf")
    made.systemctl("daemon-reload")
    made.configure(SETTINGS)
    made.systemctl("reset-failed", "familiar", check=False)
    made.systemctl("restart", "familiar")


def _install(container: Container) -> None:
    """Install as the README says; what git and uv would load is that of this test."""
    container.path("/srv/photos/inbox").mkdir(parents=True)
    container.run("useradd", "--system", "familiar")
    container.run("chown", "-R", "familiar:familiar", "/srv/photos")
    if MODELS.exists():
        shutil.copytree(MODELS, container.path("/var/cache/familiar/models"))
        container.run("chown", "-R", "familiar:familiar", "/var/cache/familiar")
    container.write(
        "/etc/systemd/system/familiar.service.d/python.conf", "[Service]\nEnvironment=PYTHONDONTWRITEBYTECODE=1\n"
    )
    for line in installation():
        if " sync --managed-python " in line:
            _make_environment(container)
        elif not line.startswith("git clone "):
            container.run("sh", "-c", line)
    rules = {"rules": [{"name": "tidy", "then": [{"move": "/srv/photos/album/"}]}]}
    container.write("/etc/familiar/rules.yaml", json.dumps(rules))


def installation() -> Iterator[str]:
    """Give the commands by which the README installs the service of the machine, as root runs them."""
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    _, _, after = text.partition("For the whole machine, hardened, with its own user:\n\n")
    block, _, _ = after.partition("\n\n")
    for line in block.replace("\\\n", " ").splitlines():
        yield line.strip().replace("sudo -u familiar", "runuser -u familiar --").removeprefix("sudo ")


def _make_environment(container: Container) -> None:
    venv = "/opt/familiar/.venv"
    container.write(f"{venv}/pyvenv.cfg", "home = /opt/python/bin\ninclude-system-site-packages = false\n")
    container.write(
        f"{venv}/bin/familiar",
        f"#!{venv}/bin/python\nimport sys\nfrom familiar.cli import main\nsys.exit(main(prog_name='familiar'))\n",
    )
    container.run("chmod", "755", f"{venv}/bin/familiar")
    container.run("ln", "-s", PYTHON, f"{venv}/bin/python")
    container.run("ln", "-s", "/opt/packages", f"{venv}/lib")
