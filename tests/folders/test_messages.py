"""The messages that wait for the loop."""

from pathlib import Path

from familiar.folders.messages import HINTS, Messages
from familiar.sources.messages import EventsLost, FileHint

ROOT = Path("/pictures")


def test_hints_are_taken_some_at_a_time_and_where_too_many_wait_the_root_is_compared_instead() -> None:
    told = list[None]()
    messages = Messages(lambda: told.append(None), most_hints=HINTS + 1)
    hints = [FileHint(root=ROOT, path=ROOT / f"{number}.jpg") for number in range(HINTS + 2)]
    for hint in hints:
        messages.post(hint)
    messages.post(EventsLost(root=ROOT, reason="too few watches", is_lasting=True))
    told.clear()
    assert list(messages.hints()) == hints[:HINTS]
    assert told == [None], "the loop is told that there are more"
    assert list(messages.hints()) == [
        hints[HINTS],
        EventsLost(root=ROOT, reason="too few watches", is_lasting=True),
        EventsLost(root=ROOT, reason=f"more than {HINTS + 1} events waited"),
    ]
    assert (len(messages), list(messages.hints())) == (0, [])


def test_of_a_file_that_is_written_many_hints_are_taken_as_one() -> None:
    messages = Messages(lambda: None)
    written, other = (FileHint(root=ROOT, path=ROOT / name) for name in ("video.mp4", "photo.jpg"))
    for _ in range(10 * HINTS):
        messages.post(written)
        messages.post(other)
    assert list(messages.hints()) == [written, other]
    assert len(messages) == 0
