"""When a face counts as a person, and how the others are grouped."""

from typing import Literal

from pydantic import Field

from familiar.embedding_models import THRESHOLD
from familiar.settings.section import Hours, Megabytes, Pixels, Section


class MatchingSettings(Section):
    """When a face counts as a person."""

    threshold: float = Field(
        default=THRESHOLD,
        gt=0,
        le=2,
        description="Largest distance of a match, unless the person has their own (people threshold).",
    )
    margin: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Two people nearer to each other than this are ambiguous: the face stays unknown; null: the one "
        "that was measured for the model.",
    )
    nearest: int = Field(
        default=7,
        ge=1,
        le=100,
        description="A face is compared with the centre of so many nearest references that look alike.",
    )


class ClusteringSettings(Section):
    """How faces that nobody has named are grouped, so that one name is enough for all of a group."""

    every: Hours | None = Field(
        default=1.0,
        gt=0,
        le=24 * 365,
        description="Time between two rounds, if there are new faces; null: only by `familiar clusters run`.",
    )
    algorithm: Literal["linkage", "whispers", "hdbscan"] = Field(
        default="linkage", description="linkage suits few and many photos of a person; the others are for comparison."
    )
    threshold: float | None = Field(
        default=None,
        gt=0,
        le=2,
        description="Largest distance, in the algorithm's own sense; larger ones group more. null: the one that was "
        "measured.",
    )
    min_faces: int = Field(default=2, ge=2, le=1000, description="Fewest faces of a new cluster.")
    min_size: Pixels = Field(default=0, ge=0, description="Faces whose shorter side is smaller are left alone.")
    same_photo: bool = Field(
        default=False, description="true: two faces of one photo may be one person, as in mirrors and collages."
    )
    memory: Megabytes = Field(default=2000, ge=100, description="Memory that grouping may use, beside the faces.")
