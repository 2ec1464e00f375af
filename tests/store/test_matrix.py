"""The file with the embeddings of all faces: it gives what the store has, whatever happens to it."""

import fcntl
import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from familiar.identity.quantisation import QuantisedEmbeddings, QuantisedFace
from familiar.store.matrix import NAME, EmbeddingMatrix, MatrixFaces
from familiar.store.store import Store
from familiar.store.views.faces import Faces
from support.album import ANN, BOB, EVE, MODEL, Album, embedding
from support.mounts import mounted

Given = list[tuple[int, int, bytes]]


@pytest.fixture
def people(album: Album) -> Album:
    """An album of six faces, of which a file is worth it."""
    album.faces(ANN, 3)
    album.faces(BOB, 3)
    album.store.models.use(MODEL)
    return album


def file_of(store: Store) -> Path:
    return store.path.with_name(NAME)


def matrix_of(store: Store, *, many: int = 2) -> EmbeddingMatrix:
    return EmbeddingMatrix(store._db, file_of(store), least=1, many=many)


def given(store: Store, **wish: object) -> Given:
    """Return what a process is given that looks at all faces by the file."""
    return _given(Faces(store._db, matrix=matrix_of(store)), **wish)


def stored(store: Store, **wish: object) -> Given:
    """Return what the store itself gives, without a file."""
    return _given(Faces(store._db, matrix=EmbeddingMatrix(store._db, Path("/none"), least=10**9)), **wish)


def _given(faces: Faces, **wish: object) -> Given:
    return [
        (int(face), int(photo), one.tobytes())
        for part in faces.all(MODEL, **wish)  # type: ignore[arg-type]
        for face, photo, one in zip(part.ids, part.photos, part.embeddings, strict=True)
    ]


def in_file(store: Store) -> int:
    """Return how many faces the file gives as it is; 0 if it is not the store's."""
    found = matrix_of(store)._header(MODEL)
    return 0 if found is None else found.rows


def content(faces: MatrixFaces) -> bytes:
    return b"".join(part.tobytes() for part in faces.parts())


def test_it_gives_what_the_store_has(people: Album) -> None:
    assert given(people.store) == stored(people.store)
    assert len(stored(people.store)) == 6
    assert in_file(people.store) == 6


def test_it_is_only_the_owners_to_read(people: Album) -> None:
    given(people.store)
    assert file_of(people.store).stat().st_mode & 0o777 == 0o600


def test_faces_that_do_not_count_are_left_out(people: Album) -> None:
    store = people.store
    given(store)
    store._db.conn.execute("INSERT INTO no_faces (face_id, at) VALUES (2, '')")
    store._db.conn.execute("UPDATE faces SET quality = 0.2 WHERE id = 4")
    assert [face for face, _, _ in given(store)] == [1, 3, 4, 5, 6]
    assert given(store, min_quality=0.5) == stored(store, min_quality=0.5)
    assert [face for face, _, _ in given(store, min_quality=0.5)] == [1, 3, 5, 6]
    assert in_file(store) == 6


def test_faces_after_one_are_given_from_file_and_store(people: Album) -> None:
    given(people.store)
    people.faces(EVE, 1)
    assert given(people.store, after=4) == stored(people.store, after=4)
    assert [face for face, _, _ in given(people.store, after=4)] == [5, 6, 7]
    assert [face for face, _, _ in given(people.store, after=6)] == [7]


def test_nothing_is_written_when_photos_arrive(people: Album) -> None:
    given(people.store)
    before = file_of(people.store).read_bytes()
    people.faces(EVE, 3)
    assert file_of(people.store).read_bytes() == before


def test_few_new_faces_are_read_from_the_store_and_many_are_appended(people: Album) -> None:
    store = people.store
    given(store)
    before, inode = file_of(store).read_bytes(), file_of(store).stat().st_ino
    people.faces(EVE, 1)
    assert given(store) == stored(store)
    assert file_of(store).read_bytes() == before
    people.faces(EVE, 1)
    assert given(store) == stored(store)
    assert in_file(store) == 8
    assert file_of(store).stat().st_ino == inode
    rows = slice(len(before) - 6 * 532, len(before))
    assert file_of(store).read_bytes()[rows] == before[rows]


def test_nothing_is_appended_to_a_file_of_which_a_face_has_changed(people: Album) -> None:
    store = people.store
    given(store)
    people.faces(EVE, 2)
    matrix = matrix_of(store)
    found = matrix._header(MODEL)
    assert found is not None
    store.embeddings.renew([1], np.stack([embedding(EVE)]), MODEL)
    matrix._append(MODEL, found)
    assert in_file(store) == 0
    assert given(store) == stored(store)


@pytest.mark.parametrize("block", [1, 2, 3, 4, 5, 7])
def test_faces_of_several_blocks_are_given_as_those_of_one(
    people: Album, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr("familiar.store.matrix._BLOCK", block)
    store = people.store
    assert given(store) == stored(store)
    monkeypatch.undo()  # a block keeps its size
    people.faces(EVE, 3)
    assert given(store) == stored(store)
    assert given(store, after=5) == stored(store, after=5)
    assert in_file(store) == 9


@pytest.mark.parametrize("few", [0.0, 1.0])
def test_of_faces_that_are_not_wanted_none_is_given(people: Album, monkeypatch: pytest.MonkeyPatch, few: float) -> None:
    monkeypatch.setattr("familiar.store.matrix._BLOCK", 4)
    monkeypatch.setattr("familiar.store.matrix._FEW", few)
    store = people.store
    given(store)
    people.faces(ANN, 1)

    def near(known: QuantisedEmbeddings) -> npt.NDArray[np.bool_]:
        return known.least_squares(QuantisedFace.of(embedding(ANN))) < 0.5

    found = given(store, wanted=near)
    assert [face for face, _, _ in found] == [1, 2, 3, 7]
    assert found == [row for row in stored(store) if row[0] in {1, 2, 3, 7}]
    assert [face for face, _, _ in given(store, wanted=near, after=2)] == [3, 7]
    store._db.conn.execute("INSERT INTO no_faces (face_id, at) VALUES (2, '')")
    assert [face for face, _, _ in given(store, wanted=near)] == [1, 3, 7]


def test_other_processes_see_what_was_appended(people: Album) -> None:
    store = people.store
    given(store)
    with Store(store.path) as other:
        assert in_file(other) == 6
        people.faces(EVE, 2)
        given(store)
        assert in_file(other) == 8
        assert given(other) == stored(store)


def test_what_a_process_has_opened_stays_as_it_was(people: Album) -> None:
    store = people.store
    given(store)
    found = matrix_of(store).faces(MODEL)
    assert found is not None
    with found:
        before = content(found)
        store.embeddings.renew([1], np.stack([embedding(EVE)]), MODEL)
        people.faces(EVE, 2)
        given(store)
        assert content(found) == before


@pytest.mark.parametrize("size", [5000, 4096 + 3 * 532, 0])
def test_the_store_has_what_a_file_lacks_that_is_cut_short_while_it_is_read(
    people: Album, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr("familiar.store.matrix._BLOCK", 1)
    store = people.store
    given(store)
    parts = Faces(store._db, matrix=matrix_of(store)).all(MODEL)
    found = [next(parts)]
    os.truncate(file_of(store), size)
    found.extend(parts)
    assert [face for part in found for face in part.ids.tolist()] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    "change",
    [
        lambda store: store.embeddings.renew([1], np.stack([embedding(EVE)]), MODEL),
        lambda store: store._db.conn.execute("DELETE FROM faces WHERE id = 6"),
        lambda store: store._db.conn.execute("UPDATE faces SET photo_id = 1 WHERE id = 6"),
        lambda store: store.embeddings.renew([2], np.stack([embedding(EVE)]), "another"),
    ],
    ids=["encoded again", "deleted", "of another photo", "of another model"],
)
def test_a_face_that_was_changed_is_given_as_it_is(people: Album, change: Callable[[Store], object]) -> None:
    store = people.store
    given(store)
    change(store)
    assert in_file(store) == 0
    assert given(store) == stored(store)


def test_a_face_with_the_id_of_a_deleted_one_is_given_as_it_is(people: Album) -> None:
    store = people.store
    given(store)
    store._db.conn.execute("DELETE FROM faces WHERE id = 6")
    assert people.faces(EVE, 1) == [6]
    assert given(store) == stored(store)


def cut_in_header(path: Path) -> None:
    os.truncate(path, 100)


def cut_in_rows(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def nonsense(path: Path) -> None:
    path.write_bytes(b"\x00\xff" * 5000)


def other_json(path: Path) -> None:
    path.write_bytes(b"[1, 2]".ljust(9000))


def more_rows_than_there_are(path: Path) -> None:
    _change_header(path, rows=10**12)


def fewer_rows_than_there_are(path: Path) -> None:
    _change_header(path, rows=3)


def no_rows(path: Path) -> None:
    _change_header(path, rows=-3)


def rows_that_are_no_number(path: Path) -> None:
    _change_header(path, rows="many")


def longer_embeddings_than_there_can_be(path: Path) -> None:
    _change_header(path, numbers=10**10)


def shorter_embeddings(path: Path) -> None:
    _change_header(path, numbers=64)


def smaller_blocks(path: Path) -> None:
    _change_header(path, block=5)


def an_earlier_last_face(path: Path) -> None:
    _change_header(path, last=1)


def of_another_model(path: Path) -> None:
    _change_header(path, model="another")


def without_a_mark(path: Path) -> None:
    _change_header(path, mark="")


def nested_without_an_end(path: Path) -> None:
    path.write_bytes(b"[" * 9000)


def of_the_form_before(path: Path) -> None:
    """Without blocks and without a checksum."""
    content = path.read_bytes()
    header = json.loads(content[:4096].split(b"\n")[0])
    del header["block"]
    path.write_bytes(json.dumps(header).encode().ljust(4096) + content[4096:])


def gone(path: Path) -> None:
    path.unlink()


def a_broken_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("/nowhere/at/all")


def _change_header(path: Path, **fields: object) -> None:
    content = path.read_bytes()
    before, checksum = content[:4096].split(b"\n")
    header = json.dumps(json.loads(before) | fields).encode() + b"\n" + checksum
    path.write_bytes(header[:4096].ljust(4096) + content[4096:])


@pytest.mark.parametrize(
    "harm",
    [
        *(cut_in_header, cut_in_rows, empty, nonsense, other_json, nested_without_an_end, of_the_form_before),
        *(more_rows_than_there_are, fewer_rows_than_there_are, no_rows, rows_that_are_no_number),
        *(longer_embeddings_than_there_can_be, shorter_embeddings, smaller_blocks, an_earlier_last_face),
        *(of_another_model, without_a_mark, gone, a_broken_link),
    ],
)
def test_a_file_that_is_damaged_is_written_anew(people: Album, harm: Callable[[Path], None]) -> None:
    store = people.store
    given(store)
    whole = len(file_of(store).read_bytes())
    harm(file_of(store))
    assert in_file(store) in {0, 6}
    assert given(store) == stored(store)
    assert in_file(store) == 6
    assert len(file_of(store).read_bytes()) == whole


def test_a_pipe_in_the_place_of_the_file_is_replaced(people: Album) -> None:
    os.mkfifo(file_of(people.store))
    assert given(people.store) == stored(people.store)
    assert in_file(people.store) == 6


def test_a_file_of_another_store_is_written_anew(people: Album, tmp_path: Path) -> None:
    given(people.store)
    (tmp_path / "other").mkdir()
    with Album.at(tmp_path / "other") as other:
        other.faces(EVE, 6)
        other.store.models.use(MODEL)
        given(other.store)
        shutil.copyfile(file_of(other.store), file_of(people.store))
    assert given(people.store) == stored(people.store)


def test_an_earlier_store_that_was_put_back_does_not_get_the_faces_of_the_later_one(
    people: Album, tmp_path: Path
) -> None:
    store = people.store
    given(store)
    backup = tmp_path / "backup.db"
    store._db.conn.execute("VACUUM INTO ?", (str(backup),))
    people.faces(EVE, 2)
    assert len(given(store)) == 8
    (tmp_path / "again").mkdir()
    shutil.copyfile(backup, tmp_path / "again" / store.path.name)
    shutil.copyfile(file_of(store), tmp_path / "again" / NAME)
    with Album.at(tmp_path / "again") as again:
        again.photos = 100
        again.faces(BOB, 2)
        assert given(again.store) == stored(again.store)


def test_a_model_that_is_not_in_use_has_no_file(people: Album) -> None:
    people.photo(embedding(EVE), model="another")
    given(people.store)
    assert matrix_of(people.store).faces("another") is None
    people.store.models.use("another")
    assert given(people.store) == stored(people.store)
    assert matrix_of(people.store).faces(MODEL) is None


def test_embeddings_that_are_kept_beside_those_in_use_are_given(people: Album) -> None:
    store = people.store
    given(store)
    store.embeddings.renew([2], np.stack([embedding(EVE)]), "another")
    assert len(stored(store)) == 6
    assert given(store) == stored(store)


def test_a_small_store_has_no_file(people: Album) -> None:
    assert len(_given(people.store.faces)) == 6
    assert not file_of(people.store).exists()


def test_while_another_process_writes_it_the_store_is_read(people: Album) -> None:
    store = people.store
    folder = os.open(store.path.parent, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    assert given(store) == stored(store)
    assert not file_of(store).exists()
    os.close(folder)
    assert given(store) == stored(store)
    assert file_of(store).exists()


def test_a_file_that_a_bad_disk_does_not_read_is_written_anew(people: Album) -> None:
    file_of(people.store).symlink_to("/proc/self/mem")  # to read it from its beginning is an error of input
    assert given(people.store) == stored(people.store)
    assert not file_of(people.store).is_symlink()


def test_in_a_transaction_nothing_is_written(people: Album) -> None:
    store = people.store
    with store.reading():
        assert given(store) == stored(store)
    assert not file_of(store).exists()


def test_what_changes_while_it_is_written_takes_the_file_back(people: Album) -> None:
    store = people.store

    def change(statement: str) -> None:  # as another process may, when all faces were read but the last time
        if "ORDER BY id LIMIT" in statement and "id > 6" in statement and "engine" in statement:
            with closing(sqlite3.connect(store.path)) as other, other:
                other.execute("UPDATE faces SET embedding = ? WHERE id = 1", (embedding(EVE).tobytes(),))

    store._db.conn.set_trace_callback(change)
    found = matrix_of(store).faces(MODEL)
    store._db.conn.set_trace_callback(None)
    assert found is None
    assert file_of(store).exists()
    assert given(store) == stored(store)


def test_what_a_killed_process_left_is_written_over(people: Album) -> None:
    left = file_of(people.store).with_name(f".{NAME}.new")
    left.write_bytes(b"half" * 10_000)
    assert given(people.store) == stored(people.store)
    assert in_file(people.store) == 6
    assert not left.exists()


def test_rows_that_a_killed_process_appended_without_counting_them_are_written_over(people: Album) -> None:
    given(people.store)
    with file_of(people.store).open("ab") as file:
        file.write(b"\xff" * 3000)
    people.faces(EVE, 2)
    assert given(people.store) == stored(people.store)
    assert in_file(people.store) == 8


def test_a_full_disk_does_no_harm(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=4m"), Album.at(tmp_path / "disk") as album:
        album.faces(ANN, 6)
        album.store.models.use(MODEL)
        filler = tmp_path / "disk" / "filler"
        free = os.statvfs(filler.parent).f_bavail * 4096
        filler.write_bytes(bytes(free - 8192))
        assert given(album.store) == stored(album.store)
        assert not file_of(album.store).exists()
        assert [path.name for path in filler.parent.iterdir() if NAME in path.name] == []
        filler.unlink()
        assert given(album.store) == stored(album.store)
        assert in_file(album.store) == 6
