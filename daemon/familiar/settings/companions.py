"""Settings of companions: files that belong to a photo."""

from pydantic import Field, field_validator

from familiar.companions.fields import FIELDS
from familiar.companions.forms import Form
from familiar.settings.section import Section

DEFAULT_FORMS = (
    "{stem}.aae", "{apple}.aae", "{takeout}.json",
    "{stem}.thm", "{stem}.wav", "{stem}.lrv", "{gopro}.lrv", "{stem}.lrf", "{stem}.srt", "{stem}M01.xml",
    "{name}.pp3", "{name}.arp", "{name}.dop", "{name}.rrdata", "{stem}.on1", "{stem}.acr", "{stem}.vrd", "{stem}.dr4",
)  # fmt: skip
"""Edits of Apple, Google Takeout; what cameras put beside photos and videos; edits of programs for RAW files."""


class CompanionSettings(Section):
    """Files that belong to a photo and mean nothing without it. They follow it when it is moved, as sidecars do."""

    forms: tuple[str, ...] = Field(
        default=DEFAULT_FORMS,
        description="The forms of their names: {stem} is the name of the photo without its suffix, {name} with it, "
        "{takeout}, {apple} and {gopro} are names as these make them; case is ignored. []: only sidecars follow.",
    )
    copies: bool = Field(default=False, description="Copy them and sidecars, too, with a photo that is copied.")
    pairs: bool = Field(
        default=False,
        description="A RAW file and a picture of the same name go together: when one is moved, the other one follows. "
        "Otherwise rules decide about each by itself.",
    )

    @property
    def tails(self) -> tuple[str, ...]:
        """How their names end, in lower case."""
        return tuple(dict.fromkeys(Form(text).tail.lower() for text in self.forms))

    @field_validator("forms")
    @classmethod
    def _are_forms(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            _check(value)
        return values


def _check(text: str) -> None:
    field, _, tail = text.partition("}")
    if field + "}" not in FIELDS:
        raise ValueError(f"{text!r} should begin with one of {', '.join(FIELDS)}, as in '{{stem}}.aae'")
    if "." not in tail or tail.endswith(".") or "/" in tail or "\0" in tail:
        raise ValueError(f"{text!r} should end with a suffix, as in '{{stem}}.aae'")
    if Form(text).is_of_media:
        raise ValueError(f"{text!r} is the name of a photo or video, which rules move by itself; leave it out")
