"""Messages of the command line, in the words of the page."""

import pytest

from familiar.review.wording import in_groups, message_for_page, with_links
from support.review_page import ServedPage, Visitor

TOLD = {
    "There is no cluster 5; `familiar clusters list` shows them.": "There is no group 5.",
    "These are all faces of cluster 5; nothing is left.": "These are all faces of group 5; nothing is left.",
    "Cluster 5 was refused for 'Ann' before; `familiar clusters log` shows the event, and `familiar clusters undo "
    "EVENT` undoes it.": "Group 5 was refused for 'Ann' before; undo that first, under Activity.",
    "Event 1 (cluster 5 (2 faces) is Ann) can't be undone yet: event 2 (Ann is Bob now) builds on it; `familiar people "
    "undo 2` first.": "Event 1 (group 5 (2 faces) is Ann) can't be undone yet: event 2 (Ann is Bob now) builds on it; "
    "undo that first, under Activity.",
    "Cluster 5 is 'Ann', and 7 is 'Bob'; if they are one person: familiar people merge 'Ann' 'Bob'": (
        "Group 5 is 'Ann', and 7 is 'Bob'."
    ),
    "5 and 7 are the same cluster already (7).": "5 and 7 are the same group already (7).",
    "They are Ann already.": "They are Ann already.",
}


@pytest.mark.parametrize("message", TOLD)
def test_a_message_names_groups_and_no_commands(message: str) -> None:
    assert message_for_page(message) == TOLD[message]


def test_groups_of_what_was_done_lead_to_them() -> None:
    one = with_links("cluster 7 (2 faces) is <b>", "/faces")
    assert one == '<a href="/faces/groups/7">group 7</a> (2 faces) is &lt;b&gt;'
    two = with_links("clusters 1 and 2 are two people", "")
    assert two == 'groups <a href="/groups/1">1</a> and <a href="/groups/2">2</a> are two people'
    assert in_groups("event 7 builds on it") == "something later builds on it"


def test_pages_and_refusals_name_no_commands(visitor: Visitor, served: ServedPage) -> None:
    assert "There is no group 999." in visitor.get("/groups/999").text
    assert "There is no person named &#39;Zoe&#39;." in visitor.get("/photos?person=Zoe").text
    with served.library() as library:
        library.clusters.name(1, "Ann")
        library.clusters.name(2, "Bob")
        seen = {str(person.id): person.version for person in library.people.all() if person.name == "Ann"}
    taken = visitor.change(what="rename", people=seen, name="Bob").json()
    assert taken["said"] == "'Bob' exists already."
    assert "familiar" not in visitor.get("/activity?part").text.replace("familiar run", "")
