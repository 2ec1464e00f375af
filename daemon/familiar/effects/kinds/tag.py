"""Tag the photo where it came from. The tag waits in the store until it is sent, and is taken off in the same way."""

from familiar.effects.attempt import Attempt
from familiar.effects.journal import Outcome, Step
from familiar.effects.kinds.contract import Kind, Needless, Parameters, Ready
from familiar.effects.kinds.surroundings import Records, Surroundings
from familiar.effects.outlook import Outlook
from familiar.effects.reversal import Reversal
from familiar.model import Tag


class TagKind(Kind[Tag]):
    """Nothing is done to a file: the store passes the tag on."""

    name = "tag"
    value = Tag

    def read(self, destination: str, rule: str, parameters: Parameters) -> Tag:  # noqa: ARG002
        """Return the operation of a row in the journal."""
        return Tag(text=destination, rule=rule)

    def follow(self, wish: Tag, step: Step, records: Records) -> None:
        """Pass the tag on to those that wait to be sent."""
        records.want_tag(step.photo_id, wish, step.path)

    def follow_back(self, wish: Tag, step: Step, records: Records) -> None:
        """Let the tag be taken off, and not be given again."""
        records.veto_tag(step.photo_id, wish.text, step.path)

    async def prepare(
        self,
        wish: Tag,
        step: Step,  # noqa: ARG002
        around: Surroundings,  # noqa: ARG002
        picture: bytes | None,  # noqa: ARG002
    ) -> Ready | Needless:
        """Need nothing."""
        return Ready(operation=wish)

    def carry_out(self, wish: Tag, attempt: Attempt) -> Outcome:  # noqa: ARG002
        """Be done: what follows in the store is all."""
        return Outcome(state="done")

    def obstacle(self, wish: Tag, step: Step, outlook: Outlook) -> str | None:  # noqa: ARG002
        """Know of none."""
        return None

    def take_back(self, wish: Tag, reversal: Reversal) -> None:
        """Do nothing: it is taken off the photo as it was put on, when its turn comes."""
