"""Files that are found by their name are read only where they are regular files; no pipe is waited for."""

import os
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from familiar.api.environment import read_text
from familiar.errors import FamiliarError, SetAsideError, UsageError
from familiar.filesystem.files import hold
from familiar.filesystem.folders import Entry, Folder
from familiar.filesystem.reading import fingerprint, opened, read_bytes, read_head
from familiar.filesystem.regular_files import open_regular, read_given, read_regular
from familiar.flickr.api.credentials import KEY_NAME, Credentials
from familiar.identity.score_files import FILE_NAME
from familiar.library.clusters.folders import manifest as clusters
from familiar.library.crops import manifest as crops
from familiar.library.people.embedding_files.arrays import read_arrays
from familiar.library.score_files import read_score_files
from familiar.model import SidecarContent
from familiar.vision.sidecars import orientation_of, render


def test_a_file_and_a_link_to_one_are_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"text")
    (tmp_path / "link").symlink_to("file")
    assert (read_regular(tmp_path / "file"), read_regular(tmp_path / "link")) == (b"text", b"text")


def test_a_pipe_in_the_place_of_a_list_is_refused_at_once(tmp_path: Path) -> None:
    for name in (crops.MANIFEST_NAME, clusters.MANIFEST_NAME, FILE_NAME):
        os.mkfifo(tmp_path / name)
    with pytest.raises(UsageError, match=r"faces\.json: can't be read: it is a pipe, not a regular file\."):
        crops.read_manifest(tmp_path)
    with pytest.raises(UsageError, match=r"\.familiar-clusters\.json: can't be read: it is a pipe, not a regular"):
        clusters.read_manifest(tmp_path)
    with pytest.raises(FamiliarError, match=rf"{FILE_NAME}: can't be read: it is a pipe, not a regular file\."):
        read_score_files(tmp_path)


def test_a_pipe_that_the_shell_opened_for_a_command_is_read_to_its_end() -> None:
    reader, writer = os.pipe()

    def write() -> None:
        for part in (b"/photos/a.jpg", b": 0.5\n"):
            time.sleep(0.1)  # it is waited for
            os.write(writer, part)
        os.close(writer)

    thread = Thread(target=write)
    thread.start()
    assert read_score_files(Path(f"/dev/fd/{reader}")) == {"/photos/a.jpg": 0.5}
    thread.join()
    os.close(reader)


def test_a_pipe_without_a_writer_is_read_to_its_end_at_once() -> None:
    reader, writer = os.pipe()
    os.close(writer)
    assert read_given(Path(f"/dev/fd/{reader}")) == b""
    os.close(reader)


def pipe(path: Path) -> str:
    os.mkfifo(path)
    return "it is a pipe, not a regular file"


def socket_(path: Path) -> str:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
    return "it is a socket, not a regular file"


def link_to_a_device(path: Path) -> str:
    path.symlink_to("/dev/zero")
    return "it is a device, not a regular file"


def folder(path: Path) -> str:
    path.mkdir()
    return "Is a directory"


def dangling(path: Path) -> str:
    path.symlink_to("nowhere")
    return "No such file or directory"


def loop(path: Path) -> str:
    path.symlink_to(path.name)
    return "Too many levels of symbolic links"


ODD = [pipe, socket_, link_to_a_device, folder, dangling, loop]


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("read", [open_regular, read_regular, read_given])
def test_anything_but_a_file_is_refused_immediately(
    tmp_path: Path, odd: Callable[[Path], str], read: Callable[[Path], object]
) -> None:
    reason = odd(path := tmp_path / "file")
    with pytest.raises(OSError, match=reason) as caught:
        read(path)
    assert str(caught.value.filename) == str(path)
    assert caught.value.strerror == reason


def held(path: Path) -> None:
    with Folder.open(path.parent) as folder, hold(Entry(folder, path.name)):
        pass


READERS: dict[str, Callable[[Path], object]] = {
    "hash": fingerprint,
    "beginning": lambda path: read_head(path, 1),
    "photo": read_bytes,
    "opened": lambda path: opened(path, "a" * 64).__enter__(),
    "orientation": orientation_of,
    "configuration": read_text,
    "key": lambda path: Credentials(folder=path.parent).key(),
    "scores": read_score_files,
    "array": read_arrays,
    "effect": held,
}


@pytest.mark.parametrize("odd", [pipe, socket_, link_to_a_device])
@pytest.mark.parametrize("reader", READERS)
def test_each_reader_refuses_anything_but_files_immediately(
    tmp_path: Path, odd: Callable[[Path], str], reader: str
) -> None:
    odd(path := tmp_path / KEY_NAME)
    with pytest.raises((FamiliarError, OSError), match=r"not a regular file|is no regular file|is a symbolic link"):
        READERS[reader](path)


def test_a_sidecar_that_is_not_a_file_is_refused_immediately(tmp_path: Path) -> None:
    os.mkfifo(sidecar := tmp_path / "a.jpg.xmp")
    with pytest.raises(SetAsideError, match="is not a regular file"):
        render(tmp_path / "a.jpg", sidecar, SidecarContent(), SidecarContent())


def test_a_file_that_is_too_large_to_be_text_is_refused_at_once(tmp_path: Path) -> None:
    large = tmp_path / "rules.yaml"
    large.touch()
    os.truncate(large, 1 << 40)
    with pytest.raises(UsageError, match=r"rules\.yaml: can't be read: it is larger than 1 MiB\."):
        read_text(large)
    with pytest.raises(OSError, match="it is larger than 1024 MiB"):
        read_given(large)


def test_a_file_that_is_too_large_for_a_photo_or_a_video_is_refused_at_once(tmp_path: Path) -> None:
    (sparse := tmp_path / "a.mp4").touch()
    os.truncate(sparse, (1 << 40) + 1)
    with pytest.raises(SetAsideError, match="larger than 1 TiB, the limit for photos and videos"):
        fingerprint(sparse)


def test_a_pipe_that_never_ends_is_not_read_for_ever() -> None:
    with subprocess.Popen(["yes"], stdout=subprocess.PIPE) as endless:
        assert endless.stdout is not None
        with pytest.raises(OSError, match="it is larger than 1024 MiB"):
            read_given(Path(f"/dev/fd/{endless.stdout.fileno()}"))
        endless.terminate()
