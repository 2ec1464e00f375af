"""Scores of stored photos, people and photos that are near a face, and the store's own lists of them."""

from typing import Any

import numpy as np
import pytest

from familiar.errors import UsageError
from familiar.library.scoring import PercentileIndex, Scorer
from familiar.library.search import Finder, SearchQuery
from familiar.model import Face
from familiar.settings import MatchingSettings
from familiar.store.matrix import NAME, EmbeddingMatrix
from familiar.store.views.faces import Faces
from support.album import ANN, EVE, MODEL, Album, embedding

SETTINGS = MatchingSettings()


def scores(album: Album, name: str = "Ann", photos: list[int] | None = None) -> dict[int, float]:
    return Scorer(album.store, SETTINGS, MODEL).score(name, photos)


def seen(face: np.ndarray[tuple[int], np.dtype[np.float32]]) -> Face:
    from familiar.model import Box  # noqa: PLC0415

    box = Box(left=0, top=0, right=9, bottom=9)
    return Face(box=box, landmarks=(), embedding=face, size=9, sharpness=1, engine=MODEL)


def test_each_photo_has_the_score_of_its_best_face(album: Album) -> None:
    found = scores(album)
    distance = float(np.linalg.norm(embedding(ANN) - embedding(ANN, 1)))
    assert (found[1], found[2]) == pytest.approx((1, 1 / (1 + distance)))
    assert sorted(found) == [1, 2, 3, 4]
    assert max(found[3], found[4]) < 0.45
    assert scores(album, photos=[2, 4]) == {2: found[2], 4: found[4]}


def test_a_face_that_was_refused_for_a_person_or_is_somebody_else_does_not_count(album: Album) -> None:
    strangers = album.photo(embedding(ANN, 2)) + album.photo(embedding(ANN, 3))
    cluster = album.cluster(strangers)
    assert min(scores(album)[5], scores(album)[6]) > 0.6
    album.store.decisions.clusters.refuse(cluster, "Ann")
    assert not {5, 6} & set(scores(album))
    others = album.photo(embedding(ANN, 4)) + album.photo(embedding(ANN, 5))
    album.store.decisions.clusters.name(album.cluster(others), "Zoe", references=[])
    assert not {7, 8} & set(scores(album))


def test_what_is_no_face_is_not_scored(album: Album) -> None:
    album.store.decisions.faces.not_a_face([5])
    assert sorted(scores(album)) == [1, 2, 3]


def test_a_person_without_references_of_the_model_in_use_can_not_be_scored(album: Album) -> None:
    with pytest.raises(UsageError, match="'Ann' has no references of the current model, but 1 of another model"):
        Scorer(album.store, SETTINGS, "another model").score("Ann")


def test_a_score_stands_among_those_of_all_photos_and_new_ones_count_at_once(album: Album) -> None:
    percentiles, found = PercentileIndex(album.store, SETTINGS, MODEL), scores(album)
    assert percentiles.percentile_rank("Ann", found[1]) == (100, 100)
    assert percentiles.percentile_rank("Ann", found[2]) == pytest.approx((200 / 3, 200 / 3))
    album.faces(ANN, 4)
    assert percentiles.percentile_rank("Ann", found[2]) == pytest.approx(standing_by_hand(album, found[2]))
    album.register(5, "Ann")
    assert percentiles.percentile_rank("Ann", scores(album)[2]) == pytest.approx(
        standing_by_hand(album, scores(album)[2])
    )


def standing_by_hand(album: Album, score: float) -> tuple[float, float]:
    ordered = sorted(scores(album).values())
    rank = 100 * ordered.index(score) / (len(ordered) - 1)
    return rank, rank


def test_where_a_person_has_no_references_there_is_nothing_to_compare_with(album: Album) -> None:
    assert PercentileIndex(album.store, SETTINGS, "another model").percentile_rank("Ann", 0.7) is None


def test_the_nearest_photos_and_people_are_found_first_and_none_beyond_the_threshold(album: Album) -> None:
    (found,) = Finder(album.store, SETTINGS, MODEL).find([seen(embedding(ANN, 9))], SearchQuery(most=10))
    assert {each.photo for each in found.photos} == {1, 2}
    assert [each.distance for each in found.photos] == sorted(each.distance for each in found.photos)
    assert [(each.name, each.within) for each in found.people] == [("Ann", True)]
    assert found.match is not None
    assert (found.match.person, found.match.accepted) == ("Ann", True)


def test_the_nearest_are_shown_beyond_the_threshold_if_that_is_asked_for(album: Album) -> None:
    finder = Finder(album.store, SETTINGS, MODEL)
    (found,) = finder.find([seen(embedding(50))], SearchQuery(most=3, beyond=True))
    assert len(found.photos) == 3
    assert {each.name for each in found.people} == {"Ann", "Bob"}
    assert {each.within for each in found.people} == {False}
    (strict,) = finder.find([seen(embedding(ANN, 9))], SearchQuery(most=3, threshold=0.0001))
    assert (strict.photos, strict.people) == ((), ())


@pytest.mark.parametrize("wish", [{"most": 3}, {"most": 7, "beyond": True}, {"most": 50, "threshold": 0.3}])
def test_what_is_found_by_the_file_of_embeddings_is_what_is_found_in_the_store(
    album: Album, monkeypatch: pytest.MonkeyPatch, wish: dict[str, Any]
) -> None:
    album.store.models.use(MODEL)
    for person in (ANN, *range(20, 40)):
        album.faces(person, 4)
    sought, query = [seen(embedding(ANN, 99)), seen(embedding(25, 99))], SearchQuery(**wish)
    expected = Finder(album.store, SETTINGS, MODEL).find(sought, query)
    monkeypatch.setattr("familiar.store.matrix._BLOCK", 8)
    path = album.store.path.with_name(NAME)
    album.store.faces = Faces(album.store._db, matrix=EmbeddingMatrix(album.store._db, path, least=1))
    found = Finder(album.store, SETTINGS, MODEL).find(sought, query)
    assert path.exists()
    assert [one.photos for one in found] == [one.photos for one in expected]
    assert all(one.photos for one in found)


def test_faces_of_any_length_are_found_by_the_file_of_embeddings_as_in_the_store(album: Album) -> None:
    album.store.models.use(MODEL)
    face = embedding(ANN)
    longest = np.float32(1.3e19 / np.linalg.norm(face)) * face  # twice its square is almost the largest number
    for look in range(4):
        album.photo(longest, embedding(EVE, look))
    album.photo(face * np.float32(np.nan))
    sought, query = [seen(longest)], SearchQuery(most=3, beyond=True)
    expected = Finder(album.store, SETTINGS, MODEL).find(sought, query)
    path = album.store.path.with_name(NAME)
    album.store.faces = Faces(album.store._db, matrix=EmbeddingMatrix(album.store._db, path, least=1))
    found = Finder(album.store, SETTINGS, MODEL).find(sought, query)
    assert [one.photos for one in found] == [one.photos for one in expected]
    assert len(found[0].photos) == 3


def test_only_the_photos_of_one_person_are_searched_if_that_is_asked_for(album: Album) -> None:
    for face, name in ((1, "Ann"), (2, "Ann"), (3, "Bob"), (4, "Bob")):
        album.match(face, name)
    (found,) = Finder(album.store, SETTINGS, MODEL).find(
        [seen(embedding(ANN, 9))], SearchQuery(most=9, beyond=True, person="bob")
    )
    assert [(each.photo, each.people) for each in found.photos] == [(2, ("Ann", "Bob")), (3, ("Bob",))]
    assert [each.name for each in found.people] == ["Bob"]


def test_photos_are_chosen_by_who_is_in_them(album: Album) -> None:
    for face, name in ((1, "Ann"), (2, "Ann"), (3, "Bob"), (4, "Bob")):
        album.match(face, name)
    album.photo(embedding(ANN, 7), embedding(EVE, 7))
    album.match(6, "Ann")
    album.match(7, "Bob", accepted=False)
    ann, bob = album.store.people.find("Ann").id, album.store.people.find("Bob").id
    chosen = album.store.photos.with_people
    assert chosen([ann]) == [1, 2, 5]
    assert chosen([ann, bob]) == [1, 2, 3, 5]
    assert chosen([ann, bob], every=True) == [2]
    assert chosen([ann], only=True) == [1]
    assert chosen([ann, bob], only=True) == [1, 2, 3]
    album.store.decisions.faces.not_a_face([7])
    assert chosen([ann], only=True) == [1, 5]


def test_a_face_is_not_taken_for_the_person_whose_photos_are_searched_where_somebody_else_is_nearer(
    album: Album,
) -> None:
    album.register(album.photo(embedding(ANN, 3) * 0.98)[0], "Zoe")
    wish = SearchQuery(most=9, person="Zoe")
    (found,) = Finder(album.store, SETTINGS, MODEL).find([seen(embedding(ANN))], wish)
    assert found.match is not None
    assert (found.match.person, [each.name for each in found.people]) == ("Ann", ["Zoe"])
