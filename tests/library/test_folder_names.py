from familiar.library.clusters.folders.manifest import SPECIAL
from familiar.library.folder_names import folder_names


def test_each_person_has_a_folder_that_is_safe_and_their_own() -> None:
    people = ["AC/DC", "AC_DC", "../.x", "_ignore", "cluster-1", "Zoë", "what?. ", "ä" * 200]
    names = folder_names(people, taken=["cluster-1", *SPECIAL])
    assert list(names.values())[:7] == [
        "AC_DC",
        "AC_DC (2)",
        "___.x",
        "_ignore (2)",
        "cluster-1 (2)",
        "Zoë",
        "what__",
    ]
    assert names["ä" * 200] == "ä" * 115
