"""When a face counts as a person, and how other faces are grouped."""

from typing import Literal

from pydantic import Field

from familiar.embedding_models import THRESHOLD
from familiar.model import JUNK
from familiar.settings.section import Hours, Megabytes, Pixels, Section


class MatchingSettings(Section):
    """When a face counts as a person."""

    threshold: float = Field(
        default=THRESHOLD,
        gt=0,
        le=2,
        description="Largest distance of a match, unless the person has their own threshold (people threshold).",
    )
    margin: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Two people whose distances differ by less than this are ambiguous: the face stays unknown; null: "
        "the margin measured for the model.",
    )
    nearest: int | None = Field(
        default=None,
        ge=1,
        le=100,
        description="Number of similar nearest references whose centre a face is compared with; null: the number "
        "measured for the model.",
    )


class ClusteringSettings(Section):
    """How unnamed faces are grouped, so that a person names a whole group at once."""

    every: Hours | None = Field(
        default=1.0,
        gt=0,
        le=24 * 365,
        description="Time between two rounds, if there are new faces; null: only with `familiar clusters run`.",
    )
    algorithm: Literal["linkage", "whispers", "hdbscan"] = Field(
        default="linkage",
        description="linkage works with few and many photos of a person; the others are for comparison.",
    )
    threshold: float | None = Field(
        default=None,
        gt=0,
        le=2,
        description="Largest distance, in units of the algorithm; larger values group more faces. null: the measured "
        "default.",
    )
    min_faces: int = Field(default=2, ge=2, le=1000, description="Fewest faces of a new cluster.")
    min_size: Pixels = Field(default=0, ge=0, description="Faces with a smaller shorter side are not grouped.")
    min_quality: float = Field(
        default=JUNK,
        ge=0,
        le=1,
        description="Faces of a lower quality are not grouped: they are blurred, tiny or cut off. 0: all are.",
    )
    same_photo: bool = Field(
        default=False, description="true: two faces of one photo can be the same person, as in mirrors and collages."
    )
    memory: Megabytes = Field(default=2000, ge=100, description="Memory limit for grouping, in addition to the faces.")
