"""One reader of the files in which familiar records what it put into a folder."""

from pathlib import Path

import pytest
from pydantic import TypeAdapter

from familiar.errors import UsageError
from familiar.library.manifests import ManifestFile

FILE = ManifestFile(name="list.json", content=TypeAdapter(dict[str, int]), remedy="name another folder")


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "list.json").write_bytes(FILE.write({"a": 1}))
    assert FILE.read(tmp_path) == {"a": 1}
    assert FILE.is_one(FILE.write({"a": 1}))


def test_a_folder_without_a_manifest_and_one_that_is_not_there_have_none(tmp_path: Path) -> None:
    assert FILE.read(tmp_path) is None
    assert FILE.read(tmp_path / "nowhere") is None


@pytest.mark.parametrize(
    ("content", "problem"), [(b"{", "Invalid JSON"), (b'{"a": null}', "a: Input should be a valid integer")]
)
def test_a_damaged_manifest_is_told_with_the_place_and_a_remedy(tmp_path: Path, content: bytes, problem: str) -> None:
    (tmp_path / "list.json").write_bytes(content)
    with pytest.raises(UsageError) as caught:
        FILE.read(tmp_path)
    message = str(caught.value)
    assert message.startswith(f"{tmp_path}/list.json: is damaged or was not written by familiar ({problem}")
    assert message.endswith("), and was left unchanged; name another folder.")
    assert not FILE.is_one(content)


def test_a_file_in_the_place_of_the_folder_and_a_folder_in_that_of_the_file_are_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError) as caught:
        FILE.read(tmp_path / "file")
    assert str(caught.value) == f"{tmp_path}/file: is not a folder; name another folder."
    (tmp_path / "list.json").mkdir()
    with pytest.raises(UsageError) as caught:
        FILE.read(tmp_path)
    assert str(caught.value) == f"{tmp_path}/list.json: can't be read: Is a directory."
