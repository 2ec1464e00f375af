"""A container with a real systemd, whose root is this machine's with a file system in memory on top.

Nothing is installed or changed: what the container writes is gone with it.
"""

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

_BOOT = """
set -e
mount -t tmpfs -o size=1g none {base}
mkdir {base}/upper {base}/work {root}
mount -t overlay overlay -o lowerdir=/,upperdir={base}/upper,workdir={base}/work {root}
mount -t cgroup2 none /sys/fs/cgroup
rm -rf {root}/etc/machine-id {root}/etc/systemd/system {root}/opt/* {root}/srv/* {root}/usr/local/bin/familiar
mkdir -p {root}/etc/systemd/system {root}/opt/packages {root}/opt/python
for name in firstboot networkd resolved timesyncd; do
    ln -s /dev/null {root}/etc/systemd/system/systemd-$name.service
done
status=133  # how systemd-nspawn ends when the container is to boot again
while [ $status = 133 ]; do
    status=0
    systemd-nspawn -b -q --directory={root} --private-network --register=no --keep-unit --console=pipe \\
        --machine=familiar-test --bind-ro={python}:/opt/python --bind-ro={packages}:/opt/packages || status=$?
done
exit $status
"""
_READY = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container that runs; `process` is what has booted it."""

    process: subprocess.Popen[str]

    @property
    def leader(self) -> int:
        """The first process in the container: another one after a reboot."""
        found = _leaders(self.process.pid)
        assert len(found) == 1, f"the container has ended, or is between two boots: {found}"
        return found[0]

    def run(self, *command: str | Path, check: bool = True, given: str | None = None) -> str:
        """Run a command in the container, and return what it prints."""
        result = self.tried(*command, given=given)
        if check:
            assert result.returncode == 0, f"{command}: {result.stdout}{result.stderr}"
        return result.stdout

    def tried(self, *command: str | Path, given: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command in the container, and return how it ended."""
        return self._within(self.leader, *command, given=given)

    def _within(self, leader: int, *command: str | Path, given: str | None = None) -> subprocess.CompletedProcess[str]:
        whole = ["nsenter", "-t", str(leader), "-a", *map(str, command)]
        environment = {"PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8"}
        return subprocess.run(
            whole, input=given, capture_output=True, text=True, check=False, timeout=120, env=environment
        )

    def reboot(self) -> None:
        """Boot again, and wait until all is running."""
        before = self.leader
        self.tried("systemctl", "reboot")
        deadline = time.monotonic() + _READY
        while before in _leaders(self.process.pid) or not self.is_running:
            assert time.monotonic() < deadline, "the container does not boot again"
            time.sleep(0.2)

    @property
    def is_running(self) -> bool:
        """Whether systemd has started everything in the container."""
        leaders = _leaders(self.process.pid)  # for a moment of the boot there are two
        return len(leaders) == 1 and self._within(leaders[0], "systemctl", "is-system-running").stdout.strip() in {
            "running",
            "degraded",
        }

    def path(self, inside: str) -> Path:
        """Return the path by which a file of the container is found from outside."""
        return Path(f"/proc/{self.leader}/root{inside}")

    def write(self, inside: str, text: str) -> None:
        """Write a file in the container."""
        path = self.path(inside)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@contextmanager
def booted(base: Path) -> Iterator[Container]:
    """Boot a container for a block; skip the test, and say why, where that can't be done."""
    if os.geteuid() != 0:
        pytest.skip("only root can boot a container")
    for program in ("systemd-nspawn", "unshare", "nsenter"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    if not Path("/sbin/init").resolve().name.startswith("systemd"):
        pytest.skip("/sbin/init is not systemd")
    base.mkdir()
    script = _BOOT.format(
        base=base, root=base / "root", python=sys.base_prefix, packages=Path(sysconfig.get_path("purelib")).parents[1]
    )
    process = subprocess.Popen(
        ["unshare", "--mount", "--propagation", "private", "bash", "-c", script],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1", "SYSTEMD_SECCOMP": "0"},
    )
    try:
        container = Container(process=process)
        _wait_for(container)
        yield container
    finally:
        for pid in _leaders(process.pid):
            os.kill(pid, signal.SIGKILL)
        process.communicate(timeout=30)


def _wait_for(container: Container) -> None:
    """Wait until systemd has started; skip the test, and say why, where it does not."""
    process, deadline = container.process, time.monotonic() + _READY
    while not container.is_running:
        if process.poll() is not None:
            said = process.stdout.read() if process.stdout is not None else ""
            pytest.skip(f"a container can't be booted here: {said.strip()[-300:]}")
        if time.monotonic() >= deadline:
            pytest.skip("the container did not start")
        time.sleep(0.2)


def _leaders(pid: int) -> list[int]:
    """Return the first processes of containers, children of systemd-nspawn, which is a child of the shell."""
    return [leader for program in _children(pid) for leader in _children(program)]


def _children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    except OSError:
        return []
