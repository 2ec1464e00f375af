"""Companions of photos in the commands and in the log."""

from pathlib import Path

import pytest

from conftest import put
from support.household import Household


@pytest.fixture
def album(household: Household, obama: Path) -> Household:
    """A household with a photo that has companions, and a rule that moves it."""
    put(obama, household.inbox, "a.jpg")
    for name in ("a.aae", "a.jpg.json", "a.xmp"):
        (household.inbox / name).write_bytes(name.encode())
    household.rule({"name": "tidy", "then": [{"move": f"{household.out}/{{stem}} of 2026{{suffix}}"}]})
    return household


def test_a_plan_shows_the_companions_that_would_follow_and_touches_nothing(album: Household) -> None:
    before = album.tree()
    (plan,) = album.json("plan")["plans"]
    inbox, out = album.inbox, album.out
    assert [(one["kind"], one["source"], one["target"]) for one in plan["companions"]] == [
        ("sidecar", f"{inbox}/a.xmp", f"{out}/a of 2026.xmp"),
        ("companion", f"{inbox}/a.aae", f"{out}/a of 2026.aae"),
        ("companion", f"{inbox}/a.jpg.json", f"{out}/a of 2026.jpg.json"),
    ]
    text = album.ask("plan").stdout
    assert "1 photo and 3 companions, 1 operation. Nothing was touched." in text
    assert f"{inbox}/a.jpg.json" in text.replace("\n", "")
    assert album.tree() == before


def test_a_running_daemon_moves_them_and_says_so_and_they_are_undone(album: Household) -> None:
    before = album.tree()
    with album.running() as daemon:
        daemon.wait_for("operation.done", kind="companion", count=2)
        daemon.wait_for("operation.done", kind="sidecar")
        assert {Path(one["target"]).name for one in daemon.events("operation.done")} == {
            "a of 2026.jpg", "a of 2026.aae", "a of 2026.jpg.json", "a of 2026.xmp"
        }  # fmt: skip
        assert set(album.tree()) == {
            "out/a of 2026.jpg", "out/a of 2026.aae", "out/a of 2026.jpg.json", "out/a of 2026.xmp"
        }  # fmt: skip
        assert album.json("status")["operations"] == {"done": 4}
        assert len(album.json("undo", "--last")["undone"]) == 4
        assert album.tree() == before


def test_a_command_that_moves_photos_counts_their_companions_apart(album: Household, obama: Path) -> None:
    album.rule()
    album.ask("people", "add", "Barack", obama)
    album.scan()
    before = album.tree()
    text = album.ask("collect", "--person", "Barack", "--move", "--to", album.base / "album").stdout
    assert "1 moved with 3 companions, 0 already there, 0 failed." in text
    assert set(album.tree(album.base / "album")) == {
        f"album/{name}" for name in ("a.jpg", "a.aae", "a.jpg.json", "a.xmp")
    }
    assert any(entry["what"].startswith("move companion ") for entry in album.json("undo", "--list"))
    album.ask("undo", "--last")
    assert album.tree() == before


def test_settings_choose_which_files_are_companions(album: Household) -> None:
    album.configure({"companions": {"forms": ["{stem}.aae"]}})
    album.scan()
    assert set(album.tree()) == {
        "inbox/a.jpg.json", "out/a of 2026.jpg", "out/a of 2026.aae", "out/a of 2026.xmp"
    }  # fmt: skip
    assert album.json("status")["roots"][0]["passed_by"] == {".json": 1}


def test_companions_are_not_counted_as_skipped_by_their_names(album: Household) -> None:
    album.rule()
    (album.inbox / "notes.txt").touch()
    assert album.json("scan")["passed_by"] == {".txt": 1}
