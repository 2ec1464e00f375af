"""Faces are encoded again in the background."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from familiar.jobs.reencoding import BackgroundReencoding
from familiar.library.reencoding import Reencoder
from familiar.settings import VisionSettings
from familiar.vision.workers.local import LocalWorkers
from support.album import Album, embedding
from support.log import CheckedLog

HOUR = 3600.0


class Encoder(Reencoder):
    """Encodes the faces of all photos but those that are offline."""

    def __init__(self, album: Album) -> None:
        self.album = album
        self.offline: set[int] = set()
        self.asked: list[list[int]] = []

    def restore(self) -> int:
        return 0

    async def reencode(self, photos: Sequence[int]) -> list[int]:
        self.asked.append(list(photos))
        for photo in set(photos) - self.offline:
            faces = [face.id or 0 for face in self.album.store.photos.load(photo).faces]
            self.album.store.embeddings.renew(faces, self.album.store.photos.embeddings_of(faces, "test")[1], "new")
        return [photo for photo in photos if photo in self.offline]


def test_the_newest_photos_come_first_and_those_that_are_offline_are_tried_again_after_an_hour(tmp_path: Path) -> None:
    with Album.at(tmp_path) as album:
        for person in range(20):
            album.photo(embedding(person))
        now, log, encoder = [0.0], CheckedLog(), Encoder(album)
        encoder.offline = {3, 18}
        job = BackgroundReencoding(
            store=album.store,
            workers=LocalWorkers(settings=VisionSettings(workers=1), models=tmp_path),
            reencoder=encoder,
            model="new",
            on_end=lambda: None,
            log=log,
            clock=lambda: now[0],
        )

        async def work() -> None:
            while not job.is_idle:
                await job.advance(now[0])
                await asyncio.sleep(0)

        asyncio.run(work())
        assert encoder.asked == [list(range(20, 4, -1)), [4, 3, 2, 1]]
        assert album.store.photos.count_outdated("new") == 2
        now[0] += HOUR - 1
        assert job.is_idle
        now[0] += 1
        encoder.offline = {3}
        asyncio.run(work())
        assert encoder.asked[2:] == [[18, 3]]
        now[0] += HOUR
        asyncio.run(work())
        assert encoder.asked[3:] == [[3]]
        told = [(event["photos"], event["left"]) for event in log.of("model.renewed")]
        assert told == [(18, 2), (1, 1)]  # and nothing of tries in vain
        assert len(log.of("model.changed")) == 1
