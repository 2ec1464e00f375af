"""When a face counts as a person, and how the others are grouped."""

from typing import Literal

from pydantic import Field

from familiar.settings.section import Section


class MatchingSettings(Section):
    """When a face counts as a person."""

    threshold: float = Field(
        default=0.44, gt=0, le=2, description="Largest distance of a match, unless a person has their own."
    )
    margin: float = Field(
        default=0.02, ge=0, le=1, description="Two people nearer to each other than this are ambiguous."
    )
    nearest: int = Field(
        default=7,
        ge=1,
        le=100,
        description="A face is compared with the centre of so many nearest references that look alike.",
    )


class ClusteringSettings(Section):
    """How faces without a person are grouped."""

    every: float | None = Field(
        default=1.0, gt=0, le=24 * 365, description="Hours between two rounds of the daemon; null: only when asked for."
    )
    algorithm: Literal["linkage", "whispers", "hdbscan"] = Field(
        default="linkage", description="linkage suits few and many photos of a person; the others are for comparison."
    )
    threshold: float | None = Field(
        default=None, gt=0, le=2, description="Largest distance, in the algorithm's own sense; larger ones group more."
    )
    min_faces: int = Field(default=2, ge=2, le=1000, description="Fewest faces of a new cluster.")
    min_size: int = Field(default=0, ge=0, description="Faces with a shorter side (pixels) are left alone.")
    same_photo: bool = Field(
        default=False, description="Let two faces of one photo be one person: for mirrors and collages."
    )
    memory: int = Field(default=2000, ge=100, description="Megabytes that grouping may use, beside the faces.")
