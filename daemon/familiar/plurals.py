"""Numbers with their nouns."""


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return a number with its noun, as in "1 face" or "3 faces"; `plural` is for nouns whose plural needs no s."""
    return f"{number} {noun}" if number == 1 else f"{number} {plural or noun + 's'}"
