"""Charts as a part of a web page: they take the colours and the letters of the page, in the light and in the dark."""

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from familiar.plots.drawing import as_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, SOFT, BAR, OTHER, MARK = "#010203", "#020304", "#030405", "#040506", "#050607"
"""Stand-ins for colours of the page: of text, of axes, of bars, of bars that matter less, and of lines that mark."""

VARIABLES = {INK: "--ink", SOFT: "--soft", BAR: "--bar", OTHER: "--other", MARK: "--mark"}
"""The variables of the page's style that replace each stand-in."""

STYLE = {
    "text.color": INK,
    "axes.edgecolor": SOFT,
    "axes.facecolor": "none",
    "axes.labelcolor": INK,
    "figure.facecolor": "none",
    "font.size": 11,
    "grid.color": SOFT,
    "savefig.facecolor": "none",
    "xtick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.color": SOFT,
    "ytick.labelcolor": INK,
}
"""Settings of matplotlib with which a figure for a page is made."""

_NAMESPACE = re.compile(r"\{[^}]*\}")
_FONT = re.compile(r"font-family: [^;]*;? ?")
_COLOUR = re.compile("|".join(VARIABLES))


def inline_svg(figure: "Figure", *, label: str) -> str:
    """Return a figure that was made with `STYLE` as an element of a page; it is as wide as there is room.

    Args:
        figure: the figure.
        label: what it shows, in words, for those who do not see it.
    """
    root = ET.fromstring(as_bytes(figure, ".svg"))  # noqa: S314 - it was written just now
    for parent in list(root.iter()):
        for child in list(parent):
            if _NAMESPACE.sub("", child.tag) in {"metadata", "style"}:
                parent.remove(child)
    for node in root.iter():
        node.tag = _NAMESPACE.sub("", node.tag)
        node.attrib = {_NAMESPACE.sub("", name): value for name, value in node.attrib.items()}
        if node.tag == "g":
            node.attrib.pop("id", None)  # several charts on one page would have the same
        if "style" in node.attrib:
            node.attrib["style"] = _COLOUR.sub(_variable, _FONT.sub("", node.attrib["style"]))
    root.attrib = {"viewBox": root.attrib["viewBox"], "role": "img", "aria-label": label}
    return ET.tostring(root, encoding="unicode")


def _variable(found: re.Match[str]) -> str:
    return f"var({VARIABLES[found.group()]})"
