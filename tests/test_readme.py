"""What the README says is done here, line by line, in an empty home."""

import os
import re
import shlex
import signal
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


SERVERS = {"run", "review"}
"""Commands that end when they are told to."""


def session() -> Iterator[list[str]]:
    """Give the commands of the first session."""
    text = README.read_text()
    for line in re.findall(r"^    uv run familiar (.*)$", text[text.index("## A first session") :], re.MULTILINE):
        yield shlex.split(line, comments=True)


def serve(words: list[str], environment: dict[str, str]) -> None:
    """Start a command that serves, wait until it says so, and end it."""
    port = ["--port", "0"] if words[0] == "review" else []  # the usual one may be in use on this machine
    serving = subprocess.Popen(
        command(*words, *port), env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    with serving:
        assert serving.stdout is not None
        is_serving = any("http://127.0.0.1:" in line or "service.ready" in line for line in serving.stdout)
        serving.send_signal(signal.SIGINT)
        rest = serving.stdout.read()
    assert is_serving, words
    assert serving.returncode == 0, (words, rest)


def test_the_first_session_goes_as_the_readme_says(home: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "FAMILIAR_"))}
    environment["HOME"] = str(home)
    before = {path: path.read_bytes() for path in home.rglob("*.*") if path.is_file()}
    told: dict[str, str] = {}
    for words in session():
        expanded = [word.replace("~", str(home), 1) if word.startswith("~") else word for word in words]
        if words[0] in SERVERS:
            serve(expanded, environment)
            continue
        result = subprocess.run(command(*expanded), env=environment, capture_output=True, text=True, check=False)
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
