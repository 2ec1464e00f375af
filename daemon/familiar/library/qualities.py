"""The least quality of faces that a caller asks for."""

from familiar.library.arguments import check_number
from familiar.store.store import Store


def check_quality(min_quality: float) -> None:
    """Check that an argument is a quality.

    Raises:
        UsageError: it is not in the range 0 to 1.
    """
    check_number("min-quality", min_quality, 0, 1)


def rate_for(store: Store, min_quality: float) -> None:
    """Rate the faces that have no quality yet if one is asked for: otherwise all of them would be good enough."""
    if min_quality:
        store.qualities.rate_all()


def face_of_quality(min_quality: float) -> str:
    """Return what messages call a face that is good enough."""
    return f"face with a quality of at least {min_quality:g}" if min_quality else "face"
