"""Write a picture of one face."""

from dataclasses import astuple
from pathlib import Path

from familiar.effects.attempt import Attempt
from familiar.effects.journal import Outcome, Step
from familiar.effects.kinds.contract import Needless, Parameters, Ready
from familiar.effects.kinds.file_kind import FileKind, path_as_json, top_from_json
from familiar.effects.kinds.surroundings import Records, Surroundings
from familiar.model import Box, Crop


class CropKind(FileKind[Crop]):
    """The target is a picture made by familiar, which can be made again at any time."""

    name = "crop"
    value = Crop

    def parameters(self, wish: Crop) -> Parameters:
        """Return the part of the photo, and how the picture is made."""
        return {
            "box": astuple(wish.box),
            "margin": wish.margin,
            "size": wish.size,
            "time": wish.time,
            "square": wish.square,
            "landmarks": wish.landmarks,
            "quality": wish.quality,
            "turn": wish.turn,
            "top": None if wish.top is None else path_as_json(wish.top),
        }

    def read(self, destination: str, rule: str, parameters: Parameters) -> Crop:
        """Return the operation of a row in the journal."""
        left, top, right, bottom = parameters["box"]
        return Crop(
            target=Path(destination),
            rule=rule,
            box=Box(left=left, top=top, right=right, bottom=bottom),
            margin=parameters["margin"],
            size=parameters["size"],
            time=parameters.get("time"),  # written since there are videos
            square=parameters.get("square"),  # this and what follows since there are data sets
            landmarks=tuple((x, y) for x, y in parameters.get("landmarks", ())),
            quality=parameters.get("quality"),
            turn=parameters.get("turn"),
            top=top_from_json(parameters),
        )

    def follow(self, wish: Crop, step: Step, records: Records) -> None:  # noqa: ARG002
        """Record the picture as one made by familiar."""
        assert step.target is not None
        records.place(step.target, records.output(step.hash or ""))

    def details(self, wish: Crop) -> Parameters:
        """Return the part of the photo; `time` is that of the frame, in seconds of a video."""
        return {"box": list(astuple(wish.box)), "margin": wish.margin, "size": wish.size, "time": wish.time}

    def picture_of(self, wish: Crop) -> Crop:
        """Return the crop itself."""
        return wish

    async def prepare(self, wish: Crop, step: Step, around: Surroundings, picture: bytes | None) -> Ready | Needless:
        """Render the picture, unless it was rendered in advance."""
        around.check_in_reach(step)
        if picture is None:
            picture = await around.renderer.picture(step, wish)
        return Ready(operation=wish, rendered=picture)

    def carry_out(self, wish: Crop, attempt: Attempt) -> Outcome:
        """Write the picture under the first free name."""
        assert attempt.rendered is not None, "a crop is carried out with its picture"
        return attempt.put_bytes(wish, attempt.rendered)
