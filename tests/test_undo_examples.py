"""The examples of docs/undo.md run, one after the other, as a reader would."""

import re
import shlex
from pathlib import Path

import pytest

from conftest import put
from support.album import Album
from support.household import Household

PAGE = (Path(__file__).parents[1] / "docs" / "undo.md").read_text()


def commands(heading: str) -> list[list[str]]:
    """Return the words of the commands below a heading of the page."""
    section = PAGE[PAGE.index(f"{heading}\n") :].split("\n## ")[0]
    return [shlex.split(line, comments=True) for line in re.findall(r"^    familiar (.*)$", section, re.MULTILINE)]


@pytest.fixture
def eileen(household: Household, meadow: Path) -> Household:
    """A household that knows E. Collins and two clusters, and has copied 20 photos and one more."""
    household.state.mkdir()
    with Album.at(household.state) as album:
        album.import_references("E. Collins", 1)
        album.clusters(2, 2)
    for number in range(21):
        photo = put(meadow, household.inbox, f"{number:02}.png")
        photo.write_bytes(photo.read_bytes() + bytes([number]))
    photos = sorted(household.inbox.iterdir())
    for listed in (photos[:20], photos[20:]):
        (household.base / "list.txt").write_text("".join(f"{photo}\n" for photo in listed))
        household.ask("copy", household.base / "list.txt", "--to", household.out)
    return household


def run(household: Household, heading: str) -> list[str]:
    """Run the commands below a heading; return what each printed at last."""
    return [household.ask(*words).stdout.splitlines()[-1] for words in commands(heading)]


def test_the_examples_of_the_page_run(
    eileen: Household, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (first, *_) = commands("# Undo")
    listed = eileen.ask(*first).stdout
    assert "familiar undo 21" in listed
    assert "familiar people undo 1" in listed
    assert run(eileen, "## Files") == [
        "1 of 1 operation undone.",
        "1 of 1 operation undone.",
        "3 of 3 operations undone.",
        "16 of 16 operations undone.",
    ]
    assert run(eileen, "## People") == [
        "'E. Collins' is 'Eileen Collins' now (event 2; undo: familiar people undo 2).",
        "Undone: E. Collins is Eileen Collins now (event 2).",
        "'E. Collins' is removed (event 3; undo: familiar people undo 3).",
        "Undone: E. Collins (1 reference) was removed (event 3).",
    ]
    for cluster in ("1", "2"):
        eileen.ask("clusters", "ignore", cluster)
    assert run(eileen, "## Clusters") == [
        "Undone: cluster 2 (2 faces) is ignored (event 5).",
        "Undone: cluster 1 (2 faces) is ignored (event 4).",
    ]
    eileen.ask("people", "rename", "E. Collins", "Eileen Collins")
    eileen.ask("people", "remove", "Eileen Collins", "--yes")
    (message,) = re.findall(r"```text\n(.*?)\n```", PAGE)
    assert eileen.ask("people", "undo", "6", check=False).stderr == f"error: {message}\n"
    for event in ("7", "6"):
        eileen.ask("people", "undo", event)
    for name, value in eileen.whole_environment().items():
        monkeypatch.setenv(name, value)
    capsys.readouterr()
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(example, {})  # noqa: S102 - it is our own
    assert capsys.readouterr().out.splitlines() == [
        "E. Collins is Eileen Collins now -> familiar people undo 8",
        "undone already",
    ]
