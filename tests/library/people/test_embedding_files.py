"""Arrays of numpy, from anybody: what is taken, and what is refused with which words."""

import io
import os
import re
import tempfile
import tracemalloc
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from familiar.embedding_models import DLIB, DLIB_PLAIN, SFACE
from familiar.errors import UsageError
from familiar.library.people.embedding_files.reader import EmbeddingFile, read_embeddings
from familiar.library.people.embedding_files.writer import npy_bytes, npz_bytes
from familiar.model import Embeddings
from support.album import embedding

Array: TypeAlias = npt.NDArray[Any]

STACK: Embeddings = np.stack([embedding(1, look) for look in range(3)])
PATHS = ["/photos/a.jpg", "b/ü.jpg", ""]
ORIGINS = (Path("/photos/a.jpg"), Path.cwd() / "b/ü.jpg", None)
DOCUMENT = Path(__file__).parents[3] / "docs" / "people.md"
LITTLE = 4 << 20
"""Bytes that a refusal may take."""


def npy(*arrays: Array, pickled: bool = False) -> bytes:
    """A .npy file of arrays saved one after the other."""
    file = io.BytesIO()
    for array in arrays:
        np.save(file, array, allow_pickle=pickled)
    return file.getvalue()


def npz(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def claiming(shape: str, descr: str = "'<f4'", *, body: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    """A .npy file whose header says what it likes."""
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    length = len(header).to_bytes(2 if version == b"\x01\x00" else 4, "little")
    return b"\x93NUMPY" + version + length + header + body


def zipped(content: bytes, *, members: int = 1, kind: int = zipfile.ZIP_DEFLATED, name: str = "a.npy") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", kind) as archive:
        for number in range(members):
            archive.writestr(f"{number}{name}", content)
    return file.getvalue()


def read(folder: Path, content: bytes, paths: bytes | None = None) -> EmbeddingFile:
    (folder / "file").write_bytes(content)
    if paths is not None:
        (folder / "paths").write_bytes(paths)
    return read_embeddings(folder / "file", folder / "paths" if paths is not None else None)


def refusal(folder: Path, content: bytes, paths: bytes | None = None) -> str:
    """What is said of a file, without the path of its folder; to say so takes little memory."""
    tracemalloc.start()
    try:
        with pytest.raises(UsageError) as error:
            read(folder, content, paths)
        assert tracemalloc.get_traced_memory()[1] < LITTLE + 2 * len(content)
    finally:
        tracemalloc.stop()
    return str(error.value).replace(f"{folder}{os.sep}", "")


@pytest.mark.parametrize("kind", ["<f2", ">f2", "<f4", ">f4", "<f8", ">f8", "g"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_embeddings_of_any_precision_and_order_are_taken(tmp_path: Path, kind: str, order: str) -> None:
    found = read(tmp_path, npy(np.array(STACK, dtype=kind, order="F" if order == "F" else "C")))
    assert found.embeddings.dtype == np.float32
    assert np.abs(found.embeddings - STACK).max() < (1e-3 if "2" in kind else 1e-7)
    assert (found.origins, found.warning) == ((tmp_path / "file",) * 3, None)


def test_one_embedding_is_a_stack_of_one(tmp_path: Path) -> None:
    assert (read(tmp_path, npy(STACK[0])).embeddings == STACK[:1]).all()
    assert (read(tmp_path, npy(STACK[:1])).embeddings == STACK[:1]).all()


@pytest.mark.parametrize(
    "content",
    [
        npy(STACK, np.array(PATHS)),
        npy(np.array(PATHS), STACK),
        npy(STACK, np.array([path.encode() for path in PATHS])),
        npz(embeddings=STACK, paths=np.array(PATHS)),
        npz(arr_1=STACK.astype(np.float64), arr_0=np.array(PATHS)),
    ],
)
def test_a_pair_of_embeddings_and_paths_is_taken_however_it_was_saved(tmp_path: Path, content: bytes) -> None:
    found = read(tmp_path, content)
    assert (found.embeddings == STACK).all()
    assert found.origins == ORIGINS


def test_paths_may_be_in_a_file_of_their_own(tmp_path: Path) -> None:
    assert read(tmp_path, npy(STACK), npy(np.array(PATHS))).origins == ORIGINS
    assert read(tmp_path, npy(STACK[0]), npy(np.array(PATHS[0]))).origins == (Path(PATHS[0]),)


def test_what_was_exported_is_read_as_it_was(tmp_path: Path) -> None:
    origins = [Path("/photos/a.jpg"), None, Path(os.fsdecode(b"/caf\xe9.jpg"))]
    found = read(tmp_path, npz_bytes(STACK, origins, DLIB.id))
    assert (found.embeddings == STACK).all()
    assert found.origins == tuple(origins)
    assert (read(tmp_path, npy_bytes(STACK)).embeddings == STACK).all()


def test_what_the_documents_say_of_saving_is_so(tmp_path: Path) -> None:
    (snippet,) = re.findall(r"^```python\n(.*?)^```", DOCUMENT.read_text(), flags=re.MULTILINE | re.DOTALL)
    lines = re.sub(r'"(\w+\.np[yz])"', rf'"{tmp_path}/\1"', snippet)
    exec(lines, {"np": np, "embedding": STACK[0], "embeddings": list(STACK), "paths": PATHS})  # noqa: S102
    found = {path.name: read_embeddings(path) for path in tmp_path.iterdir()}
    assert {name: len(one.embeddings) for name, one in found.items()} == {
        "one.npy": 1,
        "several.npy": 3,
        "pair.npz": 3,
        "pair.npy": 3,
    }
    assert found["pair.npy"].origins == found["pair.npz"].origins == ORIGINS


def test_exported_files_are_plain_little_endian_float32(tmp_path: Path) -> None:
    assert np.load(io.BytesIO(npy_bytes(STACK[0]))).dtype.str == "<f4"
    with np.load(io.BytesIO(npz_bytes(STACK, [None] * 3, DLIB.id)), allow_pickle=False) as found:
        assert {name: (found[name].shape, found[name].dtype.kind) for name in found} == {
            "embeddings": ((3, 128), "f"),
            "paths": ((3,), "U"),
            "model": ((), "U"),
        }


@pytest.mark.parametrize("shape", [(), (3,), (127,), (3, 64), (128, 3), (0, 128), (1, 3, 128), (3, 128, 1)])
def test_wrong_shapes_are_refused_with_the_shape_that_was_found(tmp_path: Path, shape: tuple[int, ...]) -> None:
    assert refusal(tmp_path, npy(np.ones(shape))) == (
        f"file: the shape of the embeddings is {shape}; it must be (128,) for one, or (n, 128) for several."
    )


@pytest.mark.parametrize("paths", [PATHS[:2], [*PATHS, "c"], [[path] for path in PATHS]])
def test_paths_that_are_not_as_many_as_embeddings_are_refused(tmp_path: Path, paths: list[Any]) -> None:
    shape = np.array(paths).shape
    message = f"the shape of the paths is {shape}, with 3 embeddings; it must be (3,)."
    assert refusal(tmp_path, npy(STACK, np.array(paths))) == f"file: {message}"
    assert refusal(tmp_path, npy(STACK), npy(np.array(paths))) == f"paths: {message}"


NO_CHARACTER = np.array([[97], [0xFFFFFF]], "<u4").view("<U1").reshape(2)


@pytest.mark.parametrize("paths", [*(np.array(["good", bad]) for bad in ("a\0b", "\ud800", "x" * 4097)), NO_CHARACTER])
def test_what_can_not_be_a_path_is_refused(tmp_path: Path, paths: Array) -> None:
    assert refusal(tmp_path, npy(STACK[:2], paths)).startswith("file: path 1, from 0, ")


def spoilt(*rows: int, value: float) -> Array:
    stack = np.repeat(STACK[:1].astype(np.float64), 20, axis=0)
    stack[list(rows)] = value
    return stack


NOT_OF_DLIB = "can't be of dlib's network: their lengths are not 1.2 to 1.7, but for example"


@pytest.mark.parametrize(
    ("stack", "message"),
    [
        (spoilt(3, value=np.nan), "1 of 20 embeddings have numbers that are NaN or infinite; rows, from 0: 3."),
        (spoilt(7, value=np.inf), "1 of 20 embeddings have numbers that are NaN or infinite; rows, from 0: 7."),
        (spoilt(*range(9), value=0), "9 of 20 embeddings are all zeros; rows, from 0: 0, 1, 2, 3, 4 and 4 more."),
        (spoilt(2, 19, value=1), f"2 of 20 embeddings {NOT_OF_DLIB} 11.3; rows, from 0: 2, 19."),
        (spoilt(0, value=1e300), f"1 of 20 embeddings {NOT_OF_DLIB} inf; rows, from 0: 0."),
        (spoilt(0, value=0.05), f"1 of 20 embeddings {NOT_OF_DLIB} 0.566; rows, from 0: 0."),
    ],
)
def test_what_can_not_be_embeddings_is_refused_with_its_rows(tmp_path: Path, stack: Array, message: str) -> None:
    assert refusal(tmp_path, npy(stack)) == f"file: {message}"


def test_embeddings_that_were_normalised_are_taken_with_a_warning(tmp_path: Path) -> None:
    unit = STACK / np.linalg.norm(STACK, axis=1, keepdims=True)
    for kind in ("<f2", "<f8"):
        warning = read(tmp_path, npy(unit.astype(kind))).warning
        assert warning is not None
        assert warning.startswith("All embeddings have length 1. dlib's do not")


def unit(length: float = 1.0) -> Array:
    lengths: Array = np.linalg.norm(STACK, axis=1, keepdims=True)
    return STACK * (length / lengths)


def test_embeddings_are_of_the_model_that_the_caller_the_file_or_the_settings_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(npz(embeddings=unit(), model=np.array(SFACE.id)))
    assert read_embeddings(tmp_path / "file").model == SFACE
    (tmp_path / "file").write_bytes(npz(embeddings=STACK, model=np.array([b"dlib-plain"])))
    assert read_embeddings(tmp_path / "file", in_use=SFACE).model == DLIB_PLAIN
    (tmp_path / "file").write_bytes(npy(STACK))
    assert read_embeddings(tmp_path / "file").model == DLIB
    assert read_embeddings(tmp_path / "file", model=DLIB_PLAIN, in_use=SFACE).model == DLIB_PLAIN


@pytest.mark.parametrize("length", [0.01, 1.0, 12.0])
def test_embeddings_of_a_model_with_one_length_get_that_length(tmp_path: Path, length: float) -> None:
    (tmp_path / "file").write_bytes(npy(unit(length)))
    found = read_embeddings(tmp_path / "file", model=SFACE)
    assert np.linalg.norm(found.embeddings, axis=1) == pytest.approx(SFACE.length)
    assert np.abs(found.embeddings - unit(SFACE.length or 0)).max() < 1e-6
    assert found.warning is None


def test_embeddings_as_long_as_dlibs_are_refused_while_another_model_is_in_use_unless_it_is_named(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_bytes(npy(STACK))
    with pytest.raises(
        UsageError, match=r"as long as dlib's \(1\.53\), and the model in use is sface\. Name their model"
    ):
        read_embeddings(tmp_path / "file", in_use=SFACE)
    assert read_embeddings(tmp_path / "file", model=SFACE, in_use=SFACE).model == SFACE


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("arcface", "names the model of its embeddings. There is no model 'arcface'; the models are 'sface', 'dlib'"),
        (["dlib", "dlib"], "the array model is (2,) of <U4; right is one string."),
        (1.5, "the array model is () of float64; right is one string."),
        ("sface", "says that its embeddings are of the model sface, not dlib."),
    ],
)
def test_a_file_that_names_no_model_or_another_one_than_was_asked_for_is_refused(
    tmp_path: Path, model: Any, message: str
) -> None:
    (tmp_path / "file").write_bytes(npz(embeddings=STACK, paths=np.array(PATHS), model=np.array(model)))
    with pytest.raises(UsageError) as error:
        read_embeddings(tmp_path / "file", model=DLIB)
    assert message in str(error.value)


def test_a_wrong_dimension_is_told_with_the_model(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(npy(np.ones((3, 512))))
    with pytest.raises(
        UsageError, match=r"\(3, 512\); it must be \(128,\) for one, or \(n, 128\) for several of the model sface\."
    ):
        read_embeddings(tmp_path / "file", model=SFACE)


MARK = Path(tempfile.gettempdir(), f"unpickled-{os.getpid()}")


class Trap:
    """Would do harm if it were unpickled."""

    def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
        return os.mkdir, (MARK,)


HUGE = claiming("(100000000000, 128)")
LONG_HEADER = b"\x93NUMPY\x02\x00\xff\xff\xff\xff{"
PADDING = bytes(64 << 20)

NO_PICKLE = (
    "has an array of Python objects, which are never unpickled; save plain arrays: "
    "np.savez(FILE, embeddings=embeddings, paths=np.array(paths, dtype=str))"
)
NO_FILE = "is not a .npy or .npz file"
NO_ARRAY = "has something other than plain NumPy arrays"
NO_HEADER = "has an array whose header can't be read"
NO_ARCHIVE = "is not a complete .npz file"
NO_FLOATS = "which is neither floats (embeddings) nor strings (paths)"
TOO_LARGE = "has an array of shape (100000000000, 128), float32, which takes 48828125 MiB; at most 128 MiB are read"
NOT_WHOLE = "is not complete: an array of shape (3, 128), float32, takes 1536 bytes, but there are"

BAD_FILES: dict[str, tuple[Callable[[], bytes], str]] = {
    "objects": (lambda: npy(np.array([Trap()] * 2), pickled=True), NO_PICKLE),
    "objects beside floats": (lambda: npy(STACK, np.array([Trap()]), pickled=True), NO_PICKLE),
    "objects in an archive": (lambda: npz(embeddings=STACK, paths=np.array([Trap()] * 3)), NO_PICKLE),
    "nothing": (lambda: b"", NO_FILE),
    "text": (lambda: b"-0.1 0.2 0.3\n", NO_FILE),
    "a pickle": (lambda: b"\x80\x04\x95", NO_FILE),
    "integers": (lambda: npy(np.ones((3, 128), np.int64)), f"has an array of int64, {NO_FLOATS}"),
    "complex numbers": (lambda: npy(np.ones((3, 128), np.complex64)), f"has an array of complex64, {NO_FLOATS}"),
    "a missing byte": (lambda: npy(STACK)[:-1], f"{NOT_WHOLE} 1535"),
    "a header alone": (lambda: npy(STACK)[:-1536], f"{NOT_WHOLE} 0"),
    "a large claim": (
        lambda: claiming("(262144, 128)"),
        "is not complete: an array of shape (262144, 128), float32, takes 134217728 bytes, but there are 0",
    ),
    "a huge claim": (lambda: HUGE, TOO_LARGE),
    "long strings": (
        lambda: claiming("(2,)", "'<U99999999'"),
        "has an array of shape (2,), <U99999999, which takes 762 MiB; at most 128 MiB are read",
    ),
    "less than nothing": (lambda: claiming("(-1, 128)"), NO_HEADER),
    "an unknown type": (lambda: claiming("(3, 128)", "'nonsense'"), NO_HEADER),
    "a program": (lambda: claiming("__import__('os').mkdir('/')"), NO_HEADER),
    "a nest": (lambda: claiming("(" * 4000 + ")" * 4000), NO_HEADER),
    "another version": (lambda: claiming("(3, 128)", version=b"\x03\x00"), NO_ARRAY),
    "a long header": (lambda: LONG_HEADER, NO_HEADER),
    "a beginning": (lambda: npy(STACK)[:6], NO_ARRAY),
    "something behind": (lambda: npy(STACK) + b"and more", NO_ARRAY),
    "three arrays": (lambda: npy(STACK, STACK, STACK), "has more than two arrays"),
    "no archive": (lambda: b"PK\x03\x04 and more", NO_ARCHIVE),
    "half an archive": (lambda: npz(a=STACK)[:-9], NO_ARCHIVE),
    "three members": (lambda: npz(a=STACK, b=STACK, c=STACK), "has 3 arrays; it must have one or two"),
    "many members": (lambda: zipped(npy(STACK), members=5000), "has more than two arrays"),
    "a packed claim": (lambda: zipped(HUGE + PADDING), TOO_LARGE),
    "a packed long header": (lambda: zipped(LONG_HEADER + PADDING), NO_HEADER),
    "a bomb": (lambda: zipped(npy(STACK) + PADDING), "has something after the array '0a.npy'"),
    "a packed text": (lambda: zipped(b"hello"), NO_ARRAY),
    "another packing": (
        lambda: zipped(npy(STACK), kind=zipfile.ZIP_LZMA),
        "is compressed in a way that NumPy does not use",
    ),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_what_is_no_pair_of_plain_arrays_is_refused_without_much_memory_and_never_unpickled(
    tmp_path: Path, name: str
) -> None:
    content, message = BAD_FILES[name]
    assert refusal(tmp_path, content()) == f"file: {message}."
    assert not MARK.exists()


@pytest.mark.parametrize(
    "arrays", [(STACK, STACK), (np.array(PATHS),), (np.array(PATHS), np.array(PATHS))], ids=["2", "paths", "2 paths"]
)
def test_other_pairs_are_refused_with_what_was_found(tmp_path: Path, arrays: tuple[Array, ...]) -> None:
    found = ", ".join(f"{array.shape} of {array.dtype}" for array in arrays)
    assert refusal(tmp_path, npy(*arrays)).endswith(f"; it holds {found}.")


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name, reason in {
        "nowhere": "the file does not exist",
        "folder": "is a folder",
        "pipe": "is not a regular file",
    }.items():
        with pytest.raises(UsageError, match=reason):
            read_embeddings(tmp_path / name)


@given(
    content=st.sampled_from([npy(STACK, np.array(PATHS)), npz(e=STACK, p=np.array(PATHS)), zipped(npy(STACK))]),
    changes=st.lists(st.tuples(st.integers(0, 9999), st.integers(0, 255)), max_size=4),
    end=st.integers(1, 9999),
)
@settings(deadline=None, max_examples=300)
def test_a_damaged_file_is_refused_or_read_and_nothing_else_happens(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, changes: list[tuple[int, int]], end: int
) -> None:
    damaged = bytearray(content[:end])
    for place, byte in changes:
        damaged[place % len(damaged)] = byte
    file = tmp_path_factory.getbasetemp() / "damaged"
    file.write_bytes(damaged)
    with suppress(UsageError):
        assert read_embeddings(file).embeddings.shape[1] == 128
