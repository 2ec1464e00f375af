"""familiar export: photos, faces and matches for other programs."""

from pathlib import Path

import click

from familiar.api.library import Library
from familiar.cli.console.command import Answer, command, pass_library, wants_json
from familiar.cli.console.output import say
from familiar.cli.console.parameters import PathType, force_option, quality_option
from familiar.cli.console.standard_output import binary_output
from familiar.errors import UsageError
from familiar.library.export.formats import FORMATS, Format
from familiar.library.export.tables import TABLES, TableName, check_table


@command(epilog="Example: familiar export faces --embeddings --out faces.parquet")
@click.argument("what", type=click.Choice(TABLES))
@click.option("--out", type=PathType(), help="File to write; default: standard output.")
@click.option("--format", "named", type=click.Choice(FORMATS), help="Format; by default, the one of the file's suffix.")
@click.option("--embeddings", is_flag=True, help="Include the embedding of each face.")
@quality_option
@force_option
@pass_library
def export(
    library: Library,
    what: TableName,
    *,
    out: Path | None,
    named: Format | None,
    embeddings: bool,
    min_quality: float,
    force: bool,
) -> Answer | None:
    """Write all photos, faces or matches as a table: CSV, JSON Lines or Parquet.

    All rows come from one snapshot, even while the daemon runs. Without --out, writes to standard output, by default as
    CSV. --json reports what was written to a file.
    """
    check_table(what, embeddings=embeddings, min_quality=min_quality)
    if wants_json() and out is None:
        raise UsageError("--json requires --out; use --format jsonl to write the rows as JSON.")
    if out is None:
        with binary_output() as output:
            library.export(what, output, format=named, embeddings=embeddings, min_quality=min_quality)
        return None
    written = library.export(what, out, format=named, embeddings=embeddings, min_quality=min_quality, replace=force)
    return Answer(
        data={"file": out, "format": written.format, "rows": written.rows},
        text=lambda: say(f"{out}: {written.rows} {what} written."),
    )
