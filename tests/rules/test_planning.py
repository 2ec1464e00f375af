import itertools
import re
import unicodedata
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from familiar.model import Box, Crop, DateSource, Face, FlickrFacts, Match, Photo, Plan, RecognisedFace, Subject
from familiar.photo_details import Album
from familiar.rules.language import read_rules
from familiar.rules.planning import plan_for

HOME = Path("/home/eileen")


def face(
    person: str | None = None,
    *,
    distance: float = 0.3,
    accepted: bool = True,
    size: int = 100,
    sharpness: float = 50,
    quality: float | None = None,
) -> RecognisedFace:
    found = Face(
        box=Box(left=0, top=0, right=size, bottom=size),
        landmarks=(),
        embedding=np.zeros(128, dtype=np.float32),
        size=size,
        sharpness=sharpness,
        quality=quality,
        engine="test",
    )
    match = None if person is None else Match(person=person, distance=distance, accepted=accepted)
    return RecognisedFace(face=found, match=match)


def subject(
    *faces: RecognisedFace, path: str = "/photos/camera/a.jpg", taken: datetime | None = None, is_remote: bool = False
) -> Subject:
    photo = Photo(hash="0" * 64, format="JPEG", width=500, height=400, taken=taken, engine="test")
    file_time = datetime(2020, 2, 3, 4, 5)
    return Subject(photo=photo, path=Path(path), source="camera", file_time=file_time, faces=faces, is_remote=is_remote)


def planned(rules: str, looked_at: Subject) -> Plan:
    return plan_for(read_rules(Path("rules.yaml"), rules, home=HOME), looked_at)


def targets(rules: str, looked_at: Subject) -> list[str]:
    return [f"{step.kind} {step.destination}" for step in planned(rules, looked_at).operations]


def holds(when: str, looked_at: Subject) -> bool:
    return bool(planned(f"rules: [{{name: r, when: {when}, then: [copy: /out/]}}]", looked_at).operations)


ANN, BOB, STRANGER = face("Ann"), face("Bob", distance=0.4), face("Ann", distance=0.6, accepted=False)


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("{kind: photo}", True),
        ("{kind: video}", False),
        ("{person: Ann}", True),
        ("{person: aNN}", True),
        ("{person: Cid}", False),
        ("{person: [Cid, Bob]}", True),
        ("{person: any}", True),
        ("{person: unknown}", True),
        ("{person: Ann, distance: {max: 0.31}}", True),
        ("{person: Bob, distance: {max: 0.31}}", False),
        ("{person: Bob, score: {min: 0.7, max: 0.72}}", True),
        ("{person: unknown, distance: {max: 0.5}}", False),
        ("{faces: 3}", True),
        ("{faces: {min: 4}}", False),
        ("{faces: {max: 3}}", True),
        ("{source: camera}", True),
        ("{source: [phone, scans]}", False),
        ("{path: '/photos/**'}", True),
        ("{path: '/photos/*'}", False),
        ("{path: 'camera/?.jpg'}", True),
        ("{path: '~/**'}", False),
        ("{taken: {from: 2020-02-03, to: 2020-02-03}}", True),
        ("{taken: {to: 2020-02-02}}", False),
        ("{taken: {to: '2020-02-02'}}", False),
        ("{taken: {from: '2020-02-03', to: '2020-02-03 04:05:06'}}", True),
        ("{taken: {from: 2020-02-03 04:05:00, to: 2020-02-03 04:05:00}}", True),
        ("{all: [{person: Ann}, {person: Bob}]}", True),
        ("{all: [{person: Ann}, {person: Cid}]}", False),
        ("{any: [{person: Cid}, {person: Bob}]}", True),
        ("{not: {person: Cid}}", True),
        ("{not: {person: any}}", False),
        ("{person: Ann, not: {person: Bob}}", False),
        ("{face: {min_size: 101}}", False),
        ("{face: {max_size: 100, min_sharpness: 50}}", True),
    ],
)
def test_a_condition_holds_or_does_not(when: str, expected: bool) -> None:
    assert holds(when, subject(ANN, BOB, STRANGER)) is expected


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("{visibility: family}", True),
        ("{visibility: [public, friends]}", True),
        ("{visibility: [public, private]}", False),
        ("{media: photo}", True),
        ("{media: video}", False),
        ("{tags: Summer Holiday}", True),
        ("{tags: [zoo, 'People:Name=Jane Doe']}", True),
        ("{tags: summer}", False),
    ],
)
def test_a_condition_on_what_flickr_says_holds_or_does_not_and_never_does_for_a_photo_of_a_folder(
    when: str, expected: bool
) -> None:
    facts = FlickrFacts(
        id="1",
        media="photo",
        visibility=frozenset({"friends", "family"}),
        tags=frozenset({"summerholiday", "people:name=janedoe"}),
    )
    assert holds(when, replace(subject(ANN), flickr=facts)) is expected
    assert not holds(when, subject(ANN))
    assert holds(f"{{not: {when}}}", subject(ANN))


SEA, SKY = Album(id="721", title="Sea"), Album(id="722", title="Sky/Blue")


def on_flickr(*faces: RecognisedFace, albums: tuple[Album, ...] = (), title: str = "") -> Subject:
    facts = FlickrFacts(id="5298", media="photo", title=title, albums=albums)
    return replace(subject(*faces, path="/cache/5298_ab.jpg", is_remote=True), flickr=facts)


@pytest.mark.parametrize(
    ("when", "albums", "expected"),
    [
        ("{album: sea}", (SEA, SKY), True),
        ("{album: [Sun, 's*']}", (SKY,), True),
        ("{album: '722'}", (SKY,), True),
        ("{album: Sun}", (SEA,), False),
        ("{album: none}", (), True),
        ("{album: none}", (SEA,), False),
        ("{album: any}", (SEA,), True),
        ("{album: any}", (), False),
        ("{not: {album: Sea}}", (SKY,), True),
    ],
)
def test_a_condition_on_albums_holds_or_does_not(when: str, albums: tuple[Album, ...], expected: bool) -> None:
    assert holds(when, on_flickr(albums=albums)) is expected


def test_a_photo_in_a_folder_is_in_no_album_that_a_rule_could_mean() -> None:
    assert not holds("{album: none}", subject(ANN))
    assert not holds("{album: any}", subject(ANN))


def test_a_photo_goes_once_to_the_folder_of_each_album_that_its_rule_is_about() -> None:
    copy = "then: [{copy: '/out/{album}/{person}/{title}-{id}{suffix}'}]"
    looked_at = on_flickr(ANN, albums=(SEA, replace(SEA, id="723"), SKY), title="A/B")
    assert targets(f"rules: [{{name: r, {copy}}}]", looked_at) == [
        "copy /out/Sea/Ann/A_B-5298.jpg", "copy /out/Sky_Blue/Ann/A_B-5298.jpg",
    ]  # fmt: skip
    assert targets(f"rules: [{{name: r, when: {{album: sky*}}, {copy}}}]", looked_at) == [
        "copy /out/Sky_Blue/Ann/A_B-5298.jpg"
    ]
    assert targets(f"rules: [{{name: r, when: {{not: {{album: Sun}}}}, {copy}}}]", on_flickr(ANN)) == [
        "copy /out/no album/Ann/5298-5298.jpg"
    ]
    assert targets(f"rules: [{{name: r, {copy}}}]", subject(ANN)) == ["copy /out/no album/Ann/a-000000000000.jpg"]


def test_each_face_is_cropped_into_the_folder_of_each_album() -> None:
    crop = "rules: [{name: r, then: [{crop: '/out/{album}/'}]}]"
    assert targets(crop, on_flickr(ANN, albums=(SEA, SKY))) == [
        "crop /out/Sea/5298_ab.jpg", "crop /out/Sky_Blue/5298_ab.jpg",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "rule", ["when: {not: {album: Sea}}, then: [stop]", "then: [{copy: '/out/{album}/'}]", "then: [{tag: '{album}'}]"]
)
def test_a_rule_that_asks_for_albums_which_are_not_known_is_doubtful(rule: str) -> None:
    rules = read_rules(Path("rules.yaml"), f"rules: [{{name: r, {rule}}}]", home=HOME)
    (doubt,) = rules.doubts(without_albums=["ben"])
    assert doubt == (
        "rule 'r': asks for albums, which are not known for the source ben; set albums for it in flickr, to all for "
        "every photo"
    )
    assert rules.doubts() == ()


@pytest.mark.parametrize(
    ("when", "doubted"),
    [
        ("{source: ana, album: Sea}", []),
        ("{source: [ana, ben], album: Sea}", ["ben"]),
        ("{all: [{source: ana}, {not: {album: Sea}}]}", []),
        ("{album: Sea, any: [{source: ana}, {path: '*'}]}", ["ben", "carl"]),
        ("{album: Sea, any: [{source: ana}, {source: carl}]}", ["carl"]),
        ("{album: Sea, not: {source: ana}}", ["ben", "carl"]),
    ],
)
def test_a_rule_for_accounts_whose_albums_are_known_is_not_doubtful_for_albums(when: str, doubted: list[str]) -> None:
    rules = read_rules(Path("rules.yaml"), f"rules: [{{name: r, when: {when}, then: [stop]}}]", home=HOME)
    doubts = rules.doubts(without_albums=["ben", "carl"])
    assert [re.findall(r"the source (\w+);", doubt) for doubt in doubts] == [[name] for name in doubted]


def test_conditions_side_by_side_refer_to_the_same_face() -> None:
    looked_at = subject(face("Ann", size=40), face("Bob", size=200))
    assert not holds("{person: Ann, face: {min_size: 100}}", looked_at)
    assert holds("{all: [{person: Ann}, {face: {min_size: 100}}]}", looked_at)


@pytest.mark.parametrize(
    ("quality", "expected"), [(0.0, False), (0.4999, False), (0.5, True), (1.0, True), (None, True)]
)
def test_a_face_has_the_quality_that_a_rule_asks_for_if_its_own_is_high_enough_or_unknown(
    quality: float | None, expected: bool
) -> None:
    assert holds("{face: {min_quality: 0.5}}", subject(face("Ann", quality=quality))) is expected
    assert holds("{face: {min_quality: 0}}", subject(face("Ann", quality=quality)))


def test_a_quality_is_that_of_the_same_face_as_all_beside_it() -> None:
    looked_at = subject(face("Ann", quality=0.1, size=300), face("Bob", quality=0.9, size=40))
    assert not holds("{person: Ann, face: {min_quality: 0.5}}", looked_at)
    assert not holds("{face: {min_quality: 0.5, min_size: 100}}", looked_at)
    assert holds("{all: [{person: Ann}, {face: {min_quality: 0.5}}]}", looked_at)
    assert holds("{person: Ann, not: {person: Ann, face: {min_quality: 0.5}}}", looked_at)


def test_a_rule_about_good_faces_uses_those_alone() -> None:
    rule = "rules: [{name: r, when: {face: {min_quality: 0.5}}, then: [{copy: '/out/{person}/'}]}]"
    assert targets(rule, subject(face("Ann", quality=0.1), face("Bob", quality=0.9))) == ["copy /out/Bob/a.jpg"]


def test_an_action_that_names_the_person_is_done_once_for_each_that_the_condition_found() -> None:
    rule = "rules: [{name: r, when: {person: any}, then: [copy: '/out/{person}/']}]"
    twice = subject(ANN, BOB, face("Ann", distance=0.35), STRANGER)
    assert targets(rule, twice) == ["copy /out/Ann/a.jpg", "copy /out/Bob/a.jpg"]


def test_without_a_condition_on_faces_actions_use_everybody_who_is_recognised_and_crops_use_every_face() -> None:
    rule = (
        "rules: [{name: r, then: [copy: '/out/{person}/', crop: '/faces/{person}.png']}]".replace(
            "', crop", "'}, {crop"
        )
        .replace("[copy", "[{copy")
        .replace("png']", "png'}]")
    )
    assert targets(rule, subject(ANN, STRANGER)) == [
        "copy /out/Ann/a.jpg",
        "crop /faces/Ann.png",
        "crop /faces/unknown.png",
    ]


def test_crops_have_margin_and_size_and_refuse_small_faces() -> None:
    rule = "rules: [{name: r, then: [{crop: {to: /faces/, margin: 0.1, size: 64, min_size: 90, format: png}}]}]"
    plan = planned(rule, subject(ANN, face("Bob", size=50)))
    (crop,) = plan.operations
    assert isinstance(crop, Crop)
    assert (crop.target, crop.margin, crop.size) == (Path("/faces/a.png"), 0.1, 64)
    (refusal,) = plan.refusals
    assert refusal.reason == "the face is 50 pixels wide, and min_size is 90"


def test_crops_refuse_faces_of_too_low_a_quality_and_take_those_whose_quality_is_unknown() -> None:
    rule = "rules: [{name: r, then: [{crop: {to: '/faces/{person}.jpg', min_quality: 0.5}}]}]"
    plan = planned(rule, subject(face("Ann", quality=0.31), face("Bob", quality=0.5), face("Cid")))
    assert [step.destination for step in plan.operations] == [Path("/faces/Bob.jpg"), Path("/faces/Cid.jpg")]
    assert [no.reason for no in plan.refusals] == ["the face has a quality of 0.31, and min_quality is 0.5"]


def test_a_photo_moves_once_after_its_copies_and_before_its_links() -> None:
    rules = """
    rules:
      - {name: link, then: [{link: /links/}]}
      - {name: first, then: [{move: /one/}]}
      - {name: second, then: [{move: /two/}, {copy: /copies/}]}
    """
    plan = planned(rules, subject(ANN))
    assert [step.kind for step in plan.operations] == ["copy", "move", "link"]
    (refusal,) = plan.refusals
    assert (refusal.rule, refusal.kind) == ("second", "move")
    assert refusal.reason == "a photo moves at most once, and rule 'first' moves it already"


def test_stop_ends_the_rules_for_this_photo() -> None:
    rules = "rules: [{name: a, when: {person: Ann}, then: [stop]}, {name: b, then: [copy: /out/]}]"
    assert targets(rules, subject(ANN)) == []
    assert targets(rules, subject(BOB)) == ["copy /out/a.jpg"]


def test_an_operation_that_is_asked_for_twice_or_leads_to_the_photo_itself_is_left_out() -> None:
    rules = "rules: [{name: a, then: [{move: /photos/camera/}, {copy: /out/}]}, {name: b, then: [{copy: /out/}]}]"
    assert targets(rules, subject(ANN)) == ["copy /out/a.jpg"]


def test_the_time_taken_comes_from_the_camera_or_else_from_the_file() -> None:
    rule = "rules: [{name: r, then: [copy: '/out/{taken:%Y-%m}/']}]"
    assert targets(rule, subject(ANN)) == ["copy /out/2020-02/a.jpg"]
    assert targets(rule, subject(ANN, taken=datetime(1999, 12, 31))) == ["copy /out/1999-12/a.jpg"]


@pytest.mark.parametrize(
    ("source", "asked", "holds"),
    [
        ("camera", "camera", True),
        ("iptc", "camera", False),
        ("sidecar", "[xmp, sidecar]", True),
        ("modified", "file", False),
        (None, "file", True),
        (None, "[camera, modified]", False),
    ],
)
def test_rules_ask_where_a_date_was_found(source: DateSource | None, asked: str, holds: bool) -> None:
    rule = f"rules: [{{name: r, when: {{taken: {{from: 1990-01-01, source: {asked}}}}}, then: [copy: /out/]}}]"
    dated = subject(ANN, taken=None if source is None else datetime(1999, 12, 31))
    found = replace(dated, photo=replace(dated.photo, taken_source=source))
    assert targets(rule, found) == (["copy /out/a.jpg"] if holds else [])


def test_a_rule_fits_a_path_in_each_form_of_unicode() -> None:
    forms = [unicodedata.normalize(form, "caf\N{LATIN SMALL LETTER E WITH ACUTE}") for form in ("NFC", "NFD")]
    for pattern, name in itertools.product(forms, forms):
        rule = f"rules: [{{name: r, when: {{path: '**/{pattern}/**'}}, then: [copy: /out/]}}]"
        assert targets(rule, subject(ANN, path=f"/photos/{name}/a.jpg")) == ["copy /out/a.jpg"]
        named = replace(subject(ANN), source=name)
        assert targets(f"rules: [{{name: r, when: {{source: {pattern}}}, then: [copy: /out/]}}]", named)


def test_a_photo_without_a_date_goes_where_the_rule_says() -> None:
    rule = "rules: [{name: r, then: [copy: '/out/{taken:%Y-%m|undated}/', tag: '{taken:%Y|undated}']}]"
    assert targets(rule, subject(ANN)) == ["copy /out/undated/a.jpg"]
    assert targets(rule, subject(ANN, taken=datetime(1999, 12, 31))) == ["copy /out/1999-12/a.jpg"]
    assert "tag undated" in targets(rule, subject(ANN, is_remote=True))


def test_a_photo_on_flickr_is_tagged_once_with_each_person_and_with_no_stranger() -> None:
    rules = "rules: [{name: names, then: [{tag: '{person}'}, {tag: 'people:name={person}'}, {tag: ANN}, {tag: faces}]}]"
    assert targets(rules, subject(ANN, BOB, STRANGER, ANN, is_remote=True)) == [
        "tag Ann",
        "tag Bob",
        "tag people:name=Ann",
        "tag people:name=Bob",
        "tag faces",
    ]
    assert targets("rules: [{name: a, when: {person: unknown}, then: [{tag: '{person}'}]}]", subject(STRANGER)) == []


def test_an_action_that_does_not_fit_the_source_of_a_photo_is_refused_with_the_reason() -> None:
    rules = "rules: [{name: r, then: [{tag: '{person}'}, {move: /a/}, {link: /b/}, {link: {to: /c/, kind: hard}}]}]"
    local, remote = planned(rules, subject(ANN)), planned(rules, subject(ANN, is_remote=True))
    assert [(no.kind, no.reason) for no in local.refusals] == [("tag", "it does not come from Flickr, where tags go")]
    assert [no.kind for no in remote.refusals] == ["move", "link"]
    assert "copy it" in remote.refusals[0].reason
    assert [step.destination for step in remote.operations] == ["Ann", Path("/c/a.jpg")]


def test_a_text_that_can_not_be_a_tag_is_refused_with_the_reason() -> None:
    rules = "rules: [{name: r, then: [{tag: '" + "very " * 50 + "{person}'}]}]"
    long = planned(rules, subject(face("Ann Ann Ann"), is_remote=True))
    assert (long.operations, [no.reason for no in long.refusals]) == (
        (),
        ["the tag 'very very very very '... has 261 characters; the limit of Flickr is 255"],
    )


def ranking(name: str, score: float) -> tuple[float, float] | None:
    return {"Ann": (score * 100, score * 100), "Bob": None}[name]


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("{person: ann, percentile: {min: 70}}", True),
        ("{person: ann, percentile: {min: 80}}", False),
        ("{person: any, percentile: {max: 80}}", True),
        ("{person: [ann, bob], percentile: {min: 0}}", True),
        ("{person: bob, percentile: {min: 0}}", False),
        ("{not: {person: ann, percentile: {min: 80}}}", True),
    ],
)
def test_a_percentile_compares_a_face_with_all_photos_for_its_person(when: str, expected: bool) -> None:
    rules = read_rules(Path("rules.yaml"), f"rules: [{{name: r, when: {when}, then: [copy: /out/]}}]", home=HOME)
    plan = plan_for(rules, rules.rank(subject(ANN, BOB, STRANGER), ranking))
    assert bool(plan.operations) == expected


def test_percentiles_are_computed_only_for_people_for_whom_a_rule_asks() -> None:
    text = "rules: [{name: r, when: {any: [{person: Ann, percentile: {min: 9}}, {person: Bob}]}, then: [copy: /out/]}]"
    rules = read_rules(Path("rules.yaml"), text, home=HOME)
    asked: list[str] = []

    def standing(name: str, _score: float) -> tuple[float, float]:
        asked.append(name)
        return (50, 60)

    ranked = rules.rank(subject(ANN, BOB, STRANGER), standing)
    assert asked == ["Ann"]
    assert [each.percentiles for each in ranked.faces] == [(50, 60), None, None]
