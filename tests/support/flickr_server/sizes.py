"""The sizes that Flickr offers of a photo."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Size:
    """One size: its name in `extras`, the end of its file's name, its longest side in pixels."""

    extra: str
    suffix: str
    side: int
    label: str
    square: bool = False

    @property
    def has_own_secret(self) -> bool:
        """Whether nobody can guess its address from that of a smaller size."""
        return self.side > LARGE

    def fit(self, width: int, height: int) -> tuple[int, int]:
        """Return width and height of this size of a photo."""
        if self.square:
            return self.side, self.side
        scale = self.side / max(width, height)
        return max(1, round(width * scale)), max(1, round(height * scale))

    def exists(self, width: int, height: int) -> bool:
        """Return whether a photo is large enough to have this size."""
        return self.square or max(width, height) > self.side


LARGE = 1024
ORIGINAL = "o"
RESIZED = (
    Size(extra="sq", suffix="_s", side=75, label="Square", square=True),
    Size(extra="q", suffix="_q", side=150, label="Large Square", square=True),
    Size(extra="t", suffix="_t", side=100, label="Thumbnail"),
    Size(extra="s", suffix="_m", side=240, label="Small"),
    Size(extra="n", suffix="_n", side=320, label="Small 320"),
    Size(extra="m", suffix="", side=500, label="Medium"),
    Size(extra="z", suffix="_z", side=640, label="Medium 640"),
    Size(extra="c", suffix="_c", side=800, label="Medium 800"),
    Size(extra="l", suffix="_b", side=LARGE, label="Large"),
    Size(extra="h", suffix="_h", side=1600, label="Large 1600"),
    Size(extra="k", suffix="_k", side=2048, label="Large 2048"),
)
BY_SUFFIX = {size.suffix: size for size in RESIZED}
UNDOCUMENTED_EXTRAS = ("h", "k")
