import pytest

from familiar.errors import UsageError
from familiar.names import check_name, name_key


def test_a_name_is_kept_in_one_unicode_form_without_spaces_around_it() -> None:
    assert check_name("  Zoe\u0308 ") == "Zo\u00eb"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "can't be empty"),
        ("   ", "can't be empty"),
        ("x" * 201, "has 201 characters; at most 200 are allowed"),
        ("Eileen\nCollins", "has the control character U\\+000A; leave it out"),
        ("Ann\u200b", "has the control character U\\+200B; leave it out"),
        ("\u202eevil", "has the control character U\\+202E; leave it out"),
        ("\u200d\u0301", "has no visible character"),
        ("Unknown", "is reserved in rules; choose another"),
    ],
)
def test_a_name_that_can_not_be_used_is_refused(name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        check_name(name)


def test_case_unicode_form_and_runs_of_spaces_do_not_make_another_name() -> None:
    assert name_key("ZOE\u0308  Müller") == name_key("zo\u00eb müller")
