"""A document becomes a model, or each of its values that is wrong is a problem of it, once."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from familiar.yaml_models import complaint, validated, wrong
from familiar.yaml_source import parse


class Room(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    size: int = 1


class House(BaseModel):
    model_config = ConfigDict(extra="forbid")
    rooms: tuple[Room, ...] = Field(min_length=1)
    from_: int | None = Field(default=None, alias="from")


def read(text: str, missing: dict[str, str] | None = None) -> tuple[House | None, list[str]]:
    document = parse(Path("house.yaml"), text)
    assert document is not None
    found = validated(document, House, document.plain(), missing=missing)
    return found, [str(problem).removeprefix("house.yaml:") for problem in document.problems]


def test_right_values_become_a_model() -> None:
    assert read("{rooms: [{name: a}], from: 3}") == (House.model_validate({"rooms": [{"name": "a"}], "from": 3}), [])


def test_an_unknown_key_is_named_at_its_place_with_those_of_its_own_mapping() -> None:
    assert read("{form: 3, rooms: [{name: a, sise: 2}]}") == (
        None,
        [
            "1:29: rooms[0].sise: unknown key 'sise'; did you mean 'size'? known are name, size",
            "1:2: form: unknown key 'form'; did you mean 'from'? known are rooms, from",
        ],
    )


def test_a_list_whose_items_are_wrong_is_not_called_empty_too() -> None:
    assert read("rooms: [7]")[1] == ["1:9: rooms[0]: 7 is wrong; a mapping with name, size would be right"]
    assert read("rooms: []")[1] == ["1:8: rooms: [] is wrong; a list with something in it would be right"]


def test_a_value_that_can_not_be_read_is_a_problem_once() -> None:
    assert read("rooms: [{name: a, size: !!int x}]")[1] == [
        "1:25: rooms[0].size: 'x' is wrong; a whole number would be right"
    ]


def test_a_missing_key_has_the_message_that_is_given_for_it() -> None:
    assert read("rooms: [{}]")[1] == ["1:9: rooms[0]: the key 'name' is missing"]
    assert read("rooms: [{}]", {"name": "a room has no name"})[1] == ["1:9: rooms[0]: a room has no name"]


def test_a_validator_says_the_whole_message_or_what_would_be_right() -> None:
    assert complaint("{a} is odd").message() == "{a} is odd"
    assert wrong(None, "a text").message() == "null is wrong; a text would be right"
    assert wrong("x" * 99, "less").message() == f"'{'x' * 56}... is wrong; less would be right"
