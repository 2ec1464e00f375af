"""What owners say of their photos, as the journal has it."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from familiar.photo_details import Caption, License, OwnDate, Place


def caption_as_json(caption: Caption) -> dict[str, Any]:
    """Return a caption as JSON has it, without what is empty."""
    found = {name: value for name, value in asdict(caption).items() if value}
    if caption.taken is not None:
        found["taken"] = [caption.taken.moment.isoformat(), caption.taken.granularity]
    return found


def caption_from_json(found: Mapping[str, Any]) -> Caption:
    """Return what `caption_as_json` gave."""
    taken, place, license_ = found.get("taken"), found.get("place"), found.get("license")
    return Caption(
        title=found.get("title", ""),
        description=found.get("description", ""),
        tags=tuple(found.get("tags", ())),
        albums=tuple(found.get("albums", ())),
        taken=None if taken is None else OwnDate(moment=datetime.fromisoformat(taken[0]), granularity=taken[1]),
        place=None if place is None else Place(**place),
        license=None if license_ is None else License(**license_),
    )
