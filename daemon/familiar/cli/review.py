"""familiar review: the review page."""

import sys
import threading
import webbrowser
from collections.abc import Callable

import click

from familiar.api.environment import Environment
from familiar.api.library import Library
from familiar.cli.console.command import pass_environment
from familiar.cli.console.output import reported, say


@click.command(epilog="Example: familiar review")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    help="Port of the page, 0 for any that is free; by default the configured one.",
)
@click.option("--open", "opens", is_flag=True, help="Open the page in the browser.")
@click.option("--address", "prints", is_flag=True, help="Print the address of the page that is already served.")
@click.option("--set-password", "sets", is_flag=True, help="Ask for a new password, and end all logins.")
@click.option("--until-input-ends", "watches", is_flag=True, hidden=True, help="End when standard input does.")
@pass_environment
def review(environment: Environment, port: int | None, *, opens: bool, prints: bool, sets: bool, watches: bool) -> None:
    """Name faces in a browser: groups of unnamed faces, whole groups at once.

    Prints the address of the page, which logs the browser in; keep it to yourself. Unless `review.listen` says
    otherwise, only this computer can reach the page. It can be used while the daemon runs, which can also serve it
    (`review.serve`). Ctrl-C ends it.
    """
    from familiar.review.access import AccessFile  # noqa: PLC0415 - no other command needs a server
    from familiar.review.served_address import served_address  # noqa: PLC0415

    folder = environment.state / "review"
    with reported():
        if prints:
            say(served_address(folder))
        elif sets:
            environment.make_state()
            AccessFile(folder).set_password(_asked_password())
            say("The password is set; all browsers have to log in again.")
        else:
            _serve(environment, port, opens=opens, watches=watches)


def _serve(environment: Environment, port: int | None, *, opens: bool, watches: bool) -> None:
    from familiar.review.memory import keep_little_free_memory  # noqa: PLC0415

    keep_little_free_memory()
    from familiar.review.access import AccessFile  # noqa: PLC0415
    from familiar.review.picture_cache import PictureCache  # noqa: PLC0415
    from familiar.review.served_address import published  # noqa: PLC0415
    from familiar.review.server import ReviewServer  # noqa: PLC0415

    environment.make_state()
    settings, folder = environment.settings().review, environment.state / "review"
    server = ReviewServer(
        lambda: Library(environment, rematches=False),
        cache=PictureCache(folder / "faces", limit=settings.cache * 1_000_000),
        access=AccessFile(folder),
        port=settings.port if port is None else port,
        listen=settings.listen,
        prefix=settings.prefix,
        hosts=settings.hosts,
    )

    def tell() -> None:
        if watches:
            threading.Thread(target=_wait_for_end, args=[server.stop], daemon=True).start()
        say(server.place if watches else server.address)  # the daemon logs what this prints: no token
        if opens:
            webbrowser.open(server.address)

    with published(folder, server.address):
        server.serve(tell)


def _wait_for_end(stop: Callable[[], None]) -> None:
    """Stop when standard input ends: the process that started this one has ended."""
    while sys.stdin.buffer.read(4096):
        pass
    stop()


def _asked_password() -> str:
    """Return a password that is typed twice, or the first line of an input that is no terminal."""
    if sys.stdin.isatty():
        password: str = click.prompt("New password", hide_input=True, confirmation_prompt=True)
        return password
    return sys.stdin.readline().rstrip("\n")
