"""Key and login: files readable only by their owner, or systemd credentials. Neither is ever logged."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

from familiar.errors import UsageError
from familiar.filesystem.regular_files import read_regular
from familiar.flickr.api.errors import NoLoginError
from familiar.model import FLICKR
from familiar.private_files import make_private_folder, write_private

Perms: TypeAlias = Literal["read", "write", "delete"]

KEY_NAME = "flickr-key"
TOKEN_NAME = "flickr-token"  # noqa: S105 - a file's name
"""Names of files in the state folder, and of credentials (systemd.exec(5), `LoadCredential=`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """The key of an application, and its secret."""

    key: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A login: the access that a person granted, and their account."""

    token: str = field(repr=False)
    secret: str = field(repr=False)
    perms: Perms
    nsid: str
    username: str
    fullname: str = ""

    @property
    def may_write(self) -> bool:
        """Whether it can add and remove tags."""
        return self.perms in {"write", "delete"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The locations of key and login: the credentials folder of systemd and the state folder.

    A key of systemd comes first, but a login in the state folder: it was given by `familiar flickr login`, maybe as
    that of systemd was lost. Accounts with a name have files of their own, and use the general key if they have none.
    """

    folder: Path
    given: Path | None = None
    account: str = FLICKR

    @classmethod
    def of(cls, state: Path, environment: Mapping[str, str]) -> "Credentials":
        """Return the locations of this run."""
        given = environment.get("CREDENTIALS_DIRECTORY")
        return cls(folder=state / "flickr", given=Path(given) if given else None)

    def of_account(self, name: str) -> "Credentials":
        """Return the locations of an account."""
        return replace(self, account=name)

    def key(self) -> Key | None:
        """Return the key, or None if there is none.

        Raises:
            UsageError: its file can't be read, or is wrong.
        """
        found = self._read(KEY_NAME)
        if found is None:
            return None
        path, text = found
        words = text.split()
        if len(words) == 2 and not text.lstrip().startswith("{"):  # noqa: PLR2004 - key and secret
            return Key(key=words[0], secret=words[1])
        return Key(**_texts(path, text, Key, "write the key and its secret on two lines"))

    def login(self) -> Login | None:
        """Return the login, or None if there is none.

        Raises:
            UsageError: its file can't be read, or is wrong.
        """
        found = self._read(TOKEN_NAME)
        if found is None:
            return None
        path, text = found
        values = _texts(path, text, Login, "create it with `familiar flickr login`")
        if values["perms"] not in {"read", "write", "delete"}:
            raise UsageError(f"{path}: perms {values['perms']!r} is not valid; use read, write or delete.")
        return Login(**values)

    def needed(self) -> tuple[Key, Login]:
        """Return key and login.

        Raises:
            NoLoginError: there is none.
            UsageError: a file is wrong.
        """
        key, login = self.key(), self.login()
        if key is None or login is None:
            named = "" if self.account == FLICKR else f" --account {self.account}"
            raise NoLoginError(f"Not logged in to Flickr; use familiar flickr login{named}")
        return key, login

    def keep_key(self, key: Key) -> None:
        """Store the key, readable only by the owner."""
        self._write(KEY_NAME, asdict(key))

    def keep_login(self, login: Login) -> None:
        """Store the login, readable only by the owner."""
        self._write(TOKEN_NAME, asdict(login))

    def stamp(self) -> tuple[object, ...]:
        """Return a value that changes with key or login."""
        return tuple(_stamp(path) for name in (KEY_NAME, TOKEN_NAME) for path in self.places(name))

    def places(self, name: str) -> list[Path]:
        """Return where a file may be, in order: a login that a person gave here is newer than the credential."""
        own = self._own / name
        if self.account == FLICKR:
            given, general = name, []
        else:
            given, general = f"{name}-{self.account}", self.of_account(FLICKR).places(name)
        provided = [] if self.given is None else [self.given / given]
        return [own, *provided] if name == TOKEN_NAME else [*provided, own, *general]

    @property
    def _own(self) -> Path:
        return self.folder if self.account == FLICKR else self.folder / self.account

    def _read(self, name: str) -> tuple[Path, str] | None:
        for path in self.places(name):
            try:
                return path, read_regular(path).decode()
            except FileNotFoundError:
                continue
            except (OSError, UnicodeDecodeError) as error:
                reason = getattr(error, "strerror", None) or "it is not text"
                raise UsageError(f"{path}: can't be read: {reason}.") from error
        return None

    def _write(self, name: str, values: Mapping[str, Any]) -> None:
        make_private_folder(self.folder)
        write_private(self._own / name, values)


def _texts(path: Path, text: str, kind: type[Key] | type[Login], right: str) -> dict[str, Any]:
    """Return the fields of a JSON file, all of which are texts; the message never contains its content."""
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        found = None
    names = [one.name for one in fields(kind)]
    if not isinstance(found, dict) or not all(isinstance(found.get(name, ""), str) for name in names):
        raise UsageError(f"{path}: is damaged; {right}.")
    missing = [name for name in names if name != "fullname" and not found.get(name)]
    if missing:
        raise UsageError(f"{path}: {missing[0]!r} is missing; {right}.")
    return {name: found[name] for name in names if name in found}


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino
