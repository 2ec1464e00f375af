"""What goes wrong, and when: at which call of which command of a workload; as text that can be replayed."""

import errno
import re
from dataclasses import dataclass

_NO_SPACE = ("EIO", "ENOSPC", "ESTALE")
_AGAIN = ("EIO-after", "EIO", "ESTALE", "EACCES", "EINTR")
FAULTS: dict[str, tuple[str, ...]] = {
    "open": ("EIO", "EACCES", "ESTALE", "EMFILE"),
    "create": (*_NO_SPACE, "EACCES"),
    "read": ("EIO", "ESTALE", "EINTR", "short"),
    "write": (*_NO_SPACE, "EINTR", "short"),
    "copy": (*_NO_SPACE, "EXDEV", "EINTR", "short"),
    "fsync": (*_NO_SPACE, "EINTR"),
    "rename": ("ENOENT-after", "ENOSPC", *_AGAIN),
    "exchange": ("ENOENT-after", "ENOSPC", *_AGAIN),
    "link": ("EEXIST-after", "ENOSPC", "EPERM", *_AGAIN),
    "symlink": ("EEXIST-after", "ENOSPC", "EPERM", *_AGAIN),
    "unlink": ("ENOENT-after", "EBUSY", *_AGAIN),
    "mkdir": ("EEXIST-after", "ENOSPC", *_AGAIN),
    "rmdir": ("ENOENT-after", *_AGAIN),
    "truncate": _NO_SPACE,
    "chmod": ("EPERM", "EIO", "EOPNOTSUPP"),
    "utime": ("EPERM", "EIO"),
    "stat": ("EIO", "ESTALE", "EACCES"),
    "list": ("EIO", "ESTALE", "EACCES"),
    "lease": ("EAGAIN", "EACCES", "EINVAL", "ENOLCK"),
    "close": ("EIO-after",),
}
"""What each call may report. The ones with `-after` are done anyway: so a server answers that is asked twice."""

LIVE = ("rename", "replace", "edit", "delete", "link-file", "link-copy", "link-folder", "swap", "take", "append")
"""What a person does while familiar stands still at a call."""

MOUNTS = ("unmount", "mount-over")

_FORM = re.compile(r"(?P<what>[A-Za-z]+(?:-after)?)(?::(?P<act>[a-z-]+))?(?:\*(?P<count>-?\d+))?@(?P<at>\d+)")


@dataclass(frozen=True, slots=True)
class Arming:
    """`what` goes wrong at the `at`-th call and `count` in all (-1: all from there on).

    At a stop `act` is done, with the file that familiar spoke of last, or, by `count`, one before that. During a storm
    it is done again and again.
    """

    what: str
    at: int
    count: int = 1
    act: str = ""

    @property
    def code(self) -> str:
        """Return how the shim is told: an error by its number."""
        name, _, after = self.what.partition("-")
        number = getattr(errno, name, None)
        return self.what if number is None else f"{number}-after" if after else str(number)

    @property
    def kills(self) -> bool:
        return self.what.startswith("kill")

    def __str__(self) -> str:
        act = f":{self.act}" if self.act else ""
        count = "" if self.count == 1 else f"*{self.count}"
        return f"{self.what}{act}{count}@{self.at}"

    @classmethod
    def of(cls, text: str) -> "Arming":
        found = _FORM.fullmatch(text)
        assert found, f"{text!r} is no arming; kill@7, EIO*3@7 or stop:swap@7 would be"
        return cls(found["what"], int(found["at"]), int(found["count"] or 1), found["act"] or "")


@dataclass(frozen=True, slots=True)
class Attempt:
    """A workload by its name, and what goes wrong in which of its commands, counted from 1."""

    workload: str
    armings: tuple[tuple[int, Arming], ...] = ()

    def arming(self, command: int) -> Arming | None:
        return next((arming for number, arming in self.armings if number == command), None)

    def __str__(self) -> str:
        return " ".join([self.workload, *(f"{number}:{arming}" for number, arming in self.armings)])

    @classmethod
    def of(cls, text: str) -> "Attempt":
        workload, *rest = text.split()
        parts = (one.split(":", 1) for one in rest)
        return cls(workload, tuple((int(number), Arming.of(arming)) for number, arming in parts))
