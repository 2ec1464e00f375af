"""familiar completion: shell completion of commands and options."""

import click
from click.shell_completion import get_completion_class


@click.command(epilog='Example, in ~/.bashrc: eval "$(familiar completion bash)"')
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion script for a shell."""
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"completion: {shell} is not supported; use bash, zsh or fish.")
    click.echo(kind(context.find_root().command, {}, "familiar", "_FAMILIAR_COMPLETE").source())
