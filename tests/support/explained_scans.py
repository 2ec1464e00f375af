"""Statements of the store that may read all rows of a table, and why."""

from collections.abc import Mapping

SMALL = frozenset(
    {
        # what there is a few of in each installation
        *("roots", "disks", "places", "facts", "operation_kinds", "_sqlite_migrations", "sqlite_master"),
        *("flickr_albums", "flickr_calls", "flickr_licenses", "json_each", "json_tree"),
        # what persons name and decide, one at a time
        *("people", "matched_people", "face_references", "refusals", "cluster_events", "no_faces"),
        # temporary, made for the statement that reads it
        "wanted",
    }
)
"""Tables that do not grow with the number of photos; every other one may have millions of rows."""

_REASONS = {
    "It answers a question about all of them: how many there are, or how they are distributed.": (
        *("Clusters._clusters clusters", "Clusters.counts clusters", "Clusters.ungrouped faces"),
        *("FaceEmbeddings.count_missing faces", "Files.counts files", "OperationJournal.counts operations"),
        "People.all matches",
        *("Models._count faces", "Models._count face_embeddings"),
        *("Photos._count faces", "Photos._count matches", "Photos.counts photos", "Rounds.basis clip_faces"),
        *("StoreStatistics._rows faces", "StoreStatistics._rows matches", "StoreStatistics._rows cluster_faces"),
        *("StoreStatistics._rows operations", "Tables._count faces", "Tables._count matches", "Tables._count photos"),
    ),
    "It gives all of them to whoever asked for all: an export, or a choice among all photos.": (
        *("Candidates.photos photos", "Sightings.all_paths files", "Sightings.all_paths sightings"),
        *("Tables._batches faces", "Tables._batches matches", "Tables._batches photos"),
    ),
    "A round of grouping compares all faces, in a process of its own.": (
        *("Rounds._free faces", "Rounds._free matches", "Rounds._in_one_photo faces", "Rounds._live clusters"),
        *("Rounds.to_group clusters", "Rounds.to_group matches"),
    ),
    "It looks at all clusters, of which there is one for many faces.": (
        *(
            "Suggestions._maybe_named cluster_faces",
            "Suggestions._maybe_one alike",
            "Suggestions._maybe_people clusters",
        ),
    ),
    "It stops after as many rows as it was asked for.": (
        *("Photos.seconds_for photos", "Photos.with_several_faces faces", "MatchedPeople.left unmatched_faces"),
    ),
    "It counts the faces that are to be matched again, once.": ("MatchedPeople.count_left unmatched_faces",),
    "It leaves faces of clips out of all faces.": ("Faces._left_out clip_faces",),
    "It happens once, when the disk of a folder was changed, to look at some of its files.": ("Places.sample files",),
    "It happens once, when another model or another account is used.": (
        *("FaceEmbeddings.missing faces", "FlickrAlbums.forget_all flickr_photos"),
    ),
    "It looks through what was written down for people of Flickr before it suggests names for clusters.": (
        *("Hints._named_photos flickr_photos", "Hints._ours flickr_tags"),
    ),
    "It looks through what was done to files, for a person who wants to undo it.": (
        *("OperationJournal.undone_targets operations", "Steps.where operations", "Steps.where plans"),
    ),
    "It happens after a crash only, for the one operation that was in progress.": (
        "OperationJournal.is_claimed operations",
    ),
}
"""Functions of the store, each with a table of which it may read all rows, by the reason."""


def _by_function() -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for scans in _REASONS.values():
        for scan in scans:
            function, _, table = scan.partition(" ")
            found.setdefault(function, set()).add(table)
    return {function: frozenset(tables) for function, tables in found.items()}


EXPLAINED = _by_function()
"""The tables of which functions of the store may read all rows."""
