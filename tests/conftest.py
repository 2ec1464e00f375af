"""Photos that all tests share, and how the suite is shared out to processes."""

import gc
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from familiar.vision.workers.process_pool import ProcessPool
from support import photos
from support.arrivals import ArrivalBench
from support.disks import use_memory
from support.household import Household
from support.kept_workers import KEPT
from support.query_plans import QueryPlans

MOST_PROCESSES = 8

if sys.dont_write_bytecode and sys.pycache_prefix is None:
    # The tests start a thousand processes: without compiled modules, starting them takes more than half of the time.
    # They are kept beside the photos, not in the tree.
    sys.dont_write_bytecode, sys.pycache_prefix = False, str(photos.CACHE / "bytecode")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix

# Several tests run at a time: threads of OpenBLAS would only get in each other's way, and cost each process time to
# start.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

use_memory()


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Run the whole suite in several processes, as `-n` does; tests that are named run in this one.

    There are two processes more than there are processors, as many tests wait for a daemon that waits itself. Long
    tests run only if they are named.
    """
    options = config.option
    if not config.pluginmanager.hasplugin("xdist") or hasattr(config, "workerinput"):
        return
    is_whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS and not options.keyword
    options.without_long = is_whole
    if options.numprocesses is None and is_whole and not (options.usepdb or options.collectonly):
        options.numprocesses = min(len(os.sched_getaffinity(0)) + 2, MOST_PROCESSES)
    if options.numprocesses and options.dist == "no":
        options.dist = "worksteal"  # the tests of a module stay together, and share what it prepares


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a process that runs tests whether long ones are to be skipped."""
    node.workerinput["without_long"] = node.config.option.without_long


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip long tests, unless tests were named."""
    told: dict[str, Any] = getattr(config, "workerinput", vars(config.option))
    if told.get("without_long"):
        for item in items:
            if "long" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="it takes long; it runs if it is named: pytest " + item.nodeid))


def pytest_collection_finish() -> None:
    """Leave what is loaded now out of garbage collections: that of three thousand tests takes long to look through."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _look_for_what_is_left_open() -> Iterator[None]:
    """Let what nobody closed complain in the last test: of several processes nobody hears what they say in the end."""
    yield
    KEPT.end()
    gc.collect()


@pytest.fixture(scope="session")
def _query_plans() -> Iterator[QueryPlans]:
    """Look at each statement that the store runs in this process."""
    plans = QueryPlans()
    with plans.of_the_store():
        yield plans


@pytest.fixture(autouse=True)
def _no_large_table_is_read_as_a_whole(_query_plans: QueryPlans) -> Iterator[None]:
    yield
    assert not (found := _query_plans.take_unexplained()), "\n".join(found)


@pytest.fixture(scope="session")
def package_photos() -> Path:
    return photos.package_photos()


@pytest.fixture(scope="session")
def obama(package_photos: Path) -> Path:
    return package_photos / "obama.jpg"


@pytest.fixture(scope="session")
def obama2(package_photos: Path) -> Path:
    return package_photos / "obama2.jpg"


@pytest.fixture(scope="session")
def biden(package_photos: Path) -> Path:
    return package_photos / "biden.jpg"


@pytest.fixture(scope="session")
def astronaut(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A portrait of Eileen Collins: 512 × 320 pixels, one face."""
    from PIL import Image  # noqa: PLC0415
    from skimage import data  # noqa: PLC0415 - it takes a second to import

    path = tmp_path_factory.mktemp("astronaut") / "astronaut.jpg"
    pixels = data.astronaut()  # type: ignore[no-untyped-call]
    Image.fromarray(pixels[:320]).save(path, quality=95)
    return path


@pytest.fixture(scope="session")
def shared_photos() -> Path:
    folder = photos.shared_folder("photos")
    if folder is None:
        pytest.skip("the folder of shared photos is missing")
    return folder


@pytest.fixture
def household(tmp_path: Path) -> Household:
    return Household(base=tmp_path)


@pytest.fixture(scope="session")
def library(
    tmp_path_factory: pytest.TempPathFactory,
    obama: Path,
    obama2: Path,
    biden: Path,
    couple: Path,
    meadow: Path,
    astronaut: Path,
) -> Household:
    """A household that has looked at an album, and knows two people; tests leave the album as it is.

    The album has two folders: `2019` with two portraits of Obama and a meadow, `2020` with a portrait of Biden, both
    of them in one photo, and an astronaut.
    """
    home = Household(base=tmp_path_factory.mktemp("library"))
    album = home.base / "album"
    for folder, inside in (("2019", (obama, obama2, meadow)), ("2020", (biden, couple, astronaut))):
        (album / folder).mkdir(parents=True)
        for photo in inside:
            put(photo, album / folder)
    home.configure({"folders": [str(album)]})
    home.scan()
    home.ask("people", "add", "Barack Obama", album / "2019" / "obama.jpg")
    home.ask("people", "add", "Joe Biden", album / "2020" / "biden.jpg")
    return home


@pytest.fixture(scope="session")
def couple(tmp_path_factory: pytest.TempPathFactory, obama: Path, biden: Path) -> Path:
    """Barack Obama and, smaller, Joe Biden side by side: two faces."""
    from PIL import Image  # noqa: PLC0415

    path = tmp_path_factory.mktemp("couple") / "couple.jpg"
    with Image.open(obama) as left, Image.open(biden) as right:
        half = right.convert("RGB").resize((right.width // 2, right.height // 2))
        both = Image.new("RGB", (left.width + half.width, max(left.height, half.height)))
        both.paste(left, (0, 0))
        both.paste(half, (left.width, 0))
    both.save(path, quality=95)
    return path


@pytest.fixture(scope="session")
def meadow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture without a face."""
    from PIL import Image  # noqa: PLC0415

    path = tmp_path_factory.mktemp("meadow") / "meadow.png"
    Image.linear_gradient("L").save(path)
    return path


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


def put_variants(photo: Path, folder: Path, count: int, *, taken: str | None = None) -> None:
    """Put so many photos of the same face into a folder, each a little smaller than the one before.

    The camera wrote that they were `taken` at this time, if one is given.
    """
    from PIL import Image  # noqa: PLC0415

    exif = Image.Exif()
    if taken is not None:
        exif.get_ifd(0x8769)[0x9003] = taken
    with Image.open(photo) as image:
        for way in range(count):
            size = image.width - 4 * way, image.height - 6 * way
            image.crop((0, 0, *size)).save(folder / f"{photo.stem}-{way}.jpg", quality=90 - way, exif=exif)


def blurred(photo: Path, target: Path, radius: float = 24) -> Path:
    """Write a photo so blurred that nobody can be recognised in it."""
    from PIL import Image, ImageFilter  # noqa: PLC0415

    with Image.open(photo) as image:
        image.filter(ImageFilter.GaussianBlur(radius)).save(target)
    return target


def put(photo: Path, folder: Path, name: str | None = None) -> Path:
    """Copy a photo into a folder."""
    return Path(shutil.copy(photo, folder / (name or photo.name)))


@pytest.fixture
def tasks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list to which the names of all tasks are added that this process gives to workers."""
    given: list[str] = []
    attempt = ProcessPool._attempt

    async def noted(
        workers: ProcessPool, function: Callable[..., Any], arguments: tuple[Any, ...], seconds: float
    ) -> Any:
        given.append(function.__name__)
        return await attempt(workers, function, arguments, seconds)

    monkeypatch.setattr(ProcessPool, "_attempt", noted)
    return given


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[ArrivalBench]:
    """Files on their way, without a daemon."""
    with ArrivalBench.at(tmp_path) as made:
        yield made
