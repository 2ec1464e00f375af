"""Messages and decisions in the words of the page, where the command line has others: groups, and no commands."""

import re

from markupsafe import Markup, escape

from familiar.library.report.page import shown

_CLUSTER = re.compile(r"\b([Cc])luster(?=s? [0-9])|(?<=the same )cluster\b")
_GROUPS = re.compile(r"\b([Gg]roups? )([0-9]+)(?:( and )([0-9]+))?")
_BUILDER = re.compile(r"^event [0-9]+ builds on it$")
_COMMAND = re.compile(r"`familiar |\bfamiliar people merge |^(the option )?--[a-z]")


def message_for_page(message: str) -> str:
    """Return a message without its clauses about commands: the page has ways of its own."""
    first, *others = message.split("; ")
    left_out = [other for other in others if _COMMAND.search(other)]
    told = [first, *(other for other in others if other not in left_out)]
    if any("undo" in other for other in left_out):
        told.append("undo that first, under Activity")
    text = in_groups("; ".join(told))
    return f"{text}." if left_out and not text.endswith(".") else text


def in_groups(text: str) -> str:
    """Return what was done, or why it can't be undone, with groups in the place of clusters."""
    if _BUILDER.search(text):
        return "something later builds on it"
    return _CLUSTER.sub(lambda found: "Group" if found[1] == "C" else "group", text)


def with_links(text: str, top: str) -> Markup:
    """Return what was done as HTML, in which the numbers of groups lead to them; `top` is the start of all paths."""
    escaped = str(escape(shown(in_groups(text))))
    return Markup(_GROUPS.sub(lambda found: _linked(found, top), escaped))  # noqa: S704 - it is escaped


def _linked(found: "re.Match[str]", top: str) -> str:
    what, first, between, second = found.groups()
    if second is None:
        return _link(top, first, f"{what}{first}")
    return f"{what}{_link(top, first, first)}{between}{_link(top, second, second)}"


def _link(top: str, group: str, text: str) -> str:
    return f'<a href="{top}/groups/{group}">{text}</a>'
