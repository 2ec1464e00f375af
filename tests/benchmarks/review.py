"""How long pages of the review take in a large library: `uv run python tests/benchmarks/review.py`.

The store has 1,000,000 photos with 1,500,000 faces, 5,000 groups and 1,000 people by default (`large_library.py`), and
takes some minutes to make; `--state` keeps it for the next time. Pages are asked for one after the other. `--pictures`
is a folder of JPEG files, each with a face in its middle: with it, the first face on the screen is waited for, and
pictures of faces are cut, none of which was cut before.
"""

import argparse
import io
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import requests

if TYPE_CHECKING:
    from playwright.sync_api import Browser

sys.path[:0] = [str(Path(__file__).parents[1])]

PAGES = (
    *("/groups", "/groups?after=0.-100.1&part", "/groups/{group}", "/groups/{group}/faces?start=200"),
    *("/groups/{group}/card", "/groups/{group}/people", "/groups/versions?ids={group},2,3", "/suggestions"),
    *("/people", "/people/names", "/people/version", "/people/{person}", "/people/{person}/faces?start=200&part"),
    *("/people/{person}/similar", "/people/{person}/threshold?distance=0.3", "/people/{person}/looks?part"),
    "/people/{person}/years",
    *("/photos", "/photos/months", "/photos/part?month={month}&most=90&part", "/photos/places?month={month}&every=80"),
    *("/photos?person={name}", "/photos/months?person={name}", "/photos/part?month={month}&person={name}&most=90&part"),
    *("/photos/places?month={month}&every=80&unknown=1", "/photos/part?month=&source=1&most=90&part"),
    *("/photos?unknown=1&year=2010", "/photos?set-aside=1", "/photos/{photo}", "/faces/{photo}", "/activity"),
)
_MEDIAN, _P99 = 50, 200
"""Milliseconds that a page should take at most."""

_MANY = 8
"""Pictures that a browser asks for at the same time, and a few more."""


def main() -> None:
    """Make the store where it is missing, and print the times of each page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=1_000_000)
    parser.add_argument("--faces", type=int, default=1_500_000)
    parser.add_argument("--people", type=int, default=1_000)
    parser.add_argument("--groups", type=int, default=5_000)
    parser.add_argument("--times", type=int, default=30)
    parser.add_argument("--state", type=Path)
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--only", default="", help="only pages of which the address contains this text")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        state = wanted.state or Path(folder)
        _make_store(state, wanted)
        shutil.rmtree(state / "review", ignore_errors=True)
        with _served(state) as (address, server):
            session = requests.Session()
            _time("first page", lambda: session.get(address, timeout=600))
            _measure_pages(session, address.partition("/login")[0], server, wanted)
            if wanted.pictures is not None:
                _measure_pictures(session, address.partition("/login")[0], state, server)
                _measure_browser(address, state)
            memory = int(Path(f"/proc/{server.pid}/status").read_text().partition("VmHWM:")[2].split()[0]) // 1000
            print(f"memory of the process: {memory} MB")


def _make_store(state: Path, wanted: argparse.Namespace) -> None:
    from benchmarks.large_library import LargeLibrary, pictures_in

    state.mkdir(parents=True, exist_ok=True)
    if not (state / "familiar.db").exists():
        LargeLibrary(
            photos=wanted.photos,
            faces=wanted.faces,
            people=wanted.people,
            groups=wanted.groups,
            pictures=() if wanted.pictures is None else pictures_in(wanted.pictures),
        ).make(state / "familiar.db")


@contextmanager
def _served(state: Path) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """Serve the page for a block; give its address, and the process."""
    command = [sys.executable, "-m", "familiar", "--state", str(state), "review", "--port", "0"]
    begin = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        address = server.stdout.readline().strip()
        print(f"address printed: {1000 * (time.perf_counter() - begin):.0f} ms")
        try:
            yield address, server
        finally:
            server.terminate()


def _measure_pages(
    session: requests.Session, top: str, server: "subprocess.Popen[str]", wanted: argparse.Namespace
) -> None:
    names = session.get(f"{top}/people/names", timeout=600).json()
    months = [month for month, _ in _asked(session, f"{top}/photos/months")]
    _time("suggestions found", lambda: session.get(f"{top}/suggestions", timeout=600))  # in the background till then
    print(f"{'page':52} {'first':>8} {'median':>8} {'p99':>8} {'processor':>10} ms")
    for page in PAGES:
        if wanted.only not in page:
            continue
        before = _processor(server)
        taken = [
            _ask(
                session,
                top
                + page.format(
                    group=1 + number,
                    person=1 + number,
                    photo=1 + number * (wanted.photos // wanted.times),
                    name=quote(names[number % len(names)]),
                    month=months[number % len(months)],
                ),
            )
            for number in range(wanted.times)
        ]
        first, taken = taken[0], sorted(taken)
        median, late = statistics.median(taken), taken[int(0.99 * (len(taken) - 1))]
        used = (_processor(server) - before) / wanted.times
        is_slow = median > _MEDIAN or late > _P99
        print(f"{page:52} {first:8.1f} {median:8.1f} {late:8.1f} {used:10.1f}{'  *' if is_slow else ''}", flush=True)


def _processor(process: "subprocess.Popen[str] | int") -> float:
    """Return the milliseconds of a processor that a process has used so far, which other programs do not change."""
    pid = process if isinstance(process, int) else process.pid
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _asked(session: requests.Session, address: str) -> list[tuple[str, int]]:
    """Return the months of the timeline, as soon as they are counted."""
    while (months := session.get(address, timeout=600).json()) is None:
        time.sleep(0.1)
    return [(str(month), int(photos)) for month, photos in months]


def _ask(session: requests.Session, address: str) -> float:
    begin = time.perf_counter()
    answer = session.get(address, timeout=600)
    assert answer.ok, (address, answer.text)
    return 1000 * (time.perf_counter() - begin)


def _measure_pictures(session: requests.Session, top: str, state: Path, server: "subprocess.Popen[str]") -> None:
    """Ask for pictures of faces and photos that exist, of which none was cut before.

    The client takes a quarter of a millisecond for each. What the server and its workers use of a processor does not
    depend on other programs; it is compared with what the pictures of the faces cost in Pillow alone.
    """
    from familiar.store.store import Store

    with Store(state / "familiar.db") as store:
        rows = store._db.conn.execute(
            """
            SELECT faces.id, photos.id, hash, path || '/' || name FROM photos JOIN faces ON faces.photo_id = photos.id
            JOIN files ON files.photo_id = photos.id JOIN folders ON folders.id = folder_id
            WHERE faces.box_left = 75 GROUP BY photos.id ORDER BY photos.id LIMIT 1000
            """
        ).fetchall()
    paths = {
        "faces": [f"/faces/{face}-{hash_[:12]}.webp" for face, _, hash_, _ in rows],
        "tiles": [f"/tiles/{photo}-{hash_[:12]}.webp" for _, photo, hash_, _ in rows],
    }
    for what, those in paths.items():
        for state_of_cache in ("cold", "cached"):
            begin, before = time.perf_counter(), _processors(server)
            found = _fetch(session, top, those)
            seconds = time.perf_counter() - begin
            used = zip(_processors(server), before, strict=True)
            each = " and ".join(f"{(after - at) / len(those):.1f} ms" for after, at in used)
            print(
                f"{what}, {state_of_cache}: {found / seconds:.0f} a second ({len(those)} pictures, "
                f"{len(those) - found} failed); the server and its workers use {each} of a processor for each"
            )
    print(f"in Pillow alone, the picture of a face takes {_bare([Path(os.fsdecode(row[3])) for row in rows]):.1f} ms")


def _fetch(session: requests.Session, top: str, paths: Sequence[str]) -> int:
    """Ask for some paths, several at the same time, as a browser does; return how many were answered."""
    host, _, prefix = top.removeprefix("http://").partition("/")
    cookie = "; ".join(f"{name}={value}" for name, value in session.cookies.items())
    left = iter([f"{prefix}{path}" for path in paths])

    def fetch_some(_: int) -> int:
        connection, found = HTTPConnection(host, timeout=600), 0
        for path in left:
            connection.request("GET", path, headers={"Cookie": cookie})
            with connection.getresponse() as answer:
                found += bool(answer.read()) and answer.status == HTTPStatus.OK
        connection.close()
        return found

    with ThreadPoolExecutor(_MANY) as threads:
        return sum(threads.map(fetch_some, range(_MANY)))


def _processors(server: "subprocess.Popen[str]") -> tuple[float, float]:
    """Return what a server has used of a processor so far, and what its workers have, in milliseconds."""
    return _processor(server), _processor_of_children(server.pid)


def _processor_of_children(pid: int) -> float:
    """Return the milliseconds of a processor that the processes of a server have used so far, as long as they run."""
    found = 0.0
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            found += _processor(int(child)) + _processor_of_children(int(child))
    return found


def _bare(paths: Sequence[Path]) -> float:
    """Return the milliseconds of a processor that the picture of a face takes which Pillow makes of each file."""
    from PIL import Image

    begin = time.process_time()
    for path in paths:
        with Image.open(path) as image:
            face = image.resize((192, 192), Image.Resampling.LANCZOS, box=(29, 34, 221, 226))
            face.save(io.BytesIO(), "WEBP", quality=85, method=1)
    return 1000 * (time.process_time() - begin) / len(paths)


def _measure_browser(address: str, state: Path) -> None:
    """Wait for the first face on the screen, and for the next group after one of 500 faces was named."""
    from playwright.sync_api import sync_playwright

    from support.chromium import find_chromium

    shutil.rmtree(state / "review", ignore_errors=True)
    with sync_playwright() as playwright, _named_group(state) as (group, name):
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(address)
        top = address.partition("/login")[0]
        page.wait_for_selector("main[data-ready]")
        begin = time.perf_counter()
        page.goto(f"{top}/groups")
        page.wait_for_function("() => [...document.images].some(image => image.complete && image.naturalWidth > 0)")
        print(f"first face on the screen: {1000 * (time.perf_counter() - begin):.0f} ms")
        page.goto(f"{top}/groups/{group}")
        page.wait_for_selector("main[data-ready]")
        page.wait_for_timeout(1500)  # somebody looks at it
        page.locator(".ask input").fill(name)
        page.wait_for_selector("[role=option]")
        shown = page.evaluate(
            """() => new Promise(done => {
                const begin = performance.now(), before = document.querySelector('[data-page=group]');
                new MutationObserver(() => document.querySelector('[data-page=group]') !== before
                    && requestAnimationFrame(() => done(performance.now() - begin))).observe(
                    document.getElementById('main'), {childList: true});
                document.querySelector('.ask input').dispatchEvent(
                    new KeyboardEvent('keydown', {key: 'Enter', bubbles: true}));
            })"""
        )
        print(f"the next group after one of 500 faces was named: {shown:.0f} ms")
        begin = time.perf_counter()
        page.wait_for_function("() => (sessionStorage.getItem('changes') ?? '[]') === '[]'")
        print(f"until that was written: {1000 * (time.perf_counter() - begin):.0f} ms more")
        page.keyboard.press("u")
        page.wait_for_timeout(2000)
        _measure_windows(browser, address, top)
        browser.close()


def _measure_windows(browser: "Browser", address: str, top: str) -> None:
    """Wait until a window shows what is decided in another one; each decision is undone."""
    context = browser.new_context()
    one, other = context.new_page(), context.new_page()
    for page in (one, other):
        page.goto(address)
        page.goto(f"{top}/groups")
        page.wait_for_selector("main[data-ready]")
    taken = []
    for number in range(5):
        card = f"#{other.locator('.group').nth(number).get_attribute('id')}"
        one.bring_to_front()
        one.locator(card).get_by_role("button", name="Ignore").click()
        begin = time.perf_counter()
        other.bring_to_front()
        other.wait_for_selector(f"{card}.is-answered", timeout=60_000)
        taken.append(1000 * (time.perf_counter() - begin))
        one.bring_to_front()
        one.keyboard.press("u")
        one.wait_for_selector(f"{card}:not(.is-answered)", timeout=60_000)
    print(f"until another window shows a decision: {statistics.median(taken):.0f} ms, at most {max(taken):.0f} ms")
    context.close()


@contextmanager
def _named_group(state: Path) -> Iterator[tuple[int, str]]:
    """Give the group of which the size is nearest to 500, and a name."""
    from familiar.store.store import Store

    with Store(state / "familiar.db") as store:
        row = store._db.conn.execute(
            "SELECT cluster_id, count(*) FROM cluster_faces JOIN clusters ON clusters.id = cluster_id "
            "WHERE person_id IS NULL GROUP BY cluster_id ORDER BY abs(count(*) - 500) LIMIT 1"
        ).fetchone()
        name = store.people.names()[0]
    print(f"a group of {row[1]} faces:")
    yield int(row[0]), name


def _time(what: str, ask: Callable[[], object]) -> None:
    begin = time.perf_counter()
    ask()
    print(f"{what}: {1000 * (time.perf_counter() - begin):.0f} ms")


if __name__ == "__main__":
    main()
