"""familiar people export, import: references as arrays of numpy."""

import sys
from pathlib import Path

import click
import numpy as np

from familiar.cli.console.output import json_option, print_json, reported, say
from familiar.cli.console.parameters import PathType
from familiar.cli.console.standard_output import binary_output
from familiar.cli.context import Context, pass_context
from familiar.cli.files import check_new, force_option
from familiar.cli.rematching import rematch
from familiar.effects.replacing import whole_file
from familiar.errors import UsageError
from familiar.library.people.embedding_files.reader import read_embeddings
from familiar.library.people.embedding_files.writer import npy_bytes, npz_bytes, references_of
from familiar.model import Embeddings
from familiar.names import check_name

_STANDARD_OUTPUT = Path("-")


@click.command(epilog="Example: familiar people export 'Eileen Collins' eileen.npy")
@click.argument("name")
@click.argument("file", type=PathType())
@click.option("--all", "everything", is_flag=True, help="Write all references, not their mean.")
@force_option
@json_option
@pass_context
def export(context: Context, name: str, file: Path, *, everything: bool, force: bool, as_json: bool) -> None:
    """Write the mean of a person's references as an array (128,).

    With --all it is the stack of all of them, (n, 128); if FILE ends in .npz then, it has two arrays, embeddings and
    paths, which say where each comes from. FILE may be - for standard output. The numbers are float32; only references
    of the model in use are written.
    """
    with reported():
        _check_export(file, everything=everything, force=force, as_json=as_json)
        model = context.settings().vision.model
        with context.store() as store:
            person = store.people.find(name)
            references, origins = references_of(store, person, model)
        embeddings: Embeddings = references if everything else references.mean(axis=0, dtype=np.float64)
        data = npz_bytes(embeddings, origins) if _is_npz(file) else npy_bytes(embeddings)
        if file == _STANDARD_OUTPUT:
            with binary_output() as stream:
                stream.write(data)
            return
        with whole_file(file, replace=force) as output:
            output.write(data)
    if as_json:
        shown = {"person": person.name, "file": file, "shape": embeddings.shape, "model": model}
        print_json(shown | {"references": len(references)})
    else:
        of = "" if everything else f", the mean of {len(references)} references"
        say(f"{file}: {embeddings.shape}{of}, of the model {model}.")


@click.command("import", epilog="Example: familiar people import 'Eileen Collins' eileen.npy")
@click.argument("name")
@click.argument("file", type=PathType())
@click.argument("paths", required=False, type=PathType())
@json_option
@pass_context
def import_(context: Context, name: str, file: Path, paths: Path | None, *, as_json: bool) -> None:
    """Register embeddings from a file as references of a person.

    FILE has an array (128,) or (n, 128). With it, as an .npz of two arrays or a .npy in which they were saved one after
    the other, or in a file PATHS, may be an array of as many paths, which say where each comes from. Nothing is
    unpickled.

    The embeddings count as of the model in use. Those of face_recognition, which have no mirror image, lie 0.1 from
    the ones that familiar makes of the same photo, and can be used. They can't be encoded again when the model changes.
    """
    with reported():
        name = check_name(name)
        settings = context.settings()
        found = read_embeddings(file, paths)
        with context.store(create=True) as store:
            person, registered = store.references.take_in(
                name, found.embeddings, origins=found.origins, engine=settings.vision.model
            )
            rematch(context, store, settings, quiet=as_json)
    known = len(found.embeddings) - registered
    if as_json:
        print_json({"person": person, "registered": registered, "known": known, "warning": found.warning})
        return
    if found.warning:
        say(f"Warning: {found.warning}")
    say(f"{person}: {registered} registered, {known} known already.")


def _check_export(file: Path, *, everything: bool, force: bool, as_json: bool) -> None:
    if file != _STANDARD_OUTPUT:
        check_new(file, force=force)
    elif as_json:
        raise UsageError("- and --json do not go together: both are standard output.")
    elif sys.stdout.isatty():
        raise UsageError("-: a terminal can't show an array; send it on, with > or |.")
    if _is_npz(file) and not everything:
        raise UsageError(
            f"{file}: an .npz has all references and where they come from: add --all, or name a .npy file."
        )


def _is_npz(file: Path) -> bool:
    return file.suffix.lower() == ".npz"
