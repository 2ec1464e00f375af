import itertools
import os
import queue
import socket
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from familiar.settings import FolderSettings
from familiar.sources.messages import Listing, Message, WalkFinished
from familiar.sources.patterns import Patterns
from familiar.sources.walker import Walker, walk


def listed(root: Path, errors: list[tuple[Path, str]] | None = None, **changes: object) -> list[Listing]:
    patterns = Patterns(FolderSettings.model_validate({"path": root, **changes}))
    return list(walk(root, root, patterns, [] if errors is None else errors))


def names(listings: list[Listing]) -> list[str]:
    return [
        str(Path(listing.folder, os.fsdecode(name)).relative_to(listing.root))
        for listing in listings
        for name, *_ in listing.entries
    ]


def test_photos_are_listed_folder_by_folder_in_the_order_of_names(tmp_path: Path) -> None:
    for name in ("b.jpg", "A.JPG", "notes.txt", "sub/d.png", "sub/.hidden.jpg", "@eaDir/x.jpg", "a/c.heic"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"123")
    listings = listed(tmp_path)
    assert names(listings) == ["A.JPG", "b.jpg", "a/c.heic", "sub/d.png"]
    assert listings[0].entries[0][1:3] == (3, (tmp_path / "A.JPG").stat().st_mtime_ns)
    assert listings[0].device == tmp_path.stat().st_dev


def test_a_folder_without_photos_is_listed_too(tmp_path: Path) -> None:
    (listing,) = listed(tmp_path)
    assert (listing.entries, listing.after, listing.upto) == ((), b"", None)


def test_only_regular_files_count_and_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.jpg")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "self.jpg").symlink_to("self.jpg")
    (tmp_path / "broken.jpg").symlink_to("nowhere.jpg")
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "real.jpg").touch()
    (tmp_path / "link.jpg").symlink_to("real.jpg")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket.jpg"))
        assert names(listed(tmp_path)) == ["link.jpg", "real.jpg"]


def test_a_folder_that_can_not_be_read_is_reported_and_the_others_are_listed(tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir()
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "a.jpg").touch()
    (tmp_path / "locked").chmod(0)
    errors: list[tuple[Path, str]] = []
    if os.geteuid() == 0:
        pytest.skip("root reads everything")
    assert names(listed(tmp_path, errors)) == ["open/a.jpg"]
    assert errors == [(tmp_path / "locked", "Permission denied")]


def test_patterns_with_a_slash_fit_the_path_from_the_root(tmp_path: Path) -> None:
    for name in ("raw/a.jpg", "raw/keep/b.jpg", "other/raw/c.jpg", "d.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert names(listed(tmp_path, exclude=["raw/*.jpg"])) == ["d.jpg", "other/raw/c.jpg"]
    assert names(listed(tmp_path, include=["/d.jpg"])) == ["d.jpg"]
    assert names(listed(tmp_path, recursive=False)) == ["d.jpg"]


NAMES = st.sets(
    st.binary(min_size=1, max_size=6).filter(lambda name: not {b"/", b"\0"} & {bytes([c]) for c in name}), max_size=40
)


@given(stems=NAMES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
def test_each_name_is_in_exactly_one_part_of_a_long_listing(
    tmp_path_factory: pytest.TempPathFactory, stems: set[bytes]
) -> None:
    root = tmp_path_factory.mktemp("names")
    for stem in stems:
        Path(os.fsdecode(os.fsencode(root) + b"/x" + stem + b".jpg")).touch()
    patterns = Patterns(FolderSettings(path=root))
    parts = list(walk(root, root, patterns, [], chunk=7))
    assert [name for part in parts for name, *_ in part.entries] == sorted(b"x" + stem + b".jpg" for stem in stems)
    assert (parts[0].after, parts[-1].upto) == (b"", None)
    for part, following in itertools.pairwise(parts):
        assert following.after == part.upto
        assert all(part.after < name <= (part.upto or name) for name, *_ in part.entries)


def test_the_walker_posts_listings_and_says_when_it_is_done(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    messages: queue.Queue[Message] = queue.Queue()
    walker = Walker(messages.put)
    patterns = Patterns(FolderSettings(path=tmp_path))
    assert walker.walk(tmp_path, tmp_path, patterns)
    assert not walker.walk(tmp_path, tmp_path, patterns)
    walker.start()
    assert isinstance(messages.get(timeout=5), Listing)
    assert messages.get(timeout=5) == WalkFinished(root=tmp_path, top=tmp_path, errors=())
    walker.stop()
    assert not walker.is_alive


def test_a_folder_that_vanished_is_just_not_listed(tmp_path: Path) -> None:
    errors: list[tuple[Path, str]] = []
    patterns = Patterns(FolderSettings(path=tmp_path))
    assert list(walk(tmp_path, tmp_path / "gone", patterns, errors)) == []
    assert errors == []
