import io
import json
import os
import subprocess
import sys
import warnings
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from familiar.errors import UsageError
from familiar.plots.bins import edges
from familiar.plots.drawing import as_bytes, fonts_for
from familiar.plots.histogram import histogram, histogram_text

SCORES = np.linspace(0.5, 0.9, 200)

finite = st.floats(min_value=0, max_value=1, allow_subnormal=False)


@given(st.lists(finite, min_size=1, max_size=300), st.integers(min_value=5, max_value=80))
def test_every_score_falls_into_a_class_and_there_are_not_too_many(values: list[float], most: int) -> None:
    scores = np.array(values)
    bounds = edges(scores, most=most)
    counts, _ = np.histogram(scores, bounds)
    assert counts.sum() == scores.size
    assert counts.size <= most
    assert (np.diff(bounds) > 0).all()


def test_classes_have_round_bounds() -> None:
    assert edges(SCORES, most=10) == pytest.approx(np.arange(10, 19) / 20)


def texts(svg: bytes) -> list[str]:
    return ["".join(node.itertext()) for node in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314


@pytest.mark.parametrize(
    "name",
    [
        "$x_1$ & <b>^2</b>",
        "100 % \\frac",
        "Ζωή 中文 🙂 العربية ไทย",
        "Дарья",
        "a\x00b\x1b[31m",
        "bad \udcff",
        "x" * 200,
        "",
    ],
)
@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_any_name_can_be_a_title(name: str, suffix: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn = as_bytes(histogram(SCORES, title=name), suffix)
    if suffix == ".png":
        with Image.open(io.BytesIO(drawn)) as image:
            assert image.format == "PNG"
    else:
        assert name in texts(drawn) or not name.isprintable() or len(name) > 72 or not name


def test_the_same_scores_give_the_same_bytes() -> None:
    for suffix in (".png", ".svg"):
        first, second = (as_bytes(histogram(SCORES, title="a", percentiles=[50]), suffix) for _ in range(2))
        assert first == second


def test_each_percentile_is_marked_with_its_score() -> None:
    shown = texts(as_bytes(histogram(SCORES, title="", percentiles=[90, 50]), ".svg"))
    assert {"P50", "0.700", "P90", "0.860"} <= set(shown)


def test_percentiles_without_room_are_lines_alone() -> None:
    shown = texts(as_bytes(histogram(np.full(5, 0.5), title="", percentiles=range(101)), ".svg"))
    assert len([text for text in shown if text.startswith("P")]) == 6


@pytest.mark.parametrize("scores", [[], [np.nan, np.inf]])
def test_without_scores_the_figure_says_so(scores: list[float]) -> None:
    nothing = np.array(scores)
    assert "no scores" in texts(as_bytes(histogram(nothing, title="", percentiles=[50]), ".svg"))
    assert histogram_text(nothing, width=80, height=10, percentiles=[50]) == "no scores"


def test_a_plot_of_another_format_is_refused() -> None:
    with pytest.raises(UsageError, match=r"can't be written as '.gif'; use one of .png, .svg"):
        as_bytes(histogram(SCORES, title=""), ".gif")


def test_text_shows_bars_ends_and_percentiles() -> None:
    scores = np.repeat([0.505, 0.515, 0.525, 0.535, 0.595], [1, 2, 8, 4, 1])
    assert histogram_text(scores, width=40, height=4, percentiles=[50]).splitlines() == [
        "12 ┤       ███████",
        "   ┤       ███████",
        "   ┤       ███████",
        " 0 ┤██████████████              ▃▃▃▃▃▃▃",
        "            ↑",
        "    0.5                             0.6",
        "P50 0.5250",
    ]


@given(st.lists(finite, min_size=1, max_size=200), st.integers(min_value=1, max_value=120))
def test_no_line_of_text_is_wider_than_the_terminal(values: list[float], width: int) -> None:
    lines = histogram_text(np.array(values), width=width, height=5, percentiles=[5, 50, 95]).splitlines()
    assert max(map(len, lines)) <= max(width, 24)


def test_letters_that_the_own_font_has_need_no_other() -> None:
    assert fonts_for("Zoë $") == ["DejaVu Sans"]


def test_loading_matplotlib_writes_nothing_into_the_home_and_reads_no_settings(tmp_path: Path) -> None:
    home, here = tmp_path / "home", tmp_path / "here"
    home.mkdir()
    here.mkdir()
    (here / "matplotlibrc").write_text("axes.facecolor: red\nno such key: 1\n")
    home.chmod(0o500)
    code = (
        "import json, os, warnings; warnings.simplefilter('error')\n"
        "from familiar.plots.drawing import load_matplotlib\n"
        "print(json.dumps([load_matplotlib().rcParams['axes.facecolor'], os.environ.get('MPLCONFIGDIR')]))"
    )
    environment = os.environ | {"HOME": str(home), "TMPDIR": str(here)}
    for name in ("MPLCONFIGDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        environment.pop(name, None)
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=here, env=environment, capture_output=True, text=True, check=True
    )
    assert (json.loads(result.stdout), result.stderr) == (["white", None], "")
    assert list(home.iterdir()) == []
    assert [path.name for path in here.iterdir()] == ["matplotlibrc"]
