"""familiar people export, import: references as NumPy arrays."""

import sys
from dataclasses import asdict
from pathlib import Path

import click
import numpy as np

from familiar.api.library import Library
from familiar.cli.console.command import Answer, command, pass_library, wants_json
from familiar.cli.console.output import say
from familiar.cli.console.parameters import PathType, force_option
from familiar.cli.console.standard_output import binary_output
from familiar.effects.replacement import whole_file
from familiar.errors import UsageError
from familiar.library.output_files import check_new
from familiar.library.people.embedding_files.writer import npy_bytes, npz_bytes
from familiar.model import Embeddings
from familiar.plurals import counted

_STANDARD_OUTPUT = Path("-")

_SUFFIXES = frozenset({".npy", ".npz"})

model_option = click.option("--model", help="The model of the embeddings, as `familiar models list` shows it.")


@command(epilog="Example: familiar people export 'Eileen Collins' eileen.npy")
@click.argument("name")
@click.argument("file", type=PathType())
@click.option("--all", "everything", is_flag=True, help="Write all references instead of their mean.")
@model_option
@force_option
@pass_library
def export(
    library: Library, name: str, file: Path, *, everything: bool, model: str | None, force: bool
) -> Answer | None:
    """Write the mean of a person's references as an array (128,).

    With --all, write all references as an array (n, 128); if FILE ends in .npz, it has three arrays: embeddings,
    paths, which say where each one comes from, and model, the id of their model. FILE can be - for standard output. The
    numbers are float32. Only references of one model are written, by default of the model in use. References that it
    has not encoded yet are encoded first, where their photos can be read.
    """
    _check_export(file, everything=everything, force=force)
    found = library.people.embeddings(name, model=model)
    embeddings: Embeddings = found.embeddings if everything else found.embeddings.mean(axis=0, dtype=np.float64)
    content = npz_bytes(embeddings, found.origins, found.model_id) if _is_npz(file) else npy_bytes(embeddings)
    if file == _STANDARD_OUTPUT:
        with binary_output() as stream:
            stream.write(content)
        return None
    with whole_file(file, replace=force) as output:
        output.write(content)
    count = len(found.embeddings)
    of = "" if everything else f", the mean of {counted(count, 'reference')}"
    data = {
        "person": found.person,
        "file": file,
        "shape": embeddings.shape,
        "model": found.model,
        "model_id": found.model_id,
        "references": count,
    }
    return Answer(
        data=data,
        text=lambda: say(f"{file}: {embeddings.shape}{of}, of the model {found.model}."),
    )


@command("import", epilog="Example: familiar people import 'Eileen Collins' eileen.npy")
@click.argument("name")
@click.argument("file", type=PathType())
@click.argument("paths", required=False, type=PathType())
@model_option
@pass_library
def import_(library: Library, name: str, file: Path, paths: Path | None, *, model: str | None) -> Answer:
    """Register embeddings from a file as references of a person.

    FILE has an array (128,) or (n, 128). A second array of as many paths can say where each embedding comes from: in
    FILE, an .npz of two arrays or a .npy in which they were saved one after the other, or in a file PATHS. Nothing is
    unpickled.

    The embeddings count as embeddings of MODEL; by default of the model that an array model in an .npz names, or else
    of the model in use. Those of face_recognition are of the model dlib-plain. Imported embeddings can't be encoded
    again: faces are matched with them only while their model is in use. `scores`, `find` and `crop` encode the faces in
    question with it.
    """
    found = library.people.import_embeddings(name, file, paths, model=model)

    def show() -> None:
        if found.warning:
            say(f"Warning: {found.warning}")
        say(f"{found.person}: {found.registered} registered, {found.known} known already.")

    return Answer(data=asdict(found), text=show)


def _check_export(file: Path, *, everything: bool, force: bool) -> None:
    if file != _STANDARD_OUTPUT:
        if file.suffix.lower() not in _SUFFIXES:
            raise UsageError(f"{file}: the suffix {file.suffix!r} is not that of a NumPy file; use .npy or .npz.")
        check_new(file, replace=force)
    elif wants_json():
        raise UsageError("- and --json can't be used together: both write to standard output.")
    elif sys.stdout.isatty():
        raise UsageError("-: a terminal can't show an array; redirect the output with > or |.")
    if _is_npz(file) and not everything:
        raise UsageError(f"{file}: an .npz file holds all references with their paths; add --all, or name a .npy file.")


def _is_npz(file: Path) -> bool:
    return file.suffix.lower() == ".npz"
