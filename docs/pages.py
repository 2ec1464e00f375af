"""Links of the generated pages."""

PAGES = {
    "clusters": "clusters.md",
    "clustering": "clusters.md",
    "crop": "datasets.md",
    "disks": "safety.md",
    "export": "report.md#tables",
    "flickr": "flickr.md",
    "log": "log.md",
    "matching": "matching.md",
    "people": "people.md",
    "report": "report.md",
    "review": "review.md",
    "rules": "rules.md",
    "scores": "scores.md",
    "service": "service.md",
    "sidecars": "sidecars.md",
    "companions": "companions.md",
    "undo": "undo.md",
    "vision": "detection.md",
    "workers": "workers.md",
}
"""The page about a command or a section of the configuration."""


def see_also(name: str) -> str:
    """Return a sentence with a link to the page about a command or a section, or nothing."""
    if name not in PAGES:
        return ""
    return f"See [{PAGES[name].partition('.')[0]}]({PAGES[name]})."


def escaped(text: str) -> str:
    """Return text escaped for one cell of a table."""
    return " ".join(text.replace("|", "\\|").split())
