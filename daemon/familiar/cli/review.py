"""familiar review: the review page."""

import webbrowser

import click

from familiar.api.environment import Environment
from familiar.api.library import Library
from familiar.cli.console.command import pass_environment
from familiar.cli.console.output import reported, say


@click.command(epilog="Example: familiar review")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    help="Port of the page on this computer, 0 for any that is free; by default the configured one.",
)
@click.option("--open", "opens", is_flag=True, help="Open the page in the browser.")
@pass_environment
def review(environment: Environment, port: int | None, *, opens: bool) -> None:
    """Name faces in a browser: groups of unnamed faces, whole groups at once.

    Prints the address of the page, which logs the browser in; keep it to yourself. Only this computer can reach the
    page. It can be used while the daemon runs. Ctrl-C ends it.
    """
    from familiar.review.picture_cache import PictureCache  # noqa: PLC0415 - no other command needs a server
    from familiar.review.server import ReviewServer  # noqa: PLC0415

    with reported():
        settings = environment.settings().review
        server = ReviewServer(
            lambda: Library(environment, rematches=False),
            cache=PictureCache(environment.state / "review" / "faces", limit=settings.cache * 1_000_000),
            port=settings.port if port is None else port,
            prefix=settings.prefix,
            hosts=settings.hosts,
        )

        def tell() -> None:
            say(server.address)
            if opens:
                webbrowser.open(server.address)

        server.serve(tell)
