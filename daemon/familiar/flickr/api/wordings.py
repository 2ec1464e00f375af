"""How tags were written, and what licences are called, from answers of Flickr."""

from collections.abc import Mapping
from typing import Any

from familiar.flickr.api.details import read_text
from familiar.flickr.api.errors import expecting
from familiar.photo_details import License


def read_raw_tags(answer: dict[str, Any]) -> dict[str, str]:
    """Return how each tag of an account was written first, by its cleaned form; from `tags.getListUserRaw`.

    Raises:
        PassingError: the answer has no tags.
    """
    with expecting("tags"):
        tags = answer["who"]["tags"].get("tag", [])
        raws = {read_text(tag.get("clean")): _first(tag.get("raw")) for tag in tags if isinstance(tag, Mapping)}
    return {clean: raw for clean, raw in raws.items() if clean and raw}


def read_licenses(answer: dict[str, Any]) -> dict[str, License]:
    """Return the licences of Flickr by their numbers; from `photos.licenses.getInfo`.

    Raises:
        PassingError: the answer has none.
    """
    with expecting("licences"):
        found = answer["licenses"]["license"]
        licenses = {
            read_text(one.get("id")): License(name=read_text(one.get("name")), url=read_text(one.get("url")))
            for one in found
            if isinstance(one, Mapping)
        }
    return {number: license_ for number, license_ in licenses.items() if number and license_.name}


def _first(raws: Any) -> str:
    first = raws[0] if isinstance(raws, list) and raws else raws
    return read_text(first)
