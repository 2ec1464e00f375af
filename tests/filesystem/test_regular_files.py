"""Files that are found by their name are read only where they are regular files; no pipe is waited for."""

import os
from pathlib import Path
from threading import Thread

import pytest

from familiar.errors import FamiliarError, UsageError
from familiar.filesystem.regular_files import read_regular
from familiar.identity.score_files import FILE_NAME
from familiar.service.cluster_folders import manifest as clusters
from familiar.service.data_sets import manifest as crops
from familiar.service.score_files import read_score_files


def test_a_file_and_a_link_to_one_are_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"text")
    (tmp_path / "link").symlink_to("file")
    assert (read_regular(tmp_path / "file"), read_regular(tmp_path / "link")) == (b"text", b"text")


def test_a_pipe_in_the_place_of_a_list_is_refused_at_once(tmp_path: Path) -> None:
    for name in (crops.MANIFEST_NAME, clusters.MANIFEST_NAME, FILE_NAME):
        os.mkfifo(tmp_path / name)
    with pytest.raises(UsageError, match=r"faces\.json: can't be read: no regular file\."):
        crops.read_manifest(tmp_path)
    with pytest.raises(UsageError, match=r"\.familiar-clusters\.json: can't be read: no regular file\."):
        clusters.read_manifest(tmp_path)
    with pytest.raises(FamiliarError, match=rf"{FILE_NAME}: can't be read: no regular file\."):
        read_score_files(tmp_path)


def test_a_pipe_that_was_named_as_a_file_of_scores_is_read(tmp_path: Path) -> None:
    os.mkfifo(pipe := tmp_path / "pipe")
    writer = Thread(target=pipe.write_text, args=("/photos/a.jpg: 0.5\n",))
    writer.start()
    assert read_score_files(pipe) == {"/photos/a.jpg": 0.5}
    writer.join()
