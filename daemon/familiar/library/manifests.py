"""Read the manifests of folders written by familiar."""

from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from familiar.errors import UsageError
from familiar.filesystem.regular_files import read_regular

M = TypeVar("M")


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestFile(Generic[M]):
    """A kind of manifest: its file name, its content, and the remedy for a damaged one."""

    name: str
    content: TypeAdapter[M]
    remedy: str

    def read(self, folder: Path) -> M | None:
        """Return the manifest of a folder; None if the folder or the manifest does not exist.

        Raises:
            UsageError: it can't be read, is damaged or was not written by familiar; it is never replaced then.
        """
        path = folder / self.name
        try:
            return self.content.validate_json(read_regular(path))
        except FileNotFoundError:
            return None
        except NotADirectoryError as error:
            raise UsageError(f"{folder}: is not a folder; {self.remedy}.") from error
        except OSError as error:
            raise UsageError(f"{path}: can't be read: {error.strerror}.") from error
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise UsageError(
                f"{path}: is damaged or was not written by familiar ({f'{where}: ' if where else ''}{first['msg']}), "
                f"and was left unchanged; {self.remedy}."
            ) from error

    def write(self, manifest: M) -> bytes:
        """Return the content of the file."""
        return self.content.dump_json(manifest, indent=1)

    def is_one(self, data: bytes) -> bool:
        """Return whether a file with this content is a manifest of this kind."""
        try:
            self.content.validate_json(data)
        except ValidationError:
            return False
        return True
