"""Tags as Flickr keeps them: what is the same tag, what can be one, and how it is sent (pure)."""

import re
import unicodedata

MAX_TAG = 255
"""Characters of a tag."""

MAX_TAGS = 75
"""Tags of a photo."""

_MACHINE = re.compile(r"([A-Za-z][A-Za-z0-9_]*):([A-Za-z][A-Za-z0-9_]*)=(.+)", re.DOTALL)
_QUOTES = str.maketrans("", "", '"\u201c\u201d\u201e\u201f\uff02')


class TagError(ValueError):
    """A text can't be a tag; the message says why."""


def raw_tag(text: str) -> str:
    """Return a tag as it is sent: without quotes and control characters, with single spaces.

    Raises:
        TagError: nothing is left of it, or it is too long.
    """
    try:  # the two halves of one character, as some writers of YAML leave them
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError as error:
        raise TagError(f"the tag {text!a} has an incomplete character") from error
    spaced = "".join(" " if unicodedata.category(one) in {"Cc", "Zl", "Zp"} else one for one in text)
    raw = " ".join(unicodedata.normalize("NFC", spaced.translate(_QUOTES)).split())
    if len(raw) > MAX_TAG:
        raise TagError(f"the tag {raw[:20]!r}... has {len(raw)} characters; the limit of Flickr is {MAX_TAG}")
    if not clean_tag(raw):
        raise TagError(f"the tag {text[:40]!r} is empty in Flickr's cleaned form")
    return raw


def clean_tag(raw: str) -> str:
    """Return the form in which Flickr compares tags: lower case, without spaces and the punctuation of ASCII.

    Other punctuation makes a difference: `ジョン・スミス` is not `ジョンスミス`.
    Namespace and predicate of a machine tag (`people:name=Jane Doe`) stay apart from its value.
    """
    machine = _MACHINE.fullmatch(raw.strip())
    if machine and (value := _cleaned(machine[3])):
        return f"{machine[1].lower()}:{machine[2].lower()}={value}"
    return _cleaned(raw)


def keeps_all_of(raw: str) -> bool:
    """Return whether Flickr certainly keeps each character that `clean_tag` does; of symbols that is not known."""
    kept = (unicodedata.category(one) for one in clean_tag(raw) if not one.isascii())
    return all(category[0] in "LNMP" for category in kept)


def is_machine_tag(clean: str) -> bool:
    """Return whether a tag in its cleaned form is a machine tag."""
    return _MACHINE.fullmatch(clean) is not None


def quoted(raw: str) -> str:
    """Return a tag as `photos.addTags` takes it: one tag, whatever spaces or commas it has."""
    return f'"{raw}"'


def _cleaned(text: str) -> str:
    lowered = unicodedata.normalize("NFC", text).lower()
    return "".join(one for one in lowered if not _is_dropped(one))


def _is_dropped(character: str) -> bool:
    if character.isascii():
        return not character.isalnum()
    category = unicodedata.category(character)
    return category[0] == "Z" or category in {"Cc", "Cf", "Sk"}
