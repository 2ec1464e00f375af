"""Everything that a user reads is run: configuration examples, snippets in the documents, commands."""

import re
from pathlib import Path

import click
import pytest
import yaml

from familiar.cli import main
from familiar.errors import ConfigurationError
from familiar.rules.language import read_rules
from familiar.settings import Settings, read_settings

REPOSITORY = Path(__file__).parents[1]
CONFIG = REPOSITORY / "config"


def blocks(document: str, language: str) -> list[str]:
    text = (REPOSITORY / document).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def test_the_example_configuration_has_the_defaults() -> None:
    file = CONFIG / "familiar.yaml"
    read = read_settings(file, file.read_text())
    assert read.model_copy(update={"folders": (), "rules": None}) == Settings()
    assert [folder.path for folder in read.folders] == [Path.home() / "Pictures"]
    assert read.rules == CONFIG / "rules.yaml"


def test_what_is_commented_out_in_the_example_is_the_default_too() -> None:
    text = (CONFIG / "familiar.yaml").read_text()
    uncommented = re.sub(r"^    # (?=\S+:|  \[|   \")(.*)$", r"    \1", text, flags=re.MULTILINE)
    folder = yaml.safe_load(uncommented)["folders"][0]
    read = read_settings(CONFIG / "familiar.yaml", uncommented).folders[0]
    assert set(folder) == {"path", "name", "recursive", "outside_links", "polling", "include", "exclude"}
    assert read == Settings.model_validate({"folders": [{"path": "~/Pictures"}]}).folders[0]


def test_the_example_rules_are_good() -> None:
    file = CONFIG / "rules.yaml"
    assert len(read_rules(file, file.read_text(), home=Path("/home/eileen")).rules) == 3


PAGES = ["README.md", *(f"docs/{page.name}" for page in sorted((REPOSITORY / "docs").glob("*.md")))]


SNIPPETS = [
    snippet
    for page in PAGES
    for snippet in blocks(page, "yaml")
    if not snippet.startswith("services:")  # of containers: `test_workers_page.py`
]


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_each_snippet_of_the_documents_is_good(snippet: str) -> None:
    if snippet.startswith("rules:"):
        assert read_rules(Path("rules.yaml"), snippet, home=Path("/home/eileen")).rules
    else:
        assert read_settings(Path("familiar.yaml"), snippet) != Settings()


def test_the_mistakes_in_the_documents_are_reported_as_they_say() -> None:
    text = 'rules:\n  - name: a\n    when: {persn: Eileen, score: {min: 3}}\n    then: [{move: "Pictures/"}]\n'
    with pytest.raises(ConfigurationError) as caught:
        read_rules(Path("rules.yaml"), text, home=Path("/home/eileen"))
    assert str(caught.value).splitlines() == blocks("docs/rules.md", "text")[0].splitlines()


def every_command(group: click.Group, way: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], click.Command]]:
    found = []
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        inner = every_command(command, (*way, name)) if isinstance(command, click.Group) else []
        found += inner or [((*way, name), command)]
    return found


@pytest.mark.parametrize(("way", "command"), every_command(main), ids=str)
def test_each_command_has_help_with_an_example(way: tuple[str, ...], command: click.Command) -> None:
    assert command.help
    assert command.epilog is not None
    assert command.epilog.startswith("Example")
    assert "familiar" in command.epilog


def test_each_command_that_prints_something_takes_json() -> None:
    without = {way for way, command in every_command(main) if not any(p.name == "as_json" for p in command.params)}
    servers = {("run",), ("review",)}
    assert without == servers | {("completion",), ("clusters", "review")}  # which asks and answers
