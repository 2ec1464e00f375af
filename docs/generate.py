"""Regenerate the parts of the documents that come from the program.

    uv run python docs/generate.py            # write the changed pages
    uv run python docs/generate.py --check    # write nothing; exit with 1 if something is out of date

In a page, the text between `<!-- generated: NAME -->` and `<!-- end -->` is replaced, and the rest is kept.
`config/familiar.yaml`, which `familiar config init` writes, is generated completely.
"""

import inspect
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from familiar.cli import main as familiar
from familiar.event_fields import FIELDS, schema_of
from familiar.events import CATALOGUE, log_schema
from pages import PAGES, escaped, see_also
from settings_pages import example_settings, settings_reference

REPOSITORY = Path(__file__).parents[1]


def documents() -> dict[Path, str]:
    """Return each generated document with the text that it should have."""
    parts = {
        "commands": "\n".join(command_overview(familiar)),
        "options": "\n".join(option_table(familiar, click.Context(familiar))),
        "reference": "\n".join(command_reference(familiar)),
        "events": "\n".join(event_table()),
        "heartbeat": "\n".join(field_table("service.heartbeat")),
        "fields": "\n".join(all_fields()),
        "settings": "\n".join(settings_reference()),
    }
    pages = [REPOSITORY / "docs" / name for name in ("commands.md", "log.md", "settings.md")]
    return {page: filled(page.read_text(encoding="utf-8"), parts) for page in pages} | {
        REPOSITORY / "config" / "familiar.yaml": "\n".join(example_settings()),
        REPOSITORY / "docs" / "log.schema.json": json.dumps(log_schema(), indent=1) + "\n",
    }


def filled(text: str, parts: Mapping[str, str]) -> str:
    """Return a page with its generated parts as they should be."""
    return re.sub(
        r"(<!-- generated: (\w+) -->\n).*?(?=<!-- end -->)",
        lambda found: f"{found[1]}\n{parts[found[2]].strip()}\n\n",
        text,
        flags=re.DOTALL,
    )


# Commands


def command_overview(group: click.Group) -> Iterator[str]:
    """Give a table of all commands, each with its first sentence."""
    yield from ("| command | does |", "| --- | --- |")
    for command, context in commands_in(group, click.Context(group, info_name="familiar")):
        if not isinstance(command, click.Group):
            usage = escaped(usage_of(command, context).removeprefix("familiar ").replace(" [OPTIONS]", ""))
            yield f"| [`{usage}`](#{anchor(context)}) | {escaped(summary(command))} |"


def command_reference(group: click.Group) -> Iterator[str]:
    """Give a section for each command, and one for each of its sub-commands."""
    for command, context in commands_in(group, click.Context(group, info_name="familiar")):
        assert context.parent is not None
        is_sub_command = context.parent.parent is not None
        yield f"{'###' if is_sub_command else '##'} {context.command_path}\n"
        if not isinstance(command, click.Group):
            yield f"    {usage_of(command, context)}\n"
        yield help_of(command)
        if not is_sub_command and context.info_name in PAGES:
            yield f"{see_also(context.info_name)}\n"
        if not isinstance(command, click.Group):
            yield from option_table(command, context)
            yield from example_of(command)


def commands_in(group: click.Group, context: click.Context) -> Iterator[tuple[click.Command, click.Context]]:
    """Give all commands below a group, each group before its own, in the order in which help shows them."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        inner = click.Context(command, info_name=name, parent=context)
        yield command, inner
        if isinstance(command, click.Group):
            yield from commands_in(command, inner)


def usage_of(command: click.Command, context: click.Context) -> str:
    """Return how a command is called, in one line."""
    return " ".join([context.command_path, *command.collect_usage_pieces(context)])


def anchor(context: click.Context) -> str:
    """Return the anchor that the heading of a command has."""
    return context.command_path.replace(" ", "-")


def summary(command: click.Command) -> str:
    """Return the first paragraph of a command's help, in one line."""
    return " ".join(help_of(command).split("\n\n")[0].split())


def help_of(command: click.Command) -> str:
    """Return the help of a command, as it is written."""
    assert command.help
    return f"{inspect.cleandoc(command.help)}\n"


def option_table(command: click.Command, context: click.Context) -> Iterator[str]:
    """Give a table of a command's options, except for `--help`, which all have."""
    shown = (param.get_help_record(context) for param in command.params if isinstance(param, click.Option))
    records = [record for record in shown if record is not None]
    if records:
        yield from ("| option | meaning |", "| --- | --- |")
        for names, meaning in records:
            yield f"| `{escaped(names)}` | {escaped(meaning).replace('  [', ' [')} |"
        yield ""


def example_of(command: click.Command) -> Iterator[str]:
    """Give the examples of a command."""
    assert command.epilog
    title, _, rest = command.epilog.partition(": ")
    yield f"{title}:\n"
    for line in rest.split(", or: "):
        yield f"    {line}"
    yield ""


# Events


def event_table() -> Iterator[str]:
    """Give a table of all events."""
    yield from ("| event | level | fields | meaning |", "| --- | --- | --- | --- |")
    for event in CATALOGUE:
        yield f"| `{event.name}` | {event.level} | {', '.join(event.fields)} | {escaped(event.meaning)} |"


def field_table(event: str) -> Iterator[str]:
    """Give a table of the fields of an event."""
    (found,) = (each for each in CATALOGUE if each.name == event)
    yield from ("| field | type | meaning |", "| --- | --- | --- |")
    for name in found.fields:
        yield row_of(name, schema_of(event, name))


def all_fields() -> Iterator[str]:
    """Give a table of the fields of all events but the heartbeat; below some, the events in which they differ."""
    yield from ("| field | type | meaning |", "| --- | --- | --- |")
    events = [event for event in CATALOGUE if event.name != "service.heartbeat"]
    for name in sorted({name for event in events for name in event.fields}):
        having = [event for event in events if name in event.fields]
        usual = [event for event in having if schema_of(event.name, name) == FIELDS[name]]
        if usual:
            yield row_of(name, FIELDS[name])
        others: dict[str, list[str]] = {}
        for event in having:
            if event not in usual:
                others.setdefault(json.dumps(schema_of(event.name, name)), []).append(event.name)
        for schema, names in others.items():
            where = ", ".join(f"`{event}`" for event in names) if len(names) == 1 else "events of Flickr"
            yield row_of(name, json.loads(schema), where)


def row_of(name: str, schema: Mapping[str, Any], where: str = "") -> str:
    """Return a row of a table of fields."""
    return f"| `{name}` | {escaped(type_of(schema))} | {escaped(schema['description'])}{where and f' (in {where})'} |"


def type_of(schema: Mapping[str, Any]) -> str:
    """Return the type of a value, as people say it."""
    if "enum" in schema:
        return ", ".join(f"*{value}*" for value in schema["enum"])
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    names = {"string": "text", "integer": "integer", "number": "number", "boolean": "true or false", "null": "null"}
    if kinds == ["array"]:
        row = schema["items"].get("anyOf", [{}])[0]
        return f"list of {{{', '.join(row['properties'])}}}" if row else "list of texts"
    return " or ".join(names[kind] for kind in kinds)


def main() -> int:
    """Write or check the documents; return the exit status."""
    wanted = documents().items()
    stale = {path: text for path, text in wanted if not path.exists() or path.read_text(encoding="utf-8") != text}
    for path, text in stale.items():
        if "--check" in sys.argv[1:]:
            print(f"{path.relative_to(REPOSITORY)} is out of date: uv run python docs/generate.py")
        else:
            path.write_text(text, encoding="utf-8")
            print(f"written: {path.relative_to(REPOSITORY)}")
    return 1 if stale and "--check" in sys.argv[1:] else 0


if __name__ == "__main__":
    sys.exit(main())
