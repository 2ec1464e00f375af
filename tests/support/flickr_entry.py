"""One photo of a listing, with all fields that are read, as Flickr gives them: numbers and texts mixed."""

from typing import Any

ENTRY: dict[str, Any] = {
    "id": "1",
    "secret": "a",
    "title": "Sea",
    "description": {"_content": "blue"},
    "ispublic": 1,
    "isfriend": 0,
    "isfamily": 1,
    "tags": "sea",
    "machine_tags": "people:name=ann",
    "dateupload": "5",
    "lastupdate": "6",
    "datetaken": "1950-01-01 00:00:00",
    "datetakengranularity": "6",
    "datetakenunknown": "0",
    "latitude": 0,
    "longitude": "0",
    "accuracy": "16",
    "license": "4",
    "media": "photo",
    "media_status": "ready",
    "url_o": "https://f.example/1.jpg",
    "height_o": "5",
    "width_o": 6,
}
