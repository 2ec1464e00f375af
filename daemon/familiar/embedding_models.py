"""The models whose embeddings familiar knows, and what is near and far between embeddings of each.

All embeddings are on one scale (docs/matching.md): an encoder brings what its network gives to the length that the
model has here, so that a distance of `THRESHOLD` means the same for each of them. Whatever is stored, compared, shown
and exported is on that scale, and nothing else multiplies.
"""

import hashlib
from dataclasses import dataclass, replace

from familiar.mean_directions import SFACE_MEAN

THRESHOLD = 0.44
"""Largest distance of a match, whatever the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkageLimits:
    """What is near enough for groups of faces to be joined (docs/clusters.md).

    Each field is a distance unless it says otherwise.
    """

    threshold: float
    """Largest link of a single face and a small group; all other limits are relative to it."""

    two_faces: float
    """How much nearer two single faces must be."""

    two_groups: float
    """How much nearer two groups must be."""

    votes: float
    """How much farther a group may be if it has all neighbours of a face; scaled down with their share."""

    clear: float
    """A second group that is less than so much farther than the first must be made up for."""

    contested: float
    """The share of that which the first must make up for."""

    longer: float
    """Share of an embedding's length, less the usual one, that is taken from its distances; 0 where all are equal."""

    usual_length: float
    """Length of a usual embedding."""

    horizon: float
    """How far beyond the threshold a face still counts; what is farther counts as being there."""

    looser: float
    """How far beyond the limit of merging two groups may be to be suggested as one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What is near and far between embeddings of one model: distances on familiar's scale."""

    margin: float
    """Two people whose distances to a face differ by less than this can't be told apart."""

    nearest: int
    """How many references that are nearest to a face stand for a person, at most."""

    one_look: float
    """Largest distance from the nearest reference to the others that stand for a person together with it."""

    are_directions: bool
    """Whether all embeddings have one length. The centre of several references is then brought to that length."""

    mean_direction: tuple[float, ...] = ()
    """What the unit vectors of all faces have in common, taken off before faces are grouped; () for nothing."""

    same_person: float
    """Largest distance of two faces of a video that are one person, wherever they are in the picture."""

    following: float
    """The same for faces that overlap in consecutive frames."""

    linkage: LinkageLimits
    """What is near enough for groups of faces."""

    whispers: float
    """Largest distance of two connected faces for the algorithm `whispers`."""

    density: float
    """Largest distance of two connected faces for the algorithm `hdbscan`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A network that gives embeddings.

    `name` is what the settings and commands call it, `id` what stands beside each embedding: only embeddings of one
    id can be compared. Its embeddings have `dimension` numbers. `length` is that of each embedding, or None where the
    lengths differ, as the network gives them. `raw_length` is that which the network itself gives for a good face: a
    shorter one tells of a worse picture; it is None where it tells nothing. `licence` is that of the weights, as an
    SPDX identifier. `summary` says what it is, in a line.
    """

    name: str
    id: str
    dimension: int
    length: float | None
    licence: str
    calibration: Calibration
    raw_length: float | None = None
    summary: str = ""


_DLIB_PLAIN = Calibration(
    margin=0.02,
    nearest=7,
    one_look=0.6,
    are_directions=False,
    same_person=0.45,
    following=0.6,
    linkage=LinkageLimits(
        threshold=0.495,
        two_faces=-0.011,
        two_groups=-0.021,
        votes=0.052,
        clear=0.084,
        contested=0.72,
        longer=0.13,
        usual_length=1.45,
        horizon=0.032,
        looser=0.05,
    ),
    whispers=0.45,
    density=0.6,
)
"""0.6 is dlib's own threshold for two faces of one person (dlib, `face_recognition.py`)."""

DLIB = Model(
    name="dlib",
    id="dlib-resnet-v1-mirrored",
    dimension=128,
    length=None,
    licence="CC0-1.0",
    calibration=replace(_DLIB_PLAIN, linkage=replace(_DLIB_PLAIN.linkage, threshold=0.48), whispers=0.44),
    summary="dlib's network, the mean of a face and of its mirror image",
)
"""dlib's network, the mean of a face and of its mirror image."""

DLIB_PLAIN = Model(
    name="dlib-plain",
    id="dlib-resnet-v1",
    dimension=128,
    length=None,
    licence="CC0-1.0",
    calibration=_DLIB_PLAIN,
    summary="dlib's network, as face_recognition uses it: the face alone",
)
"""dlib's network, of a face alone: what `face_recognition` gives."""

SFACE = Model(
    name="sface",
    id="sface-2021dec",
    dimension=128,
    length=THRESHOLD,
    licence="Apache-2.0",
    raw_length=12.5,
    calibration=Calibration(
        margin=0.02,
        nearest=30,
        one_look=0.484,
        are_directions=True,
        same_person=0.45,
        following=0.5,
        mean_direction=SFACE_MEAN,
        linkage=LinkageLimits(
            threshold=0.495,
            two_faces=-0.008,
            two_groups=-0.013,
            votes=0.072,
            clear=0.092,
            contested=0.75,
            longer=0.0,
            usual_length=THRESHOLD,
            horizon=0.045,
            looser=0.05,
        ),
        whispers=0.45,
        density=0.6,
    ),
    summary="SFace, of OpenCV's models: makes far fewer mistakes than dlib's network",
)
"""SFace (Zhong et al., SFace: Sigmoid-Constrained Hypersphere Loss for Robust Face Recognition, 2021), as OpenCV Zoo
publishes it. Two of its directions that are 60 degrees apart have the distance `THRESHOLD`."""

OTHER_DIRECTIONS = replace(
    SFACE.calibration,
    mean_direction=(),
    linkage=replace(SFACE.calibration.linkage, threshold=0.464, two_faces=-0.003, two_groups=-0.005, votes=0.09),
    whispers=0.42,
)
"""What is near and far between embeddings of a model whose mean direction is not known: as for SFace without it."""

MODELS = (SFACE, DLIB, DLIB_PLAIN)

DEFAULT = SFACE
"""The model of a store that has encoded no face yet, if the settings do not ask for one."""

FILES = {
    "fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee": SFACE,
    "0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79": SFACE,
}
"""Files of weights that are known, by their SHA-256: SFace as small integers (8 bits, in blocks), and as trained. Their
embeddings hardly differ."""

OWN = "own"
"""What a model of the user's own is called."""

NOT_NAMED = "a network of your own that the configuration does not name"
"""What is said of a model of which only the id is known."""

_OWN_ID = f"{OWN}-"


def own_model(*, dimension: int, length: float, told_apart_by: str) -> Model:
    """Return a model of the user's own, with the calibration of SFace without its mean direction.

    Args:
        dimension: how many numbers an embedding has.
        length: that of its embeddings on familiar's scale.
        told_apart_by: all that its embeddings depend on, its file's SHA-256 among it.
    """
    digest = hashlib.sha256(f"{told_apart_by} {length!r}".encode()).hexdigest()
    return Model(
        name=OWN,
        id=f"{_OWN_ID}{digest[:16]}",
        dimension=dimension,
        length=length,
        licence="NOASSERTION",
        calibration=OTHER_DIRECTIONS,
        summary="the network of vision.model_file",
    )


def is_own(id_: str) -> bool:
    """Return whether this is the id of a network of the user's own."""
    return id_.startswith(_OWN_ID)


def model_of(id_: str) -> Model | None:
    """Return the known model of this id, or None."""
    return next((model for model in MODELS if model.id == id_), None)


def name_of(id_: str) -> str:
    """Return what people call the model of this id; of an unknown one, the id."""
    known = model_of(id_)
    return id_ if known is None else known.name


def calibration_of(id_: str) -> Calibration:
    """Return what is near and far between embeddings of the model of this id; an unknown one gives directions."""
    known = model_of(id_)
    return OTHER_DIRECTIONS if known is None else known.calibration
