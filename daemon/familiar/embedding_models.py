"""The models whose embeddings familiar knows, and what is near and far between embeddings of each.

All embeddings are on one scale (docs/matching.md): an encoder brings what its network gives to the length that the
model has here, so that a distance of `THRESHOLD` means the same for each of them. Whatever is stored, compared, shown
and exported is on that scale, and nothing else multiplies.
"""

import hashlib
from dataclasses import dataclass, field

THRESHOLD = 0.44
"""Largest distance of a match, whatever the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkageLimits:
    """What is near enough for groups of faces to be joined; each field is a distance unless it says otherwise."""

    threshold: float = 0.495
    """Largest link of a single face and a small group; all other limits are relative to it."""

    two_faces: float = -0.011
    """How much nearer two single faces must be."""

    two_groups: float = -0.021
    """How much nearer two groups must be."""

    votes: float = 0.052
    """How much farther a group may be if it has all neighbours of a face; scaled down with their share."""

    clear: float = 0.084
    """A second group that is less than so much farther than the first must be made up for."""

    contested: float = 0.72
    """The share of that which the first must make up for."""

    longer: float = 0.13
    """Share of an embedding's length, less the usual one, that is taken from its distances; 0 where all are equal."""

    usual_length: float = 1.45
    """Length of a usual embedding."""

    scale: float = 1.0
    """Divisor of embeddings before grouping: the limits were measured with one model."""

    looser: float = 0.05
    """How far beyond the limit of merging two groups may be to be suggested as one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What is near and far between embeddings of one model: distances on familiar's scale."""

    margin: float = 0.02
    """Two people whose distances to a face differ by less than this can't be told apart."""

    one_look: float = 0.6
    """Largest distance from the reference that is nearest to a face to others that stand for it together with that."""

    same_person: float = 0.45
    """Largest distance of two faces of a video that are one person, wherever they are in the picture."""

    following: float = 0.6
    """The same for overlapping faces in consecutive frames."""

    linkage: LinkageLimits = field(default_factory=LinkageLimits)

    threshold: float = THRESHOLD
    """Largest distance of a match."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A network that gives embeddings.

    `name` is what the settings and commands call it, `id` what stands beside each embedding: only embeddings of one
    id can be compared. Its embeddings have `dimension` numbers. `length` is that of each embedding, or None where the
    lengths differ, as the network gives them. `licence` is that of the weights, as an SPDX identifier. `summary` says
    what it is, in a line.
    """

    name: str
    id: str
    dimension: int
    length: float | None
    licence: str
    calibration: Calibration
    summary: str = ""


DLIB = Model(
    name="dlib",
    id="dlib-resnet-v1-mirrored",
    dimension=128,
    length=None,
    licence="CC0-1.0",
    calibration=Calibration(linkage=LinkageLimits(scale=0.98)),
    summary="dlib's network, the mean of a face and of its mirror image",
)
"""dlib's network, the mean of a face and of its mirror image."""

DLIB_PLAIN = Model(
    name="dlib-plain",
    id="dlib-resnet-v1",
    dimension=128,
    length=None,
    licence="CC0-1.0",
    calibration=Calibration(),
    summary="dlib's network, as face_recognition uses it: the face alone",
)
"""dlib's network, of a face alone: what `face_recognition` gives."""

SFACE = Model(
    name="sface",
    id="sface-2021dec",
    dimension=128,
    length=THRESHOLD,
    licence="Apache-2.0",
    calibration=Calibration(linkage=LinkageLimits(longer=0.0)),
    summary="SFace, of OpenCV's models: makes far fewer mistakes than dlib's network",
)
"""SFace (Zhong et al., SFace: Sigmoid-Constrained Hypersphere Loss for Robust Face Recognition, 2021), as OpenCV Zoo
publishes it. Two of its directions that are 60 degrees apart have the distance `THRESHOLD`."""

MODELS = (SFACE, DLIB, DLIB_PLAIN)

FILES = {
    "fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee": SFACE,
    "0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79": SFACE,
}
"""Files of weights that are known, by their SHA-256: SFace as small integers (8 bits, in blocks), and as trained. Their
embeddings hardly differ."""

OWN = "own"
"""What a model of the user's own is called."""


def own_model(*, dimension: int, length: float, told_apart_by: str) -> Model:
    """Return a model of the user's own, with the calibration of one that is like it.

    Args:
        dimension: how many numbers an embedding has.
        length: that of its embeddings on familiar's scale.
        told_apart_by: all that its embeddings depend on, its file's SHA-256 among it.
    """
    digest = hashlib.sha256(f"{told_apart_by} {length!r}".encode()).hexdigest()
    return Model(
        name=OWN,
        id=f"own-{digest[:16]}",
        dimension=dimension,
        length=length,
        licence="NOASSERTION",
        calibration=SFACE.calibration,
        summary="the network of vision.model_file",
    )


def model_named(name: str) -> Model | None:
    """Return the known model of this name, or None."""
    return next((model for model in MODELS if model.name == name), None)


def model_of(id_: str) -> Model | None:
    """Return the known model of this id, or None."""
    return next((model for model in MODELS if model.id == id_), None)
