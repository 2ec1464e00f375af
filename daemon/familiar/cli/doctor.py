"""familiar doctor: problems of this installation, and how to fix them."""

from collections.abc import Sequence
from dataclasses import asdict

from familiar.api.health import Finding
from familiar.api.library import Library
from familiar.cli.console.command import Answer, command, pass_library
from familiar.cli.console.output import console, say

_COLOURS = {"good": "green", "warning": "yellow", "bad": "red"}


@command(epilog="Example: familiar doctor")
@pass_library
def doctor(library: Library) -> Answer:
    """Check this installation, and suggest fixes.

    Checks the configuration, the rules, the store, the folders, kernel limits, the engine, and workers on other
    machines.
    """
    findings = library.examine()
    return Answer(
        data=[asdict(finding) for finding in findings],
        text=lambda: _show(findings),
        failed=any(finding.verdict == "bad" for finding in findings),
    )


def _show(findings: Sequence[Finding]) -> None:
    for finding in findings:
        colour = _COLOURS[finding.verdict]
        console().print(f"[{colour}]{finding.verdict:8}[/{colour}]", end="")
        say(f"{finding.subject}: {finding.detail}")
        if finding.remedy:
            say(f"        {finding.remedy}")
