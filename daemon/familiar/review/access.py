"""Access to the page: the key that signs cookies, and the password, in a file that only its owner can read."""

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from familiar.errors import UsageError
from familiar.filesystem.regular_files import read_regular
from familiar.private_files import write_private

SHORTEST = 10
"""Characters of the shortest password."""

LONGEST = 1000
"""Characters of the longest password."""

_NAME = "access.json"
_ROUNDS = {"n": 1 << 15, "r": 8, "p": 3}
"""Parameters of scrypt: 32 MiB and a third of a second a try; one of the settings that OWASP recommends.

https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
"""
_MEMORY = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Password:
    """The hash of a password, which takes memory and time to compute."""

    salt: bytes
    hash: bytes

    @classmethod
    def of(cls, text: str) -> "Password":
        """Return the hash of a password.

        Raises:
            UsageError: it is too short or too long.
        """
        if not SHORTEST <= len(text) <= LONGEST:
            raise UsageError(f"The password has {len(text)} characters; it needs {SHORTEST} to {LONGEST}.")
        salt = secrets.token_bytes(16)
        return cls(salt=salt, hash=_hash(text, salt))

    def is_it(self, text: str) -> bool:
        """Return whether a text is the password; this takes a third of a second."""
        return len(text) <= LONGEST and hmac.compare_digest(_hash(text, self.salt), self.hash)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """The key that signs the cookies of logins, and the password, if there is one."""

    key: bytes
    password: Password | None = None


class AccessFile:
    """The file; a change by another process takes effect at once."""

    def __init__(self, folder: Path) -> None:
        """Take the folder of the review page in the state folder."""
        self._folder = folder
        self._path = folder / _NAME
        self._known: tuple[tuple[int, int], Access] | None = None

    def read(self) -> Access:
        """Return the key and the password; a key is chosen if there is none.

        Raises:
            UsageError: the file can't be read, or is damaged.
            StoreError: it can't be written.
        """
        stamp = self._stamp()
        if stamp is None:
            return self._write(Access(key=secrets.token_bytes(32)))
        if self._known is None or self._known[0] != stamp:
            self._known = (stamp, self._parsed())
        return self._known[1]

    def set_password(self, text: str) -> None:
        """Set the password; all logins end, as the key is another one.

        Raises:
            UsageError: it is too short or too long.
            StoreError: the file can't be written.
        """
        self._write(Access(key=secrets.token_bytes(32), password=Password.of(text)))

    def _stamp(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino

    def _parsed(self) -> Access:
        try:
            values = {name: bytes.fromhex(text) for name, text in json.loads(read_regular(self._path)).items()}
            password = {name: values[name] for name in ("salt", "hash") if name in values}
            return Access(key=values["key"], password=Password(**password) if password else None)
        except OSError as error:
            raise UsageError(f"{self._path}: can't be read: {error.strerror}.") from error
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise UsageError(f"{self._path}: is damaged; remove it, and set the password again.") from error

    def _write(self, access: Access) -> Access:
        values = {"key": access.key}
        if access.password is not None:
            values |= {"salt": access.password.salt, "hash": access.password.hash}
        write_private(self._path, {name: value.hex() for name, value in values.items()})
        return access


def _hash(text: str, salt: bytes) -> bytes:
    return hashlib.scrypt(text.encode(errors="surrogatepass"), salt=salt, maxmem=_MEMORY, **_ROUNDS)
