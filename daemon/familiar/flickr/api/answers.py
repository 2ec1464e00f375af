"""The tags of one photo on Flickr, and the people who are marked on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from familiar.flickr.api.errors import expecting
from familiar.tags import clean_tag


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoTag:
    """One tag of a photo: `raw` as written, `clean` as compared by Flickr; `id` is needed to remove it.

    `author` is the id of the account that has added it. What the answer does not tell is empty.
    """

    id: str
    raw: str
    clean: str
    author: str = ""


def read_tags(answer: dict[str, Any]) -> list[PhotoTag]:
    """Return the tags in an answer of `photos.getInfo`.

    Raises:
        PassingError: the answer has none.
    """
    with expecting("tags"):
        return [
            PhotoTag(
                id=str(tag.get("id", "")),
                raw=str(tag.get("raw", "")),
                clean=str(tag.get("_content", "")),
                author=str(tag.get("author", "")),
            )
            for tag in answer["photo"]["tags"]["tag"]
        ]


def read_people(answer: dict[str, Any]) -> list[str]:
    """Return the names in an answer of `photos.people.getList`: of each person that of the user and the real one.

    Raises:
        PassingError: the answer has no list.
    """
    with expecting("people"):
        people = answer["people"].get("person", [])
        return [str(one[key]) for one in people for key in ("realname", "username") if one.get(key)]


def find_tag(tags: Sequence[PhotoTag], text: str) -> PhotoTag | None:
    """Return the tag that is the same as `text`, in cleaned form, if there is one."""
    clean = clean_tag(text)
    return next((tag for tag in tags if clean in {clean_tag(tag.raw), tag.clean}), None)
