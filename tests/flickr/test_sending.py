"""Tags on their way to Flickr."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from familiar.flickr.api.errors import LoginLostError, NotAllowedError, StoppedError
from support.flickr_bench import FlickrBench
from support.flickr_server.account import Photo
from support.flickr_server.server import FlickrServer

NOT_KEPT = "Flickr took this tag and does not show it"


@pytest.fixture
def bench(tmp_path: Path, flickr: FlickrServer) -> Iterator[FlickrBench]:
    with FlickrBench.at(tmp_path, flickr) as found:
        yield found


@pytest.fixture
def photo(bench: FlickrBench, astronaut: Path) -> Photo:
    found = bench.flickr.account.add_photo(astronaut, tags=["holiday"])
    bench.look()
    bench.flickr.record.clear()
    return found


def raws(photo: Photo) -> list[str]:
    return [tag.raw for tag in photo.tags]


@pytest.mark.parametrize(
    ("texts", "calls"),
    [
        (["Jane Doe", "ジョン・スミス"], ["photos.getInfo", "photos.addTags", "photos.addTags"]),
        (["Jane Doe", "party 🎉"], ["photos.getInfo", "photos.addTags", "photos.addTags", "photos.getInfo"]),
        (
            ["Jane Doe", "people:name=Jane Doe", "the Duke, John", "party 🎉"],
            ["photos.getInfo", "photos.addTags", "photos.getInfo"],
        ),
    ],
)
def test_each_tag_is_sent_once_some_in_one_call_that_a_look_confirms_and_never_as_a_whole_set(
    bench: FlickrBench, photo: Photo, texts: list[str], calls: list[str]
) -> None:
    bench.want(photo.id, *texts)
    assert bench.send().sent.added == len(texts)
    assert bench.send().sent.added == 0
    assert raws(photo) == ["holiday", *texts]
    assert bench.asked() == calls
    assert set(bench.flickr.record.tags_sent.values()) == {1}
    assert bench.flickr.record.violations == []


def test_a_tag_that_is_there_in_another_spelling_is_not_added_again_nor_ever_removed(
    bench: FlickrBench, photo: Photo
) -> None:
    bench.flickr.account.tag_by_hand(photo.id, "JANE-DOE")
    bench.want(photo.id, "Jane Doe")
    assert bench.send().sent.kept == 1
    assert bench.log.of("flickr.tag_kept") == [{"photo": photo.id, "tag": "Jane Doe"}]
    (row,) = bench.store.flickr_tags.of(photo.id)
    bench.store.flickr_tags.unwant(row)
    bench.send()
    assert raws(photo) == ["holiday", "JANE-DOE"]
    assert bench.asked() == ["photos.getInfo"]
    assert bench.store.flickr_tags.of(photo.id) == []


def test_tags_that_differ_in_punctuation_beyond_ascii_are_two(bench: FlickrBench, photo: Photo) -> None:
    bench.flickr.account.tag_by_hand(photo.id, "ジョンスミス")
    bench.want(photo.id, "ジョン・スミス")
    assert bench.send().sent.added == 1
    assert raws(photo) == ["holiday", "ジョンスミス", "ジョン・スミス"]


def test_a_tag_of_ours_is_taken_off_when_it_is_not_wanted_any_more(bench: FlickrBench, photo: Photo) -> None:
    bench.want(photo.id, "Jane Doe", "Ann")
    bench.send()
    bench.store.flickr_tags.unwant(bench.store.flickr_tags.of(photo.id)[0])
    assert bench.send().sent.removed == 1
    assert bench.log.of("flickr.tag_removed") == [{"photo": photo.id, "tag": "Jane Doe"}]
    assert raws(photo) == ["holiday", "Ann"]
    assert [clean for _, clean in bench.flickr.record.tags_removed] == ["janedoe"]


def test_a_tag_of_ours_that_somebody_has_taken_off_is_not_missed(bench: FlickrBench, photo: Photo) -> None:
    bench.want(photo.id, "Jane Doe")
    bench.send()
    bench.flickr.account.untag_by_hand(photo.id, "Jane Doe")
    bench.store.flickr_tags.unwant(bench.store.flickr_tags.of(photo.id)[0])
    bench.send()
    assert "photos.removeTag" not in bench.asked()
    assert bench.store.flickr_tags.open_tags() == []


@pytest.mark.parametrize("fault", ["lost", "lost-hang", "lost-500", "html", "empty", "half", "error:106", "502", "429"])
def test_an_answer_that_is_lost_is_made_up_for_by_a_look(bench: FlickrBench, photo: Photo, fault: str) -> None:
    bench.want(photo.id, "Jane Doe", "Ann")
    bench.fail_next(fault, method="flickr.photos.addTags")
    bench.send()
    assert raws(photo) == ["holiday", "Jane Doe", "Ann"]
    assert set(bench.flickr.record.tags_added.values()) == {1}
    assert [row.ours for row in bench.store.flickr_tags.of(photo.id)] == [True, True]
    bench.store.flickr_tags.unwant(bench.store.flickr_tags.of(photo.id)[0])
    bench.fail_next(fault, method="flickr.photos.removeTag")
    bench.send()
    assert raws(photo) == ["holiday", "Ann"]


@pytest.mark.parametrize("arrived", [True, False])
def test_a_tag_that_was_being_sent_when_the_program_died_is_looked_for_first(
    bench: FlickrBench, photo: Photo, arrived: bool
) -> None:
    bench.want(photo.id, "Jane Doe")
    bench.store.flickr_tags.begin(bench.store.flickr_tags.of(photo.id)[0])
    if arrived:
        bench.flickr.account.tag_by_hand(photo.id, "Jane Doe")
    bench.send()
    assert bench.asked() == ["photos.getInfo"] + ["photos.addTags"] * (not arrived)
    assert raws(photo) == ["holiday", "Jane Doe"]
    assert bench.store.flickr_tags.of(photo.id)[0].ours


def test_a_tag_that_failed_while_the_clock_ran_ahead_is_sent_when_it_is_right(bench: FlickrBench, photo: Photo) -> None:
    bench.want(photo.id, "Jane Doe")
    bench.later(700 * 86_400)
    bench.flickr.faults.next("503", times=99)
    assert bench.send().sent.failed == 1
    bench.flickr.faults.stop()
    bench.later(-700 * 86_400)
    assert bench.send().sent.added == 1


def test_a_flickr_that_does_not_answer_lets_tags_wait(bench: FlickrBench, photo: Photo) -> None:
    bench.want(photo.id, "Jane Doe")
    bench.flickr.faults.next("503", times=99)
    assert bench.send().sent.failed == 1
    (failed,) = bench.log.of("flickr.tag_failed")
    assert failed == {"photo": photo.id, "tag": "Jane Doe", "error": "HTTP 503", "retry_in": 60}
    assert bench.send().sent.failed == 0
    bench.flickr.faults.stop()
    bench.later(100)
    assert bench.send().sent.added == 1


@pytest.mark.parametrize("method", ["photos.getInfo", "photos.addTags"])
@pytest.mark.parametrize("code", [105, 201, 999])
def test_an_error_that_is_not_documented_as_final_lets_tags_wait(
    bench: FlickrBench, photo: Photo, method: str, code: int
) -> None:
    bench.want(photo.id, "Jane Doe", "Ann")
    bench.flickr.faults.next(f"error:{code}", method=f"flickr.{method}", times=99)
    sent = bench.send().sent
    assert (sent.refused, sent.failed) == (0, 2)
    bench.flickr.faults.stop()
    bench.later(100)
    assert bench.send().sent.added == 2
    assert raws(photo) == ["holiday", "Jane Doe", "Ann"]


@pytest.mark.parametrize("times", [3, 99])
def test_why_a_tag_waits_is_told_until_it_is_sent(bench: FlickrBench, photo: Photo, times: int) -> None:
    bench.want(photo.id, "Jane Doe", "Ann")
    bench.flickr.faults.next("error:106", method="flickr.photos.addTags", times=times)
    bench.send()
    reason = "Write operation failed (error 106)"
    assert {each["error"] for each in bench.log.of("flickr.tag_failed")} == {reason}
    assert bench.store.flickr_tags.failures() == {reason: 2}
    bench.flickr.faults.stop()
    bench.later(7200)
    assert bench.send().sent.added == 2
    assert bench.store.flickr_tags.failures() == {}


def test_without_a_network_a_few_photos_are_tried_no_call_is_counted_and_all_are_sent_when_it_is_back(
    bench: FlickrBench, astronaut: Path
) -> None:
    photos = [bench.flickr.account.add_photo(astronaut) for _ in range(8)]
    bench.look()
    for each in photos:
        bench.want(each.id, "Jane Doe")
    used = bench.store.flickr_calls.last_hour("api")
    bench.go_away()
    sent = bench.send().sent
    assert sent.failed == 3
    assert sent.trouble is not None
    assert sent.trouble.startswith("Flickr does not answer (no answer: ")
    assert bench.store.flickr_calls.last_hour("api") == used
    bench.come_back()
    bench.later(100)
    sent = bench.send().sent
    assert (sent.added, sent.trouble) == (8, None)


@pytest.mark.parametrize("fault", ["drip", "half", "empty", "html", "503", "error:201", "error:105"])
def test_without_a_whole_answer_a_few_photos_are_tried_and_the_next_run_begins_with_others(
    bench: FlickrBench, astronaut: Path, fault: str
) -> None:
    photos = [bench.flickr.account.add_photo(astronaut).id for _ in range(6)]
    bench.look()
    bench.settings = bench.settings.model_copy(update={"backoff": 0.001, "timeout": 0.05 if fault == "drip" else 60})
    for each in photos:
        bench.want(each, "Jane Doe")
    bench.flickr.faults.next(fault, method="flickr.photos.getInfo", times=999)
    tried = []
    for _ in range(2):
        bench.flickr.record.clear()
        sent = bench.send(later=0).sent
        assert (sent.failed, sent.trouble is not None) == (3, True)
        asked = bench.flickr.record.calls("flickr.photos.getInfo")
        tried.append(list(dict.fromkeys(call.parameters["photo_id"] for call in asked)))
    assert tried == [photos[:3], photos[3:]]
    bench.flickr.faults.stop()
    bench.settings = bench.settings.model_copy(update={"timeout": 60})
    sent = bench.send().sent
    assert (sent.added, sent.trouble) == (6, None)


def test_photos_that_can_never_be_tagged_hold_up_no_others(bench: FlickrBench, astronaut: Path) -> None:
    photos = [bench.flickr.account.add_photo(astronaut).id for _ in range(8)]
    bench.look()
    for each in photos:
        bench.want(each, "Jane Doe")
    bench.flickr.quirks.broken = tuple(photos[:4])
    for _ in range(2):
        bench.send()
        bench.later(7200)
    assert [len(bench.flickr.account.photos[each].tags) for each in photos] == [0] * 4 + [1] * 4


def test_an_answer_between_two_failures_is_an_answer(bench: FlickrBench, astronaut: Path) -> None:
    photos = [bench.flickr.account.add_photo(astronaut) for _ in range(5)]
    bench.look()
    for each in photos:
        bench.want(each.id, "Jane Doe")
    bench.flickr.account.delete_photo(photos[2].id)
    bench.flickr.faults.next("503", method="flickr.photos.getInfo", times=12)
    bench.flickr.faults.next("503", method="flickr.photos.getInfo", times=12, after=1)
    sent = bench.send().sent
    assert (sent.failed, sent.refused, sent.trouble) == (4, 1, None)


def test_each_photo_is_tried_once_in_a_run_even_if_it_is_due_again_meanwhile(bench: FlickrBench, photo: Photo) -> None:
    bench.want(photo.id, "Jane Doe")
    bench.flickr.faults.next("503", times=99)
    assert bench.send(later=0).sent.failed == 1


def test_a_photo_with_75_tags_gets_no_more_and_says_so(bench: FlickrBench, photo: Photo) -> None:
    for number in range(73):
        bench.flickr.account.tag_by_hand(photo.id, f"tag {number}")
    bench.want(photo.id, "Jane Doe", "Ann")
    sent = bench.send().sent
    assert (sent.added, sent.refused) == (1, 1)
    (refused,) = bench.store.flickr_tags.refusals()
    assert (refused.text, refused.refused) == ("Ann", "the photo has 75 tags, the limit of Flickr")


def test_several_tags_for_which_there_is_no_room_fill_what_is_left(bench: FlickrBench, photo: Photo) -> None:
    for number in range(70):
        bench.flickr.account.tag_by_hand(photo.id, f"tag {number}")
    bench.want(photo.id, *(f"new {number}" for number in range(6)))
    sent = bench.send().sent
    assert (sent.added, sent.refused) == (4, 2)


@pytest.mark.parametrize("fault", ["error:2", "lost", "lost-500", "error:106", "502", "429", "html"])
def test_several_tags_in_a_call_that_fails_are_there_once_in_the_end(
    bench: FlickrBench, photo: Photo, fault: str
) -> None:
    texts = ["Ann", "Bob", "Cid"]
    bench.want(photo.id, *texts)
    bench.fail_next(fault, method="flickr.photos.addTags")
    assert bench.send().sent.added == 3
    assert raws(photo) == ["holiday", *texts]
    assert set(bench.flickr.record.tags_added.values()) == {1}
    assert all(row.ours and not row.sending for row in bench.store.flickr_tags.of(photo.id))


def test_several_tags_that_were_being_sent_when_the_program_died_are_looked_for_first(
    bench: FlickrBench, photo: Photo
) -> None:
    texts = ["Ann", "Bob", "Cid", "Dan"]
    bench.want(photo.id, *texts)
    for row in bench.store.flickr_tags.of(photo.id):
        bench.store.flickr_tags.begin(row)
    bench.flickr.account.add_tags(photo, texts[:2])
    assert bench.send().sent.added == 4
    assert raws(photo) == ["holiday", *texts]
    assert set(bench.flickr.record.tags_sent.values()) == {1}


def test_a_tag_that_was_refused_is_tried_again_on_request(bench: FlickrBench, photo: Photo) -> None:
    for number in range(74):
        bench.flickr.account.tag_by_hand(photo.id, f"tag {number}")
    bench.want(photo.id, "Ann")
    assert bench.send().sent.refused == 1
    bench.flickr.account.untag_by_hand(photo.id, "tag 0")
    assert bench.send().sent.added == 0
    bench.store.flickr_tags.retry_refused()
    assert bench.send().sent.added == 1


def test_a_tag_that_was_refused_is_tried_again_when_its_photo_has_changed(bench: FlickrBench, photo: Photo) -> None:
    for number in range(74):
        bench.flickr.account.tag_by_hand(photo.id, f"tag {number}")
    bench.look()
    bench.want(photo.id, "Ann")
    assert bench.send().sent.refused == 1
    bench.look()
    assert bench.send().sent.added == 0
    bench.flickr.account.untag_by_hand(photo.id, "tag 0")
    photo.updated += 1  # its last change is told in whole seconds
    bench.look()
    assert bench.send().sent.added == 1


def test_tags_of_a_photo_that_is_gone_are_refused_with_the_reason(bench: FlickrBench, photo: Photo) -> None:
    bench.want(photo.id, "Jane Doe")
    bench.flickr.account.delete_photo(photo.id)
    bench.send()
    assert [row.refused for row in bench.store.flickr_tags.refusals()] == ["the photo no longer exists"]
    assert bench.send().sent.refused == 0


def test_a_tag_to_be_taken_off_a_photo_that_is_deleted_is_not_refused_but_done(
    bench: FlickrBench, photo: Photo
) -> None:
    bench.want(photo.id, "Jane Doe", "Ann")
    bench.send()
    first, second = bench.store.flickr_tags.of(photo.id)
    bench.store.flickr_tags.unwant(first)
    bench.flickr.account.delete_photo(photo.id)
    assert bench.send().sent.refused == 0
    assert bench.store.flickr_tags.of(photo.id) == [second]
    bench.store.flickr.mark_gone(photo.id)
    bench.store.flickr_tags.unwant(second)
    assert bench.asked()[-1] == "photos.getInfo"
    bench.flickr.record.clear()
    bench.send()
    assert (bench.asked(), bench.store.flickr_tags.open_tags()) == ([], [])


@pytest.mark.parametrize("texts", [["🎉"], ["Jane 🎉", "🎉"], ["🎉", "Jane 🎉", "Ann", "Bob"]])
def test_a_tag_of_which_flickr_leaves_nothing_is_refused_with_the_reason_and_not_sent_again(
    bench: FlickrBench, photo: Photo, texts: list[str]
) -> None:
    bench.flickr.account.drops_symbols = True
    bench.want(photo.id, *texts)
    sent = bench.send().sent
    assert (sent.added, sent.refusals) == (len(texts) - 1, [(photo.id, "🎉", NOT_KEPT)])
    assert raws(photo) == ["holiday", *(text for text in texts if text != "🎉")]
    assert [row.text for row in bench.store.flickr_tags.refusals()] == ["🎉"]
    assert {each["tag"] for each in bench.log.of("flickr.tag_added")} == {*texts} - {"🎉"}
    bench.flickr.record.clear()
    bench.later(7200)
    bench.send()
    assert bench.asked() == []


def test_a_tag_of_which_flickr_leaves_a_part_is_ours(bench: FlickrBench, photo: Photo) -> None:
    bench.flickr.account.drops_symbols = True
    bench.want(photo.id, "Jane 🎉")
    assert bench.send().sent.added == 1
    bench.store.flickr_tags.unwant(bench.store.flickr_tags.of(photo.id)[0])
    assert bench.send().sent.removed == 1
    assert raws(photo) == ["holiday"]


@pytest.mark.parametrize("fault", ["error:201", "503", "lost", "half"])
def test_a_look_that_fails_after_a_doubtful_tag_was_sent_loses_nothing(
    bench: FlickrBench, photo: Photo, fault: str
) -> None:
    bench.want(photo.id, "party 🎉")
    bench.flickr.faults.next(fault, method="flickr.photos.getInfo", after=1, times=99)
    assert bench.send().sent.failed == 1
    bench.flickr.faults.stop()
    bench.later(7200)
    assert bench.send().sent.added == 1
    assert (raws(photo), set(bench.flickr.record.tags_added.values())) == (["holiday", "party 🎉"], {1})
    assert bench.store.flickr_tags.of(photo.id)[0].ours


def test_of_two_tags_that_are_one_on_flickr_it_is_taken_off_with_the_last_one(bench: FlickrBench, photo: Photo) -> None:
    bench.flickr.account.drops_symbols = True
    bench.want(photo.id, "party ©", "party")
    bench.send()
    first, second = bench.store.flickr_tags.of(photo.id)
    before = raws(photo)
    bench.store.flickr_tags.unwant(first)
    bench.send()
    assert raws(photo) == before
    assert [row.text for row in bench.store.flickr_tags.of(photo.id)] == ["party"]
    bench.store.flickr_tags.unwant(second)
    bench.send()
    assert raws(photo) == ["holiday"]


def test_a_tag_that_is_told_without_its_id_is_taken_off_later(bench: FlickrBench, photo: Photo) -> None:
    bench.want(photo.id, "Jane Doe")
    bench.send()
    bench.store.flickr_tags.unwant(bench.store.flickr_tags.of(photo.id)[0])
    told = '{"stat":"ok","photo":{"tags":{"tag":[{"raw":"Jane Doe","_content":"janedoe"}]}}}'
    bench.flickr.faults.next(f"text:{told}", method="flickr.photos.getInfo")
    assert bench.send().sent.failed == 1
    bench.later(7200)
    assert bench.send().sent.removed == 1
    assert raws(photo) == ["holiday"]


def test_a_login_that_is_lost_loses_no_tag(bench: FlickrBench, photo: Photo) -> None:
    bench.want(photo.id, "Jane Doe")
    bench.flickr.meanwhile("flickr.photos.getInfo", after=1, do=bench.flickr.logins.revoke)
    with pytest.raises(LoginLostError):
        bench.send()
    assert bench.send().sent.added == 1
    assert raws(photo) == ["holiday", "Jane Doe"]


@pytest.mark.parametrize("texts", [["Jane Doe"], ["Jane Doe", "Bob", "Cid"]])
@pytest.mark.parametrize("fault", ["error:201", "error:105", "429", "error:98", "error:99", "error:100"])
def test_a_tag_that_its_owner_adds_after_a_call_that_did_nothing_is_never_removed(
    bench: FlickrBench, photo: Photo, fault: str, texts: list[str]
) -> None:
    bench.want(photo.id, *texts)
    bench.flickr.faults.next(fault, method="flickr.photos.addTags", times=99)
    with suppress(StoppedError, NotAllowedError):
        bench.send()
    bench.flickr.faults.stop()
    bench.later(7200)
    bench.flickr.account.tag_by_hand(photo.id, "Jane Doe")
    assert bench.send().sent.kept == 1
    bench.store.flickr_tags.unwant(bench.store.flickr_tags.of(photo.id)[0])
    bench.send()
    assert raws(photo) == ["holiday", *texts]


def test_a_login_that_may_only_read_sends_nothing_and_keeps_all(bench: FlickrBench, photo: Photo) -> None:
    bench.want(photo.id, "Jane Doe")
    bench.perms = "read"
    with pytest.raises(NotAllowedError, match="--perms write"):
        bench.send()
    bench.perms = "write"
    assert bench.send().sent.added == 1


def test_a_tag_that_is_wanted_again_before_it_was_taken_off_stays(bench: FlickrBench, photo: Photo) -> None:
    bench.want(photo.id, "Jane Doe")
    bench.send()
    bench.store.flickr_tags.unwant(bench.store.flickr_tags.of(photo.id)[0])
    bench.want(photo.id, "Jane Doe")
    bench.flickr.record.clear()
    bench.send()
    assert (bench.asked(), raws(photo)) == ([], ["holiday", "Jane Doe"])
