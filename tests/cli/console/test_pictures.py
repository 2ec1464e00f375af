"""Pictures on a terminal."""

import base64
import io
import re

import pytest
from PIL import Image
from rich.console import Console

from familiar.cli.console.pictures import Screen

PICTURE = Image.new("RGB", (60, 40), (200, 0, 0))


def terminal(*, colours: bool = True) -> Console:
    return Console(
        file=io.StringIO(), force_terminal=True, color_system="truecolor" if colours else None, width=31, height=20
    )


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_terminal_without_pictures_shows_two_pixels_in_each_character() -> None:
    console = terminal()
    assert Screen(console, {}).show(PICTURE)
    lines = written(console).splitlines()
    assert len(lines) == 10
    assert lines[0].count("▀") == 30
    assert "38;2;200;0;0;48;2;200;0;0" in lines[0]


@pytest.mark.parametrize(
    ("environment", "begin", "end"),
    [
        ({"KITTY_WINDOW_ID": "1"}, "\x1b_Ga=T,f=100,m=0;", "\x1b\\"),
        ({"TERM_PROGRAM": "WezTerm"}, "\x1b]1337;File=inline=1;preserveAspectRatio=1:", "\x07"),
    ],
)
def test_a_terminal_with_pictures_gets_the_picture_itself(environment: dict[str, str], begin: str, end: str) -> None:
    console = terminal()
    assert Screen(console, environment).show(PICTURE)
    (encoded,) = re.findall(re.escape(begin) + "(.*?)" + re.escape(end), written(console))
    with Image.open(io.BytesIO(base64.b64decode(encoded))) as shown:
        assert (shown.size, shown.getpixel((5, 5))) == ((60, 40), (200, 0, 0))


def test_large_pictures_go_to_kitty_in_pieces() -> None:
    console = terminal()
    noise = Image.effect_noise((200, 200), 80)
    Screen(console, {"KITTY_WINDOW_ID": "1"}).show(noise)
    pieces = re.findall("\x1b_G(.*?);(.*?)\x1b\\\\", written(console))
    assert [keys for keys, _ in pieces] == ["a=T,f=100,m=1", *["m=1"] * (len(pieces) - 2), "m=0"]
    assert max(len(piece) for _, piece in pieces) == 4096
    with Image.open(io.BytesIO(base64.b64decode("".join(piece for _, piece in pieces)))) as shown:
        assert list(shown.get_flattened_data()) == list(noise.get_flattened_data())


def test_where_there_is_no_terminal_or_no_colour_nothing_is_shown() -> None:
    pipe = Console(file=io.StringIO(), force_terminal=False)
    for console in (pipe, terminal(colours=False)):
        assert not Screen(console, {"KITTY_WINDOW_ID": "1"}).show(PICTURE)
        assert written(console) == ""
