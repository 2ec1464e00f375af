from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from familiar.rules.templates import TemplateError, parse_template

HOME = Path("/home/eileen")
VALUES: dict[str, str | float | datetime] = {
    "person": "Eileen Collins",
    "name": "IMG_1.JPG",
    "stem": "IMG_1",
    "suffix": ".JPG",
    "taken": datetime(2026, 5, 1, 12, 30),
    "source": "camera",
    "score": 0.6789,
    "album": "Sea/Sky 🎉",
    "title": "At the sea",
    "id": "5298",
}


def rendered(template: str, **values: str) -> str:
    return str(parse_template(template, home=HOME).render(VALUES | values, "IMG_1.JPG"))


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("~/Pictures/", "/home/eileen/Pictures/IMG_1.JPG"),
        ("/srv/{person}/", "/srv/Eileen Collins/IMG_1.JPG"),
        ("/srv/{taken:%Y/%m}/{name}", "/srv/2026/05/IMG_1.JPG"),
        ("/srv/{taken}-{stem}{suffix}", "/srv/2026-05-01-IMG_1.JPG"),
        ("/srv/{score:.3f}/{source}.jpg", "/srv/0.679/camera.jpg"),
        ("/srv/{{{score}}}.jpg", "/srv/{0.68}.jpg"),
        ("/srv/all.jpg", "/srv/all.jpg"),
        ("/{person}/", "/Eileen Collins/IMG_1.JPG"),
        ("~/{person}", "/home/eileen/Eileen Collins"),
        ("~//Pictures//{person}/", "/home/eileen/Pictures/Eileen Collins/IMG_1.JPG"),
        ("//srv//{person}/", "/srv/Eileen Collins/IMG_1.JPG"),
        ("/{taken:%Y/%m}", "/2026/05"),
        ("/srv/{album}/{title}-{id}{suffix}", "/srv/Sea_Sky 🎉/At the sea-5298.JPG"),
        ("/srv/{album:|unsorted}/", "/srv/Sea_Sky 🎉/IMG_1.JPG"),
    ],
)
def test_a_template_becomes_a_path(template: str, path: str) -> None:
    assert rendered(template) == path


@pytest.mark.parametrize(("field", "folder"), [("{album}", "no album"), ("{album:|un sorted}", "un sorted")])
def test_a_photo_in_no_album_has_a_folder_of_its_own(field: str, folder: str) -> None:
    values = {name: value for name, value in VALUES.items() if name != "album"}
    found = parse_template(f"/srv/{field}/", home=HOME).render(values, "IMG_1.JPG")
    assert str(found) == f"/srv/{folder}/IMG_1.JPG"


@pytest.mark.parametrize("spec", ["unsorted", "|", "| ", "|.", "|a/b", "|a|b", "%Y"])
def test_what_is_no_text_for_photos_in_no_album_is_refused(spec: str) -> None:
    with pytest.raises(TemplateError, match=r"is not right for an album; \{album:\|unsorted\} would be right"):
        parse_template(f"/srv/{{album:{spec}}}/", home=HOME)


@pytest.mark.parametrize("title", ["x" * 255, "日本語の題" * 17, "Ж" * 127 + "é", "ع" * 100 + "漢字🎉", "🌊" * 63])
def test_a_long_title_is_cut_and_what_follows_it_is_not(title: str) -> None:
    name = Path(rendered("/srv/{title}-{id}{suffix}", title=title)).name
    assert name.endswith("-5298.JPG")
    assert len(f"{name} (2).xmp".encode()) <= 255
    assert title.startswith(name.removesuffix("-5298.JPG"))


def test_only_in_a_name_that_is_too_long_the_title_and_the_album_are_cut() -> None:
    album, title = "W" * 260, "Christmas at grandmother"
    assert rendered("/srv/{album}/{title}{suffix}", title=title, album=album) == f"/srv/{'W' * 255}/{title}.JPG"
    assert rendered("/srv/{title}/{album}/{id}{suffix}", title=title, album=album) == (
        f"/srv/{title}/{'W' * 255}/5298.JPG"
    )
    name = Path(rendered("/srv/{album} - {title}-{id}{suffix}", title=title, album=album)).name
    assert name.endswith(f"W - {title}-5298.JPG")
    assert len(name) == 255 - len(" (2).xmp") - 8
    name = Path(rendered("/srv/{album} - {title}-{id}{suffix}", title="t" * 300, album=album)).name
    assert 110 < name.count("W") == name.count("t")
    assert name.endswith("t-5298.JPG")


@pytest.mark.parametrize("date", ["%Y/", "/%Y", "%Y//%m", "/"])
@pytest.mark.parametrize("template", ["/srv/{taken:DATE}{name}", "/srv/{taken:DATE}"])
def test_a_date_with_an_empty_part_is_refused(template: str, date: str) -> None:
    message = f"the date '{date}' has a slash without a name before or after it; write it outside of the braces"
    with pytest.raises(TemplateError, match=message):
        parse_template(template.replace("DATE", date), home=HOME)


@pytest.mark.parametrize(
    ("name", "component"),
    [
        ("../../etc", "___.._etc"),
        ("..", "_"),
        (".hidden", "_hidden"),
        ("a/b\\c", "a_b_c"),
        ("tab\there", "tab_here"),
        ("  ", "_"),
        ("Dr. No.", "Dr. No"),
    ],
)
def test_what_a_name_contains_never_becomes_a_folder_or_a_hidden_name(name: str, component: str) -> None:
    assert rendered("/srv/{person}/", person=name) == f"/srv/{component}/IMG_1.JPG"


@given(person=st.text(), stem=st.text(max_size=400), suffix=st.sampled_from([".jpg", "", ".tar.gz"]))
def test_no_value_leads_out_of_the_base_folder(person: str, stem: str, suffix: str) -> None:
    path = rendered("/srv/photos/{person}/x{stem}{suffix}", person=person, stem=stem, suffix=suffix)
    parts = Path(path).parts
    assert parts[:3] == ("/", "srv", "photos")
    assert len(parts) == 5
    assert not {"..", "."} & set(parts)
    assert all(len(part.encode("utf-8", "surrogatepass")) <= 255 for part in parts)


@pytest.mark.parametrize("template", ["~/", "~/{name}", "~/."])
def test_a_home_that_is_the_root_folder_is_no_target(template: str) -> None:
    with pytest.raises(TemplateError, match="leads to the root folder of the file system"):
        parse_template(template, home=Path("/"))


def test_a_folder_in_a_home_that_is_the_root_folder_is_a_target() -> None:
    target = parse_template("~/Pictures/", home=Path("/"))
    assert str(target.render(VALUES, "IMG_1.JPG")) == "/Pictures/IMG_1.JPG"


@given(template=st.text(alphabet="/~.a{}", max_size=6) | st.sampled_from(["/{suffix}", "/{taken:%Y/}", "/{taken:/}"]))
def test_no_target_lies_directly_in_the_root_folder(template: str) -> None:
    for home in (HOME, Path("/")):
        try:
            target = parse_template(template.replace("{}", "{suffix}"), home=home)
        except TemplateError:
            continue
        for suffix in (".jpg", ""):
            assert len(target.render(VALUES | {"suffix": suffix}, "IMG_1.JPG").parts) > 2


def test_a_long_name_is_shortened_and_keeps_its_suffix() -> None:
    path = rendered("/srv/{person}.jpg", person="é" * 200)
    assert path.endswith("é.jpg")
    assert len(Path(path).name.encode()) <= 255


def test_a_name_that_is_not_utf_8_stays_as_it_is() -> None:
    strange = b"\xff\xfe.jpg".decode("utf-8", "surrogateescape")
    assert rendered("/srv/{name}", name=strange) == f"/srv/{strange}"


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("Pictures/", "'Pictures/' must begin with a folder: / or ~/"),
        ("", "'' must begin with a folder: / or ~/"),
        ("{person}/", "'{person}/' must begin with a folder: / or ~/"),
        ("~", "'~' must begin with a folder: / or ~/"),
        ("~{person}/", "'~{person}/' must begin with a folder: / or ~/"),
        ("~bob", "'~bob' must begin with a folder: / or ~/"),
        ("~bob/x", "'~bob/x' must begin with a folder: / or ~/"),
        (
            "/",
            "'/' leads to the root folder of the file system; a target in a folder, such as ~/Pictures/, would be",
        ),
        ("/.", "'/.' leads to the root folder of the file system"),
        ("//./", "'//./' leads to the root folder of the file system"),
        ("/{name}", "'/{name}' leads to the root folder of the file system"),
        ("/{person}", "'/{person}' leads to the root folder of the file system"),
        ("/all.jpg", "'/all.jpg' leads to the root folder of the file system"),
        ("/{suffix}/", "'/{suffix}/' leads to the root folder of the file system"),
        ("/srv/../x/", "'/srv/../x/': '..' is not allowed in it"),
        ("/srv/{persn}/", "'/srv/{persn}/': unknown field {persn}; known are person, name, stem, suffix, taken"),
        ("/srv/{person!r}/", "unknown field {person}"),
        ("/srv/{person.x}/", "unknown field {person.x}"),
        ("/srv/{person:>9}/", "{person} takes no format, but it has '>9'"),
        ("/srv/{taken:%Q}/", "%Q is not known in a date; use %Y, %m, %d"),
        ("/srv/{score:abc}/", "'abc' is not a format of a number; .2f would be right"),
        ("/srv/{person/", "expected '}' before end of string; to write a brace, double it: {{ or }}"),
    ],
)
def test_a_wrong_template_says_what_would_be_right(template: str, message: str) -> None:
    with pytest.raises(TemplateError) as caught:
        parse_template(template, home=HOME)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "dated", "undated"),
    [
        ("/srv/{taken:%Y|undated}/", "/srv/2026/IMG_1.JPG", "/srv/undated/IMG_1.JPG"),
        ("/srv/{taken:|undated}/", "/srv/2026-05-01/IMG_1.JPG", "/srv/undated/IMG_1.JPG"),
        ("/srv/{taken:%Y/%m|no date/of any kind}/", "/srv/2026/05/IMG_1.JPG", "/srv/no date/of any kind/IMG_1.JPG"),
        ("/srv/{taken:%Y}/", "/srv/2026/IMG_1.JPG", "/srv/2001/IMG_1.JPG"),
    ],
)
def test_a_template_says_what_stands_for_a_date_that_a_photo_does_not_have(text: str, dated: str, undated: str) -> None:
    template = parse_template(text, home=HOME)
    without = {name: value for name, value in VALUES.items() if name != "taken"} | {"file_time": datetime(2001, 2, 3)}
    assert str(template.render(VALUES, "IMG_1.JPG")) == dated
    assert str(template.render(without, "IMG_1.JPG")) == undated
