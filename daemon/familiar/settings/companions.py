"""Settings of companions: files that belong to a photo."""

from typing import Annotated

from pydantic import AfterValidator, Field

from familiar.companions.fields import FIELDS
from familiar.companions.forms import Form
from familiar.settings.section import Section

DEFAULT_FORMS = (
    "{stem}.aae", "{apple}.aae", "{takeout}.json",
    "{stem}.thm", "{stem}.wav", "{stem}.lrv", "{gopro}.lrv", "{stem}.lrf", "{stem}.srt", "{stem}M01.xml",
    "{name}.pp3", "{name}.arp", "{name}.dop", "{name}.rrdata", "{stem}.on1", "{stem}.acr", "{stem}.vrd", "{stem}.dr4",
)  # fmt: skip
"""Edits of Apple, Google Takeout; what cameras put beside photos and videos; edits of programs for RAW files."""


def _form(text: str) -> str:
    """Return the form of a name.

    Raises:
        ValueError: it has no field, no suffix, or is that of photos.
    """
    field, _, tail = text.partition("}")
    if field + "}" not in FIELDS:
        raise ValueError(f"should begin with one of {', '.join(FIELDS)}, as in '{{stem}}.aae'")
    if "." not in tail or tail.endswith(".") or "/" in tail or "\0" in tail:
        raise ValueError("should end with a suffix, as in '{stem}.aae'")
    if Form(text).is_of_media:
        raise ValueError("should not be the name of a photo or video, which rules move")
    return text


class CompanionSettings(Section):
    """Files that belong to a photo and mean nothing without it. They follow it when it is moved, as sidecars do."""

    forms: tuple[Annotated[str, AfterValidator(_form)], ...] = Field(
        default=DEFAULT_FORMS,
        description="The forms of their names: {stem} is the name of the photo without its suffix, {name} with it, "
        "{takeout}, {apple} and {gopro} are names as these make them; case is ignored. []: only sidecars follow.",
    )
    copies: bool = Field(default=False, description="Copy them and sidecars, too, with a photo that is copied.")
    pairs: bool = Field(
        default=False,
        description="A RAW file and a picture of the same name go together: when one is moved, the other one follows. "
        "Otherwise rules decide about each separately.",
    )

    @property
    def tails(self) -> tuple[str, ...]:
        """How their names end, in lower case."""
        return tuple(dict.fromkeys(Form(text).tail.lower() for text in self.forms))
