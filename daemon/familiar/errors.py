"""The few exceptions of familiar: what the user must mend, what to set aside, what to retry.

Foreign errors are translated into one of these at the boundary where they arise, once.
"""


class FamiliarError(Exception):
    """Base of all errors whose message is meant for the user as it stands."""


class UsageError(FamiliarError):
    """Wrong use or a wrong configuration: the user must mend it. The command line exits with 2."""


class StoreError(FamiliarError):
    """The store can't be used (damaged, newer than this program, not permitted). Nothing was changed."""


class SetAsideError(FamiliarError):
    """This content can't be handled, now or later, as long as its bytes stay what they are."""


class RetryError(FamiliarError):
    """A passing failure (disk full, busy, unreadable for now): the same thing may work later."""


class ChangedError(RetryError):
    """The file is not what it was when it was looked at last: it must settle again."""


class GoneError(FamiliarError):
    """The file no longer lies where it was."""
