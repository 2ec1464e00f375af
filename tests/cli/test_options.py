"""Options of commands, and the arguments of the calls that they become."""

import inspect
from collections.abc import Callable
from typing import Any

import click
import pytest

from familiar.api.clusters import FaceClusters
from familiar.api.library import Library
from familiar.api.people import RegisteredPeople
from familiar.cli import main

CALLS: dict[str, Callable[..., Any]] = {
    "collect": Library.collect,
    "copy": Library.copy,
    "crop": Library.crop,
    "export": Library.export,
    "find": Library.find,
    "link": Library.link,
    "move": Library.move,
    "report": Library.report,
    "scan": Library.scan,
    "scores write": Library.write_scores,
    "clusters export": FaceClusters.export,
    "clusters run": FaceClusters.run,
    "people add-each": RegisteredPeople.add_each,
}
"""Commands, each with the call that it becomes."""


def defaults_of(name: str) -> dict[str, Any]:
    """Return the defaults of a command's parameters, by the names of its function's arguments."""
    found: click.Command = main
    for word in name.split():
        assert isinstance(found, click.Group)
        following = found.get_command(click.Context(found), word)
        assert following is not None
        found = following
    context = click.Context(found, resilient_parsing=True)
    found.parse_args(context, [])
    return {name.removesuffix("_"): value for name, value in context.params.items()}


@pytest.mark.parametrize("name", CALLS)
def test_an_option_has_the_default_of_the_call(name: str) -> None:
    arguments = inspect.signature(CALLS[name]).parameters
    shared = {option: value for option, value in defaults_of(name).items() if option in arguments}
    own = {option: arguments[option].default for option in shared}
    required = inspect.Parameter.empty
    assert shared == {option: shared[option] if value is required else value for option, value in own.items()}
    assert shared
