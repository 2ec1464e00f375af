"""What people read of a photo or a video of which a part is missing."""

_PERCENT = 0.01


def describe_missing(share: float) -> str:
    """Say how much of a photo or a video is missing, from the share, 0 to 1; 0 if only finer details are missing."""
    if share == 0.0:
        return "finer details of it are missing"
    return f"{share:.0%} of it is missing" if share >= _PERCENT else "less than 1% of it is missing"
