"""`clusters.export`, `plan_import` and `apply_import`: clusters as folders of pictures, changed and read again."""

import asyncio
from pathlib import Path

import pytest
from PIL import Image

from familiar import Library
from familiar.errors import FamiliarError, UsageError
from familiar.library.clusters.folders.manifest import MANIFEST_NAME
from support.household import Household
from support.qualities import rate


@pytest.fixture
def to(tmp_path: Path) -> Path:
    return tmp_path / "faces"


def crops(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.jpg"))


def test_an_export_tells_which_faces_lie_in_which_folder(nameless: Library, to: Path) -> None:
    exported = nameless.clusters.export(str(to))
    large, small = (row.id for row in nameless.clusters.all())
    folders = {name: (folder.person, folder.clusters) for name, folder in exported.manifest.folders.items()}
    assert folders == {f"cluster-{large}": (None, (large,)), f"cluster-{small}": (None, (small,))}
    assert len(exported.manifest.faces) == 5
    assert (exported.without, exported.kept) == ((), ())
    assert (len(crops(to / f"cluster-{large}")), len(crops(to / f"cluster-{small}"))) == (3, 2)
    with Image.open(crops(to / f"cluster-{large}")[0]) as picture:
        assert picture.size == (256, 256)


def test_no_more_is_exported_than_asked_for(nameless: Library, to: Path) -> None:
    large, small = (row.id for row in nameless.clusters.all())
    assert len(nameless.clusters.export(to / "one", clusters=[small]).manifest.faces) == 2
    assert len(nameless.clusters.export(to / "few", most=1).manifest.faces) == 2
    nameless.clusters.name(large, "Barack Obama")
    assert list(nameless.clusters.export(to / "unnamed", unnamed=True).manifest.folders) == [f"cluster-{small}"]


def test_faces_of_too_low_a_quality_are_not_exported_and_stay_in_their_clusters(
    nameless: Library, grouped: Household, to: Path
) -> None:
    rate(grouped, {"couple.jpg": [0.9, 0.2], "obama.jpg": [0.3], "obama2.jpg": [0.6], "biden.jpg": [0.1]})
    large, _ = (row.id for row in nameless.clusters.all())
    exported = nameless.clusters.export(to, min_quality=0.5)
    assert {name: folder.clusters for name, folder in exported.manifest.folders.items()} == {
        f"cluster-{large}": (large,)
    }
    assert len(crops(to / f"cluster-{large}")) == 2
    assert nameless.clusters.plan_import(to).plan.changes == ()
    assert [row.faces for row in nameless.clusters.all()] == [3, 2]
    nameless.clusters.export(to, again=True)
    assert len(list(to.rglob("*.jpg"))) == 5


def test_where_no_face_is_good_enough_nothing_is_exported(nameless: Library, grouped: Household, to: Path) -> None:
    rate(grouped, {"couple.jpg": [0.9, 0.2], "obama.jpg": [0.3], "obama2.jpg": [0.1], "biden.jpg": [0.1]})
    for quality, kind, complaint in (
        (0.95, FamiliarError, "No cluster to export has a face with a quality of at least 0.95; lower --min-quality."),
        (1.5, UsageError, "The option min-quality is 1.5; it must be from 0 to 1."),
    ):
        with pytest.raises(kind, match=complaint):
            nameless.clusters.export(to, min_quality=quality)
    assert not to.exists()


def test_what_was_changed_in_the_folders_is_planned_decided_once_and_can_be_undone(nameless: Library, to: Path) -> None:
    large, small = (row.id for row in nameless.clusters.all())
    nameless.clusters.export(to)
    (to / f"cluster-{large}").rename(to / "Barack Obama")
    crop = crops(to / f"cluster-{small}")[0]
    crop.rename(to / "_not-a-face" / crop.name)
    wanted = nameless.clusters.plan_import(to)
    assert [(one.what, len(one.faces), one.target) for one in wanted.plan.changes] == [
        ("not a face", 1, "_not-a-face"),
        ("name", 3, "Barack Obama"),
    ]
    assert nameless.people.all() == []
    results = nameless.clusters.apply_import(wanted)
    assert [(len(result.events), result.error) for result in results] == [(1, None), (1, None)]
    assert [(person.name, person.faces) for person in nameless.people.all()] == [("Barack Obama", 3)]
    assert nameless.clusters.plan_import(to).plan.changes == ()
    for result in reversed(results):
        nameless.clusters.undo(*result.events)
    assert [row.faces for row in nameless.clusters.all()] == [3, 2]


def test_a_plan_that_is_out_of_date_is_refused_as_a_whole(nameless: Library, to: Path) -> None:
    large, small = (row.id for row in nameless.clusters.all())
    nameless.clusters.export(to)
    (to / f"cluster-{large}").rename(to / "Barack Obama")
    wanted = nameless.clusters.plan_import(to)
    nameless.clusters.ignore(small)
    nameless.clusters.name(large, "Somebody")
    with pytest.raises(UsageError, match="nothing was done"):
        nameless.clusters.apply_import(wanted)
    assert [person.name for person in nameless.people.all()] == ["Somebody"]


def test_an_export_is_replaced_only_if_that_is_asked_for_and_nothing_in_it_waits(nameless: Library, to: Path) -> None:
    nameless.clusters.export(to)
    with pytest.raises(UsageError, match="`familiar clusters export --again` replaces it"):
        nameless.clusters.export(to)
    assert nameless.clusters.export(to, again=True).kept == ()
    crops(to / f"cluster-{nameless.clusters.all()[0].id}")[0].unlink()
    with pytest.raises(UsageError, match="1 change"):
        nameless.clusters.export(to, again=True)


def test_a_folder_that_can_not_be_used_is_an_error(nameless: Library, album: Path, to: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter").touch()
    clusters = nameless.clusters
    for complaint, ask in (
        ("letter", lambda: clusters.export(tmp_path / "mine")),
        (str(album), lambda: clusters.export(album / "faces")),
        ("--cluster and --unnamed", lambda: clusters.export(to, clusters=[1], unnamed=True)),
        ("The option most is 0; it must be at least 1", lambda: clusters.export(to, most=0)),
        ("999", lambda: clusters.export(to, clusters=[999])),
        ("the folder does not exist", lambda: clusters.plan_import(tmp_path / "nowhere")),
        (MANIFEST_NAME, lambda: clusters.plan_import(tmp_path / "mine")),
    ):
        with pytest.raises(UsageError) as caught:
            ask()
        assert complaint in str(caught.value)
    assert not to.exists()


def test_a_folder_of_another_store_is_an_error(nameless: Library, to: Path, meadow: Path, tmp_path: Path) -> None:
    nameless.clusters.export(to)
    with Library.open(tmp_path / "other") as library:
        library.scan(meadow)
        with pytest.raises(UsageError, match="was exported from another store"):
            library.clusters.plan_import(to)
        with pytest.raises(FamiliarError, match="There are no clusters to export"):
            library.clusters.export(tmp_path / "none")


def test_clusters_are_exported_where_an_event_loop_runs(nameless: Library, to: Path) -> None:
    async def cell() -> int:
        return len(nameless.clusters.export(to, most=1).manifest.faces)

    assert asyncio.run(cell()) == 2
