"""What the queries of requests say."""

import re


def number_in(text: str) -> int:
    """Return a number that a query says, 0 for anything else."""
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else 0
