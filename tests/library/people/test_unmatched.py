from familiar.library.people.unmatched import UnmatchedPerson, grouped


def person(number: int, *models: str, awaited: str | None = None) -> UnmatchedPerson:
    return UnmatchedPerson(name=f"P{number}", models=models, awaited=awaited)


def test_many_people_are_told_of_in_one_line_for_each_remedy_which_names_some_and_counts_the_rest() -> None:
    waiting = [person(number, "dlib" if number % 2 else "dlib-plain", awaited="own") for number in range(1360)]
    (group,) = grouped(waiting)
    assert group.detail == (
        "own has yet to encode the references of 'P0', 'P1', 'P2', 'P3', 'P4' and 1355 more; new faces are not "
        "compared with them"
    )
    assert group.remedy == "familiar models use own, or start the daemon"


def test_imported_people_are_told_of_by_the_models_that_know_them() -> None:
    first, second = grouped([person(1, "dlib"), person(2, "own-0123456789abcdef"), person(3, "dlib")])
    assert first.detail == "'P1' and 'P3' have references of dlib only, and are found in no photo"
    assert first.remedy == "familiar people add 'P1' PHOTO... for each of them, or familiar models use dlib"
    assert second.detail == "'P2' has references of own-0123456789abcdef only, and is found in no photo"
    assert second.remedy == "familiar people add 'P2' PHOTO..., or use that network again (vision.model: own)"


def test_nobody_is_not_told_of() -> None:
    assert grouped([]) == ()
