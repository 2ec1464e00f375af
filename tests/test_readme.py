"""What the README says is done here, line by line, in an empty home."""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from conftest import put
from support.household import command

README = Path(__file__).parents[1] / "README.md"


@pytest.fixture
def home(tmp_path: Path, astronaut: Path, obama: Path, meadow: Path) -> Path:
    pictures = tmp_path / "Pictures"
    (pictures / "Portraits" / "Neil").mkdir(parents=True)
    put(astronaut, pictures, "eileen-1.jpg")
    with Image.open(astronaut) as image:
        ImageOps.mirror(image).save(pictures / "eileen-2.jpg", quality=95)
    put(obama, pictures / "Portraits" / "Neil")
    put(meadow, pictures)
    return tmp_path


def session() -> Iterator[list[str]]:
    """Give the commands of the first session, except for the daemon."""
    text = README.read_text()
    for line in re.findall(r"^    uv run familiar (.*)$", text[text.index("## A first session") :], re.MULTILINE):
        words = shlex.split(line, comments=True)
        if words[0] != "run":
            yield words


def test_the_first_session_goes_as_the_readme_says(home: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "FAMILIAR_"))}
    before = {path: path.read_bytes() for path in home.rglob("*.*") if path.is_file()}
    told: dict[str, str] = {}
    for words in session():
        expanded = [word.replace("~", str(home), 1) if word.startswith("~") else word for word in words]
        result = subprocess.run(
            command(*expanded), env=environment | {"HOME": str(home)}, capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, (words, result.stdout, result.stderr)
        told[" ".join(words[:2])] = result.stdout
        if words[:2] == ["rules", "apply"]:
            albums = {path.name for path in (home / "Pictures" / "People").iterdir()}
            assert albums == {"Eileen Collins", "Neil Armstrong"}
    assert "Neil Armstrong" in told["people list"]
    assert "Nothing was touched." in told["plan"]
    after = {path: path.read_bytes() for path in (home / "Pictures").rglob("*.*") if path.is_file()}
    assert after == before


def test_the_readme_names_the_two_commands() -> None:
    text = README.read_text()
    assert "\n    uv run familiar run ~/Pictures" in text
    assert "\n    uv run pytest" in text
