import html.parser
import io
import os
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from familiar.library.report.charts import classes_of
from familiar.library.report.faces import Pictures
from familiar.library.report.figures import Figures, PhotosByFaces, collect
from familiar.library.report.page import is_report, render, share, shown
from familiar.library.report.reasons import grouped
from familiar.store.store import Store
from familiar.store.views.statistics import ReasonCount
from support.album import Album
from support.chromium import find_chromium
from support.large_store import fill
from support.people import add_person

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>$x_1$ & 中文 🙂 \u200d"


def figures_of(store: Store, *, most_people: int = 5) -> Figures:
    return collect(
        store,
        created=NOON,
        sources={Path("/home/Pictures"): "<b>home</b>"},
        threshold=0.5,
        most_people=most_people,
        most_clusters=4,
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A household of 2,000 photos, whose names and paths mean no good."""
    with Store(tmp_path_factory.mktemp("report") / "familiar.db") as opened:
        fill(opened, photos=2000, faces=3000, people=30)
        opened.decisions.people.rename("Person 1", HOSTILE.strip())
        bad = opened.photos.set_aside("f" * 64, "damaged: '<img src=x onerror=alert(1)>' at 7")
        path = Path(os.fsdecode(b"/bad/\xff<img src='/evil.example/x'>\x1b.jpg"))
        opened.files.place(path, photo_id=bad, size=1, mtime_ns=1)
        yield opened


@pytest.fixture(scope="module")
def picture() -> bytes:
    output = io.BytesIO()
    Image.new("RGB", (112, 112), "teal").save(output, "WEBP")
    return output.getvalue()


@pytest.fixture(scope="module")
def page(store: Store, picture: bytes) -> str:
    figures = figures_of(store)
    return render(figures, Pictures(people={figures.people[0].id: picture}), faces=True)


class Elements(html.parser.HTMLParser):
    """All elements of a page with their attributes, its text, and which elements are not closed as they should be."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.text: list[str] = []
        self.wrong: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        self.wrong += self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in {"meta", "img", "br"}:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self.text.append(data)


def test_the_page_leads_nowhere_and_runs_nothing(page: str) -> None:
    elements = Elements(page)
    assert elements.wrong == []
    tags = {tag for tag, _ in elements.found}
    assert tags & {"script", "link", "iframe", "object", "embed", "base", "form", "a"} == set()
    for tag, attributes in elements.found:
        assert [name for name in attributes if name.startswith("on") or name in {"srcset", "action"}] == []
        for name in ("src", "href", "xlink:href", "data"):
            assert attributes.get(name, "#").startswith(("#", "data:image/webp;base64,")), (tag, attributes)
        assert attributes.get("http-equiv", "") in {"", "Content-Security-Policy"}
    assert [url for url in re.findall(r"url\(([^)]*)", page) if not url.strip("'\"").startswith("#")] == []
    assert "@import" not in page
    assert "http://" not in page
    assert "https://" not in page


def test_names_and_paths_are_text_and_nothing_else(page: str) -> None:
    text = "".join(Elements(page).text)
    assert "<script>alert(1)</script>$x_1$ & 中文 🙂" in text
    assert "<b>home</b>" in text
    assert "/bad/\\xff<img src='/evil.example/x'>\\x1b.jpg" in text
    assert "damaged: '<img src=x onerror=alert(1)>' at 7" in text


def test_the_page_says_what_the_store_has(page: str, store: Store) -> None:
    text = re.sub(r"\s+", " ", "".join(Elements(page).text))
    figures = figures_of(store)
    (person, *_) = figures.people
    assert "1,940photos 60videos 3,000faces 30people" in text.replace(" photos", "photos")
    assert f"{person.photos} photos, {person.faces} faces" in text
    assert "… and 25 more, with fewer photos." in text
    assert f"{figures.clustered_faces:,} faces are in {figures.clusters} clusters" in text
    assert "11 files were set aside" in text
    assert "it has … megapixels; at most 200 are decoded" in text
    assert "copydone64" in text


@pytest.mark.parametrize(("junk", "told"), [(1, "1 of them has only"), (2, "2 of them have only")])
def test_clusters_with_nothing_but_junk_are_a_number_and_are_not_shown(tmp_path: Path, junk: int, told: str) -> None:
    with Album.at(tmp_path) as album:
        clusters = album.clusters(4, 3, 2)
        for cluster in clusters[:junk]:
            album.rate(dict.fromkeys(album.members(cluster), 0.1))
        page = render(figures_of(album.store), Pictures(), faces=False)
    text = re.sub(r"\s+", " ", "".join(Elements(page).text))
    assert f"9 faces are in 3 clusters without a name; name them with familiar clusters review. {told}" in text
    assert [int(number) for number in re.findall(r"<h3>cluster (\d+)</h3>", page)] == clusters[junk:]
    assert "These are the largest" not in text


def test_each_picture_and_each_chart_is_told_in_words(page: str) -> None:
    elements = Elements(page).found
    charts = [attributes["aria-label"] for tag, attributes in elements if tag == "svg"]
    assert charts[0].startswith("Photos by type; the most: JPEG: 1,600, HEIF: 240")
    assert {attributes["role"] for tag, attributes in elements if tag == "svg"} == {"img"}
    (picture,) = [attributes for tag, attributes in elements if tag == "img"]
    assert picture["alt"] == HOSTILE.strip()
    gone = [attributes for _, attributes in elements if attributes.get("class") == "gone"]
    assert [attributes["aria-label"] for attributes in gone] == ["No picture: the photo is gone"] * 8


def test_charts_have_the_colours_of_the_page_and_no_ids_in_common(page: str) -> None:
    assert "var(--bar)" in page
    assert re.findall(r"#0[0-9]0[0-9]0[0-9]\b", page) == []
    svgs = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(svgs) > 6
    assert [svg for svg in svgs if "font-family" in svg or "<style" in svg] == []
    for svg in svgs:
        own = set(re.findall(r'\bid="([^"]+)"', svg))
        assert set(re.findall(r'href="#([^"]+)"', svg)) <= own


def test_the_same_figures_give_the_same_page(page: str, store: Store, picture: bytes) -> None:
    figures = figures_of(store)
    assert render(figures, Pictures(people={figures.people[0].id: picture}), faces=True) == page


def test_a_page_without_faces_has_no_place_for_them(store: Store) -> None:
    elements = Elements(render(figures_of(store), Pictures(), faces=False)).found
    assert [tag for tag, attributes in elements if tag == "img" or attributes.get("class") == "gone"] == []


def test_an_empty_store_gives_a_page_that_says_so(tmp_path: Path) -> None:
    with Store(tmp_path / "familiar.db") as store:
        page = render(figures_of(store), Pictures(), faces=True)
    assert Elements(page).wrong == []
    assert "The store has no photos." in page


def test_people_alone_and_photos_alone_make_a_page(tmp_path: Path) -> None:
    with Store(tmp_path / "people.db") as store:
        add_person(store, "Ann")
        assert "Ann" in render(figures_of(store), Pictures(), faces=True)
    with Store(tmp_path / "photos.db") as store:
        fill(store, photos=12, faces=0, people=0)
        page = render(figures_of(store), Pictures(), faces=True)
        assert "No people are registered." in page
        assert "100\u00a0% of the photos (12) have no face." in page
    with Store(tmp_path / "aside.db") as store:
        store.photos.set_aside("f" * 64, "damaged")
        assert "1 file was set aside" in render(figures_of(store), Pictures(), faces=True)


def test_folders_that_are_called_the_same_go_by_their_paths(tmp_path: Path) -> None:
    with Store(tmp_path / "familiar.db") as store:
        fill(store, photos=3000, faces=0, people=0)
        store._db.conn.execute("UPDATE roots SET path = CAST('/other/Pictures' AS BLOB) WHERE id = 2")
        named = {Path("/home/Pictures"): "Pictures"}
        figures = collect(store, created=NOON, sources=named, threshold=0.5, most_people=5, most_clusters=5)
    assert [source.name for source in figures.sources] == ["/home/Pictures", "/other/Pictures"]


def test_a_report_is_known_again_and_nothing_else_is(page: str, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text(page)
    assert is_report(file)
    file.write_text("<html><head><title>familiar report</title>")
    assert not is_report(file)


def test_many_faces_are_one_class() -> None:
    crowds = [PhotosByFaces(faces=faces, photos=1) for faces in (0, 2, 9, 10, 99)]
    assert classes_of(crowds) == [*((str(n), int(n in {0, 2, 9})) for n in range(10)), ("10+", 2)]
    assert classes_of(crowds[:2]) == [("0", 1), ("1", 0), ("2", 1)]


def test_reasons_that_differ_by_figures_or_paths_alone_are_one() -> None:
    counts = [
        ReasonCount(reason="cut off (7 of 100 bytes) in /a/b.jpg", files=1, example=None),
        ReasonCount(reason="cut off (9.5 of 100 bytes) in /c", files=2, example=Path("/c")),
        ReasonCount(reason="'a' is no picture", files=4, example=Path("/a")),
    ]
    assert [(reason.reason, reason.files, reason.example) for reason in grouped(counts)] == [
        ("'a' is no picture", 4, Path("/a")),
        ("cut off (… of 100 bytes) in …", 3, Path("/c")),
    ]


reasons = st.text(alphabet="ab 12./'\"…", max_size=12)


@given(st.lists(st.builds(ReasonCount, reason=reasons, files=st.integers(1, 9), example=st.none())))
def test_no_file_is_lost_where_reasons_are_taken_together(counts: list[ReasonCount]) -> None:
    found = grouped(counts)
    assert sum(reason.files for reason in found) == sum(count.files for count in counts)
    assert len({reason.reason for reason in found}) <= len({count.reason for count in counts})


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [(0, 0, "0 %"), (0, 9, "0 %"), (1, 999, "under 1 %"), (1, 2, "50 %"), (998, 999, "over 99 %"), (9, 9, "100 %")],
)
def test_a_share_is_nothing_or_all_only_where_it_is(part: int, whole: int, said: str) -> None:
    assert share(part, whole) == said.replace(" %", "\u00a0%")


@given(st.text())
def test_what_is_shown_is_valid_and_has_no_control_characters(text: str) -> None:
    said = shown(text)
    said.encode()
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", said)


BROWSER = find_chromium()


@pytest.mark.skipif(BROWSER is None, reason="there is no browser")
@pytest.mark.parametrize("width", [360, 1280])
def test_a_browser_shows_the_page_without_scrolling_sideways(page: str, tmp_path: Path, width: int) -> None:
    # The page allows no script, so a frame around it measures; both have the same origin only inside of one document.
    policy = re.search(r"<meta http-equiv=[^>]*>", page)
    assert policy is not None
    measured = page.replace(policy.group(), "").replace("&", "&amp;").replace('"', "&quot;")
    outer = tmp_path / "outer.html"
    outer.write_text(
        f'<!DOCTYPE html><meta charset="utf-8"><iframe width="{width}" height="800" srcdoc="{measured}"></iframe>'
        "<script>onload = () => { const inner = document.querySelector('iframe').contentDocument;"
        "document.title = [inner.documentElement.scrollWidth, inner.querySelectorAll('svg').length].join(' '); }"
        "</script>"
    )
    result = subprocess.run(
        [
            str(BROWSER),
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={tmp_path / 'profile'}",
            "--dump-dom",
            outer.as_uri(),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    title = re.search(r"<title>(\d+) (\d+)</title>", result.stdout)
    assert title is not None, result.stdout[:500]
    assert int(title[1]) <= width
    assert int(title[2]) == page.count("<svg")
