"""Measure the Flickr client against a Flickr of our own.

    uv run python tests/benchmarks/flickr.py listing [--photos 10000] [--albums 200]
    uv run python tests/benchmarks/flickr.py faults [--photos 1000] [--kills 20] [--faults 0.1] [--seed 1]
    uv run python tests/benchmarks/flickr.py pass [--photos 500]
    uv run python tests/benchmarks/flickr.py offline [--photos 1000] [--drips]

`listing` counts calls, `faults` disturbs an account's first pass in every way and kills the daemon again and again,
`pass` compares a pass over Flickr with a scan of the same files on disk, `offline` sends tags without a network, or to
a server whose answers drip. Uses the shared photos.
"""

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.flickr_bench import FlickrBench
from support.flickr_server.household import configure, log_in
from support.flickr_server.remote import RemoteFlickr
from support.flickr_server.server import FlickrServer
from support.household import Household, command
from support.photos import shared_folder

PARALLEL = 4
TAGS = ("Seen by familiar",)


@contextmanager
def household_of(flickr: RemoteFlickr, **settings: Any) -> Iterator[Household]:
    base = Path(tempfile.mkdtemp(prefix="familiar-flickr-"))
    try:
        household = Household(base=base, settle=0.1)
        log_in(household, flickr.login)
        configure(household, flickr.login, downloads=PARALLEL, **settings)
        yield household
    finally:
        shutil.rmtree(base)


def faces() -> list[Path]:
    shared = shared_folder("photos")
    if shared is None:
        sys.exit("the shared photos are missing")
    return sorted((shared / "lfw").glob("*/*.jpg"))


def listing(number: int, albums: int) -> None:
    """Print how many calls a whole listing and a look for changes take, with albums or without."""
    settings = {"albums": "all"} if albums else {}
    with RemoteFlickr() as flickr, household_of(flickr, **settings) as household:
        photos = flickr.do("add_photos", files=[str(faces()[0])], number=number)
        for index in range(albums):
            some = [photos[(index * 97 + step) % number] for step in range(min(70, number))]
            flickr.do("add_album", title=f"Album {index}", photo_ids=some)
        with household.running() as daemon:
            daemon.wait_for("flickr.listed", within=300)
            print(f"{number} photos in {albums} albums listed with {calls(flickr).total()} calls: {calls(flickr)}")
        flickr.do("clear_record")
        with household.running() as daemon:
            daemon.wait_for("flickr.connected")
            time.sleep(5)
            print(f"unchanged account polled with {calls(flickr).total()} calls: {calls(flickr)}")


def calls(flickr: RemoteFlickr) -> Counter[str]:
    return Counter(entry["name"] for entry in flickr.do("record")["entries"] if entry["room"] == "api")


def faults(number: int, kills: int, probability: float, seed: int) -> None:
    """Print what is left of a pass that everything was done to."""
    moments = random.Random(seed)
    with RemoteFlickr() as flickr, household_of(flickr, max_size=320) as household:
        out = household.out
        household.rule({"name": "all", "then": [{"copy": f"{out}/"}, *({"tag": tag} for tag in TAGS)]})
        ids = flickr.do("add_photos", files=[str(path) for path in faces()[:number]], number=number)
        flickr.do("set", name="hang_seconds", value=5)
        flickr.do("random_faults", probability=probability, seed=seed)
        flickr.do("random_faults", probability=probability, seed=seed + 1, room="image")
        began = time.monotonic()
        for _ in range(kills):
            kill_after(household, moments.uniform(1, 8))
        killed = time.monotonic() - began
        with household.running():
            finished = wait_until_tagged(flickr, ids, within=1200)
        report(flickr, household, ids, kills)
        whole = time.monotonic() - began
        print(f"{killed:.0f} s with kills, {whole:.0f} s in all; {'finished' if finished else 'NOT FINISHED'}")


def kill_after(household: Household, seconds: float) -> None:
    process = subprocess.Popen(command("run"), env=household.whole_environment(), stderr=subprocess.DEVNULL)
    time.sleep(seconds)
    process.kill()
    process.wait()


def wait_until_tagged(flickr: RemoteFlickr, ids: list[str], *, within: float) -> bool:
    end = time.monotonic() + within
    while time.monotonic() < end:
        photos = flickr.do("photos")
        if all(len(photos[photo]["tags"]) == len(TAGS) for photo in ids):
            return True
        time.sleep(1)
    return False


def report(flickr: RemoteFlickr, household: Household, ids: list[str], kills: int) -> None:
    record, photos = flickr.do("record"), flickr.do("photos")
    copies = [path for path in household.out.rglob("*") if path.is_file()]
    contents = Counter(path.read_bytes() for path in copies)
    whole = Counter(
        entry["name"]
        for entry in record["entries"]
        if entry["room"] == "image" and entry["status"] == 200 and entry["fault"] in {None, "slow"}
    )
    added = Counter((photo, tag) for photo, tag, count in record["tags_added"] for _ in range(count))
    sent = Counter((photo, tag) for photo, tag, count in record["tags_sent"] for _ in range(count))
    api = [entry for entry in record["entries"] if entry["room"] == "api"]
    print(f"photos: {len(ids)}; copies: {len(copies)}, of different content: {len(contents)}")
    print(f"tags per photo: {sorted(Counter(len(photo['tags']) for photo in photos.values()).items())}")
    print(f"tags added more than once: {sum(count > 1 for count in added.values())}; sent: {sum(sent.values())}")
    print(
        f"pictures delivered whole: {sum(whole.values())}, again: {sum(whole.values()) - len(whole)} (kills: {kills})"
    )
    print(f"calls: {len(api)} {dict(Counter(entry['name'].removeprefix('flickr.') for entry in api))}")
    print(f"faults: {dict(Counter(entry['fault'] for entry in record['entries'] if entry['fault']))}")
    print(f"busiest hour: {flickr.do('busiest_hour')} calls; violations: {Counter(record['violations']) or 'none'}")


def whole_pass(number: int) -> None:
    """Print how long a pass over Flickr takes, and a scan of the same files."""
    files = faces()[:number]
    with RemoteFlickr() as flickr, household_of(flickr, max_size=None) as household:
        flickr.do("add_photos", files=[str(path) for path in files], number=len(files))
        began = time.monotonic()
        with household.running() as daemon:
            daemon.wait_for("photo.seen", count=len(files), within=600)
            remote = time.monotonic() - began
    with tempfile.TemporaryDirectory() as folder:
        household = Household(base=Path(folder), settle=0.1)
        for index, path in enumerate(files):
            shutil.copy(path, household.inbox / f"{index}.jpg")
        began = time.monotonic()
        with household.running() as daemon:
            daemon.wait_for("photo.seen", count=len(files), within=600)
            local = time.monotonic() - began
    print(f"{len(files)} photos: {remote:.1f} s from Flickr, {local:.1f} s from disk, ratio {remote / local:.2f}")


def offline(number: int, *, drips: bool) -> None:
    """Print how long it takes to find out that tags can't be sent, with a tag for each photo."""
    with tempfile.TemporaryDirectory() as folder, FlickrServer() as flickr:
        household = Household(base=Path(folder))
        household.state.mkdir()
        with FlickrBench.at(household.state, flickr) as bench:
            photos = flickr.account.add_photos([faces()[0]], number)
            bench.look()
            for photo in photos:
                bench.want(photo.id, "Seen by familiar")
            bench.log_in()
            if drips:
                flickr.faults.next("drip", times=number)
            else:
                bench.go_away()
            endpoint = bench.settings.endpoint
        household.configure({"folders": [], "flickr": {"endpoint": endpoint}})
        began = time.monotonic()
        pushed = household.call("flickr", "push", check=False)
        seconds = time.monotonic() - began
    how = "to a server that drips" if drips else "without a network"
    print(f"{number} tags {how}: {seconds:.1f} s, status {pushed.returncode}; {pushed.stdout.strip()}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("listing", "faults", "pass", "offline"))
    parser.add_argument("--photos", type=int)
    parser.add_argument("--albums", type=int, default=0)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--faults", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--drips", action="store_true")
    wanted = parser.parse_args()
    if wanted.what == "listing":
        listing(wanted.photos or 10_000, wanted.albums)
    elif wanted.what == "faults":
        faults(wanted.photos or 1_000, wanted.kills, wanted.faults, wanted.seed)
    elif wanted.what == "offline":
        offline(wanted.photos or 1_000, drips=wanted.drips)
    else:
        whole_pass(wanted.photos or 500)


if __name__ == "__main__":
    main()
