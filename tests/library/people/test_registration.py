"""Registering people, with photos that are seen as a test wants it, and a real store."""

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from familiar.embedding_models import DLIB
from familiar.errors import SetAsideError, StoreUnavailableError
from familiar.library.people.registration import Candidate, Enrolment, FaceChoice, Registrar
from familiar.library.recognition import Recogniser
from familiar.library.reencoding import Reencoder
from familiar.model import Box, Face, Photo
from familiar.settings import MatchingSettings, VisionSettings
from familiar.store.store import Store
from familiar.vision.workers.local import LocalWorkers
from support.album import embedding
from support.log import CheckedLog
from support.stores import put_store

MODEL = DLIB.id
TOP = Path("/photos")
AT_ONCE = 3

People = dict[str, Sequence[str]]
"""Who is to be registered, and the names of their photos, which lie in a folder of their name."""


def face(left: int, size: int, person: int, *, quality: float | None = None) -> Face:
    return Face(
        box=Box(left=left, top=40, right=left + size, bottom=40 + size),
        landmarks=(),
        embedding=embedding(person, left),
        size=size,
        sharpness=20.0,
        quality=quality,
        engine=MODEL,
    )


TWO = (face(45, 10, 901), face(80, 15, 902))


@dataclass(slots=True, kw_only=True)
class Eyes:
    """Sees photos of 100 × 100 pixels, and not in order; in each is a face of its own, if nothing else is said.

    `contents` says what is in photos, by path; `copies`, of which other one each is a copy. After `fails_at` looks the
    failure comes, or all is stopped as by Ctrl-C.
    """

    store: Store
    contents: dict[str, tuple[Face, ...]] = field(default_factory=dict)
    copies: dict[str, str] = field(default_factory=dict)
    broken: frozenset[str] = frozenset()
    random: Random = field(default_factory=lambda: Random(0))
    fails_at: int | None = None
    failure: Exception | None = None
    looked_at: list[str] = field(default_factory=list)
    under_way: int = 0
    most_under_way: int = 0

    async def index(self, path: Path) -> int:
        name = str(path.relative_to(TOP))
        hash_ = hashlib.sha256(self.copies.get(name, name).encode()).hexdigest()
        known = self.store.photos.find(hash_)
        if known is None:
            await self._look()
            self.looked_at.append(name)
        elif known.verdict == "seen":
            return known.id
        if name in self.broken:
            self.store.photos.set_aside(hash_, "it is broken")
            raise SetAsideError("it is broken")
        faces = self.contents.get(name, (face(40, 20, person=int(hash_[:6], 16)),))
        return self.store.photos.record(
            Photo(hash=hash_, format="JPEG", width=100, height=100, taken=None, engine=MODEL, faces=faces)
        )

    async def _look(self) -> None:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        for _ in range(self.random.randrange(1, 5)):
            await asyncio.sleep(0)
        self.under_way -= 1
        if len(self.looked_at) == self.fails_at:
            if self.failure is not None:
                raise self.failure
            for task in asyncio.all_tasks():
                task.cancel()
            await asyncio.sleep(0)


@contextmanager
def eyes_of(random: int = 0) -> Iterator[Eyes]:
    """Open a store of its own for each example of a property."""
    with TemporaryDirectory() as folder, Store(put_store(Path(folder))) as store:
        yield Eyes(store=store, random=Random(random))


@pytest.fixture
def eyes() -> Iterator[Eyes]:
    with eyes_of() as opened:
        yield opened


def register(
    eyes: Eyes, people: People, *, choice: FaceChoice = "only", most: int | None = None, min_quality: float = 0.2
) -> list[Enrolment]:
    recogniser = Recogniser(eyes.store, MatchingSettings(), MODEL)
    workers = LocalWorkers(settings=VisionSettings(workers=1), models=Path("/nowhere"))
    registrar = Registrar(
        store=eyes.store,
        indexer=eyes,
        reencoder=Reencoder(store=eyes.store, workers=workers, recogniser=recogniser, log=CheckedLog()),
        recogniser=recogniser,
        at_once=AT_ONCE,
        choice=choice,
        most=most,
        min_quality=min_quality,
    )
    candidates = [
        Candidate(name=name, photos=tuple(TOP / name / photo for photo in photos)) for name, photos in people.items()
    ]
    done = count()

    def progress(number: int, total: int) -> None:
        assert number == next(done) <= total

    return asyncio.run(registrar.register(candidates, progress))


def told(enrolments: Sequence[Enrolment]) -> dict[str, list[str]]:
    """What came of the photos of each person."""
    return {one.person: [photo.reason or photo.result for photo in one.photos] for one in enrolments}


def registered(store: Store) -> dict[str, list[str]]:
    """The files that people are registered by, without their top folder."""
    return {
        row.name: [str(one.origin.relative_to(TOP)) for one in store.people.references(row.id) if one.origin]
        for row in store.people.all()
    }


def test_it_is_told_what_came_of_each_photo_and_nobody_is_written_down_without_a_reference(eyes: Eyes) -> None:
    eyes.contents = {"Ann/2": (), "Bob/1": TWO}
    eyes.broken = frozenset({"Ann/3"})
    found = told(register(eyes, {"Ann": "1234", "Bob": "1"}))
    refusals = ["no face found", "it is broken"]
    assert found["Ann"] == ["registered", *refusals, "registered"]
    assert found["Bob"] == ["2 faces found; --largest or --central takes one of them"]
    assert registered(eyes.store) == {"Ann": ["Ann/1", "Ann/4"]}
    assert told(register(eyes, {"Ann": "1234"})) == {"Ann": ["known", *refusals, "known"]}


def test_a_person_is_known_by_another_form_of_the_name(eyes: Eyes) -> None:
    eyes.copies = {"ZOE\u0308/1": "Zo\u00eb/1"}
    register(eyes, {"Zo\u00eb": "1"})
    assert told(register(eyes, {"ZOE\u0308": "12"})) == {"ZOE\u0308": ["known", "registered"]}
    assert registered(eyes.store) == {"Zo\u00eb": ["Zo\u00eb/1", "ZOE\u0308/2"]}


def test_faces_of_poor_quality_are_refused_and_other_photos_take_their_place(eyes: Eyes) -> None:
    poor, poorer = face(10, 40, 901, quality=0.12), face(60, 30, 902, quality=0.03)
    eyes.contents = {"Ann/1": (poor,), "Ann/2": (poor, poorer), "Ann/3": (face(10, 40, 903, quality=0.2),)}
    found = told(register(eyes, {"Ann": "1234"}, most=2))
    remedy = "0.12, and 0.2 is needed; use a clearer photo, or a lower --min-quality"
    assert found["Ann"] == [
        f"its face has a quality of only {remedy}",
        f"none of its 2 faces is better than {remedy}",
        "registered",
        "registered",
    ]
    assert told(register(eyes, {"Bob": "1", "Ann": "1"}, min_quality=0.1))["Ann"] == ["registered"]


@pytest.mark.parametrize("choice", ["only", "largest", "central"])
def test_a_face_of_poor_quality_does_not_stand_in_the_way_of_a_good_one(eyes: Eyes, choice: FaceChoice) -> None:
    eyes.contents = {"Ann/1": (face(30, 40, 901, quality=0.1), face(80, 15, 902, quality=0.9))}
    assert told(register(eyes, {"Ann": "1"}, choice=choice)) == {"Ann": ["registered"]}
    (reference,) = eyes.store.people.references(eyes.store.people.find("Ann").id)
    faces = {one.id: one for photo in eyes.store.photos.seen() for one in eyes.store.photos.load(photo).faces}
    assert [faces[reference.face_id].quality] == [0.9]


@pytest.mark.parametrize(("choice", "left"), [("largest", 80), ("central", 45)])
def test_of_several_faces_the_one_is_taken_that_was_asked_for(eyes: Eyes, choice: FaceChoice, left: int) -> None:
    eyes.contents = {"Ann/1": TWO}
    register(eyes, {"Ann": "1"}, choice=choice)
    (reference,) = eyes.store.people.references(eyes.store.people.find("Ann").id)
    (photo,) = eyes.store.photos.seen()
    assert [one.box.left for one in eyes.store.photos.load(photo).faces if one.id == reference.face_id] == [left]


@pytest.mark.parametrize("people", [{"Ann": "12345"}, dict.fromkeys("ABCDE", "1")])
def test_photos_are_analysed_in_parallel(eyes: Eyes, people: People) -> None:
    register(eyes, people)
    assert eyes.most_under_way == AT_ONCE


def test_nobody_is_registered_while_photos_can_not_be_written_down(eyes: Eyes) -> None:
    eyes.fails_at, eyes.failure = 4, StoreUnavailableError("the disk is full")
    with pytest.raises(StoreUnavailableError):
        register(eyes, {"Ann": "12", "Bob": "123"})
    assert registered(eyes.store) == {}


@given(stops=st.lists(st.integers(0, 6), max_size=4), random=st.integers(0, 99))
@settings(deadline=None, max_examples=30)
def test_who_is_stopped_goes_on_there_and_ends_as_if_nothing_had_happened(stops: list[int], random: int) -> None:
    people: People = {"Ann": "123", "Bob": "12345", "Zoe": "12"}
    with eyes_of(random) as eyes:
        eyes.copies, eyes.broken = {"Zoe/1": "Ann/2"}, frozenset({"Bob/2"})
        for stop in stops:
            eyes.fails_at = len(eyes.looked_at) + stop
            if eyes.fails_at >= 8:
                break
            with pytest.raises(asyncio.CancelledError):
                register(eyes, people)
            assert registered(eyes.store) == {}
        eyes.fails_at = None
        found = register(eyes, people)
        assert told(found)["Zoe"] == ["the face is registered for 'Ann' already", "registered"]
        assert registered(eyes.store) == {
            "Ann": ["Ann/1", "Ann/2", "Ann/3"],
            "Bob": ["Bob/1", "Bob/3", "Bob/4", "Bob/5"],
            "Zoe": ["Zoe/2"],
        }
        once = [name for name in eyes.looked_at if name not in {"Zoe/1", "Ann/2"}]  # these two may be under way at once
        assert len(set(once)) == len(once)


@given(
    most=st.integers(1, 4),
    useless=st.sets(st.integers(0, 7)),
    copies=st.sets(st.integers(1, 7)),
    random=st.integers(0, 99),
)
@settings(deadline=None, max_examples=50)
def test_of_many_photos_the_first_are_taken_that_will_do_and_no_others_are_looked_at(
    most: int, useless: set[int], copies: set[int], random: int
) -> None:
    with eyes_of(random) as eyes:
        eyes.contents = {f"Ann/{number}": () for number in useless}
        eyes.copies = {f"Ann/{number}": "Ann/0" for number in copies - useless if 0 not in useless}
        (found,) = register(eyes, {"Ann": "01234567", "Bob": "1"}, most=most)[:1]
        own = [f"Ann/{number}" for number in range(8) if number not in useless and f"Ann/{number}" not in eyes.copies]
        assert registered(eyes.store).get("Ann", []) == own[:most]
        enough = 8 if len(own) < most else int(own[most - 1][-1]) + 1
        assert (len(found.photos), found.left_out) == (enough, 8 - enough)
        assert {int(name[-1]) for name in eyes.looked_at if name.startswith("Ann")} <= set(range(enough))


def test_the_faces_of_photos_that_were_refused_are_matched_with_those_who_are_known(eyes: Eyes) -> None:
    register(eyes, {"Ann": "1"})
    Recogniser(eyes.store, MatchingSettings(), MODEL).rematch()
    (known,) = eyes.store.photos.load(next(eyes.store.photos.seen())).faces
    eyes.contents = {"Bob/1": (known, TWO[0])}
    register(eyes, {"Bob": "1"})
    assert eyes.store.people.find("Ann").faces == 2


def test_faces_that_were_refused_are_matched_too_where_somebody_was_registered_at_the_same_time(eyes: Eyes) -> None:
    ada, two = face(40, 20, person=1), (face(20, 10, person=1), face(60, 10, person=2))
    eyes.contents |= {"Ada/1.jpg": (ada,), "Ada/2.jpg": two}
    register(eyes, {"Bea": ["1.jpg"]})
    recogniser = Recogniser(eyes.store, MatchingSettings(), MODEL)
    recogniser.rematch()
    register(eyes, {"Ada": ["1.jpg", "2.jpg"]})
    recogniser.rematch()
    hash_ = hashlib.sha256(b"Ada/2.jpg").hexdigest()
    photo = eyes.store.photos.find(hash_)
    assert photo is not None
    assert len(eyes.store.photos.matches(photo.id)) == 2
