"""Write what is known of a photo into its sidecar, beside what others wrote there."""

import errno
import hashlib
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import ClassVar

from familiar.effects.attempt import Attempt, SourceFile
from familiar.effects.exchange import place_over
from familiar.effects.journal import Outcome, Step
from familiar.effects.kinds.captions import caption_as_json, caption_from_json
from familiar.effects.kinds.contract import PERMANENT, Needless, Parameters, Ready
from familiar.effects.kinds.file_kind import FileKind
from familiar.effects.kinds.surroundings import Records, Surroundings
from familiar.effects.reversal import Reversal
from familiar.errors import SetAsideError
from familiar.filesystem.files import Pulse, has_content, hold_if_regular
from familiar.filesystem.folders import Entry
from familiar.filesystem.rights import PRIVATE
from familiar.model import Area, FileOperation, Region, SidecarContent

_FORBIDDEN = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
"""Where familiar may not write, there are no sidecars; to try again for each photo of a library would not end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteSidecar(FileOperation):
    """Write what is known of a photo into its sidecar at `target`, beside what others wrote there."""

    wanted: SidecarContent
    kind: ClassVar[str] = "sidecar"


class WriteSidecarKind(FileKind[WriteSidecar]):
    """The sidecar says what it is to say; the bytes before are in the journal, and come back with an undo."""

    name = "write_sidecar"
    value = WriteSidecar
    is_about_companion = True
    merges = True
    permanent = PERMANENT | _FORBIDDEN

    def parameters(self, wish: WriteSidecar) -> Parameters:
        """Return what the sidecar is to say."""
        return {"wanted": content_as_json(wish.wanted)}

    def read(self, destination: str, rule: str, parameters: Parameters) -> WriteSidecar:
        """Return the operation of a row in the journal."""
        return WriteSidecar(target=Path(destination), rule=rule, wanted=content_from_json(parameters["wanted"]))

    def follow(self, wish: WriteSidecar, step: Step, records: Records) -> None:  # noqa: ARG002
        """Know the sidecar, and how it looks now."""
        assert step.target is not None
        records.note_sidecar(step.target, step.photo_id)

    def follow_back(self, wish: WriteSidecar, step: Step, records: Records) -> None:  # noqa: ARG002
        """Know how the sidecar looks now.

        What it was to say stays known: it is not written again until something else is to be said.
        """
        if step.target is not None and step.source is not None:
            records.note_sidecar(step.target, None)

    async def prepare(
        self,
        wish: WriteSidecar,
        step: Step,
        around: Surroundings,
        picture: bytes | None,  # noqa: ARG002
    ) -> Ready | Needless:
        """Render the sidecar, unless it was written already, or something else is to stand in it by now.

        Raises:
            SetAsideError: an interrupted try may have written it, and it was changed since. The step keeps the bytes
                that were there before it, and another step writes the sidecar again.
        """
        if around.is_written(step):
            return Ready(operation=wish)
        if not around.is_wanted(wish.target, wish.wanted):
            return Needless(target=wish.target)
        around.check_photo(step.path)
        after, before = await around.renderer.sidecar(step, wish.target, wish.wanted)
        if step.is_begun and before != step.before:
            around.append(step, [wish])
            raise SetAsideError(f"{wish.target}: was changed after an interrupted write; another operation writes it")
        return Ready(operation=wish, rendered=after, before=before)

    def carry_out(self, wish: WriteSidecar, attempt: Attempt) -> Outcome:
        """Write the sidecar in the place of the one that was read."""
        rendered, before, step = attempt.rendered, attempt.before, attempt.step
        if attempt.is_written():
            return Outcome(state="done", target=wish.target)
        if rendered == before:
            return Outcome(state="kept", target=wish.target)
        assert rendered is not None, "a sidecar is never removed"
        expected = None if before is None else hashlib.sha256(before).hexdigest()
        target = Entry(attempt.folder(wish.target.parent), wish.target.name)
        source = SourceFile(path=step.path, entry=None)
        hidden = attempt.reserve(source, target, hashlib.sha256(rendered).hexdigest())
        rights = attempt.rights_for_made(step.path)
        place_over(rendered, target, hidden, expected=expected, rights=rights, pulse=attempt.pulse)
        return Outcome(state="done", target=wish.target)

    def may_be_done(self, step: Step, target: Entry, pulse: Pulse) -> bool:
        """Compare the content: something had the name before."""
        return has_content(target, step.hash or "", pulse)

    def is_spent(self, step: Step, aside: Entry, *, is_replaced: bool) -> bool:
        """Say so of a sidecar that the journal knows; of ours alone where the name is free, and it is written again."""
        spent = {step.hash, step.hash_before} if is_replaced else {step.hash}
        with hold_if_regular(aside) as held:
            return held is not None and held.hash() in spent

    def leaves_nothing(self, wish: WriteSidecar, step: Step) -> bool:  # noqa: ARG002
        """Say so where there was none before."""
        return step.before is None

    def hash_after_undo(self, step: Step) -> str | None:
        """Return the SHA-256 of the sidecar that was there before."""
        return step.hash_before

    def remove(self, wish: WriteSidecar, target: Entry, reversal: Reversal) -> None:
        """Put back what was there before, or remove a sidecar that was not."""
        step = reversal.step
        if step.before is None:
            super().remove(wish, target, reversal)
        else:
            expected = step.hash or ""
            place_over(step.before, target, reversal.hidden, expected=expected, rights=PRIVATE, pulse=reversal.pulse)


def content_as_json(content: SidecarContent) -> Parameters:
    """Return what a sidecar says as JSON has it."""
    return {
        "names": list(content.names),
        "regions": [[region.name, *astuple(region.area)] for region in content.regions],
        "size": [content.width, content.height],
        **({} if content.caption is None else {"caption": caption_as_json(content.caption)}),
    }


def content_from_json(found: Parameters) -> SidecarContent:
    """Return what `content_as_json` gave."""
    return SidecarContent(
        names=tuple(found["names"]),
        regions=tuple(Region(name=name, area=_area(sides)) for name, *sides in found["regions"]),
        width=found["size"][0],
        height=found["size"][1],
        caption=caption_from_json(found["caption"]) if "caption" in found else None,
    )


def _area(sides: Sequence[float]) -> Area:
    x, y, width, height = sides
    return Area(x=x, y=y, width=width, height=height)
