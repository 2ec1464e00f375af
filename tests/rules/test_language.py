from pathlib import Path

import pytest

from familiar.errors import ConfigurationError
from familiar.rules.language import read_rules

FILE = Path("rules.yaml")


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        read_rules(FILE, text, home=Path("/home/eileen"))
    return str(caught.value).splitlines()


@pytest.mark.parametrize("text", ["", "# nothing\n", "rules: []", "rules:\n"])
def test_a_file_without_rules_has_none(text: str) -> None:
    assert read_rules(FILE, text, home=Path("/")).rules == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("rules: [", "rules.yaml:1:9: not valid YAML: expected the node content, but found '<stream end>'"),
        ("rules:\n\t- x", "rules.yaml:2:1: not valid YAML: found character '\\t' that cannot start any token"),
        ("a: \x07", "rules.yaml:1:1: not valid YAML: special characters are not allowed"),
        ("- x", "rules.yaml:1:1: ['x'] is wrong; a mapping with rules would be right"),
        ("rule: []", "rules.yaml:1:1: rule: unknown key 'rule'; did you mean 'rules'? known are rules"),
        ("rules: 7", "rules.yaml:1:8: rules: 7 is wrong; a list would be right"),
        ("rules: [{name: a}]", "rules.yaml:1:9: rules[0]: the rule has no 'then'"),
        ("rules: [{then: [stop]}]", "rules.yaml:1:9: rules[0]: the rule has no 'name'"),
        (
            "rules: [{name: a, then: [stop], name: b}]",
            "rules.yaml:1:33: rules[0].name: this key is given twice; keep one",
        ),
        (
            "rules:\n- {name: a, then: [stop]}\n- {name: a, then: [stop]}",
            "rules.yaml:3:3: rules[1]: there is a rule 'a' already; give this one another name",
        ),
        (
            "rules: [{name: a, then: [halt]}]",
            (
                "rules.yaml:1:26: rules[0].then[0]: 'halt' is wrong; a mapping with move, copy, link, crop, tag would "
                "be right"
            ),
        ),
        (
            "rules: [{name: a, then: [{tga: x}]}]",
            (
                "rules.yaml:1:27: rules[0].then[0].tga: unknown key 'tga'; did you mean 'tag'? known are move, copy, "
                "link, crop, tag"
            ),
        ),
        (
            "rules: [{name: a, then: [{move: /a/, copy: /b/}]}]",
            (
                "rules.yaml:1:26: rules[0].then[0]: {'move': '/a/', 'copy': '/b/'} is wrong; one of move, copy, link, "
                "crop, tag with a target, or stop, would be right"
            ),
        ),
        (
            "rules: [{name: a, when: {percentile: {min: 5}}, then: [stop]}]",
            (
                "rules.yaml:1:38: rules[0].when.percentile: it is relative to a person: person with a name, or any, "
                "is required beside it"
            ),
        ),
        (
            "rules: [{name: a, when: {person: [Ann, unknown], percentile: {min: 5}}, then: [stop]}]",
            (
                "rules.yaml:1:62: rules[0].when.percentile: it is relative to a person: person with a name, or any, "
                "is required beside it"
            ),
        ),
        (
            "rules: [{name: a, when: {person: Ann, percentile: {min: 101}}, then: [stop]}]",
            "rules.yaml:1:57: rules[0].when.percentile.min: 101 is wrong; a number from 0 to 100 would be right",
        ),
        (
            "rules: [{name: a, then: [{move: ~}]}]",
            (
                "rules.yaml:1:33: rules[0].then[0].move: null is wrong; a folder such as ~/Pictures/ (~ alone is null "
                "in YAML) would be right"
            ),
        ),
        (
            "rules: [{name: a, then: [{copy: '~'}]}]",
            "rules.yaml:1:33: rules[0].then[0].copy: '~' must begin with a folder: / or ~/",
        ),
        (
            "rules: [{name: a, then: [{link: {to: '~{person}/'}}]}]",
            "rules.yaml:1:38: rules[0].then[0].link.to: '~{person}/' must begin with a folder: / or ~/",
        ),
        (
            "rules: [{name: a, then: [{crop: /}]}]",
            (
                "rules.yaml:1:33: rules[0].then[0].crop: '/' leads to the root folder of the file system; a target in "
                "a folder, such as ~/Pictures/, would be right"
            ),
        ),
        (
            "rules: [{name: a, then: [{move: ''}]}]",
            "rules.yaml:1:33: rules[0].then[0].move: '' is wrong; a text would be right",
        ),
        (
            'rules: [{name: "\\ud800", then: [stop]}]',
            "rules.yaml:1:16: rules[0].name: '\\ud800' is wrong; a text without control characters would be right",
        ),
        (
            "rules: [{name: a, when: {faces: {max: 2000000}}, then: [stop]}]",
            "rules.yaml:1:39: rules[0].when.faces.max: 2000000 is wrong; a number from 0 to 1000000 would be right",
        ),
        (
            "rules: [{name: a, when: {taken: {from: 2026-05-02, to: 2026-05-01}}, then: [stop]}]",
            (
                "rules.yaml:1:40: rules[0].when.taken.from: 2026-05-02 00:00:00 is later than 'to'; an earlier 'from' "
                "would be right"
            ),
        ),
        (
            "rules: [{name: a, when: {taken: {source: scanner}}, then: [stop]}]",
            (
                "rules.yaml:1:42: rules[0].when.taken.source: 'scanner' is wrong; camera, iptc, xmp, sidecar, "
                "modified, flickr, upload or file would be right"
            ),
        ),
        (
            "rules: [{name: a, when: {taken: {from: 2026-02-30}}, then: [stop]}]",
            (
                "rules.yaml:1:40: rules[0].when.taken.from: '2026-02-30' is wrong; a date such as 2026-05-31 would be "
                "right"
            ),
        ),
        (
            "rules: [{name: a, then: [{link: {to: /a/, kind: soft}}]}]",
            "rules.yaml:1:49: rules[0].then[0].link.kind: 'soft' is wrong; symbolic or hard would be right",
        ),
        (
            "rules: [{name: a, then: [{crop: {size: 5, to: /a/}}]}]",
            "rules.yaml:1:40: rules[0].then[0].crop.size: 5 is wrong; a whole number from 8 to 10000 would be right",
        ),
        (
            "rules: [{name: a, then: [{crop: {size: 50}}]}]",
            "rules.yaml:1:33: rules[0].then[0].crop: the target is missing: to: ~/some/folder/",
        ),
        (
            "rules: [{name: a, when: {score: {min: high}}, then: [stop]}]",
            "rules.yaml:1:39: rules[0].when.score.min: 'high' is wrong; a number from 0 to 1 would be right",
        ),
        (
            "rules: [{name: a, when: {distance: {min: 0.5, max: 0.4}}, then: [stop]}]",
            "rules.yaml:1:42: rules[0].when.distance.min: 0.5 is above max, which is 0.4",
        ),
        (
            "rules: [{name: a, when: {taken: {from: soon}}, then: [stop]}]",
            "rules.yaml:1:40: rules[0].when.taken.from: 'soon' is wrong; a date such as 2026-05-31 would be right",
        ),
        (
            "rules: [{name: a, when: {taken: {to: '2026-02-30'}}, then: [stop]}]",
            (
                "rules.yaml:1:38: rules[0].when.taken.to: '2026-02-30' is wrong; a date such as 2026-05-31 would be "
                "right"
            ),
        ),
        (
            "rules: [{name: a, when: {person: 7}, then: [stop]}]",
            "rules.yaml:1:34: rules[0].when.person: 7 is wrong; a text would be right",
        ),
        (
            "rules: [{name: a, when: {any: {person: x}}, then: [stop]}]",
            "rules.yaml:1:31: rules[0].when.any: {'person': 'x'} is wrong; a list would be right",
        ),
        (
            "rules: [{name: a, then: []}]",
            "rules.yaml:1:25: rules[0].then: [] is wrong; a list with something in it would be right",
        ),
        (
            "rules: [{name: a, when: {person: []}, then: [stop]}]",
            "rules.yaml:1:34: rules[0].when.person: [] is wrong; a list with something in it would be right",
        ),
        (
            "rules: [{name: a, when: {any: []}, then: [stop]}]",
            "rules.yaml:1:31: rules[0].when.any: [] is wrong; a list with something in it would be right",
        ),
        (
            "rules: [{name: a, when: {score: {}}, then: [stop]}]",
            "rules.yaml:1:33: rules[0].when.score: {} is wrong; a mapping with min, max would be right",
        ),
        (
            "rules: [{name: a, when: {not: {}}, then: [stop]}]",
            (
                "rules.yaml:1:31: rules[0].when.not: {} is wrong; a mapping with person, score, distance, percentile, "
                "face, faces, kind, source, visibility, media, tags, album, path, taken, all, any, not would be right"
            ),
        ),
        (
            "rules: [{name: a, when: {taken: {from: 9999-12-31}}, then: [stop]}]",
            (
                "rules.yaml:1:40: rules[0].when.taken.from: 9999-12-31 is out of range; a date such as 2026-05-31 "
                "would be right"
            ),
        ),
        (
            'rules: [{name: "a\\nb", then: [stop]}]',
            "rules.yaml:1:16: rules[0].name: 'a\\nb' is wrong; a text without control characters would be right",
        ),
        (
            "rules: [{name: a, then: [{crop: {to: '/a/{name}'}}]}]",
            (
                "rules.yaml:1:38: rules[0].then[0].crop.to: '/a/{name}' is wrong; a folder (/ at its end), or a name "
                "that ends in .jpg, .jpeg, .png, .webp would be right"
            ),
        ),
        (
            "rules: [{name: a, when: {any: [{source: [scans, flickr]}]}, then: [{move: /a/}]}]",
            (
                "rules.yaml:1:75: rules[0].then[0].move: a photo on Flickr is not moved; copy it, or leave "
                "'flickr' out of the rule's source"
            ),
        ),
        (
            "rules: [{name: a, then: [{tag: '!!!'}]}]",
            ("rules.yaml:1:32: rules[0].then[0].tag: the tag '!!!' is empty in Flickr's cleaned form"),
        ),
        (
            "rules: [{name: a, then: [{tag: '{persn}'}]}]",
            (
                "rules.yaml:1:32: rules[0].then[0].tag: '{persn}': unknown field {persn}; known are person, name, "
                "stem, suffix, taken, source, score, album, title, id"
            ),
        ),
        (
            "rules: [{name: !!int '', then: [stop]}]",
            "rules.yaml:1:16: rules[0].name: '' is wrong; a whole number would be right",
        ),
        (
            "rules: [{name: !!python/object:os.system a, then: [stop]}]",
            (
                "rules.yaml:1:16: rules[0].name: could not determine a constructor for the tag "
                "'tag:yaml.org,2002:python/object:os.system'"
            ),
        ),
    ],
)
def test_a_mistake_is_named_with_its_place_and_what_would_be_right(text: str, problem: str) -> None:
    assert problems(text) == [problem]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("-0.1", "-0.1"),
        ("1.01", "1.01"),
        (".nan", "nan"),
        (".inf", "inf"),
        ("good", "'good'"),
        ("true", "true"),
        ("[0.5]", "[0.5]"),
    ],
)
@pytest.mark.parametrize(
    ("rule", "place"),
    [
        ("{{name: a, when: {{face: {{min_quality: {}}}}}, then: [stop]}}", "1:46: rules[0].when.face.min_quality"),
        ("{{name: a, then: [{{crop: {{min_quality: {}, to: /a/}}}}]}}", "1:47: rules[0].then[0].crop.min_quality"),
    ],
)
def test_a_quality_is_a_number_from_0_to_1(rule: str, place: str, value: str, shown: str) -> None:
    found = problems(f"rules: [{rule.format(value)}]")
    assert found == [f"rules.yaml:{place}: {shown} is wrong; a number from 0 to 1 would be right"]


def test_all_mistakes_come_at_once_in_the_order_of_lines() -> None:
    text = "rules:\n- name: a\n  when: {persn: x}\n  then: [{move: rel}]\n- name: b\n  then: 3\n"
    assert [line.split(": ")[0] for line in problems(text)] == ["rules.yaml:3:10", "rules.yaml:4:17", "rules.yaml:6:9"]


def test_aliases_that_unfold_to_very_much_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    assert "it unfolds to over 20000 values" in problems("\n".join(lines))[0]


def test_an_alias_that_contains_itself_is_refused() -> None:
    assert "nested over 40 deep" in problems("rules: &a [*a]")[0]


def test_rules_tell_which_people_they_name() -> None:
    text = "rules: [{name: a, when: {any: [{person: [Ann, unknown]}, {not: {person: Bob}}]}, then: [stop]}]"
    assert read_rules(FILE, text, home=Path("/")).people() == {"Ann", "Bob"}
