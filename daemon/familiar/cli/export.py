"""familiar export: photos, faces and matches for other programs."""

from pathlib import Path
from typing import BinaryIO

import click

from familiar.cli.console.output import json_option, print_json, progress_bar, reported, say
from familiar.cli.console.parameters import PathType
from familiar.cli.console.standard_output import binary_output
from familiar.cli.context import Context, pass_context
from familiar.cli.files import check_new, force_option
from familiar.effects.replacing import whole_file
from familiar.errors import UsageError
from familiar.library.export.formats import FORMATS, Format, choose_format, writer_of
from familiar.store.store import Store
from familiar.store.tables import Table


@click.command(epilog="Example: familiar export faces --embeddings --out faces.parquet")
@click.argument("what", type=click.Choice(["photos", "faces", "matches"]))
@click.option("--out", type=PathType(), help="File to write; else standard output.")
@click.option("--format", "named", type=click.Choice(FORMATS), help="Format; by default that of the file's suffix.")
@click.option("--embeddings", is_flag=True, help="Write the 128 numbers of each face, too.")
@force_option
@json_option
@pass_context
def export(
    context: Context,
    what: str,
    out: Path | None,
    named: Format | None,
    *,
    embeddings: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Write all photos, faces or matches as a table: CSV, JSON Lines or Parquet.

    Rows are all of one moment, even while the daemon runs. Without --out they go to standard output, by default as CSV.
    --json tells what was written to a file.
    """
    with reported():
        if embeddings and what != "faces":
            raise UsageError(f"--embeddings goes with faces; {what} have none.")
        if as_json and out is None:
            raise UsageError("--json goes with --out; --format jsonl writes the rows themselves as JSON.")
        chosen = choose_format(named, out)
        if out is not None:
            check_new(out, force=force)
        with context.store() as store, store.reading():
            table = _table(store, what, embeddings=embeddings)
            if out is None:
                with binary_output() as output:
                    _write(table, chosen, output, label=what, quiet=True)
                return
            with whole_file(out, replace=force) as output:
                _write(table, chosen, output, label=what, quiet=as_json)
    if as_json:
        print_json({"file": out, "format": chosen, "rows": table.rows})
    else:
        say(f"{out}: {table.rows} {what}.")


def _table(store: Store, what: str, *, embeddings: bool) -> Table:
    match what:
        case "photos":
            return store.tables.photos()
        case "faces":
            return store.tables.faces(embeddings=embeddings)
        case _:
            return store.tables.matches()


def _write(table: Table, chosen: Format, output: BinaryIO, *, label: str, quiet: bool) -> None:
    writer = writer_of(chosen, table.columns, output)
    done = 0
    with progress_bar(f"writing {label}", hidden=quiet) as progress:
        for rows in table.batches():
            writer.write(rows)
            done += len(rows)
            progress(done, table.rows)
    writer.close()
