"""How a picture is to be turned, as its sidecar says it."""


def packet_orientation(data: bytes) -> int | None:
    """Return the EXIF orientation, 1 to 8, in an XMP packet (`tiff:Orientation`), or None.

    Raises:
        SetAsideError: it is not XMP, or is damaged.
    """
    from familiar.xmp.rdf import Packet  # noqa: PLC0415 - it loads lxml

    texts = (text.strip() for text in Packet(data).items("tiff:Orientation"))
    return next((int(text) for text in texts if text in _ORIENTATIONS), None)


_ORIENTATIONS = frozenset(map(str, range(1, 9)))
