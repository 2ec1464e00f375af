"""What the docstrings of the calls say of their arguments."""

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from familiar.api.clusters import ClusterPictures, FaceClusters
from familiar.api.configuration import ConfigurationFiles
from familiar.api.disks import FolderDisks
from familiar.api.flickr import FlickrAccount
from familiar.api.library import Library
from familiar.api.people import RegisteredPeople
from familiar.api.rules import PhotoRules
from familiar.api.sidecars import PhotoSidecars
from familiar.library.photo_scores import PhotoScores

PARTS = (
    Library,
    ClusterPictures,
    ConfigurationFiles,
    FaceClusters,
    FlickrAccount,
    FolderDisks,
    PhotoRules,
    PhotoScores,
    PhotoSidecars,
    RegisteredPeople,
)


def calls() -> Iterator[tuple[str, Callable[..., Any]]]:
    for part in PARTS:
        for name, call in inspect.getmembers(part, inspect.isroutine):
            if not name.startswith("_"):
                yield f"{part.__name__}.{name}", call


@pytest.mark.parametrize(("name", "call"), list(calls()))
def test_a_list_of_arguments_has_each_argument_once_and_in_order(name: str, call: Callable[..., Any]) -> None:
    documentation = inspect.getdoc(call)
    assert documentation, name
    _, _, arguments = documentation.partition("\nArgs:\n")
    if arguments:
        told = re.findall(r"^    (\w+): ", arguments.partition("\n\n")[0], re.MULTILINE)
        assert told == [one for one in inspect.signature(call).parameters if one != "self"]
