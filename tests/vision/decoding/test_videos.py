"""Videos through real workers."""

import asyncio
import hashlib
import io
import struct
from datetime import datetime
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import av
import numpy as np
import pytest
from PIL import Image

from familiar.embedding_models import THRESHOLD
from familiar.errors import IncompleteError, SetAsideError
from familiar.model import Crop, Photo
from familiar.settings import VisionSettings
from familiar.vision.decoding.pictures import Picture
from familiar.vision.decoding.videos import _taken, open_video
from familiar.vision.workers.local import LocalWorkers
from support.photos import MODELS
from support.pool import Pool
from support.videos import SIZE, write_video


def hash_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def seen(pool: Pool, path: Path, *, beside_still: bool = False) -> Photo:
    return pool(lambda workers: workers.look(path, hash_of(path), beside_still=beside_still))


def times_of(path: Path, *, interval: float = 1.0, most: int = 1000, seconds: float = 60) -> list[float]:
    with path.open("rb") as file, open_video(file, max_megapixels=200) as video:
        frames = video.frames(interval=interval, most=most, at_most=2000, seconds=seconds)
        return [round(frame.time, 2) for frame in frames]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory, obama: Path, obama2: Path, biden: Path) -> Path:
    """Obama for two seconds, nobody for one, Biden for two, and Obama again."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    return write_video(path, [(obama, 2), (None, 1), (biden, 2), (obama2, 1)], options={"movflags": "faststart"})


def threads() -> int:
    return len(list(Path("/proc/self/task").iterdir()))


def test_frames_are_decoded_by_one_thread_as_the_stacks_of_many_exceed_the_memory_of_a_worker(film: Path) -> None:
    with film.open("rb") as file, open_video(file, max_megapixels=200) as video:
        before = threads()
        found = [threads() for _ in video.frames(interval=0.1, most=1000, at_most=2000, seconds=60)]
    assert len(found) >= 20
    assert set(found) == {before}


def test_a_person_in_a_video_is_one_face_with_the_times_of_all_its_frames(pool: Pool, film: Path) -> None:
    photo = seen(pool, film)
    assert (photo.kind, photo.format, photo.width, photo.height) == ("video", "MOV", *SIZE)
    assert photo.duration == pytest.approx(6.0, abs=0.3)
    obama, biden = photo.faces
    assert ([round(at) for at in obama.times], [round(at) for at in biden.times]) == ([0, 1, 5], [3, 4])
    assert obama.time in obama.times
    assert np.linalg.norm(obama.embedding - biden.embedding) > 1.1 * THRESHOLD


def test_two_people_in_one_frame_are_two_faces(pool: Pool, tmp_path: Path, couple: Path) -> None:
    photo = seen(pool, write_video(tmp_path / "couple.mkv", [(couple, 2)]))
    assert [len(face.times) for face in photo.faces] == [2, 2]


def test_the_face_in_a_video_is_cropped_from_its_best_frame(pool: Pool, film: Path) -> None:
    face = seen(pool, film).faces[1]
    wish = Crop(target=Path("/face.png"), rule="r", box=face.box, margin=0.3, size=None, time=face.time)
    data = pool(lambda workers: workers.crop(film, hash_of(film), wish))
    with Image.open(io.BytesIO(data)) as picture:
        assert abs(picture.width - 1.6 * face.box.width) <= 2
        assert np.asarray(picture).std() > 30
    (embedding,) = pool.encode(film, [face])
    assert np.linalg.norm(embedding - face.embedding) < 0.15


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_the_frame_that_is_shown_at_a_time_is_the_last_that_began(tmp_path: Path, obama: Path, suffix: str) -> None:
    path = write_video(tmp_path / f"a{suffix}", [(None, 1), (obama, 1)])
    with path.open("rb") as file, open_video(file, max_megapixels=200) as video:
        shown = {at: video.frame_shown_at(at) for at in (0.0, 0.1, 0.99, 1.0, 1.35, 99.0)}
    assert [frame.time for frame in shown.values()] == [0.0, 0.0, 0.8, 1.0, 1.2, 1.8]
    assert [np.asarray(frame.picture.image).std() > 30 for frame in shown.values()] == [False] * 3 + [True] * 3


@pytest.mark.parametrize(("turned", "size"), [(90, SIZE[::-1]), (180, SIZE), (-90, SIZE[::-1])])
def test_a_video_is_shown_upright(tmp_path: Path, obama: Path, turned: int, size: tuple[int, int]) -> None:
    path = write_video(tmp_path / "turned.mp4", [(obama, 1)], turned=turned)
    plain = write_video(tmp_path / "plain.mp4", [(obama, 1)])
    pictures: list[Picture] = []
    for each in (path, plain):
        with each.open("rb") as file, open_video(file, max_megapixels=200) as video:
            pictures.extend(frame.picture for frame in video.frames_at([0.4]))
    assert (pictures[0].width, pictures[0].height) == size == pictures[0].image.size
    expected = np.asarray(pictures[1].image.rotate(turned, expand=True), float)
    assert np.abs(np.asarray(pictures[0].image, float) - expected).mean() < 3


@pytest.mark.parametrize(
    ("matrix", "shown"),
    [
        ((1, 0, 0, 1), None),
        ((0, 1, -1, 0), Image.Transpose.ROTATE_270),
        ((-1, 0, 0, -1), Image.Transpose.ROTATE_180),
        ((0, -1, 1, 0), Image.Transpose.ROTATE_90),
        ((-1, 0, 0, 1), Image.Transpose.FLIP_LEFT_RIGHT),
        ((1, 0, 0, -1), Image.Transpose.FLIP_TOP_BOTTOM),
        ((0, 1, 1, 0), Image.Transpose.TRANSPOSE),
        ((0, -1, -1, 0), Image.Transpose.TRANSVERSE),
    ],
)
def test_a_video_is_turned_and_mirrored_as_its_matrix_says(
    tmp_path: Path, obama: Path, matrix: tuple[int, int, int, int], shown: Image.Transpose | None
) -> None:
    path = write_video(tmp_path / "a.mp4", [(obama, 1)])
    plain = first_frame(path)
    data, (a, b, c, d) = path.read_bytes(), (number << 16 for number in matrix)
    place = data.index(struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30), data.index(b"tkhd"))
    path.write_bytes(data[:place] + struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30) + data[place + 36 :])
    picture = first_frame(path)
    expected = plain.image if shown is None else plain.image.transpose(shown)
    assert (picture.width, picture.height) == picture.image.size == expected.size
    assert np.abs(np.asarray(picture.image, float) - np.asarray(expected, float)).mean() < 3


@pytest.mark.parametrize(
    ("pixels", "size"),
    [(Fraction(4, 3), (853, 480)), (Fraction(2), (1280, 480)), (Fraction(8, 9), (640, 540)), (Fraction(1), SIZE)],
)
def test_a_video_with_pixels_that_are_not_square_is_shown_as_it_is_meant(
    tmp_path: Path, obama: Path, pixels: Fraction, size: tuple[int, int]
) -> None:
    plain = first_frame(write_video(tmp_path / "plain.mp4", [(obama, 1)]))
    picture = first_frame(write_video(tmp_path / "a.mp4", [(obama, 1)], pixels=pixels))
    assert (picture.width, picture.height) == size == picture.image.size
    expected = np.asarray(plain.image.resize(size), float)
    assert np.abs(np.asarray(picture.image, float) - expected).mean() < 4
    turned = first_frame(write_video(tmp_path / "b.mp4", [(obama, 1)], pixels=pixels, turned=90))
    assert (turned.width, turned.height) == size[::-1]


def first_frame(path: Path) -> Picture:
    with path.open("rb") as file, open_video(file, max_megapixels=200) as video:
        return next(iter(video.frames(interval=1, most=1, at_most=2000, seconds=60))).picture


def test_a_truncated_video_yields_what_it_has(film: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(film.read_bytes()[: film.stat().st_size // 2])
    photo = asyncio.run(seen_at_once(cut))
    assert photo.kind == "video"
    assert photo.missing is not None
    assert 0.3 < photo.missing < 0.8
    assert 1 <= len(photo.faces) <= 2
    assert max(at for face in photo.faces for at in face.times) < 5


async def seen_at_once(path: Path) -> Photo:
    settings = VisionSettings(workers=1, damaged_after=0)
    async with LocalWorkers(models=MODELS, settings=settings) as workers:
        return await workers.look(path, hash_of(path))


def test_a_truncated_video_waits_for_its_rest(pool: Pool, film: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(film.read_bytes()[: film.stat().st_size // 2])
    with pytest.raises(IncompleteError, match=r"% of it is missing, and may still arrive; after 60 minutes"):
        seen(pool, cut)
    with pytest.raises(SetAsideError, match=r"damaged: \d+% of it is missing"):
        pool(lambda workers: workers.check(cut))
    assert seen(pool, film).missing is None


def test_a_long_video_gives_at_most_the_allowed_frames_spread_over_its_length(tmp_path: Path) -> None:
    path = tmp_path / "long.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=1, options={"g": "30"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        frame = av.VideoFrame.from_image(Image.new("RGB", (64, 48)))  # type: ignore[no-untyped-call]
        for second in range(0, 3 * 3600, 10):
            frame.pts = second
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    times = times_of(path, most=20)
    assert 15 <= len(times) <= 20
    assert times[0] == 0
    assert times[-1] > 2.5 * 3600
    assert max(np.diff(times)) < 3600 / 2


def test_when_its_time_is_over_a_video_has_what_was_found_by_then(film: Path) -> None:
    assert times_of(film, seconds=0.0) == [0.0]


def test_a_video_that_claims_to_be_endless_is_looked_at_as_long_as_it_is(film: Path, tmp_path: Path) -> None:
    data = bytearray(film.read_bytes())
    for kind in (b"mvhd", b"tkhd", b"mdhd"):
        place = data.index(kind) + 4
        duration = place + (20 if kind == b"tkhd" else 16)
        data[duration : duration + 4] = struct.pack(">I", 0x7FFFFFFF)
    path = tmp_path / "endless.mp4"
    path.write_bytes(data)
    assert [round(at) for at in times_of(path)] == [0, 1, 2, 3, 4, 5]


def test_anything_but_a_video_is_set_aside_with_the_reason(pool: Pool, film: Path, tmp_path: Path, obama: Path) -> None:
    def reason(name: str, data: bytes) -> str:
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(SetAsideError) as error:
            seen(pool, path)
        return str(error.value)

    assert reason("empty.mp4", b"") == "the file is empty"
    assert reason("text.mp4", b"hello " * 1000).startswith("not a video, or damaged or truncated")
    assert reason("head.mp4", film.read_bytes()[:2000]).startswith("no frame can be decoded: it is damaged")
    sound = tmp_path / "sound.mp4"
    with av.open(str(sound), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    assert reason("sound2.mp4", sound.read_bytes()) == "it has no video stream, only sound or data"


def test_an_encrypted_video_is_set_aside_with_the_reason(pool: Pool, tmp_path: Path, obama: Path) -> None:
    key = {"encryption_scheme": "cenc-aes-ctr", "encryption_key": "ab" * 16, "encryption_kid": "cd" * 16}
    path = write_video(tmp_path / "secret.mp4", [(obama, 2)], options=key)
    with pytest.raises(SetAsideError, match="it is encrypted"):
        seen(pool, path)


def test_a_playlist_instead_of_a_video_opens_neither_a_file_nor_a_connection(
    pool: Pool, film: Path, tmp_path: Path
) -> None:
    asked = []

    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

    server = HTTPServer(("127.0.0.1", 0), Server)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        for target in (f"http://127.0.0.1:{server.server_port}/x.ts", str(film)):
            playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{target}\n"
            for text in (playlist, f"ffconcat version 1.0\nfile {target}"):
                path = tmp_path / "list.mp4"
                path.write_text(text)
                with pytest.raises(SetAsideError, match="not a video"):
                    seen(pool, path)
    finally:
        server.shutdown()
        server.server_close()
    assert asked == []


def test_a_short_clip_beside_a_still_is_not_looked_at_for_faces_and_a_longer_video_is(
    pool: Pool, film: Path, tmp_path: Path, obama: Path
) -> None:
    clip = seen(pool, write_video(tmp_path / "clip.mov", [(obama, 2)]), beside_still=True)
    assert (clip.kind, clip.faces, clip.width) == ("clip", (), SIZE[0])
    longer = seen(pool, film, beside_still=True)
    assert (longer.kind, len(longer.faces)) == ("video", 2)


def test_a_video_of_a_stage_is_read_with_its_people(shared_photos: Path, pool: Pool) -> None:
    path = shared_photos / "gallery" / "short_hamilton_clip.mp4"
    photo = seen(pool, path)
    assert photo.duration == pytest.approx(9.2, abs=0.1)
    assert len(photo.faces) >= 2


def test_a_video_without_time_stamps_is_read_by_its_rate(tmp_path: Path, obama: Path) -> None:
    times = times_of(write_video(tmp_path / "bare.h264", [(obama, 4)], rate=25))
    assert [round(at) for at in times] == [0, 1, 2, 3]


@pytest.mark.parametrize("name", ["camera.m2ts", "film.mp4", "film.avi"])
def test_the_frame_of_a_face_is_found_again_where_jumps_lead_astray(
    pool: Pool, tmp_path: Path, obama: Path, biden: Path, name: str
) -> None:
    path = write_video(tmp_path / name, [(obama, 3), (None, 4), (biden, 3), (None, 4)], rate=25, gop=250)
    photo = seen(pool, path)
    assert len(photo.faces) == 2
    again = pool.encode(path, photo.faces)
    for face, embedding in zip(photo.faces, again, strict=True):
        assert np.linalg.norm(embedding - face.embedding) < 0.15


def test_a_file_of_two_recordings_that_were_joined_is_read_to_its_end(
    pool: Pool, tmp_path: Path, obama: Path, biden: Path
) -> None:
    parts = [write_video(tmp_path / f"{photo.stem}.ts", [(photo, 3)], rate=25) for photo in (obama, biden)]
    path = tmp_path / "joined.mts"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    photo = seen(pool, path)
    assert len(photo.faces) == 2
    again = pool.encode(path, photo.faces)
    assert max(np.linalg.norm(one - face.embedding) for one, face in zip(again, photo.faces, strict=True)) < 0.15


def test_in_a_video_of_a_frame_a_second_each_is_looked_at(tmp_path: Path, obama: Path) -> None:
    assert times_of(write_video(tmp_path / "slow.mp4", [(obama, 6)], rate=1)) == [0, 1, 2, 3, 4, 5]


def test_the_content_of_a_file_determines_its_type_not_its_name(
    pool: Pool, film: Path, tmp_path: Path, obama: Path
) -> None:
    (tmp_path / "photo.mp4").write_bytes(obama.read_bytes())
    (tmp_path / "video.jpg").write_bytes(film.read_bytes())
    assert seen(pool, tmp_path / "photo.mp4").kind == "photo"
    assert seen(pool, tmp_path / "video.jpg").kind == "video"


def test_the_cnn_detector_looks_at_videos_within_the_memory_of_a_worker(pool: Pool, film: Path) -> None:
    async def look() -> Photo:
        async with LocalWorkers(
            models=MODELS, settings=VisionSettings(workers=1, detector="cnn", upsample=0)
        ) as workers:
            return await workers.look(film, hash_of(film))

    assert len(pool.loop.run_until_complete(look()).faces) == 2


def test_a_date_at_the_end_of_time_is_none_and_harms_no_video() -> None:
    assert _taken({"creation_time": "0001-01-01T00:00:00+14:00"}) is None
    assert _taken({"creation_time": "0001-01-01T00:00:00+14:00", "date": "2019-05-04"}) == datetime(2019, 5, 4)
