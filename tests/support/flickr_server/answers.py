"""Answers of the API in the two forms that Flickr gives them, made from one tree."""

import json
from typing import Any
from xml.etree import ElementTree as ET

Tree = dict[str, Any]


class RefusalError(Exception):
    """An answer with `stat="fail"`."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def as_json(tree: Tree, callback: str | None) -> bytes:
    """Return a success as JSON; with a callback, as the script that Flickr sends unless it is told not to."""
    return _json({**tree, "stat": "ok"}, callback)


def refusal_as_json(refusal: RefusalError, callback: str | None) -> bytes:
    return _json({"stat": "fail", "code": refusal.code, "message": refusal.message}, callback)


def as_xml(tree: Tree) -> bytes:
    """Return a success as XML: scalars as attributes, `_content` as text, lists as repeated elements."""
    return _xml(_element("rsp", {**tree, "stat": "ok"}))


def refusal_as_xml(refusal: RefusalError) -> bytes:
    root = ET.Element("rsp", stat="fail")
    ET.SubElement(root, "err", code=str(refusal.code), msg=refusal.message)
    return _xml(root)


def _json(tree: Tree, callback: str | None) -> bytes:
    text = json.dumps(tree, ensure_ascii=False, separators=(",", ":"))
    return (f"{callback}({text})" if callback else text).encode()


def _xml(root: ET.Element) -> bytes:
    return f'<?xml version="1.0" encoding="utf-8" ?>\n{ET.tostring(root, encoding="unicode")}\n'.encode()


def _element(name: str, tree: Tree) -> ET.Element:
    element = ET.Element(name)
    for key, value in tree.items():
        if key == "_content":
            element.text = str(value)
        elif isinstance(value, dict):
            element.append(_element(key, value))
        elif isinstance(value, list):
            element.extend(_element(key, item) for item in value)
        elif value is not None:
            element.set(key, str(value))
    return element
