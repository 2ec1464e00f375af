"""Which albums are meant."""

import pytest

from familiar.albums import AlbumChoice
from familiar.photo_details import Album

SEA = Album(id="721", title="Sea/Summer 🌊 2019")
SKY = Album(id="722", title="Sky")


@pytest.mark.parametrize(
    ("texts", "albums", "expected"),
    [
        (["Sky"], [SKY], True),
        (["sky"], [SEA, SKY], True),
        (["Sk"], [SKY], False),
        (["S*"], [SEA], True),
        (["*summer*"], [SEA], True),
        (["Sea/Summer ? 2019"], [SEA], True),
        (["721"], [SEA], True),
        (["721"], [SKY], False),
        (["Sun", "722"], [SKY], True),
        (["any"], [SKY], True),
        (["any"], [], False),
        (["none"], [], True),
        (["none"], [SKY], False),
        (["none", "Sky"], [SKY], True),
        (["none", "Sky"], [], True),
        (["Sky"], [], False),
        (["*"], [], False),
        (["all"], [], True),
        (["All"], [SEA], True),
    ],
)
def test_a_choice_holds_for_a_photo_or_does_not(texts: list[str], albums: list[Album], expected: bool) -> None:
    assert AlbumChoice(texts=tuple(texts)).holds(albums) is expected


def test_texts_that_name_no_album_are_told_and_words_are_no_names() -> None:
    choice = AlbumChoice(texts=("Sky", "Sun*", "723", "none", "any"))
    assert choice.without_album([SEA, SKY]) == ("Sun*", "723")
