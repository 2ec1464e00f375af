"""Names on Flickr as the terminal shows and asks for them."""

from dataclasses import replace

import pytest

from familiar.cli.clusters.answers import because
from familiar.store.clusters.suggestions import Suggestion
from support.album import ANN, Album, embedding
from support.household import Household


@pytest.fixture
def face(household: Household) -> int:
    """A face of no cluster, whose photo has the name of a registered person on Flickr."""
    household.state.mkdir()
    with Album.at(household.state) as album:
        album.import_references("Ann Lee", 1)
        (found,) = album.photo(embedding(ANN))
        album.store._db.conn.execute(
            "INSERT INTO flickr_photos (id, secret, media, state, updated, uploaded, walk, photo_id, tags) "
            "VALUES ('9', 's', 'photo', 'done', 0, 0, 1, 1, 'annlee')"
        )
    return found


@pytest.mark.parametrize(("word", "said"), [("confirm", "1 face confirmed as Ann Lee by a person"), ("refuse", "not")])
def test_a_face_that_has_a_name_on_flickr_is_suggested_and_answered_with_the_command_that_is_shown(
    household: Household, face: int, word: str, said: str
) -> None:
    head, row, *_ = household.ask("clusters", "suggest").stdout.splitlines()
    assert head.split() == ["cluster", "faces", "is", "it", "because", "yes", "no"]
    assert f"face {face}      1  Ann Lee?  named on Flickr in 1 photo" in row
    assert f"people confirm 'Ann Lee' {face}" in row
    assert f"people refuse 'Ann Lee' {face}" in row
    answered = household.ask("people", word, "Ann Lee", str(face)).stdout
    assert said in answered
    assert "undo: familiar " in answered
    assert household.json("clusters", "suggest") == []


def test_the_review_says_why_it_asks() -> None:
    both = Suggestion(cluster=1, faces=3, person="Ann", other=None, distance=0.654, named=2, is_clear=True)
    assert because(both) == "distance 0.65, named on Flickr in 2 photos"
    assert because(replace(both, distance=None, named=1)) == "named on Flickr in 1 photo"
    assert because(replace(both, named=0)) == "distance 0.65"
